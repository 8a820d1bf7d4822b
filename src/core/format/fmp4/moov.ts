// The movie box on the way in (ISO 14496-12 §8.2): tracks, their clocks, edit lists and defaults.
import { equalBytes } from '../../base/bytes.ts';
import type { Limits } from '../../base/limits.ts';
import { fromTicks, type Micros } from '../../base/time.ts';
import { firstTrackId, type Track } from '../../media/track.ts';
import { type Canonical, canonical } from './canonical.ts';
import { type Description, parseDescription } from './description.ts';
import { fmp4Errors } from './errors.ts';
import { SampleTable } from './sample-table.ts';
import { type BoxView, signed } from './wire.ts';

/** Values of trex that tfhd may leave out (§8.8.3). */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** A track of a file and the Track that its frames have. */
export interface MovieTrack {
  /** track_ID. */
  readonly id: number;
  readonly timescale: number;
  readonly track: Track;
  readonly form: Canonical;
  /** The whole sample entry box. */
  readonly entry: Uint8Array;
  /** Pixels, from tkhd. */
  readonly width: number;
  readonly height: number;
  /** From the edit list: the tick that is shown first, and how long after the movie's start it is shown. */
  readonly mediaTime: number;
  readonly delay: Micros;
  readonly defaults: SampleDefaults;
  /** Undefined where the samples are in fragments. */
  readonly table: SampleTable | undefined;
}

/** The tracks of a moov whose codecs are known, at least one. */
export interface Movie {
  readonly tracks: readonly MovieTrack[];
  /** mvex is there: fragments may follow. */
  readonly fragmented: boolean;
}

/**
 * Reads a whole moov. Tracks of unknown codecs are left out; those that have the same parameters as in `before` keep
 * their Track, so that an init segment that is sent again changes nothing.
 *
 * Errors: FMP4_NO_TRACKS, FMP4_TRACKS, FMP4_CONFIG, FMP4_TIMESCALE, FMP4_TABLE and those of the boxes.
 */
export function parseMoov(moov: BoxView, limits: Pick<Limits, 'tracks'>, before: readonly Track[] = []): Movie {
  const children = moov.children();
  const traks = children.filter((child) => child.type === 'trak');
  if (traks.length > limits.tracks) {
    throw fmp4Errors.protocol('TRACKS', { count: traks.length, limit: limits.tracks });
  }
  const mvex = children.find((child) => child.type === 'mvex');
  const defaults = mvex === undefined ? new Map<number, SampleDefaults>() : parseMvex(mvex);
  const movieTimescale = children.find((child) => child.type === 'mvhd')?.readFull(timescaleOf) ?? 0;
  const counts = { video: 0, audio: 0, data: 0 };
  const tracks: MovieTrack[] = [];
  for (const trak of traks) {
    const parsed = parseTrak(trak, movieTimescale);
    if (parsed === undefined) continue;
    const { description, ...rest } = parsed;
    const id = firstTrackId[description.kind] + counts[description.kind]++;
    const form = canonical(description);
    const track = epochOf(
      { id, kind: description.kind, codec: description.codec, config: form.config, epoch: 0 },
      before,
    );
    tracks.push({ ...rest, track, form, defaults: defaults.get(rest.id) ?? NO_DEFAULTS });
  }
  if (tracks.length === 0) throw fmp4Errors.protocol('NO_TRACKS');
  return { tracks, fragmented: mvex !== undefined };
}

const NO_DEFAULTS: SampleDefaults = { duration: 0, size: 0, flags: 0 };

/** The track of before when nothing changed, the next epoch when something did. */
function epochOf(track: Track, before: readonly Track[]): Track {
  const old = before.find(({ id }) => id === track.id);
  if (old === undefined) return track;
  if (old.codec === track.codec && equalBytes(old.config, track.config)) return old;
  return { ...track, epoch: old.epoch + 1 };
}

type Parsed = Omit<MovieTrack, 'track' | 'form' | 'defaults'> & { readonly description: Description };

function parseTrak(trak: BoxView, movieTimescale: number): Parsed | undefined {
  const head = trak.need('tkhd').readFull((reader, version) => {
    reader.skip(version === 1 ? 16 : 8);
    const id = reader.u32();
    // Reserved, duration, layer, alternate group, volume and matrix; width and height are 16.16.
    reader.skip((version === 1 ? 12 : 8) + 52);
    return { id, width: reader.u32() >>> 16, height: reader.u32() >>> 16 };
  });
  const { id } = head;
  const mdia = trak.need('mdia');
  const timescale = mdia.need('mdhd').readFull(timescaleOf);
  const stbl = mdia.need('minf').need('stbl');
  const found = parseDescription(stbl.need('stsd'));
  if (found === undefined) return undefined;
  if (timescale === 0) throw fmp4Errors.protocol('TIMESCALE', { id });
  const table = new SampleTable(stbl, id);
  const edits = parseEdits(trak, movieTimescale);
  return { ...head, timescale, ...found, ...edits, table: table.count > 0 ? table : undefined };
}

/** The timescale of mvhd and mdhd, which begin alike (§8.2.2, §8.4.2). */
function timescaleOf(reader: { skip(size: number): void; u32(): number }, version: number): number {
  reader.skip(version === 1 ? 16 : 8);
  return reader.u32();
}

/** More entries than an edit list of ours or of an encoder has; those behind the first real edit are not looked at. */
const MAX_EDITS = 16;

/**
 * The beginning of an edit list (§8.6.6): empty edits delay the track, the first real one says which tick is shown
 * then. Cuts in the middle, and other speeds, are left out.
 */
function parseEdits(trak: BoxView, movieTimescale: number): { readonly mediaTime: number; readonly delay: Micros } {
  const none = { mediaTime: 0, delay: 0 };
  const elst = trak.find('edts')?.find('elst');
  if (elst === undefined) return none;
  return elst.readFull((reader, version) => {
    const count = Math.min(reader.u32(), MAX_EDITS);
    let empty = 0;
    for (let i = 0; i < count; i++) {
      const duration = version === 1 ? reader.u64() : reader.u32();
      const high = version === 1 ? signed(reader.u32()) : 0;
      const low = reader.u32();
      const mediaTime = version === 1 ? high * 2 ** 32 + low : signed(low);
      reader.skip(4);
      if (mediaTime >= 0) return { mediaTime, delay: delayOf(empty, movieTimescale) };
      empty += duration;
    }
    return { mediaTime: 0, delay: delayOf(empty, movieTimescale) };
  });
}

function delayOf(ticks: number, timescale: number): Micros {
  if (ticks === 0 || timescale === 0) return 0;
  return microsOf(ticks, timescale);
}

/** Ticks as time; FMP4_TIME where that is no whole number below 2^53. */
export function microsOf(ticks: number, timescale: number): Micros {
  const time = fromTicks(ticks, timescale);
  if (!Number.isSafeInteger(time) || Math.abs(time) > MAX_TIME) throw fmp4Errors.protocol('TIME', { ticks, timescale });
  return time;
}

/** Half of 2^53 µs (142 years): sums of two times are safe. */
const MAX_TIME = 2 ** 52;

function parseMvex(mvex: BoxView): Map<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  for (const trex of mvex.children()) {
    if (trex.type !== 'trex') continue;
    trex.readFull((reader) => {
      const id = reader.u32();
      reader.skip(4);
      defaults.set(id, { duration: reader.u32(), size: reader.u32(), flags: reader.u32() });
    });
  }
  return defaults;
}
