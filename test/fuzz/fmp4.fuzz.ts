// MP4 in all its forms: fragments, plain files, and the index of a plain file walked without its data.
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import {
  CmafWriter,
  describeTrack,
  Fmp4Demuxer,
  initSegment,
  type Mp4Track,
} from '../../src/core/format/fmp4/index.ts';
import { parseMoov } from '../../src/core/format/fmp4/moov.ts';
import { ftyp, mvhd, trak } from '../../src/core/format/fmp4/movie.ts';
import { byTime, TableSupply } from '../../src/core/format/fmp4/supply.ts';
import { TableWriter } from '../../src/core/format/fmp4/table-writer.ts';
import { BoxView, box, parseBoxes } from '../../src/core/format/fmp4/wire.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import { aacTrack, h264Track, live } from '../tools/builders.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'fmp4';

const tracks = [h264Track, aacTrack].map((track) => describeTrack(track) as Mp4Track);
const frames = live({ seconds: 1, gop: 5 });

function fragments(): Uint8Array {
  const writer = new CmafWriter(tracks, { partTime: 200_000 });
  const parts = [...frames.map((frame) => writer.push(frame)), writer.end()];
  return concat([initSegment(tracks), ...parts.flatMap((part) => part?.chunks ?? [])]);
}

/** A plain file with one chunk for each track. */
function plain(): Uint8Array {
  const data: Uint8Array[] = [];
  let at = 0;
  const tables = tracks.map(({ source }) => {
    const table = new TableWriter();
    const own = frames.filter(({ track }: Frame) => track === source);
    for (const [i, { key, data: bytes }] of own.entries()) {
      table.add({ dts: i * 1000, duration: 1000, offset: (i % 3) * 500, key, size: bytes.length });
      data.push(bytes);
    }
    table.chunk(at, own.length);
    at += own.reduce((sum, frame) => sum + frame.data.length, 0);
    return table;
  });
  const head = ftyp('isom', ['isom', 'mp41']);
  const edits = [{ duration: 90_000, mediaTime: 500 }];
  const moov = (dataAt: number): Uint8Array => {
    const traks = tracks.map((track, i) =>
      trak(track, { mediaDuration: 1000, movieDuration: 1000, edits, tables: tables[i]?.boxes(dataAt, i === 1) ?? [] }),
    );
    return box('moov', mvhd(1000, 1000), ...traks);
  };
  return concat([head, moov(head.length + moov(0).length + 8), box('mdat', ...data)]);
}

export const seeds = [fragments(), plain(), initSegment(tracks)];

/** Steps of a walk over tables that claim more samples than the input has bytes. */
const MOST_STEPS = 100_000;

export function run(bytes: Uint8Array): void {
  for (const pieces of cuts(bytes)) {
    const demuxer = new Fmp4Demuxer(defaultLimits);
    refuses(() => {
      for (const piece of pieces) demuxer.push(piece);
      demuxer.end();
    });
  }
  refuses(() => {
    const moov = parseBoxes(bytes, 0, bytes.length).find(({ type }) => type === 'moov');
    if (moov === undefined) return;
    const supply = new TableSupply(parseMoov(new BoxView(bytes, moov), defaultLimits).tracks, byTime);
    for (let i = 0; supply.next !== undefined && i < MOST_STEPS; i++) supply.shift();
  });
}
