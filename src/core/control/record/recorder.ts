// The files of one stream: when one begins and ends, what is dropped when the disk does not keep up, what happens when
// it fails. Never waits, and never throws at the stream.
//
//   fresh --frame--> recording --due, tracks change--> recording (next file)
//                        |--disk too slow--> gap --room, key frame--> recording
//                        '--write failed--> waiting RETRY --key frame--> recording (next file)
import { equalBytes } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import { Timeline, type TimelineMode } from '../../media/timeline.ts';
import { primaryVideo, type Track } from '../../media/track.ts';
import type { Folder } from '../host.ts';
import { DiskQueue, MAX_WAITING } from '../storage/disk-queue.ts';
import { storageErrors } from '../storage/errors.ts';
import { recordErrors } from './errors.ts';
import { type FileKind, fileKind, knownEndings } from './file-kind.ts';
import { type DoneFile, RecordingFile } from './recording-file.ts';
import type { RecordShare } from './share.ts';

/** When files begin and end, and what becomes of times. */
export interface RecordRules {
  /** A file ends when it is so long; undefined: only with the stream. */
  readonly segment: Micros | undefined;
  /** It ends in front of a key frame only. */
  readonly waitKey: boolean;
  readonly times: TimelineMode;
  /** Files that are there stay (plan append). */
  readonly keep: boolean;
  readonly remux: boolean;
}

/** What a recorder is made of. */
export interface RecorderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: Folder;
  readonly rules: RecordRules;
  readonly share: RecordShare;
  /** Below the folder, for a file that begins now; `index` counts from 0. Throws STORAGE_PATH. */
  readonly pathOf: (index: number) => string;
  readonly onFile: (file: DoneFile) => void;
  /** Something was not written: told once for each kind of failure. */
  readonly onFault?: (error: SrsxError) => void;
  readonly queueBytes?: number;
}

/** Chosen: ten seconds of 25 Mbit/s; a disk that is farther behind does not catch up. */
const QUEUE_BYTES = 32 * 1024 * 1024;
/** Chosen: a disk that is full is so for a while. */
const RETRY = fromSeconds(10);
/** Behind a longer gap another file begins: nobody wants to seek through nothing. */
const MAX_GAP = fromSeconds(10);
/** Room for the pieces that open and end files. */
const MAX_PIECES = MAX_WAITING - 100;

/** What became of the frames so far; a plain object. */
export interface RecordCounts {
  frames: number;
  /** Lost by a slow or failing disk, and pictures in front of the first key frame. */
  dropped: number;
  gaps: number;
  /** Begun. */
  files: number;
}

