// The client: reads a playlist again and again, and what it names, as one source.
//
//   master --highest variant--> media playlist --new pieces--> segments and parts --> frames
//                                  '------ reload: blocking, or after a target duration
import { Reporter } from '../../../base/counters.ts';
import { type SrsxError, SystemError } from '../../../base/errors.ts';
import { toSrsxError } from '../../../base/session.ts';
import { fromMs, fromSeconds, type Micros, toSeconds } from '../../../base/time.ts';
import type { ClientHost, PullOptions } from '../../../control/host.ts';
import {
  type Attributes,
  type MasterPlaylist,
  type MediaPlaylist,
  type Playlist,
  type PlaylistFinding,
  parsePlaylist,
  validatePlaylist,
  validateReload,
  validateUpdate,
} from '../../../format/hls/index.ts';
import type { MediaSink } from '../../../media/sink.ts';
import { hlsErrors } from '../errors.ts';
import { Follower, type Piece, usesParts } from './follower.ts';
import { follow, Loader } from './load.ts';
import { Merge } from './merge.ts';
import { Reader } from './reader.ts';

/** The parser's own limit is in characters; nothing larger is even received. */
const PLAYLIST_BYTES = 16 * 1024 * 1024;
/** Segments one after the other that may be missing. */
const MOST_MISSING = 3;
/** Reloads one after the other that may fail. */
const MOST_FAILED = 3;
/** Whatever a server says, its playlist is not asked for more often. */
const LEAST_WAIT: Micros = fromMs(50);

/**
 * Rejects with NET_*, PLAYLIST_*, HLS_STATUS, HLS_STALLED, HLS_MASTER, HLS_URI, HLS_KEY, HLS_SEGMENT, HLS_SIZE and
 * HLS_CONTAINER. Resolves at the end of a playlist that has one, and at the signal.
 */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  if (options.signal.aborted) return;
  // Two playlists are one source: the end of one with an error is the end of both.
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  options.signal.addEventListener('abort', abort);
  try {
    await pullAll(host, from, to, { ...options, signal: stop.signal });
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    options.signal.removeEventListener('abort', abort);
    stop.abort();
  }
}

async function pullAll(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  const loader = new Loader(host, options);
  const { playlist: first, base } = await loadPlaylist(loader, from);
  if (first.kind === 'media') {
    await new Source({ host, loader, options, url: from, sink: to }, { playlist: first, base }).run();
    return;
  }
  const { variant, audio } = chooseVariant(first);
  const url = follow(variant, base);
  const media = await loadMedia(loader, url);
  if (audio === undefined) {
    await new Source({ host, loader, options, url, sink: to }, media).run();
    return;
  }
  const audioUrl = follow(audio, base);
  const merge = new Merge(to);
  const inputs = { picture: merge.input(['video', 'data']), sound: merge.input(['audio']) };
  const shared = { host, loader, options };
  const picture = new Source({ ...shared, url, sink: inputs.picture }, media);
  const sound = new Source({ ...shared, url: audioUrl, sink: inputs.sound }, await loadMedia(loader, audioUrl));
  await Promise.all([picture.run().then(() => inputs.picture.end()), sound.run().then(() => inputs.sound.end())]);
}

/** A playlist, and the URL to which its URIs are relative: where redirects led. */
interface Loaded<Kind extends Playlist = Playlist> {
  readonly playlist: Kind;
  readonly base: URL;
}

async function loadPlaylist(loader: Loader, url: URL, timeout?: Micros): Promise<Loaded> {
  const options = { limitBytes: PLAYLIST_BYTES, ...(timeout !== undefined && { timeout }) };
  const { bytes, base } = await loader.loadPage(url, options);
  return { playlist: parsePlaylist(new TextDecoder().decode(bytes)), base };
}

async function loadMedia(loader: Loader, url: URL, timeout?: Micros): Promise<Loaded<MediaPlaylist>> {
  const { playlist, base } = await loadPlaylist(loader, url, timeout);
  if (playlist.kind === 'media') return { playlist, base };
  throw hlsErrors.protocol('MASTER', { why: 'a variant is a list of variants itself' });
}

/** The variant with the most bits, and the default rendition of its sound where that has a playlist of its own. */
function chooseVariant({ variants, renditions }: MasterPlaylist): { variant: string; audio: string | undefined } {
  const bits = (attributes: Attributes): number => Number(attributes.get('BANDWIDTH') ?? 0) || 0;
  const [best] = [...variants].sort((a, b) => bits(b.attributes) - bits(a.attributes));
  if (best === undefined) throw hlsErrors.protocol('MASTER', { why: 'it names no variant' });
  const group = best.attributes.get('AUDIO');
  const sounds = renditions.filter(
    (rendition) => group !== undefined && rendition.get('TYPE') === 'AUDIO' && rendition.get('GROUP-ID') === group,
  );
  const chosen = sounds.find((rendition) => rendition.get('DEFAULT') === 'YES') ?? sounds[0];
  return { variant: best.uri, audio: chosen?.get('URI') };
}

interface SourceOptions {
  readonly host: ClientHost;
  readonly loader: Loader;
  readonly options: PullOptions;
  readonly url: URL;
  readonly sink: MediaSink;
}

/** One media playlist and what it names. */
class Source {
  readonly #options: SourceOptions;
  readonly #follower = new Follower();
  readonly #reader: Reader;
  readonly #remarks = new Set<string>();
  readonly #missing: Reporter;
  #playlist: MediaPlaylist;
  #base: URL;
  #missed = 0;
  #changedAt: Micros;

