// The streams that are expected, by SSRC and by id of the device.
import type { SrsxError } from '../../base/errors.ts';
import { admissionErrors } from '../../control/admission.ts';
import type { Caster } from '../../control/casters.ts';
import type { Host } from '../../control/host.ts';
import { errors } from './errors.ts';
import { makeSsrc, ssrcText } from './names.ts';
import { Receiver, type ReceiverEvents } from './receiver.ts';

/** SRS: tries before it gives up. */
const MOST_TRIES = 16;

/** Bounded by limits.sessions. */
export class Receivers {
  readonly #host: Host;
  readonly #caster: Caster;
  readonly #byId = new Map<string, Receiver>();
  /** With the SSRCs that devices have chosen themselves, one for each receiver. */
  readonly #bySsrc = new Map<number, Receiver>();
  readonly #aliases = new Map<Receiver, number>();

  constructor(host: Host, caster: Caster) {
    this.#host = host;
    this.#caster = caster;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Expects a stream. Throws GB_BUSY, ADMISSION_SESSIONS. */
  open(id: string, ssrc: number, events: ReceiverEvents): Receiver {
    if (this.#byId.has(id) || this.#bySsrc.has(ssrc)) throw errors.refused('BUSY', { id, ssrc: ssrcText(ssrc) });
    const limit = this.#host.limits.sessions;
    if (this.#byId.size >= limit) throw admissionErrors.refused('SESSIONS', { limit });
    const receiver = new Receiver({ host: this.#host, caster: this.#caster, id, ssrc, events });
    this.#byId.set(id, receiver);
    this.#bySsrc.set(ssrc, receiver);
    return receiver;
  }

  /** One that no receiver has. Throws GB_SSRC when chance finds none. */
  freeSsrc(id: string, serverId: string): number {
    for (let i = 0; i < MOST_TRIES; i++) {
      const ssrc = makeSsrc(this.#host.rng, serverId);
      if (!this.#bySsrc.has(ssrc)) return ssrc;
    }
    throw errors.limit('SSRC', { id });
  }

  find(ssrc: number): Receiver | undefined {
    return this.#bySsrc.get(ssrc);
  }

  /** The device says that it sends another SSRC; one that somebody else has stays his. */
  alias(receiver: Receiver, ssrc: number): void {
    if (this.#bySsrc.has(ssrc)) return;
    this.#forgetAlias(receiver);
    this.#aliases.set(receiver, ssrc);
    this.#bySsrc.set(ssrc, receiver);
  }

  /** Ends its media and expects it no more. */
  close(receiver: Receiver, reason: SrsxError | undefined): void {
    if (this.#byId.get(receiver.id) !== receiver) return;
    this.#byId.delete(receiver.id);
    this.#bySsrc.delete(receiver.ssrc);
    this.#forgetAlias(receiver);
    receiver.close(reason);
  }

  closeAll(reason: SrsxError): void {
    for (const receiver of this.#byId.values()) this.close(receiver, reason);
  }

  #forgetAlias(receiver: Receiver): void {
    const ssrc = this.#aliases.get(receiver);
    if (ssrc === undefined) return;
    this.#aliases.delete(receiver);
    this.#bySsrc.delete(ssrc);
  }
}
