// One published stream with its sound in another codec: a stream of its own.
import type { Clock } from '../../base/clock.ts';
import type { Limits } from '../../base/limits.ts';
import type { Closer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { type Publication, Stream } from '../../media/stream.ts';
import { Converter } from './converter.ts';
import type { SoundCodec, Transcoders } from './transcoder.ts';

/** What bridges depend on. */
export interface BridgeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly transcoders: Transcoders;
}

/** Fed by the published stream through a transcoder, or by a publisher whose sound is in this codec already. */
export class Bridge implements Closer {
  /** Where its players go; it is published while the source is. */
  readonly stream: Stream;
  readonly #options: BridgeOptions;
  readonly #source: Stream;
  readonly #codec: SoundCodec;
  #converter: Converter | undefined;
  #closed = false;
  /** Of the publisher that feeds it. */
  #fed: Publication | undefined;

  constructor(source: Stream, codec: SoundCodec, options: BridgeOptions) {
    this.#options = options;
    this.#source = source;
    this.#codec = codec;
    this.stream = new Stream(source.name, {
      ...{ clock: options.clock, limits: options.limits, gopCache: true, mergeWindow: 0 },
      ...{ onIdle: () => undefined, onPublished: () => undefined, onUnpublished: () => undefined },
    });
  }

  /** Feeds it from the source, unless a publisher does. */
  follow(): void {
    if (this.#closed || this.#fed !== undefined || this.#converter !== undefined) return;
    const { clock, log, transcoders } = this.#options;
    this.#converter = new Converter({
      ...{ clock, log, transcoders, source: this.#source, codec: this.#codec },
      open: () => this.#publish(),
      // It is there only while somebody has a lease.
      wanted: () => true,
      passUnreadable: false,
    });
  }

  /** Ends what feeds it. */
  pause(): void {
    this.#converter?.close();
    this.#converter = undefined;
    this.#fed?.end();
    this.#fed = undefined;
  }

  /** The right to feed it, until the publication ends or the next one has it. */
  feed(): Publication {
    this.pause();
    const publication = this.#publish();
    this.#fed = publication;
    const end = (): void => {
      if (this.#fed !== publication) return;
      this.pause();
      this.follow();
    };
    return { ...publication, end };
  }

  close(): void {
    this.#closed = true;
    this.pause();
  }

  #publish(): Publication {
    return this.stream.publish({ policy: 'takeover', onEvicted: () => undefined });
  }
}