  constructor(options: SourceOptions, { playlist, base }: Loaded<MediaPlaylist>) {
    const { host, loader, sink } = options;
    this.#options = options;
    this.#playlist = playlist;
    this.#base = base;
    this.#changedAt = host.clock.now();
    this.#reader = new Reader({ host, loader, sink, onContainer: options.options.onContainer });
    this.#missing = new Reporter((count, last) => host.log.warn('hls', 'segments are missing', { count, last }));
  }

  async run(): Promise<void> {
    this.#remark(validatePlaylist(this.#playlist));
    for (;;) {
      const loadedAt = this.#options.host.clock.now();
      const { pieces, missed, restarted } = this.#follower.take(this.#playlist);
      if (missed > 0) this.#missing.note(`${missed} left the playlist before they were read`, loadedAt);
      if (restarted) this.#missing.note('the playlist begins anew', loadedAt);
      for (const piece of pieces) await this.#read(piece);
      if (this.#playlist.endList) {
        this.#reader.end();
        return;
      }
      await this.#reload(loadedAt, pieces.length > 0);
    }
  }

  async #read(piece: Piece): Promise<void> {
    const { options, host } = this.#options;
    if (this.#playlist.endList) await options.ready();
    if (options.signal.aborted) throw hlsErrors.refused('STOPPED');
    try {
      await this.#reader.read(piece, this.#base);
      this.#missed = 0;
    } catch (error) {
      // A segment that is not there is one segment; what is there and wrong is an error of the source.
      const fault = toSrsxError(error);
      if (options.signal.aborted || !isMissing(fault)) throw fault;
      this.#missing.note(fault.message, host.clock.now());
      if (++this.#missed < MOST_MISSING) return;
      throw hlsErrors.protocol('SEGMENT', { count: this.#missed, why: fault.message }, fault);
    }
  }

  /** Loads the playlist when there should be something new; a failure is tried again. */
  async #reload(loadedAt: Micros, changed: boolean): Promise<void> {
    const { clock, limits } = this.#options.host;
    if (changed) this.#changedAt = clock.now();
    for (let failed = 0; ; failed++) {
      this.#checkStall();
      const asked = this.#blocking();
      await this.#wait(this.#pause(changed && failed === 0, asked !== undefined) - (clock.now() - loadedAt));
      try {
        const timeout = asked === undefined ? limits.firstMediaTime : limits.stallTime;
        const from = withDirectives(this.#options.url, asked);
        const { playlist: next, base } = await loadMedia(this.#options.loader, from, timeout);
        this.#remark([
          ...validatePlaylist(next),
          ...validateUpdate(this.#playlist, next),
          ...(asked === undefined ? [] : validateReload(asked, next)),
        ]);
        this.#playlist = next;
        this.#base = base;
        return;
      } catch (error) {
        const fault = toSrsxError(error);
        if (this.#options.options.signal.aborted || !isMissing(fault) || failed + 1 >= MOST_FAILED) throw fault;
        await this.#wait(this.#pause(false, false));
      }
    }
  }

  /** RFC 8216bis §6.2.5.2: which segment or part the server shall wait for, where it can. */
  #blocking(): { msn: number; part?: number } | undefined {
    const { next } = this.#follower;
    if (this.#playlist.control?.canBlockReload !== true || next === undefined) return undefined;
    const parts = this.#playlist.partTarget !== undefined && this.#playlist.openKey === undefined;
    return parts ? next : { msn: next.msn };
  }

  /** RFC 8216 §6.3.4: a target duration after a load that changed, half of one after another. */
  #pause(changed: boolean, blocking: boolean): Micros {
    if (blocking) return LEAST_WAIT;
    const { partTarget, targetDuration = 1 } = this.#playlist;
    const target = usesParts(this.#playlist) ? (partTarget ?? 0) : fromSeconds(Math.max(1, targetDuration));
    return Math.max(LEAST_WAIT, changed ? target : target / 2);
  }

  #checkStall(): void {
    const { clock, limits } = this.#options.host;
    const most = Math.max(limits.stallTime, fromSeconds((this.#playlist.targetDuration ?? 0) * 3));
    const passed = clock.now() - this.#changedAt;
    if (passed > most) throw hlsErrors.protocol('STALLED', { seconds: Math.round(toSeconds(passed)) });
  }

  #wait(time: Micros): Promise<void> {
    const { host, options } = this.#options;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(hlsErrors.refused('STOPPED'));
      };
      const cancel = host.clock.after(Math.max(0, time), () => {
        options.signal.removeEventListener('abort', abort);
        resolve();
      });
      options.signal.addEventListener('abort', abort, { once: true });
      if (options.signal.aborted) abort();
    });
  }

  /** Each rule is told once. */
  #remark(findings: readonly PlaylistFinding[]): void {
    for (const { rule, level, section, line, text } of findings) {
      if (this.#remarks.has(rule)) continue;
      this.#remarks.add(rule);
      const where = line > 0 ? `line ${line}: ` : '';
      const remark = { id: `playlist-${rule}`, severity: level, text: `${where}${text} (RFC 8216bis §${section})` };
      this.#options.options.onRemark?.(remark);
      this.#options.host.log.debug('hls', () => `${remark.severity} ${remark.id}: ${remark.text}`);
    }
  }
}

/** Whether it may be there the next time, or be passed over. */
const isMissing = (error: SrsxError): boolean => error.code === 'HLS_STATUS' || error instanceof SystemError;

function withDirectives(url: URL, asked: { msn: number; part?: number } | undefined): URL {
  if (asked === undefined) return url;
  const next = new URL(url.href);
  next.searchParams.set('_HLS_msn', String(asked.msn));
  if (asked.part !== undefined) next.searchParams.set('_HLS_part', String(asked.part));
  return next;
}
