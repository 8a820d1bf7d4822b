// The classic form of a stream as files, as SRS leaves them.
//
//   segment --queue--> key, init, segment --> playlist --> what has left long ago is removed
//
// A playlist is written after all that it names, and files are removed after the playlist that no longer names them, each
// in place at once: whoever reads the disk, at any time and also after a kill, finds whole segments behind each line. A
// segment that could not be written begins the list anew behind it, so that its numbers stay those of the memory.
import { utf8 } from '../../base/bytes.ts';
import type { SrsxError } from '../../base/errors.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Folder, Host } from '../../control/host.ts';
import { DiskQueue } from '../../control/storage/disk-queue.ts';
import {
  type ClassicSegment,
  type MediaPlaylist,
  nextSequenceOf,
  type PlaylistSegment,
  parsePlaylist,
  type ResumePoint,
  type StoredSegment,
  targetDuration,
  writeClassic,
} from '../../format/hls/index.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { ClassicForm } from './classic-form.ts';
import type { DiskConfig, HlsConfig } from './config.ts';
import type { Paths } from './paths.ts';

/** Whose files these are, where, and who is told. */
export interface HlsDiskOptions {
  readonly host: Pick<Host, 'log' | 'net'>;
  readonly name: StreamName;
  readonly config: HlsConfig & { readonly disk: DiskConfig };
  readonly form: ClassicForm;
  readonly paths: Paths;
  /** A segment and the playlist that names it are in place. */
  readonly onWritten: (segment: StoredSegment) => void;
  /** hls_on_error says that the publisher must go. */
  readonly onDisconnect: (error: SrsxError) => void;
}

/** A segment that is on the disk. */
interface Entry {
  readonly sequence: number;
  readonly path: string;
  readonly said: ClassicSegment;
  readonly keyPath: string | undefined;
  readonly initPath: string | undefined;
}

/** Chosen: a day of segments of two seconds is below this. */
const PLAYLIST_BYTES = 8 * 1024 * 1024;
/** Segments behind the window that a crash may have left: as many are looked for. */
const MOST_LEFT = 1000;

/** The files of one stream. No call waits for the disk but `recover`, `dispose` and `idle`. */
export class HlsDisk {
  readonly #options: HlsDiskOptions;
  readonly #folder: Folder;
  readonly #keyFolder: Folder;
  readonly #queue: DiskQueue;
  #listed: Entry[] = [];
  #lingering: Entry[] = [];
  /** Files besides segments that are there. */
  readonly #keys = new Set<string>();
  readonly #inits = new Set<string>();
  #discontinuities = 0;
  #longest: Micros = 0;
  /** Discontinuities of segments that were lost, by their number, until one behind them is written. */
  readonly #lostBreaks: number[] = [];
  /** hls_on_error ignore: nothing more until the next publisher. */
  #stopped = false;

