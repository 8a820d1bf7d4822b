// The movie box (ISO 14496-12 §8.2 to §8.6): what init segments and plain files have in common.

import type { Mp4Track } from './mp4-track.ts';
import { box, fields, fullBox } from './wire.ts';

/** Ticks for each second of mvhd, tkhd and edit lists. Chosen: that of video, so that its edits are exact. */
export const MOVIE_TIMESCALE = 90_000;

/** One entry of an edit list (§8.6.6). */
export interface Edit {
  /** In ticks of the movie; 0: to the end (fragmented files). */
  readonly duration: number;
  /** In ticks of the track; -1: an empty edit, the track begins later. */
  readonly mediaTime: number;
}

/** The parts of a trak that differ between init segments and plain files. */
export interface TrackTables {
  /** In ticks of the track and of the movie; 0 when it is not known. */
  readonly mediaDuration: number;
  readonly movieDuration: number;
  readonly edits: readonly Edit[];
  /** stts, stsc, stsz, stco and what else stbl has behind stsd. */
  readonly tables: readonly Uint8Array[];
}

/** File type and compatible brands (§4.3). */
export const ftyp = (major: string, brands: readonly string[]): Uint8Array =>
  box(
    'ftyp',
    fields((w) => w.text(major).u32(512).text(brands.join(''))),
  );

/** @param nextTrackId above every track_ID. */
export function mvhd(duration: number, nextTrackId: number): Uint8Array {
  return fullBox(
    'mvhd',
    1,
    0,
    fields((w) => {
      w.u64(0).u64(0).u32(MOVIE_TIMESCALE).u64(duration);
      // Rate 1.0, volume 1.0, reserved.
      w.u32(0x10000).u16(0x100).u16(0).u32(0).u32(0).put(MATRIX);
      for (let i = 0; i < 6; i++) w.u32(0);
      w.u32(nextTrackId);
    }),
  );
}

/** A whole track (§8.3). */
export function trak(track: Mp4Track, { mediaDuration, movieDuration, edits, tables }: TrackTables): Uint8Array {
  const video = track.source.kind === 'video';
  const media = box(
    'mdia',
    mdhd(track.timescale, mediaDuration),
    hdlr(video),
    box(
      'minf',
      video ? VMHD : SMHD,
      DINF,
      box(
        'stbl',
        fullBox(
          'stsd',
          0,
          0,
          fields((w) => w.u32(1)),
          track.entry,
        ),
        ...tables,
      ),
    ),
  );
  const list = edits.length === 0 ? [] : [box('edts', elst(edits))];
  return box('trak', tkhd(track, movieDuration), ...list, media);
}

function tkhd(track: Mp4Track, duration: number): Uint8Array {
  const video = track.source.kind === 'video';
  return fullBox(
    'tkhd',
    1,
    // Enabled, in the movie, in the preview.
    7,
    fields((w) =>
      w
        .u64(0)
        .u64(0)
        .u32(track.id)
        .u32(0)
        .u64(duration)
        .u64(0)
        // Layer 0, alternate group, volume.
        .u16(0)
        .u16(video ? 0 : 1)
        .u16(video ? 0 : 0x100)
        .u16(0)
        .put(MATRIX)
        .u32(track.width * 65536)
        .u32(track.height * 65536),
    ),
  );
}

const mdhd = (timescale: number, duration: number): Uint8Array =>
  fullBox(
    'mdhd',
    1,
    0,
    // Language `und`.
    fields((w) => w.u64(0).u64(0).u32(timescale).u64(duration).u16(0x55c4).u16(0)),
  );

const hdlr = (video: boolean): Uint8Array =>
  fullBox(
    'hdlr',
    0,
    0,
    fields((w) =>
      w
        .u32(0)
        .text(video ? 'vide' : 'soun')
        .u32(0)
        .u32(0)
        .u32(0)
        .text(video ? 'VideoHandler\0' : 'SoundHandler\0'),
    ),
  );

const elst = (edits: readonly Edit[]): Uint8Array =>
  fullBox(
    'elst',
    1,
    0,
    fields((w) => {
      w.u32(edits.length);
      for (const { duration, mediaTime } of edits) {
        w.u64(duration);
        if (mediaTime < 0) w.u32(0xffffffff).u32(0xffffffff);
        else w.u64(mediaTime);
        // media_rate 1.0
        w.u32(0x10000);
      }
    }),
  );

/** The unity matrix of §6.2.2. */
const MATRIX = fields((w) => {
  for (const value of [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]) w.u32(value);
});

const VMHD = fullBox(
  'vmhd',
  0,
  1,
  fields((w) => w.u32(0).u32(0)),
);
const SMHD = fullBox(
  'smhd',
  0,
  0,
  fields((w) => w.u32(0)),
);
/** The data is in the same file. */
const DINF = box(
  'dinf',
  fullBox(
    'dref',
    0,
    0,
    fields((w) => w.u32(1)),
    fullBox('url ', 0, 1),
  ),
);
