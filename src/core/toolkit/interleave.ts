// How far sound and picture lie apart on their way.
import { type Micros, toMs } from '../base/time.ts';
import type { Frame } from '../media/frame.ts';
import type { ProbeInterleave } from './probe-report.ts';

/** Sees the first video and the first audio track that come. */
export class Interleave {
  #video: Side | undefined;
  #audio: Side | undefined;
  #skew: Micros = 0;

  note({ track, dts, cts }: Frame): void {
    if (track.kind === 'video') this.#video = advance(this.#video, track.id, dts, dts + cts);
    else if (track.kind === 'audio') this.#audio = advance(this.#audio, track.id, dts, dts + cts);
    if (this.#video === undefined || this.#audio === undefined) return;
    const skew = Math.abs(this.#video.newest - this.#audio.newest);
    if (skew > this.#skew) this.#skew = skew;
  }

  report(): ProbeInterleave | null {
    if (this.#video === undefined || this.#audio === undefined) return null;
    return { startOffsetMs: toMs(this.#audio.firstPts - this.#video.firstPts), maxSkewMs: toMs(this.#skew) };
  }
}

interface Side {
  readonly id: number;
  readonly firstPts: Micros;
  newest: Micros;
}

function advance(side: Side | undefined, id: number, dts: Micros, pts: Micros): Side {
  if (side === undefined) return { id, firstPts: pts, newest: dts };
  if (side.id === id) side.newest = dts;
  return side;
}