  constructor(options: HlsDiskOptions) {
    const { host, config } = options;
    const { root, keyRoot, queueBytes } = config.disk;
    this.#options = options;
    this.#folder = host.net.folder(root);
    this.#keyFolder = keyRoot === root ? this.#folder : host.net.folder(keyRoot);
    this.#queue = new DiskQueue({
      ...{ root, limitBytes: queueBytes },
      onFault: (error, first) => this.#failed(error, first),
      onWell: () => this.#log('info', 'the files of HLS are written again'),
    });
  }

  /** Resolves when everything is written. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /**
   * Reads what an earlier run left (SRS: hls_recover), or removes it. Resolves with where the playlist goes on; undefined
   * at its beginning. Never rejects.
   *
   * @param after what still works on the same files.
   */
  recover(after: Promise<void>): Promise<ResumePoint | undefined> {
    const { promise, resolve } = Promise.withResolvers<ResumePoint | undefined>();
    const work = async (): Promise<void> => {
      await after;
      const old = await this.#readOld();
      if (old === undefined) return;
      if (this.#options.config.disk.recover) resolve(await this.#continue(old));
      else await this.#removeOld(old);
    };
    this.#queue.push(0, () => work().finally(() => resolve(undefined)));
    return promise;
  }

  /** A publisher has come. */
  begin(): void {
    this.#stopped = false;
  }

  /** Writes a segment behind the ones before it, and the playlist that names it. */
  add(segment: StoredSegment): void {
    const taken = !this.#stopped && this.#queue.push(segment.bytes.length, () => this.#write(segment));
    if (!taken) this.#lose(segment);
  }

  /** Removes every file of the stream; resolves when that is done. */
  async dispose(): Promise<void> {
    this.#queue.push(0, async () => {
      await this.#folder.remove(this.#options.paths.playlist);
      const all = [...this.#lingering, ...this.#listed];
      this.#listed = [];
      this.#lingering = [];
      for (const { path } of all) await this.#folder.remove(path);
      await this.#removeUnused();
    });
    await this.#queue.idle();
  }

  async #write(segment: StoredSegment): Promise<void> {
    try {
      await this.#writeMedia(segment);
    } catch (error) {
      this.#lose(segment);
      throw error;
    }
    this.#list(segment);
    const { paths, config, form, onWritten } = this.#options;
    const text = writeClassic({
      targetDuration: targetDuration({ longest: this.#longest }, form.target),
      mediaSequence: this.#listed[0]?.sequence ?? segment.sequence,
      discontinuitySequence: this.#discontinuities,
      segments: this.#listed.map(({ said }) => said),
    });
    await this.#folder.write(paths.playlist, [utf8(text)]);
    onWritten(segment);
    const gone = this.#expired();
    if (!config.disk.cleanup) return;
    for (const { path } of gone) await this.#folder.remove(path);
    await this.#removeUnused();
  }

  async #writeMedia({ path = '', bytes, key, init }: StoredSegment): Promise<void> {
    if (key !== undefined && !this.#keys.has(key.path)) {
      await this.#keyFolder.write(key.path, [key.bytes]);
      this.#keys.add(key.path);
    }
    const initPath = init && this.#options.form.initPath(init);
    if (init !== undefined && initPath !== undefined && !this.#inits.has(initPath)) {
      await this.#folder.write(initPath, [init]);
      this.#inits.add(initPath);
    }
    await this.#folder.write(path, [bytes]);
  }

  /** The list with the new segment, and without what the window does not need. */
  #list(segment: StoredSegment): void {
    const { form, config } = this.#options;
    const last = this.#listed.at(-1);
    if (last !== undefined && last.sequence + 1 !== segment.sequence) {
      for (const entry of this.#listed.splice(0)) this.#leave(entry);
    }
    const breaks = this.#lostBreaks.filter((sequence) => sequence < segment.sequence);
    this.#discontinuities += breaks.length;
    this.#lostBreaks.splice(0, breaks.length);
    this.#listed.push({
      sequence: segment.sequence,
      path: segment.path ?? '',
      said: form.describe(segment),
      keyPath: segment.key?.path,
      initPath: segment.init && form.initPath(segment.init),
    });
    this.#longest = Math.max(this.#longest, segment.duration);
    let span = spanOf(this.#listed);
    for (let first = this.#listed[0]; first !== undefined && this.#listed.length > 1; first = this.#listed[0]) {
      const tooMany = this.#listed.length > config.storeSegments;
      if (span - first.said.duration < config.window && !tooMany) return;
      span -= first.said.duration;
      this.#listed.shift();
      this.#leave(first);
    }
  }

  #leave(entry: Entry): void {
    if (entry.said.discontinuity) this.#discontinuities++;
    this.#lingering.push(entry);
  }

  /** A segment that is not on the disk: the list begins anew behind it, and its discontinuity counts. */
  #lose({ sequence, discontinuity }: StoredSegment): void {
    if (discontinuity) this.#lostBreaks.push(sequence);
  }

  /** What left the list longer ago than the list is long (RFC 8216 §6.2.2). */
  #expired(): Entry[] {
    const most = spanOf(this.#listed);
    let behind = spanOf(this.#lingering);
    let count = 0;
    for (const { said } of this.#lingering) {
      behind -= said.duration;
      if (behind < most && this.#lingering.length - count <= this.#options.config.storeSegments) break;
      count++;
    }
    return this.#lingering.splice(0, count);
  }

  /** Keys and init segments that no segment has any more. */
  async #removeUnused(): Promise<void> {
    const all = [...this.#lingering, ...this.#listed];
    const used = new Set(all.flatMap(({ keyPath, initPath }) => [keyPath, initPath]));
    for (const path of this.#keys) {
      if (used.has(path)) continue;
      await this.#keyFolder.remove(path);
      this.#keys.delete(path);
    }
    for (const path of this.#inits) {
      if (used.has(path)) continue;
      await this.#folder.remove(path);
      this.#inits.delete(path);
    }
  }

  async #readOld(): Promise<MediaPlaylist | undefined> {
    const { paths } = this.#options;
    if ((await this.#folder.size(paths.playlist)) === undefined) return undefined;
    const text = new TextDecoder().decode(await this.#folder.read(paths.playlist, PLAYLIST_BYTES));
    try {
      const playlist = parsePlaylist(text);
      if (playlist.kind === 'media' && playlist.segments.length > 0) return playlist;
    } catch (error) {
      this.#log('warn', 'the playlist on the disk cannot be continued', { error: String(error) });
    }
    // Somebody else's: its place is ours now, its files are not.
    await this.#folder.remove(paths.playlist);
    return undefined;
  }

  /** Takes the newest segments over whose files are whole, up to the first one that is not. */
  async #continue(old: MediaPlaylist): Promise<ResumePoint> {
    let kept = 0;
    for (const segment of old.segments.toReversed()) {
      const entry = this.#entryOf(segment);
      if (entry === undefined || !((await this.#folder.size(entry.path)) ?? 0)) break;
      this.#listed.unshift(entry);
      if (entry.initPath !== undefined) this.#inits.add(entry.initPath);
      kept++;
    }
    const first = old.segments[old.segments.length - kept];
    const all = old.segments.reduce((sum, { discontinuity }) => sum + Number(discontinuity), old.discontinuitySequence);
    this.#discontinuities = first === undefined ? all : first.discontinuitySequence - Number(first.discontinuity);
    // Behind a hole the list begins anew.
    this.#longest = Math.max(fromSeconds(old.targetDuration ?? 0), ...old.segments.map(({ duration }) => duration));
    await this.#removeLeft(old.mediaSequence);
    this.#log('info', 'the playlist on the disk goes on', { sequence: nextSequenceOf(old), segments: kept });
    return { sequence: nextSequenceOf(old), discontinuities: all, longest: this.#longest };
  }

  #entryOf({ uri, sequence, duration, discontinuity, key, map, date }: PlaylistSegment): Entry | undefined {
    const path = this.#pathOf(uri);
    if (path === undefined) return undefined;
    const iv = key?.get('IV')?.replace(/^0x/i, '');
    const keyUri = key?.get('URI');
    const said: ClassicSegment = {
      ...{ uri, duration, discontinuity, wall: date },
      ...(iv !== undefined && keyUri !== undefined && { key: { uri: keyUri, iv } }),
      ...(map !== undefined && { map: map.uri }),
    };
    return { sequence, path, said, keyPath: undefined, initPath: map && this.#pathOf(map.uri) };
  }

  #pathOf(uri: string): string | undefined {
    try {
      return this.#options.paths.pathOf(uri);
    } catch (error) {
      this.#log('warn', 'the playlist on the disk names what is not its own', { uri, error: String(error) });
      return undefined;
    }
  }

  /** What lingered when the program was killed. */
  async #removeLeft(before: number): Promise<void> {
    if (!this.#options.config.disk.cleanup) return;
    for (let sequence = before - 1; sequence >= Math.max(0, before - MOST_LEFT); sequence--) {
      const path = this.#options.paths.byNumber(sequence);
      if (path === undefined || (await this.#folder.size(path)) === undefined) return;
      await this.#folder.remove(path);
    }
  }

  /** Numbers begin again, and would give old names new segments. */
  async #removeOld(old: MediaPlaylist): Promise<void> {
    await this.#folder.remove(this.#options.paths.playlist);
    if (!this.#options.config.disk.cleanup) return;
    for (const { uri } of old.segments) {
      const path = this.#pathOf(uri);
      if (path !== undefined) await this.#folder.remove(path);
    }
  }

  #failed(error: SrsxError, first: boolean): void {
    const { onError } = this.#options.config.disk;
    if (first)
      this.#log('error', 'the files of HLS cannot be written', { code: error.code, error: error.message, onError });
    if (onError === 'continue' || this.#stopped) return;
    this.#stopped = true;
    if (onError === 'disconnect') this.#options.onDisconnect(error);
  }

  #log(level: 'info' | 'warn' | 'error', text: string, fields: Record<string, unknown> = {}): void {
    const { host, name } = this.#options;
    host.log[level]('hls', text, { stream: streamUrl(name), ...fields });
  }
}

const spanOf = (entries: readonly Entry[]): Micros => entries.reduce((sum, { said }) => sum + said.duration, 0);
