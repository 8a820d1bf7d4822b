// Messages of a publisher to frames, and to those who want its transport stream as it is.
import type { Limits } from '../../base/limits.ts';
import type { Micros } from '../../base/time.ts';
import { type ContainerDemuxer, containers } from '../../format/container/index.ts';
import type { MediaSink } from '../../media/sink.ts';
import { errors } from './errors.ts';
import { isTransportStream } from './messages.ts';

export interface IngestOptions {
  readonly limits: Limits;
  readonly to: MediaSink;
  /** Told the name of each kind of damage. */
  readonly onBad: (name: string, now: Micros) => void;
}

/** The transport stream of one publisher. */
export class SrtIngest {
  readonly #options: IngestOptions;
  readonly #demuxer: ContainerDemuxer;
  #now: Micros = 0;
  #hasMedia = false;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#demuxer = containers.ts.demuxer(options.limits, (name) => options.onBad(name, this.#now));
  }

  /** Frames have come. */
  get hasMedia(): boolean {
    return this.#hasMedia;
  }

  /** Throws SRT_PAYLOAD for what is no transport stream, TS_SYNC. */
  message(message: Uint8Array, now: Micros): void {
    this.#now = now;
    if (!isTransportStream(message)) throw errors.protocol('PAYLOAD', { bytes: message.length });
    const events = this.#demuxer.push(message);
    const { to } = this.#options;
    if (!this.#hasMedia) to.promise?.(this.#demuxer.promised());
    for (const event of events) {
      if (event.type === 'frame') this.#hasMedia = true;
      to.on(event);
    }
  }

  /** The last frame is complete when the stream ends. */
  end(): void {
    for (const event of this.#demuxer.end()) this.#options.to.on(event);
  }
}
