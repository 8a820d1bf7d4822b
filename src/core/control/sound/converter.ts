// The sound of one stream in another codec, written with its picture into a publication.
import { fromHex } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { Closer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { fromMs, fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { opus } from '../../codec/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import type { Publication, Stream } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import { readableSound, type SoundCodec, type SoundTranscoder, type Transcoders } from './transcoder.ts';

export interface ConverterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly transcoders: Transcoders;
  readonly source: Stream;
  readonly codec: SoundCodec;
  /** Gives what is written to, when the source has tracks. */
  readonly open: () => Publication;
  /** Whether anybody hears it now; asked for each frame of sound. */
  readonly wanted: () => boolean;
  /** Sound that nobody here can transcode goes on as it is; otherwise it is left out. */
  readonly passUnreadable: boolean;
}

/** Parameters of what comes out: AAC-LC, 48 kHz, stereo (ISO 14496-3 §1.6.2.1), and Opus in stereo. */
const configs: Record<SoundCodec, Uint8Array> = { aac: fromHex('1190'), opus: opus.makeHead(2) };
/** Until a program that ended is started again; doubles each time, up to the second. */
const FIRST_PAUSE: Micros = fromSeconds(1);
const LONGEST_PAUSE: Micros = fromSeconds(30);
/** A program that ran for so long was no failure of its start. */
const LONG_ENOUGH: Micros = fromSeconds(60);
/** A program that gives nothing for this long, though it is fed, hangs. */
const MOST_SILENT: Micros = fromSeconds(4);
/** After a pause of the publisher a program may owe a frame that it could not fill. */
const PUBLISHER_PAUSE: Micros = fromSeconds(1);
/** A program that nobody needs ends after this. */
const LINGER: Micros = fromSeconds(5);
/** A program answers a step back by frames at one time until the clock is where it was: a new one has no past. */
const STEP_BACK: Micros = fromMs(100);
/** Of media time, for one program: the clock of MPEG-TS, which carries the sound to it, wraps after 95,443 s. */
const LONGEST_RUN: Micros = fromSeconds(47_000);

/**
 * Sound older than this beside the newest picture is left out: past frames of a group of pictures, and what a program that
 * hung gives at last. Further back, the time line would take it for a restart of the publisher (media/timeline.ts).
 */
const MOST_LATE: Micros = fromSeconds(2);

export class Converter implements Closer {
  readonly #options: ConverterOptions;
  readonly #closers: readonly Closer[];
  #publication: Publication | undefined;
  /** The track that is transcoded, and what it becomes. */
  #from: Track | undefined;
  #to: Track | undefined;
  #transcoder: SoundTranscoder | undefined;
  #startedAt: Micros = Number.NEGATIVE_INFINITY;
  #wantedAt: Micros = Number.NEGATIVE_INFINITY;
  #pause = FIRST_PAUSE;
  /** Until then no program is started. */
  #notBefore: Micros = Number.NEGATIVE_INFINITY;
  /** Decode times of the sound that the program got: the first and the newest. */
  #first: Micros | undefined;
  #last: Micros = 0;
  /** When it got its newest sound, and the first to which it has given nothing yet. */
  #fedAt: Micros = 0;
  #owesSince: Micros | undefined;
  /** Nobody needed it until now. */
  #idle = true;
  #said = false;
  /** Decode time of the newest frame that was written. */
  #newest = Number.NEGATIVE_INFINITY;
  /** Frames of sound that were too old. */
  late = 0;

  constructor(options: ConverterOptions) {
    this.#options = options;
    const { source } = options;
    this.#closers = [source.onEnd(() => this.#end()), source.tap((event) => this.#take(event), { fromGop: true })];
  }

  /** Ends the publication. */
  close(): void {
    for (const closer of this.#closers) closer.close();
    this.#end();
  }

  #take(event: MediaEvent): void {
    // A stream without a publisher still says the tracks of the last one.
    if (!this.#options.source.published) return;
    if (event.type === 'tracks') this.#retrack(event.tracks);
    else if (event.frame.track === this.#from) this.#transcode(event.frame);
    else if (event.frame.track.kind !== 'audio' || this.#fits(event.frame.track)) this.#write(event.frame);
  }

  #fits({ codec }: Track): boolean {
    return codec === this.#options.codec || (this.#options.passUnreadable && this.#from === undefined);
  }

  #retrack(tracks: readonly Track[]): void {
    const { codec, open } = this.#options;
    const has = tracks.some((track) => track.kind === 'audio' && track.codec === codec);
    const from = has ? undefined : this.#readable(tracks);
    if (from !== this.#from) this.#change(from);
    const others = tracks.filter((track) => track.kind !== 'audio' || this.#fits(track));
    this.#publication ??= open();
    this.#publication.retrack(this.#to === undefined ? others : [...others, this.#to]);
  }

  #readable(tracks: readonly Track[]): Track | undefined {
    const found = tracks.find(({ codec }) => readableSound.has(codec));
    if (found === undefined || this.#options.transcoders.ready()) return found;
    this.#sayNothing(found);
    return undefined;
  }

  /** Once for each stream: nothing changes by saying it again. */
  #sayNothing({ codec }: Track): void {
    if (this.#said) return;
    this.#said = true;
    const { log, source, codec: wanted } = this.#options;
    log.warn(
      'sound',
      `players of ${streamUrl(source.name)} that need ${wanted} get no sound: it is ${codec}, and FFmpeg is not in PATH. ` +
        'Install ffmpeg, and publish again.',
    );
  }

  #change(from: Track | undefined): void {
    this.#stop();
    this.#from = from;
    this.#pause = FIRST_PAUSE;
    this.#notBefore = Number.NEGATIVE_INFINITY;
    const { codec } = this.#options;
    this.#to = from && { id: from.id, kind: 'audio', codec, config: configs[codec], epoch: from.epoch };
  }

  #transcode(frame: Frame): void {
    if (frame.dts < (this.#options.source.newest ?? frame.dts) - MOST_LATE) {
      this.late++;
      return;
    }
    const now = this.#options.clock.now();
    if (this.#options.wanted()) this.#wantedAt = now;
    const unwanted = now - this.#wantedAt >= LINGER;
    if (unwanted || this.#outOfTime(frame.dts)) this.#stop();
    this.#idle ||= unwanted;
    if (unwanted) return;
    if (this.#transcoder === undefined && now >= this.#notBefore) this.#start(now);
    if (this.#transcoder === undefined) return;
    if (this.#idle) this.#catchUp(this.#transcoder, frame);
    this.#idle = false;
    if (this.#hangs(now)) {
      this.#stop();
      this.#failed(`it gave nothing for ${toSeconds(MOST_SILENT)} s`);
      return;
    }
    this.#first ??= frame.dts;
    this.#last = frame.dts;
    this.#transcoder.write(frame);
  }

  /** Who comes first has been given the group of pictures: its newest sound belongs to it. */
  #catchUp(transcoder: SoundTranscoder, { dts, track }: Frame): void {
    const oldest = (this.#options.source.newest ?? dts) - MOST_LATE;
    const past = (event: MediaEvent): void => {
      if (event.type !== 'frame' || event.frame.track !== track) return;
      if (event.frame.dts < oldest || event.frame.dts >= dts) return;
      this.#first ??= event.frame.dts;
      transcoder.write(event.frame);
    };
    this.#options.source.tap(past, { fromGop: true }).close();
  }

  #hangs(now: Micros): boolean {
    if (now - this.#fedAt > PUBLISHER_PAUSE) this.#owesSince = undefined;
    this.#fedAt = now;
    this.#owesSince ??= now;
    return now - this.#owesSince > MOST_SILENT;
  }

  /** Whether this is a time that the program cannot be told. */
  #outOfTime(dts: Micros): boolean {
    if (this.#transcoder === undefined || this.#first === undefined) return false;
    return dts < this.#last - STEP_BACK || dts - this.#first > LONGEST_RUN;
  }

  #start(now: Micros): void {
    const { transcoders, source } = this.#options;
    if (this.#from === undefined || this.#to === undefined) return;
    this.#startedAt = now;
    // Whatever a publisher's clock does, programs are not started in a stream of their own.
    this.#notBefore = now + FIRST_PAUSE;
    this.#first = undefined;
    this.#owesSince = undefined;
    const events = { frame: (frame: Frame) => this.#give(frame), failed: (why: string) => this.#failed(why) };
    this.#transcoder = transcoders.start(this.#from, this.#to, events, source.name);
  }

  #give(frame: Frame): void {
    this.#owesSince = undefined;
    if (frame.dts < this.#newest - MOST_LATE) this.late++;
    else this.#write(frame);
  }

  #write(frame: Frame): void {
    this.#newest = Math.max(this.#newest, frame.dts);
    this.#publication?.write(frame);
  }

  #failed(why: string): void {
    const { clock, log, source, codec } = this.#options;
    const now = clock.now();
    this.#transcoder = undefined;
    if (now - this.#startedAt >= LONG_ENOUGH) this.#pause = FIRST_PAUSE;
    log.warn('sound', `the sound of ${streamUrl(source.name)} stopped: ${why}`, { codec });
    this.#notBefore = now + this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
  }

  #stop(): void {
    this.#transcoder?.close();
    this.#transcoder = undefined;
  }

  /** The source has no publisher any more; players of what comes out stay, as they do there. */
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
