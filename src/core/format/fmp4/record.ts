// A recording that plays while it is being written and after a crash: fragmented MP4, appended fragment by fragment.
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import { CmafWriter, type Part } from './cmaf.ts';
import { initSegment } from './init.ts';
import { Roster } from './roster.ts';

/** How much a fragment of a recording holds. */
export interface RecordOptions {
  /** A fragment ends before it becomes longer than this, and at key frames: what a crash may cost. 1 s by default. */
  readonly fragmentTime?: Micros;
}

/**
 * Frames in, bytes to append out. What was appended is a whole file after each call.
 *
 * One file has one set of parameters: when the tracks change, end this one and begin another. Times begin at 0 with
 * the first frame; `finishMp4` makes a plain MP4 of the result.
 */
export class Mp4Writer {
  readonly #roster: Roster;
  readonly #fragmentTime: Micros;
  #writer: CmafWriter | undefined;
  #base: Micros | undefined;
  #end: Micros = 0;

  constructor(tracks: readonly Track[], options: RecordOptions = {}) {
    this.#roster = new Roster(tracks);
    this.#fragmentTime = options.fragmentTime ?? fromSeconds(1);
  }

  /** Of the fragments given out. */
  get duration(): Micros {
    return this.#end;
  }

  write(frame: Frame): Uint8Array[] {
    return this.#write(this.#roster.push(frame));
  }

  /** The last fragment. Empty when nothing was ever written. */
  end(): Uint8Array[] {
    const out = this.#roster.ready ? [] : this.#write(this.#roster.settle());
    const part = this.#writer?.end();
    if (part !== undefined) this.#give(part, out);
    return out;
  }

  #write(frames: readonly Frame[]): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const frame of frames) {
      this.#writer ??= this.#begin(out);
      this.#base ??= frame.dts;
      const { track, cts, key, data } = frame;
      const full = this.#writer.push({ track, dts: frame.dts - this.#base, cts, key, data });
      if (full !== undefined) this.#give(full, out);
      const lead = this.#writer.lead?.source;
      if (!key || lead?.kind !== 'video' || lead.id !== track.id) continue;
      const part = this.#writer.cut();
      if (part !== undefined) this.#give(part, out);
    }
    return out;
  }

  #begin(out: Uint8Array[]): CmafWriter {
    const { tracks } = this.#roster;
    out.push(initSegment(tracks));
    return new CmafWriter(tracks, { partTime: this.#fragmentTime });
  }

  #give(part: Part, out: Uint8Array[]): void {
    this.#end = part.dts + part.duration;
    for (const chunk of part.chunks) out.push(chunk);
  }
}
