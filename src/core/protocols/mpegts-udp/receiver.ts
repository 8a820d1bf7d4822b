// One UDP port of a caster: who sends there, and one publication at a time.
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import { type Closer, formatAddress, type Peer, type Port } from '../../base/link.ts';
import { guard, toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import { CastSession } from '../../control/cast-session.ts';
import { type Caster, castRequest } from '../../control/casters.ts';
import type { Host } from '../../control/host.ts';
import { PACKET_BYTES, SYNC_BYTE } from '../../format/ts/index.ts';
import { errors } from './errors.ts';
import { datagramsKind } from './source.ts';

/** While the admission is asked. Chosen: half a second of 10 Mbit/s. */
const MAX_HELD = 512;
/** Chosen: an encoder that was started again has another port, and shall not wait for the time-out of the old one. */
const TAKEOVER_TIME = fromSeconds(1);
/** Chosen: datagrams come by the thousand, and each would ask the admission and its hooks. */
const REFUSED_PAUSE = fromSeconds(3);

const samePeer = (a: Peer, b: Peer): boolean => a.host === b.host && a.port === b.port;

/**
 * idle -- a transport stream comes --> asking -- granted --> publishing -- silence, error --> idle
 *                                          '-- refused --> paused -- 3 s --> idle
 *
 * The first sender has the port. Whoever sends between is dropped and counted: mixed into one buffer, as SRS does it, two
 * senders destroy each other's stream.
 */
export class Receiver implements Closer {
  readonly #host: Host;
  readonly #port: Port;
  readonly #caster: Caster;
  readonly #strangers: Reporter;
  #sender: Peer | undefined;
  #session: CastSession | undefined;
  #held: Uint8Array[] = [];
  #pausedUntil: Micros = 0;
  #closed = false;

  constructor(host: Host, port: Port, caster: Caster) {
    this.#host = host;
    this.#port = port;
    this.#caster = caster;
    this.#strangers = new Reporter((count, last) =>
      host.log.warn('mpegts-udp', 'datagrams of another sender are dropped', { count, last, port: port.local.port }),
    );
    port.onDatagram = (datagram, from) => this.#receive(datagram, from, host.clock.now());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    this.#session?.close(errors.refused('STOPPED'));
  }

  #receive(datagram: Uint8Array, from: Peer, now: Micros): void {
    if (this.#sender === undefined) {
      this.#begin(datagram, from, now);
      return;
    }
    const session = this.#session;
    if (!samePeer(this.#sender, from)) {
      if (session === undefined || now - session.newest < TAKEOVER_TIME) {
        this.#strangers.note(formatAddress(from), now);
        return;
      }
      session.close(undefined);
      this.#begin(datagram, from, now);
      return;
    }
    if (session !== undefined) guard(session, now, () => session.receive(datagram, now));
    else if (this.#held.length < MAX_HELD) this.#held.push(datagram.slice());
  }

  /** What does not look like a transport stream begins nothing. */
  #begin(datagram: Uint8Array, from: Peer, now: Micros): void {
    if (now < this.#pausedUntil || datagram.length < PACKET_BYTES || datagram[0] !== SYNC_BYTE) return;
    this.#sender = from;
    this.#held = [datagram.slice()];
    this.#ask(from).catch((thrown: unknown) => {
      const error = toSrsxError(thrown);
      this.#over(error);
      this.#host.log.warn('mpegts-udp', `refused: ${error.message}`, { peer: formatAddress(from), code: error.code });
    });
  }

  async #ask(from: Peer): Promise<void> {
    const host = this.#host;
    const asked = castRequest('mpegts-udp', from, this.#caster.target({}));
    const grant = await host.admission.admit(asked);
    if (this.#closed) {
      grant.ticket?.end();
      return;
    }
    const session: CastSession = new CastSession(datagramsKind, {
      host,
      asked,
      grant,
      onOver: (reason) => {
        if (this.#session === session) this.#over(reason);
      },
    });
    this.#session = session;
    const held = this.#held;
    this.#held = [];
    const now = host.clock.now();
    for (const datagram of held) guard(session, now, () => this.#session === session && session.receive(datagram, now));
  }

  #over(reason: SrsxError | undefined): void {
    this.#sender = undefined;
    this.#session = undefined;
    this.#held = [];
    if (reason !== undefined) this.#pausedUntil = this.#host.clock.now() + REFUSED_PAUSE;
  }
}
