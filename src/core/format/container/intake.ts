// What comes out of a container, handed on: first what it promises, then tracks and frames.
import type { MediaEvent } from '../../media/demuxer.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { ContainerDemuxer } from './tally.ts';

/** A demuxer and where its media goes. What the demuxer throws passes through. */
export class Intake {
  readonly #demuxer: ContainerDemuxer;
  readonly #to: MediaSink;
  #hasMedia = false;

  constructor(demuxer: ContainerDemuxer, to: MediaSink) {
    this.#demuxer = demuxer;
    this.#to = to;
  }

  /** Frames have come. */
  get hasMedia(): boolean {
    return this.#hasMedia;
  }

  push(bytes: Uint8Array): void {
    this.#hand(this.#demuxer.push(bytes));
  }

  /** The last frame is complete only when nothing follows it. */
  end(): void {
    this.#hand(this.#demuxer.end());
  }

  #hand(events: readonly MediaEvent[]): void {
    // What metadata announces comes with or before the first frames, which wait for it in a settler.
    if (!this.#hasMedia) this.#to.promise?.(this.#demuxer.promised());
    for (const event of events) {
      if (event.type === 'frame') this.#hasMedia = true;
      this.#to.on(event);
    }
  }
}
