// Sound and picture in the order of their times, for publishers that send them far apart (SRS: mix_correct).
import type { Frame } from './frame.ts';
import type { TrackKind } from './track.ts';

/** SRS: with ten frames of one kind and none of the other, the stream has only that kind. */
const PURE = 10;
/** Bounds what is held back when one kind stops in mid-stream; chosen: about four seconds of sound. */
const MOST = 200;

/**
 * Holds frames back until one of each kind is there, and gives the earliest. What it costs is delay: that of the kind that
 * comes last.
 */
export class Interleaver {
  readonly #waiting: Frame[] = [];
  readonly #counts: Record<TrackKind, number> = { video: 0, audio: 0, data: 0 };

  /** Takes a frame, and gives those whose turn has come, earliest first. */
  push(frame: Frame): Frame[] {
    this.#insert(frame);
    const out: Frame[] = [];
    while (this.#ready()) out.push(this.#shift());
    return out;
  }

  /** Everything that waits, earliest first. */
  flush(): Frame[] {
    const out: Frame[] = [];
    while (this.#waiting.length > 0) out.push(this.#shift());
    return out;
  }

  #ready(): boolean {
    const { video, audio } = this.#counts;
    const both = video > 0 && audio > 0;
    const pure = (video === 0 && audio >= PURE) || (audio === 0 && video >= PURE);
    return both || pure || this.#waiting.length > MOST;
  }

  #shift(): Frame {
    const frame = this.#waiting.shift() as Frame;
    this.#counts[frame.track.kind]--;
    return frame;
  }

  /** Nearly always at the end, or a few places before it. Frames of one time keep their order. */
  #insert(frame: Frame): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] as Frame).dts > frame.dts) at--;
    this.#waiting.splice(at, 0, frame);
    this.#counts[frame.track.kind]++;
  }
}
