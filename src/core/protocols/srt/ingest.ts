// Messages of a publisher to frames, and to those who want its transport stream as it is.
import type { Limits } from '../../base/limits.ts';
import type { Micros } from '../../base/time.ts';
import { containers, Intake } from '../../format/container/index.ts';
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
  readonly #intake: Intake;
  #now: Micros = 0;

  constructor(options: IngestOptions) {
    const { limits, to, onBad } = options;
    const demuxer = containers.ts.demuxer(limits, (name) => onBad(name, this.#now));
    this.#intake = new Intake(demuxer, to);
  }

  /** Frames have come. */
  get hasMedia(): boolean {
    return this.#intake.hasMedia;
  }

  /** Throws SRT_PAYLOAD for what is no transport stream, TS_SYNC. */
  message(message: Uint8Array, now: Micros): void {
    this.#now = now;
    if (!isTransportStream(message)) throw errors.protocol('PAYLOAD', { bytes: message.length });
    this.#intake.push(message);
  }

  /** The last frame is complete when the stream ends. */
  end(): void {
    this.#intake.end();
  }
}
