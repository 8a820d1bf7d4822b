// A movie fragment: moof and mdat (ISO 14496-12 §8.8), as bytes that are ready to be sent.
import { assert } from '../../base/errors.ts';
import { box, fields, fullBox, putBoxHead, putU32 } from './wire.ts';

/** One sample on its track's own clock. */
export interface Sample {
  /** Decode time in ticks of the track. */
  readonly dts: number;
  /** Ticks up to the next sample of the track. */
  readonly duration: number;
  /** Ticks from decoding to composition; negative is allowed (trun version 1). */
  readonly offset: number;
  readonly key: boolean;
  /** Kept by reference. */
  readonly data: Uint8Array;
}

/** The samples of one track in a fragment, at least one. */
export interface TrackRun {
  /** track_ID. */
  readonly id: number;
  readonly samples: readonly Sample[];
}

/** §8.8.3.1: depends on no other sample. */
export const FLAGS_SYNC = 0x02000000;
/** Depends on others and is no sync sample. */
export const FLAGS_DELTA = 0x01010000;
/** The bit of §8.8.3.1 that says "no sync sample". */
export const FLAG_NON_SYNC = 0x10000;

/** tfhd and trun flags of §8.8.7 and §8.8.8. */
export const Tfhd = {
  baseOffset: 0x1,
  description: 0x2,
  duration: 0x8,
  size: 0x10,
  flags: 0x20,
  empty: 0x10000,
  baseIsMoof: 0x20000,
} as const;
/** The flags of trun (§8.8.8); those of a field say that each sample has it. */
export const Trun = {
  dataOffset: 0x1,
  firstFlags: 0x4,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  offset: 0x800,
} as const;

/**
 * moof and mdat of one fragment: the headers as one new array, then the data of each sample by reference. Each track
 * has one traf with a 64-bit tfdt and one trun of version 1, so that composition offsets may be negative and B-frames
 * need no edit list.
 *
 * @param sequence counts fragments from 1 (mfhd §8.8.5), 32 bits.
 */
export function fragment(sequence: number, runs: readonly TrackRun[]): Uint8Array[] {
  const layouts = runs.map(layoutOf);
  let moofSize = 8 + MFHD_BYTES;
  let dataSize = 0;
  for (const layout of layouts) {
    moofSize += layout.trafBytes;
    dataSize += layout.dataBytes;
  }
  assert(dataSize + 8 < 2 ** 32, 'a fragment is smaller than 4 GiB');
  const head = new Uint8Array(moofSize + 8);
  putBoxHead(head, 0, 'moof', moofSize);
  putBoxHead(head, 8, 'mfhd', MFHD_BYTES);
  putU32(head, 20, sequence);
  let at = 8 + MFHD_BYTES;
  let dataOffset = moofSize + 8;
  for (const layout of layouts) {
    putTraf(head, at, layout, dataOffset);
    at += layout.trafBytes;
    dataOffset += layout.dataBytes;
  }
  putBoxHead(head, moofSize, 'mdat', dataSize + 8);
  const chunks: Uint8Array[] = [head];
  for (const run of runs) for (const sample of run.samples) chunks.push(sample.data);
  return chunks;
}

const MFHD_BYTES = 16;
const TFDT_BYTES = 20;

/** What the boxes of a track need, and where defaults spare a field of each sample. */
interface Layout {
  readonly run: TrackRun;
  readonly tfhdFlags: number;
  readonly tfhdBytes: number;
  readonly trunFlags: number;
  readonly trunBytes: number;
  readonly trafBytes: number;
  readonly dataBytes: number;
  readonly defaultFlags: number;
}

