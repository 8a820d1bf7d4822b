// Media over UDP: one socket for all, one sender for each SSRC, packets put in order.
import { Reporter } from '../../base/counters.ts';
import { SrsxError } from '../../base/errors.ts';
import { type Closer, formatAddress, type Peer, type Port } from '../../base/link.ts';
import { guard, type Session } from '../../base/session.ts';
import { fromMs, fromSeconds, type Micros, Unwrapper } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import { type QueueLimits, ReorderQueue } from '../../media/queue.ts';
import { kindOf, parsePacket, type RtpPacket } from '../../wire/rtp/index.ts';
import { errors } from './errors.ts';
import { ssrcText } from './names.ts';
import type { Receiver, Sender } from './receiver.ts';

/** Chosen: cameras send nothing twice, so that only what was overtaken is worth waiting for; 1024 packets are one key frame. */
const queueLimits: QueueLimits = { span: fromMs(200), start: 0, items: 1024, bytes: 2 * 1024 * 1024 };
/** Chosen: datagrams come by the thousand, and each would ask the admission and its hooks. */
const REFUSED_PAUSE = fromSeconds(3);

const samePeer = (a: Peer, b: Peer): boolean => a.host === b.host && a.port === b.port;

/** What the socket needs. */
export interface MediaPortOptions {
  readonly host: Host;
  readonly port: Port;
  /** Whose SSRC it is, sent from this address. */
  readonly find: (ssrc: number, from: Peer) => Receiver | undefined;
}

/** Keeps a sender for each SSRC that a receiver has had, so that their number is bounded by that of the receivers. */
export class MediaPort implements Closer {
  readonly #options: MediaPortOptions;
  readonly #senders = new Map<number, DatagramSender>();
  readonly #odd: Reporter;
  #closed = false;

  constructor(options: MediaPortOptions) {
    const { host, port } = options;
    this.#options = options;
    this.#odd = new Reporter((count, last) => host.log.warn('gb28181', 'datagrams are left out', { count, last }));
    port.onDatagram = (datagram, from) => this.#receive(datagram, from, host.clock.now());
  }

  /** Senders, with those that were refused a moment ago. */
  get size(): number {
    return this.#senders.size;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.port.close();
    for (const sender of this.#senders.values()) sender.close(errors.refused('STOPPED'));
    for (const sender of this.#senders.values()) sender.forget();
  }

  #receive(datagram: Uint8Array, from: Peer, now: Micros): void {
    const packet = this.#closed || kindOf(datagram) !== 'rtp' ? undefined : this.#parse(datagram, now);
    if (packet === undefined) return;
    const known = this.#senders.get(packet.ssrc);
    const sender =
      known !== undefined && (known.paused || samePeer(known.peer, from)) ? known : this.#begin(packet, from, now);
    if (sender !== undefined) guard(sender, now, () => sender.push(packet, now));
  }

  #parse(datagram: Uint8Array, now: Micros): RtpPacket | undefined {
    try {
      return parsePacket(datagram);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#odd.note(error.code, now);
      return undefined;
    }
  }

  /** The first packet of an SSRC from there; undefined when nobody expects it, or somebody else sends it. */
  #begin({ ssrc }: RtpPacket, from: Peer, now: Micros): DatagramSender | undefined {
    const receiver = this.#options.find(ssrc, from);
    if (receiver === undefined) {
      this.#odd.note(`SSRC ${ssrcText(ssrc)}`, now);
      return undefined;
    }
    const sender = new DatagramSender(this.#options.host, receiver, from, (over) => {
      if (this.#senders.get(ssrc) === over) this.#senders.delete(ssrc);
    });
    try {
      // Ends the one before, if that is silent.
      receiver.claim(sender, now);
    } catch (error) {
      sender.forget();
      if (!(error instanceof SrsxError)) throw error;
      this.#odd.note(`${error.code} ${formatAddress(from)}`, now);
      return undefined;
    }
    this.#senders.set(ssrc, sender);
    return sender;
  }
}

/** sending -- silence, refused --> paused -- 3 s --> forgotten. */
class DatagramSender implements Session, Sender {
  readonly peer: Peer;
  readonly #host: Host;
  readonly #receiver: Receiver;
  readonly #onForgotten: (over: DatagramSender) => void;
  readonly #queue = new ReorderQueue<Uint8Array>(queueLimits);
  readonly #sequence = new Unwrapper(16);
  #pausedUntil: Micros | undefined;

  constructor(host: Host, receiver: Receiver, peer: Peer, onForgotten: (over: DatagramSender) => void) {
    this.peer = peer;
    this.#host = host;
    this.#receiver = receiver;
    this.#onForgotten = onForgotten;
    host.wheel.add(this);
  }

  get paused(): boolean {
    return this.#pausedUntil !== undefined;
  }

  get deadline(): Micros {
    return this.#pausedUntil ?? this.#queue.deadline;
  }

  /** Throws GB_LATE. */
  push({ sequence, payload }: RtpPacket, now: Micros): void {
    if (this.paused) return;
    // The datagram belongs to the socket.
    this.#queue.push(this.#sequence.unwrap(sequence), payload.slice(), payload.length, now);
    this.#drain(now);
  }

  receive(): void {
    // Datagrams come by `push`, with their header read.
  }

  tick(now: Micros): void {
    if (this.#pausedUntil === undefined) this.#drain(now);
    else if (now >= this.#pausedUntil) this.forget();
  }

  close(reason: SrsxError | undefined): void {
    if (this.paused) return;
    this.#pausedUntil = this.#host.clock.now() + (reason === undefined ? 0 : REFUSED_PAUSE);
    this.#receiver.left(this, reason);
  }

  end(reason: SrsxError | undefined): void {
    this.close(reason);
    if (reason === undefined) this.forget();
  }

  /** Leaves nothing behind. */
  forget(): void {
    this.#pausedUntil ??= 0;
    this.#host.wheel.remove(this);
    this.#onForgotten(this);
  }

  pause(): void {
    // Nobody can stop datagrams; what comes meanwhile is held by the receiver, up to its limit.
  }

  resume(): void {
    // Nothing was stopped.
  }

  #drain(now: Micros): void {
    for (let next = this.#queue.take(now); next !== undefined; next = this.#queue.take(now)) {
      this.#receiver.receive(this, next.item, now, next.missing > 0);
      if (this.paused) return;
    }
  }
}
