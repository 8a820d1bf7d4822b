// All sound bridges of a server: made for the first who asks, shared, and closed some time after the last one left.
import { fromSeconds } from '../../base/time.ts';
import type { Publication, Stream } from '../../media/stream.ts';
import { Bridge, type BridgeOptions } from './bridge.ts';
import { Converter } from './converter.ts';
import { type FfmpegOptions, FfmpegTranscoder } from './ffmpeg.ts';
import type { SoundCodec, Transcoders } from './transcoder.ts';

/** A player that reloads its page finds the bridge that it left. */
const LINGER = fromSeconds(5);

/** Somebody's part in a bridge. */
export interface SoundLease {
  /** To be played instead of the published one. */
  readonly stream: Stream;
  /** Idempotent. */
  release(): void;
}

interface Shared {
  readonly bridge: Bridge;
  /** Of a publisher that feeds the bridge: what its stream gets instead. */
  converter: Converter | undefined;
  users: number;
  cancel: () => void;
}

export class SoundBridges {
  readonly #options: BridgeOptions;
  /** By the stream itself, since a name may come to mean another one. */
  readonly #shared = new Map<Stream, Map<SoundCodec, Shared>>();

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Bridges that are there. */
  get size(): number {
    let size = 0;
    for (const bridges of this.#shared.values()) size += bridges.size;
    return size;
  }

  /** The stream with its sound in `codec`, whatever its publisher sends now or later. */
  acquire(source: Stream, codec: SoundCodec): SoundLease {
    const shared = this.#find(source, codec);
    shared.bridge.follow();
    return this.#lease(source, codec, shared);
  }

  /**
   * Stands between a publisher and its stream, which is given AAC, while leases for Opus get the publisher's own frames, or the
   * other way round. Nothing is transcoded while nobody plays the stream; without FFmpeg the sound goes on as it is.
   *
   * @param to what the publisher may write to; it ends with the publication that is given back.
   */
  convert(to: Publication, codec: SoundCodec): Publication {
    const source = to.stream;
    const other = codec === 'aac' ? 'opus' : 'aac';
    const shared = this.#find(source, other);
    const lease = this.#lease(source, other, shared);
    shared.converter?.close();
    // In this order, so that nothing of the publisher before is taken for this one's.
    shared.bridge.pause();
    const { clock, log, transcoders } = this.#options;
    const converter = new Converter({
      ...{ clock, log, transcoders, source: shared.bridge.stream, codec, passUnreadable: true },
      open: () => to,
      wanted: () => source.watched,
    });
    shared.converter = converter;
    const own = shared.bridge.feed();
    const end = (): void => {
      converter.close();
      own.end();
      lease.release();
      to.end();
    };
    return { ...own, stream: source, end };
  }

  #lease(source: Stream, codec: SoundCodec, shared: Shared): SoundLease {
    shared.users++;
    shared.cancel();
    let released = false;
    return {
      stream: shared.bridge.stream,
      release: () => {
        if (released) return;
        released = true;
        shared.users--;
        if (shared.users === 0) shared.cancel = this.#options.clock.after(LINGER, () => this.#close(source, codec));
      },
    };
  }

  /** Ends all of them at once. */
  close(): void {
    for (const [source, bridges] of this.#shared) for (const codec of bridges.keys()) this.#close(source, codec);
  }

  #find(source: Stream, codec: SoundCodec): Shared {
    const bridges = this.#shared.get(source) ?? new Map<SoundCodec, Shared>();
    this.#shared.set(source, bridges);
    const known = bridges.get(codec);
    if (known !== undefined) return known;
    const made = {
      bridge: new Bridge(source, codec, this.#options),
      converter: undefined,
      users: 0,
      cancel: () => undefined,
    };
    bridges.set(codec, made);
    return made;
  }

  #close(source: Stream, codec: SoundCodec): void {
    const bridges = this.#shared.get(source);
    const shared = bridges?.get(codec);
    if (bridges === undefined || shared === undefined) return;
    bridges.delete(codec);
    if (bridges.size === 0) this.#shared.delete(source);
    shared.cancel();
    shared.bridge.close();
  }
}

/** Transcoders by FFmpeg, for a server whose machine has it; looked for each time, as it may be installed meanwhile. */
export const ffmpegTranscoders = (options: FfmpegOptions): Transcoders => ({
  ready: () => options.children.find(options.program) !== undefined,
  start: (from, to, events, name) => {
    const bitrateBps = options.bitrateBps(to.codec === 'opus' ? 'opus' : 'aac', name);
    return new FfmpegTranscoder(options, from, to, bitrateBps, events);
  },
});