/** Give it what a tap gives; `end` when the publication is over. */
export class Recorder {
  readonly counts: RecordCounts = { frames: 0, dropped: 0, gaps: 0, files: 0 };
  readonly #options: RecorderOptions;
  readonly #queue: DiskQueue;
  readonly #queueBytes: number;
  readonly #made = new Set<string>();
  #tracks: readonly Track[] = [];
  #video: Track | undefined;
  #file: RecordingFile | undefined;
  #timeline = new Timeline();
  /** Subtracted from the stream's times. */
  #base: Micros = 0;
  #fileStart: Micros = 0;
  #newest: Micros = 0;
  /** The next file may begin with sound in front of the first picture: nothing was lost. */
  #fresh = true;
  #pictured = false;
  #gapSince: Micros | undefined;
  #gapFrames = 0;
  #retryAt = 0;
  #fault: SrsxError | undefined;
  /** Nothing can be recorded with these tracks or settings. */
  #stopped = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#queueBytes = options.queueBytes ?? QUEUE_BYTES;
    this.#queue = new DiskQueue({
      root: options.folder.root,
      limitBytes: Number.POSITIVE_INFINITY,
      onFault: (error, first) => first && this.#failed('what was recorded cannot be written', error),
      onWell: () => {
        this.#fault = undefined;
        options.log.info('record', 'the disk is well again');
      },
    });
  }

  /** Why the newest file could not be written. */
  get fault(): SrsxError | undefined {
    return this.#fault;
  }

  /** The file that is being written, below the folder. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  /** What the disk has not taken. */
  get pendingBytes(): number {
    return this.#queue.waitingBytes;
  }

  /** For sources that can wait: half of what may wait is free. */
  get room(): boolean {
    return this.#queue.waitingBytes < this.#queueBytes / 2 && this.#queue.waiting < MAX_PIECES / 2;
  }

  /** Everything that was given is on the disk; plain MP4 files may still be made. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** What a tap gives. */
  on(event: MediaEvent): void {
    try {
      if (event.type === 'tracks') this.#retrack(event.tracks);
      else this.#write(event.frame);
    } catch (error) {
      this.#stopped = true;
      this.#failed('the recording ends', toSrsxError(error));
      this.#endFile();
    }
  }

  /** Another publisher goes on where one left off (plan append); its times may begin anywhere. */
  resume(): void {
    this.#timeline.restart();
  }

  /** Ends the file. Idempotent; a later frame begins another one. */
  end(): void {
    this.#noteGap();
    this.#endFile();
    this.#fresh = true;
  }

  #retrack(tracks: readonly Track[]): void {
    if (sameParameters(tracks, this.#tracks)) return;
    this.#endFile();
    this.#tracks = tracks;
    this.#video = primaryVideo(tracks);
    this.#fresh = true;
    this.#stopped = false;
  }

  #write(frame: Frame): void {
    if (this.#stopped) return;
    const file = this.#fileFor(frame);
    if (file === undefined || (frame.track.kind === 'video' && !this.#pictured && !frame.key)) {
      if (frame.track.kind !== 'data') this.counts.dropped++;
      return;
    }
    if (frame.track.kind === 'video') this.#pictured = true;
    this.#newest = frame.dts;
    this.counts.frames++;
    file.write(this.#placed(frame));
  }

  #fileFor(frame: Frame): RecordingFile | undefined {
    if (this.#gapSince === undefined ? this.#tooMuch() : !this.#resumes(frame)) {
      this.#gapSince ??= this.#newest;
      if (this.#gapFrames++ === 0) this.#tooSlow();
      return undefined;
    }
    if (this.#gapSince !== undefined && frame.dts - this.#gapSince > MAX_GAP) this.#endFile();
    this.#noteGap();
    if (this.#file?.failure !== undefined) {
      this.#retryAt = this.#options.clock.now() + RETRY;
      this.#endFile();
      this.#fresh = false;
    }
    if (this.#file !== undefined && this.#due(frame)) this.#endFile();
    return this.#file ?? this.#begin(frame);
  }

  #tooMuch(): boolean {
    const { budget } = this.#options.share;
    const { waitingBytes, waiting } = this.#queue;
    return waitingBytes > this.#queueBytes || waiting > MAX_PIECES || (budget.full && waitingBytes > 0);
  }

  /** A gap ends at a key frame, when half of the room is free again. */
  #resumes(frame: Frame): boolean {
    return this.room && !this.#options.share.budget.full && this.#joins(frame);
  }

  /** A decoder may start here. */
  #joins({ track, key }: Frame): boolean {
    return this.#video === undefined ? track.kind === 'audio' : track.id === this.#video.id && key;
  }

  #due(frame: Frame): boolean {
    const { segment, waitKey } = this.#options.rules;
    if (segment === undefined || frame.dts - this.#fileStart < segment) return false;
    return waitKey ? this.#joins(frame) : frame.track.kind !== 'data';
  }

  #begin(frame: Frame): RecordingFile | undefined {
    const { clock, share, folder, rules, onFile, log } = this.#options;
    const starts = this.#fresh ? frame.track.kind === 'audio' || this.#joins(frame) : this.#joins(frame);
    // Cut in the middle of a group of pictures, as the operator wants it: the pictures go on.
    const goesOn = this.#pictured && !rules.waitKey && !this.#fresh && frame.track.kind !== 'data';
    if (clock.now() < this.#retryAt || !(starts || goesOn)) return undefined;
    const { path, kind } = this.#choose();
    this.#checkTracks(kind);
    this.#pictured = goesOn;
    this.#fresh = false;
    this.#base = rules.times === 'raw' ? 0 : frame.dts;
    this.#fileStart = frame.dts;
    this.#timeline = new Timeline(rules.times);
    this.counts.files++;
    this.#file = new RecordingFile({
      ...{ folder, path, kind, share, queue: this.#queue, tracks: this.#tracks },
      keep: rules.keep,
      remux: rules.remux,
      onDone: (done) => {
        log.info('record', 'recorded', { file: `${folder.root}/${done.path}`, bytes: done.sizeBytes });
        onFile(done);
      },
      onNotPlain: (what, at, error) => log.warn('record', what, { file: at, code: error.code }),
    });
    log.info('record', 'records', { file: `${folder.root}/${path}` });
    return this.#file;
  }

  /** A template without words of time gives one name again and again: the later files get numbers. */
  #choose(): { path: string; kind: FileKind } {
    const { pathOf, folder, share } = this.#options;
    const wanted = pathOf(this.counts.files);
    const kind = fileKind(wanted);
    if (kind === undefined) throw recordErrors.config('KIND', { path: wanted, known: knownEndings });
    const refused: string[] = [];
    let path = share.claims.take(folder.root, wanted);
    while (this.#made.has(path)) {
      refused.push(path);
      path = share.claims.take(folder.root, wanted);
    }
    for (const one of refused) share.claims.release(folder.root, one);
    this.#made.add(path);
    if (this.#made.size > MAX_MADE) this.#made.delete(this.#made.values().next().value ?? '');
    return { path, kind };
  }

  #checkTracks({ name, carries }: FileKind): void {
    const media = this.#tracks.filter(({ kind }) => kind !== 'data');
    const left = media.filter(({ codec }) => carries?.(codec) === false).map(({ codec }) => codec);
    if (left.length === 0) return;
    const codecs = left.join(', ');
    if (left.length === media.length) throw recordErrors.config('NO_TRACK', { container: name, codecs });
    this.#options.log.warn('record', `${codecs} is left out: ${name} has no place for it`);
  }

  #placed(frame: Frame): Frame {
    const { track, cts, key, data } = frame;
    return { track, dts: this.#timeline.repair(track.id, frame.dts - this.#base), cts, key, data };
  }

  #endFile(): void {
    this.#file?.end();
    this.#file = undefined;
  }

  #tooSlow(): void {
    const { folder } = this.#options;
    this.counts.gaps++;
    this.#failed(
      'frames are dropped until the disk keeps up',
      storageErrors.system('SLOW', { bytes: this.#queue.waitingBytes, root: folder.root }),
    );
  }

  #noteGap(): void {
    if (this.#gapSince === undefined) return;
    this.#options.log.warn('record', 'a gap ends', { frames: this.#gapFrames });
    this.#gapSince = undefined;
    this.#gapFrames = 0;
    if (this.#fault?.code === 'STORAGE_SLOW') this.#fault = undefined;
  }

  #failed(text: string, error: SrsxError): void {
    const { log, onFault } = this.#options;
    this.#fault = error;
    log.error('record', text, { code: error.code, error: error.message });
    onFault?.(error);
  }
}

/** Names that one recorder remembers to have made; chosen: a day of segments of ten seconds. */
const MAX_MADE = 10_000;

/** Whether sound and picture can be decoded with the same parameters; encoders repeat theirs. */
function sameParameters(a: readonly Track[], b: readonly Track[]): boolean {
  const [left, right] = [a, b].map((tracks) => tracks.filter(({ kind }) => kind !== 'data')) as [Track[], Track[]];
  return (
    left.length === right.length &&
    left.every(({ id, codec, config }, index) => {
      const other = right[index];
      return other?.id === id && other.codec === codec && equalBytes(other.config, config);
    })
  );
}
