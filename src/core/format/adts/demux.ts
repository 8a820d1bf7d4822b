// A raw ADTS stream (HTTP-AAC, .aac files).
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import { FrameSplitter } from './splitter.ts';
import { adtsSyntax } from './syntax.ts';

/** Frames get times from 0 on; the stream says none. Never throws: what is no frame is skipped and counted. */
export class AdtsDemuxer implements Demuxer {
  readonly #splitter = new FrameSplitter(adtsSyntax);

  get skippedBytes(): number {
    return this.#splitter.counts.skippedBytes;
  }

  /** Bytes of a frame that is not whole. */
  get heldBytes(): number {
    return this.#splitter.heldBytes;
  }

  push(bytes: Uint8Array): MediaEvent[] {
    const before = this.#splitter.track;
    return audioEvents(this.#splitter.push(bytes), before);
  }

  end(): MediaEvent[] {
    const before = this.#splitter.track;
    return audioEvents(this.#splitter.push(new Uint8Array(0), undefined, true), before);
  }
}

/** Events of the frames of one track; `before` is the track that was announced last. */
export function audioEvents(frames: readonly Frame[], before: Track | undefined): MediaEvent[] {
  const events: MediaEvent[] = [];
  let announced = before;
  for (const frame of frames) {
    if (frame.track !== announced) events.push({ type: 'tracks', tracks: [frame.track] });
    announced = frame.track;
    events.push({ type: 'frame', frame });
  }
  return events;
}
