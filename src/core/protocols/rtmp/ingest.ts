// Media messages to frames: times unwrapped, bodies read as FLV tags.
import type { Reporter } from '../../base/counters.ts';
import type { Limits } from '../../base/limits.ts';
import { fromMs, fromSeconds, type Micros, toMs, Unwrapper } from '../../base/time.ts';
import { TagDecoder, TagType } from '../../format/flv/index.ts';
import type { MediaSink } from '../../media/sink.ts';
import { type Message, MessageType } from './message.ts';

/** Chosen: data that is farther from the media than this has no time of its own; encoders write 0. */
const DATA_DISTANCE = fromSeconds(10);

/** What is told and chosen beyond what every publisher has. */
export interface IngestChoice {
  /** Default: true. See TagDecoderOptions, as for the next one. */
  readonly annexBFirst?: boolean;
  readonly repeatsHeaders?: boolean;
  /** Metadata says that the times are absolute; before the frames behind it. */
  readonly onAbsolute?: () => void;
}

/**
 * One publication or pull. Wire time is unwrapped here, by sound and picture together, so that a wrap or a step back
 * moves both. Damaged tags are dropped by the decoder and noted in `report`.
 */
export class RtmpIngest {
  readonly #sink: MediaSink & { settle?(): void };
  readonly #report: Reporter;
  readonly #decoder: TagDecoder;
  readonly #time = new Unwrapper(32);
  #last: Micros = 0;
  #now: Micros = 0;

  constructor(
    sink: MediaSink & { settle?(): void },
    limits: Pick<Limits, 'tracks' | 'amfDepth' | 'amfValues'>,
    report: Reporter,
    { annexBFirst = true, repeatsHeaders = false, onAbsolute }: IngestChoice = {},
  ) {
    this.#sink = sink;
    this.#report = report;
    this.#decoder = new TagDecoder({
      ...{ limits, annexBFirst, repeatsHeaders },
      ...(onAbsolute && { onAbsolute }),
      onBad: (code) => this.#report.note(code, this.#now),
    });
  }

  /** A message of type 8, 9, 15 or 18; keeps views of its body. */
  media(message: Message, now: Micros): void {
    this.#now = now;
    const { type, timestamp, body } = message;
    if (type === MessageType.audio || type === MessageType.video) {
      this.#last = fromMs(this.#time.unwrap(timestamp));
      this.#decode(type, this.#last, body);
      return;
    }
    // QUIRK(flash): a data message in AMF3 holds AMF0 behind one byte.
    const script = type === MessageType.data3 ? body.subarray(1) : body;
    const distance = fromMs((timestamp - toMs(this.#last)) | 0);
    const time = Math.abs(distance) > DATA_DISTANCE ? this.#last : this.#last + distance;
    this.#decode(TagType.script, time, script);
    const promised = this.#decoder.promised();
    if (promised.length > 0) this.#sink.promise?.(promised);
  }

  /** No more will come: what the sink held back is let go. */
  end(): void {
    this.#sink.settle?.();
  }

  #decode(type: number, time: Micros, body: Uint8Array): void {
    for (const event of this.#decoder.decode(type, time, body)) this.#sink.on(event);
  }
}