function layoutOf(run: TrackRun): Layout {
  const { samples } = run;
  const first = samples[0];
  assert(first !== undefined, 'a run has at least one sample');
  const restKey = samples[1]?.key ?? first.key;
  let oneDuration = true;
  let restSame = true;
  let hasOffset = false;
  let dataBytes = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as Sample;
    if (sample.duration !== first.duration) oneDuration = false;
    if (i > 0 && sample.key !== restKey) restSame = false;
    if (sample.offset !== 0) hasOffset = true;
    dataBytes += sample.data.length;
  }
  let tfhdFlags: number = Tfhd.baseIsMoof | Tfhd.flags;
  let trunFlags: number = Trun.dataOffset | Trun.size;
  if (oneDuration) tfhdFlags |= Tfhd.duration;
  else trunFlags |= Trun.duration;
  if (!restSame) trunFlags |= Trun.flags;
  else if (first.key !== restKey) trunFlags |= Trun.firstFlags;
  if (hasOffset) trunFlags |= Trun.offset;
  const tfhdBytes = 16 + (oneDuration ? 4 : 0) + 4;
  const each = 4 + (oneDuration ? 0 : 4) + (restSame ? 0 : 4) + (hasOffset ? 4 : 0);
  const trunBytes = 20 + ((trunFlags & Trun.firstFlags) !== 0 ? 4 : 0) + each * samples.length;
  const trafBytes = 8 + tfhdBytes + TFDT_BYTES + trunBytes;
  const defaultFlags = restKey ? FLAGS_SYNC : FLAGS_DELTA;
  return { run, tfhdFlags, tfhdBytes, trunFlags, trunBytes, trafBytes, dataBytes, defaultFlags };
}

function putTraf(out: Uint8Array, start: number, layout: Layout, dataOffset: number): void {
  const { run, tfhdFlags, trunFlags } = layout;
  const first = run.samples[0] as Sample;
  putBoxHead(out, start, 'traf', layout.trafBytes);
  let at = start + 8;
  putBoxHead(out, at, 'tfhd', layout.tfhdBytes);
  putU32(out, at + 8, tfhdFlags);
  putU32(out, at + 12, run.id);
  if ((tfhdFlags & Tfhd.duration) !== 0) putU32(out, at + 16, first.duration);
  putU32(out, at + layout.tfhdBytes - 4, layout.defaultFlags);
  at += layout.tfhdBytes;
  putBoxHead(out, at, 'tfdt', TFDT_BYTES);
  putU32(out, at + 8, 1 << 24);
  putU32(out, at + 12, Math.floor(first.dts / 2 ** 32));
  putU32(out, at + 16, first.dts);
  at += TFDT_BYTES;
  putBoxHead(out, at, 'trun', layout.trunBytes);
  putU32(out, at + 8, (1 << 24) | trunFlags);
  putU32(out, at + 12, run.samples.length);
  putU32(out, at + 16, dataOffset);
  at += 20;
  if ((trunFlags & Trun.firstFlags) !== 0) {
    putU32(out, at, first.key ? FLAGS_SYNC : FLAGS_DELTA);
    at += 4;
  }
  for (const sample of run.samples) at = putSample(out, at, sample, trunFlags);
}

function putSample(out: Uint8Array, start: number, sample: Sample, flags: number): number {
  let at = start;
  if ((flags & Trun.duration) !== 0) {
    putU32(out, at, sample.duration);
    at += 4;
  }
  putU32(out, at, sample.data.length);
  at += 4;
  if ((flags & Trun.flags) !== 0) {
    putU32(out, at, sample.key ? FLAGS_SYNC : FLAGS_DELTA);
    at += 4;
  }
  if ((flags & Trun.offset) !== 0) {
    putU32(out, at, sample.offset);
    at += 4;
  }
  return at;
}

/** Segment type (§8.16.2) for the first bytes of a media segment; CMAF and DASH players may look at it. */
export const styp = (): Uint8Array =>
  box(
    'styp',
    fields((w) => w.text('msdh').u32(0).text('msdhmsixcmfc')),
  );

/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/**
 * Producer reference time (§8.16.5): when the sample at `ticks` was made, for players that measure latency.
 *
 * @param wallSeconds since 1970 with its fraction.
 */
export function prft(id: number, wallSeconds: number, ticks: number): Uint8Array {
  const whole = Math.floor(wallSeconds);
  const fraction = Math.floor((wallSeconds - whole) * 2 ** 32);
  return fullBox(
    'prft',
    1,
    0,
    fields((w) =>
      w
        .u32(id)
        .u32(whole + NTP_EPOCH_SECONDS)
        .u32(fraction)
        .u64(ticks),
    ),
  );
}
