// One stream that is expected: who sends its SSRC first has it, asks the admission, and publishes.
import type { SrsxError } from '../../base/errors.ts';
import type { Peer } from '../../base/link.ts';
import { guard, toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import { CastSession } from '../../control/cast-session.ts';
import { type Caster, castRequest } from '../../control/casters.ts';
import type { Host } from '../../control/host.ts';
import { errors } from './errors.ts';
import { ssrcText } from './names.ts';
import { type CameraSession, cameraKind } from './source.ts';

/** A connection that brings packets. */
export interface Sender {
  readonly peer: Peer;
  /** Stops and restarts what comes, while the admission is asked. */
  pause(): void;
  resume(): void;
  /** Ends the connection. Calls after the first do nothing. */
  end(reason: SrsxError | undefined): void;
}

/** Who waits for the media. */
export interface ReceiverEvents {
  /** A connection has its SSRC. */
  readonly onSender: () => void;
  /** The admission has granted it. */
  readonly onPublishing: () => void;
  /** The media is over, and another connection may bring it again; undefined: in order. */
  readonly onOver: (reason: SrsxError | undefined) => void;
  /** It is expected no more; `onOver` came before if there was media. */
  readonly onClosed?: () => void;
}

/** What a receiver is made of. */
export interface ReceiverOptions {
  readonly host: Host;
  readonly caster: Caster;
  readonly id: string;
  readonly ssrc: number;
  readonly events: ReceiverEvents;
}

/** Chosen: a camera that was started again has another connection, and shall not wait for the time-out of the old one. */
const TAKEOVER_TIME = fromSeconds(1);
/** While the admission is asked the connection is paused: what it holds then is what was read before. */
const MAX_HELD_BYTES = 1024 * 1024;

/** A payload that waits for the admission. */
interface Held {
  readonly payload: Uint8Array;
  readonly lost: boolean;
}

/** waiting -- packet --> asking -- granted --> publishing -- over, refused --> waiting. */
export class Receiver {
  readonly #options: ReceiverOptions;
  #sender: Sender | undefined;
  #source: CameraSession | undefined;
  #held: Held[] = [];
  #heldBytes = 0;
  #newest: Micros = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  get ssrc(): number {
    return this.#options.ssrc;
  }

  /** Nobody sends. */
  get waiting(): boolean {
    return this.#sender === undefined;
  }

  /** A connection has brought its SSRC. Throws GB_TAKEN when another one sends. */
  claim(sender: Sender, now: Micros): void {
    const before = this.#sender;
    if (before !== undefined) {
      if (now - this.#newest < TAKEOVER_TIME) throw errors.protocol('TAKEN', { ssrc: ssrcText(this.ssrc) });
      // The stream goes on, so that nobody is told.
      this.#end(before, undefined);
    }
    this.#sender = sender;
    this.#newest = now;
    this.#options.events.onSender();
    sender.pause();
    this.#ask(sender).catch((thrown: unknown) => {
      const error = toSrsxError(thrown);
      this.#options.host.log.warn('gb28181', `refused: ${error.message}`, { device: this.id, code: error.code });
      this.#over(sender, error);
    });
  }

  /**
   * A payload from who has claimed it. Throws GB_LATE.
   *
   * @param lost packets are missing in front of it.
   */
  receive(sender: Sender, payload: Uint8Array, now: Micros, lost = false): void {
    if (this.#sender !== sender) return;
    this.#newest = now;
    const source = this.#source;
    if (source !== undefined) {
      if (lost) source.demuxer.lost();
      guard(source, now, () => source.receive(payload, now));
      return;
    }
    this.#held.push({ payload, lost });
    this.#heldBytes += payload.length;
    if (this.#heldBytes > MAX_HELD_BYTES) throw errors.limit('LATE');
  }

  /** Its connection is gone. */
  left(sender: Sender, reason: SrsxError | undefined): void {
    this.#over(sender, reason);
  }

  /** Expected no more: ends the media, if there is any. */
  close(reason: SrsxError | undefined): void {
    if (this.#sender !== undefined) this.#over(this.#sender, reason);
    this.#options.events.onClosed?.();
  }

  async #ask(sender: Sender): Promise<void> {
    const { host, caster, id, ssrc, events } = this.#options;
    const asked = castRequest('gb28181', sender.peer, caster.target({ stream: id }));
    const grant = await host.admission.admit(asked);
    if (this.#sender !== sender) {
      grant.ticket?.end();
      return;
    }
    const source: CameraSession = new CastSession(cameraKind, {
      host,
      asked,
      grant,
      describe: () => ({ device: id, ssrc: ssrcText(ssrc) }),
      onOver: (reason) => {
        if (this.#source === source) this.#over(sender, reason);
      },
    });
    this.#source = source;
    events.onPublishing();
    const held = this.#held;
    this.#forget();
    for (const { payload, lost } of held) this.receive(sender, payload, host.clock.now(), lost);
    sender.resume();
  }

  #over(sender: Sender, reason: SrsxError | undefined): void {
    if (this.#sender !== sender) return;
    this.#end(sender, reason);
    this.#options.events.onOver(reason);
  }

  #end(sender: Sender, reason: SrsxError | undefined): void {
    const source = this.#source;
    this.#sender = undefined;
    this.#source = undefined;
    this.#forget();
    source?.close(reason);
    sender.end(reason);
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}
