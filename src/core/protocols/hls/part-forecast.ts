// When the next part of a stream will be complete: until then nobody waits for what its publisher sends.
import { fromMs, type Micros } from '../../base/time.ts';

/** Where a part ended. */
export interface PartEnd {
  /** Of the frame that completed it, the first one of the next part. */
  readonly dts: Micros;
  /** When that frame came. */
  readonly now: Micros;
  /** Number of the segment that the next part is in, and how long the one before it was. */
  readonly sequence: number;
  readonly segment: Micros;
}

/**
 * Parts come at a steady pace, but what ends them is seen late when the publisher is read in batches, or its network
 * holds it up. So the earliest arrival counts, and the forecast goes back to later ones slowly.
 */
export class PartForecast {
  /** From the time of a frame to its arrival. */
  #offset: Micros | undefined;
  #dts: Micros = 0;
  #sequence = -1;
  /** Where the segment ends when it is as long as the one before: its last part may be short. */
  #end: Micros = 0;

  made({ dts, now, sequence, segment }: PartEnd): void {
    const offset = now - dts;
    const before = this.#offset;
    this.#offset = before === undefined || offset < before ? offset : before + (offset - before) * RETURN;
    this.#dts = dts;
    if (sequence === this.#sequence) return;
    this.#sequence = sequence;
    this.#end = dts + segment;
  }

  /** How long nothing comes that would complete a part. @param step from one part to the next. */
  patience(now: Micros, step: Micros | undefined): Micros {
    if (this.#offset === undefined || step === undefined) return 0;
    const next = this.#end > this.#dts ? Math.min(this.#end, this.#dts + step) : this.#dts + step;
    return Math.max(0, next + this.#offset - EARLY - now);
  }

  /** Another timeline begins. */
  reset(): void {
    this.#offset = undefined;
    this.#sequence = -1;
  }
}

/** Chosen: a lasting delay of the network is believed after some three seconds of parts of 200 ms. */
const RETURN = 1 / 16;
/** Chosen: more than timers and the kernel are off; frames that come earlier than ever are not noticed later than that. */
const EARLY = fromMs(15);
