// Puts samples that arrive in the order of the file into the order of their decode times across tracks.
import type { Frame } from '../../media/frame.ts';

/** A sample that is announced; its bytes come at `at`. */
export interface Coming {
  /** Index of its track in the movie. */
  readonly index: number;
  /** Decode time and composition offset in stream time. */
  readonly dts: number;
  readonly cts: number;
  readonly key: boolean;
  readonly at: number;
  readonly size: number;
}

/** Says whose sample is next in decode order: an index of a track, undefined when nothing more is announced. */
export type Turns = () => number | undefined;

/**
 * Frames wait until it is their turn. The turns are known before the bytes come, from the sample tables or the moof,
 * so the order does not depend on how the input is cut, and what a cut input gives is the beginning of what the whole
 * gives.
 *
 * Above `limitBytes` the earliest frame goes first, out of turn: a file whose sound lies far behind its picture is
 * read in bounded memory, in the order of the file.
 */
export class Weave {
  readonly #limitBytes: number;
  readonly #emit: (frame: Frame) => void;
  /** Undefined: a sample that was no frame; it uses up its turn. */
  #queues: (Frame | undefined)[][] = [];
  /** Turns that were used up before they came, for each track. */
  #early: number[] = [];
  #turns: Turns = () => undefined;
  #turn: number | undefined;
  /** Bytes of the frames that wait. */
  bytes = 0;

  constructor(limitBytes: number, emit: (frame: Frame) => void) {
    this.#limitBytes = limitBytes;
    this.#emit = emit;
  }

  /** Begins anew with other tracks; what waits is forgotten. */
  begin(tracks: number): void {
    this.#queues = Array.from({ length: tracks }, () => []);
    this.#early = new Array<number>(tracks).fill(0);
    this.bytes = 0;
    this.expect(() => undefined);
  }

  /** The turns of what waits and of what comes, from where the last ones ended. */
  expect(turns: Turns): void {
    this.#turns = turns;
    this.#turn = turns();
    this.#take();
  }

  /** The next sample of a track, in decode order of the track; undefined: its bytes were no frame. */
  arrive(index: number, frame: Frame | undefined): void {
    this.#queues[index]?.push(frame);
    this.bytes += frame?.data.length ?? 0;
    this.#take();
    while (this.bytes > this.#limitBytes) this.#takeEarliest();
  }

  #take(): void {
    while (this.#turn !== undefined) {
      const index = this.#turn;
      const early = this.#early[index] ?? 0;
      if (early > 0) this.#early[index] = early - 1;
      else if (!this.#shift(index)) return;
      this.#turn = this.#turns();
    }
  }

  #takeEarliest(): void {
    let earliest = -1;
    let time = Number.POSITIVE_INFINITY;
    for (const [index, queue] of this.#queues.entries()) {
      if (queue.length === 0) continue;
      const dts = queue[0]?.dts ?? Number.NEGATIVE_INFINITY;
      if (earliest >= 0 && dts >= time) continue;
      earliest = index;
      time = dts;
    }
    if (earliest < 0) return;
    this.#early[earliest] = (this.#early[earliest] ?? 0) + 1;
    this.#shift(earliest);
    this.#take();
  }

  /** Gives the first frame of a queue away; false when there is none. */
  #shift(index: number): boolean {
    const queue = this.#queues[index];
    if (queue === undefined || queue.length === 0) return false;
    const frame = queue.shift();
    if (frame === undefined) return true;
    this.bytes -= frame.data.length;
    this.#emit(frame);
    return true;
  }
}
