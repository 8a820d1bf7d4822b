// One published stream with its sound in another codec: a stream of its own, fed by a tap.

import { fromHex } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { Limits } from '../../base/limits.ts';
import type { Closer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import { opus } from '../../codec/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import { type Publication, Stream } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import { type MakeTranscoder, readableSound, type SoundCodec, type SoundTranscoder } from './transcoder.ts';

/** What a bridge depends on. */
export interface BridgeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly make: MakeTranscoder;
}

/** Parameters of what comes out: AAC-LC, 48 kHz, stereo (ISO 14496-3 §1.6.2.1), and Opus in stereo. */
const configs: Record<SoundCodec, Uint8Array> = { aac: fromHex('1190'), opus: opus.makeHead(2) };
/** Until a program that ended is started again; doubles each time, up to the second. */
const FIRST_PAUSE: Micros = fromSeconds(1);
const LONGEST_PAUSE: Micros = fromSeconds(30);
/** A program that ran for so long was no failure of its start. */
const LONG_ENOUGH: Micros = fromSeconds(60);

/**
 * Sound older than this beside the newest picture is left out: past frames of a group of pictures, and what a program that
 * hung gives at last. Further back, the time line would take it for a restart of the publisher (media/timeline.ts).
 */
const MOST_LATE: Micros = fromSeconds(2);

export class Bridge implements Closer {
  /** Where its players go; it is published while the source is. */
  readonly stream: Stream;
  readonly #options: BridgeOptions;
  readonly #codec: SoundCodec;
  readonly #closers: readonly Closer[];
  #publication: Publication | undefined;
  /** The track that is transcoded, and what it becomes. */
  #from: Track | undefined;
  #to: Track | undefined;
  #transcoder: SoundTranscoder | undefined;
  #startedAt: Micros = 0;
  #pause = FIRST_PAUSE;
  #cancelRetry: () => void = () => undefined;
  #silent = false;
  /** Decode time of the newest frame that was written. */
  #newest = Number.NEGATIVE_INFINITY;
  readonly #source: Stream;
  /** Frames of sound that were too old. */
  late = 0;

  constructor(source: Stream, codec: SoundCodec, options: BridgeOptions) {
    this.#options = options;
    this.#codec = codec;
    this.#source = source;
    this.stream = new Stream(source.name, {
      ...{ clock: options.clock, limits: options.limits, gopCache: true, mergeWindow: 0 },
      ...{ onIdle: () => undefined, onPublished: () => undefined, onUnpublished: () => undefined },
    });
    this.#closers = [source.onEnd(() => this.#end()), source.tap((event) => this.#take(event), { fromGop: true })];
  }

  close(): void {
    for (const closer of this.#closers) closer.close();
    this.#end();
  }

  #take(event: MediaEvent): void {
    if (event.type === 'tracks') this.#retrack(event.tracks);
    else if (event.frame.track === this.#from) this.#transcode(event.frame);
    else if (event.frame.track.kind !== 'audio' || event.frame.track.codec === this.#codec) this.#write(event.frame);
  }

  #retrack(tracks: readonly Track[]): void {
    const others = tracks.filter(({ kind }) => kind !== 'audio');
    const fitting = tracks.filter(({ kind, codec }) => kind === 'audio' && codec === this.#codec);
    const from = fitting.length > 0 ? undefined : tracks.find(({ codec }) => readableSound.has(codec));
    if (from !== this.#from) this.#change(from);
    this.#publication ??= this.stream.publish({ policy: 'takeover', onEvicted: () => undefined });
    this.#publication.retrack([...others, ...fitting, ...(this.#to === undefined ? [] : [this.#to])]);
  }

  #change(from: Track | undefined): void {
    this.#stop();
    this.#from = from;
    this.#pause = FIRST_PAUSE;
    const { id, epoch } = from ?? {};
    this.#to =
      id === undefined || epoch === undefined
        ? undefined
        : { id, kind: 'audio', codec: this.#codec, config: configs[this.#codec], epoch };
    this.#start();
  }

  #start(): void {
    if (this.#from === undefined || this.#to === undefined) return;
    this.#startedAt = this.#options.clock.now();
    const events = { frame: (frame: Frame) => this.#write(frame), failed: (why: string) => this.#failed(why) };
    this.#transcoder = this.#options.make(this.#from, this.#to, events, this.stream.name);
    if (this.#transcoder === undefined) this.#sayNothing(this.#from);
  }

  /** Once for each bridge: nothing changes by saying it again. */
  #sayNothing({ codec }: Track): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#options.log.warn(
      'sound',
      `players of ${streamUrl(this.stream.name)} that need ${this.#codec} get no sound: it is ${codec}, and there is no FFmpeg. ` +
        'Install ffmpeg, or set its path.',
    );
  }

  #transcode(frame: Frame): void {
    if (frame.dts < (this.#source.newest ?? frame.dts) - MOST_LATE) this.late++;
    else this.#transcoder?.write(frame);
  }

  #write(frame: Frame): void {
    if (frame.dts < this.#newest - MOST_LATE && frame.track === this.#to) {
      this.late++;
      return;
    }
    this.#newest = Math.max(this.#newest, frame.dts);
    this.#publication?.write(frame);
  }

  #failed(why: string): void {
    const { clock, log } = this.#options;
    this.#transcoder = undefined;
    if (clock.now() - this.#startedAt >= LONG_ENOUGH) this.#pause = FIRST_PAUSE;
    log.warn('sound', `the sound of ${streamUrl(this.stream.name)} stopped: ${why}`, { codec: this.#codec });
    this.#cancelRetry = clock.after(this.#pause, () => this.#start());
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
  }

  #stop(): void {
    this.#cancelRetry();
    this.#transcoder?.close();
    this.#transcoder = undefined;
  }

  /** The source has no publisher any more; players of the bridge stay, as they do there. */
  #end(): void {
    this.#stop();
    this.#from = undefined;
    this.#to = undefined;
    const publication = this.#publication;
    this.#publication = undefined;
    this.#newest = Number.NEGATIVE_INFINITY;
    publication?.end();
  }
}
