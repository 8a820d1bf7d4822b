// The init segment: ftyp and a moov without samples (ISO 14496-12 §8.8.1, CMAF ISO 23000-19 §7.3.1).
import { concat } from '../../base/bytes.ts';
import { ftyp, mvhd, trak } from './movie.ts';
import type { Mp4Track } from './mp4-track.ts';
import { box, fields, fullBox } from './wire.ts';

/** What a player needs before the first fragment. One track makes it a CMAF track; several are muxed fMP4. */
export function initSegment(tracks: readonly Mp4Track[]): Uint8Array {
  const sorted = [...tracks].sort((a, b) => a.id - b.id);
  const last = sorted[sorted.length - 1]?.id ?? 0;
  const traks = sorted.map((track) =>
    trak(track, { mediaDuration: 0, movieDuration: 0, edits: [], tables: EMPTY_TABLES }),
  );
  const moov = box('moov', mvhd(0, last + 1), ...traks, box('mvex', ...sorted.map((track) => trex(track.id))));
  return concat([ftyp('iso6', brandsOf(sorted)), moov]);
}

/** iso6: tfdt and default-base-is-moof are understood; cmfc: one track by the rules of CMAF. */
function brandsOf(tracks: readonly Mp4Track[]): readonly string[] {
  const brands = ['iso6', 'iso5', 'mp41'];
  if (tracks.length === 1) brands.push('cmfc');
  if (tracks.some(({ source }) => source.codec === 'av1')) brands.push('av01');
  return brands;
}

/** Defaults of §8.8.3 that every fragment overrides. */
const trex = (id: number): Uint8Array =>
  fullBox(
    'trex',
    0,
    0,
    fields((w) => w.u32(id).u32(1).u32(0).u32(0).u32(0)),
  );

const none = fields((w) => w.u32(0));
const EMPTY_TABLES = [
  fullBox('stts', 0, 0, none),
  fullBox('stsc', 0, 0, none),
  fullBox(
    'stsz',
    0,
    0,
    fields((w) => w.u32(0).u32(0)),
  ),
  fullBox('stco', 0, 0, none),
];
