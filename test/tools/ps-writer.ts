// Program streams as cameras of GB/T 28181 write them: for each frame a pack, before key frames a system header and a map.
import { concat } from '../../src/core/base/bytes.ts';
import { toTicks } from '../../src/core/base/time.ts';
import * as h264 from '../../src/core/codec/h264/index.ts';
import * as h265 from '../../src/core/codec/h265/index.ts';
import { joinAnnexB, splitLengthPrefixed } from '../../src/core/codec/nal.ts';
import { adtsTemplate, setAdtsSize } from '../../src/core/format/adts/header.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Codec, Track } from '../../src/core/media/track.ts';

/** stream_type and stream_id. */
const types: Partial<Record<Codec, readonly [type: number, id: number]>> = {
  h264: [0x1b, 0xe0],
  h265: [0x24, 0xe0],
  aac: [0x0f, 0xc0],
  mp3: [0x03, 0xc0],
  pcma: [0x90, 0xc0],
  pcmu: [0x91, 0xc0],
};

export interface PsOptions {
  /** Maps and system headers; true when not said. */
  readonly map?: boolean;
  /** Payload bytes of one PES packet. */
  readonly pesBytes?: number;
  /** PES packets of pictures say 0 as their length. */
  readonly unbounded?: boolean;
  /** Ticks in front of the time of each frame. */
  readonly start?: number;
}

const word = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

/** 5 bytes of a PTS or DTS. */
function timeBytes(prefix: number, ticks: number): number[] {
  const high = Math.floor(ticks / 2 ** 30) & 7;
  const low = ticks % 2 ** 30;
  return [
    ...[(prefix << 4) | (high << 1) | 1, (low >>> 22) & 0xff, ((low >>> 14) & 0xfe) | 1],
    ...[(low >>> 7) & 0xff, ((low << 1) & 0xfe) | 1],
  ];
}

/** A pack header of MPEG-2 whose clock nobody reads, with stuffing. */
export const packHeader = (stuffing = 0): Uint8Array =>
  Uint8Array.of(0, 0, 1, 0xba, 0x44, 0, 4, 0, 4, 1, 0, 0, 3, 0xf8 | stuffing, ...new Array<number>(stuffing).fill(255));

/** A system header that says nothing. */
export const systemHeader = Uint8Array.of(0, 0, 1, 0xbb, 0, 6, 0x80, 0, 1, 0x04, 0xe1, 0x7f);

/** A program stream map; its CRC is zero, as with many cameras. */
export function programMap(entries: readonly (readonly [type: number, id: number])[]): Uint8Array {
  const list = entries.flatMap(([type, id]) => [type, id, 0, 0]);
  const body = [0xe0, 0xff, 0, 0, ...word(list.length), ...list, 0, 0, 0, 0];
  return Uint8Array.of(0, 0, 1, 0xbc, ...word(body.length), ...body);
}

/** A PES packet; `length` when it is to lie. Times are ticks. */
export function pes(
  id: number,
  payload: Uint8Array,
  { pts, dts, length }: { pts?: number; dts?: number; length?: number } = {},
): Uint8Array {
  const both = pts !== undefined && dts !== undefined && dts !== pts;
  const times = pts === undefined ? [] : both ? [...timeBytes(3, pts), ...timeBytes(1, dts)] : timeBytes(2, pts);
  const flags = pts === undefined ? 0 : both ? 0xc0 : 0x80;
  const said = length ?? 3 + times.length + payload.length;
  return concat([Uint8Array.of(0, 0, 1, id, ...word(said), 0x80, flags, times.length, ...times), payload]);
}

/** The elementary stream of a frame: start codes, and parameter sets in front of a key frame; ADTS. */
export function elementary(frame: Frame): Uint8Array {
  const { track, data, key } = frame;
  if (track.codec === 'h264' || track.codec === 'h265') {
    return joinAnnexB([...(key ? parameterSets(track) : []), ...splitLengthPrefixed(data)]);
  }
  if (track.codec !== 'aac') return data;
  const template = adtsTemplate(track.config);
  if (template === undefined) throw new Error('no ADTS for this track');
  setAdtsSize(template.header, data.length);
  return concat([template.header.slice(), data]);
}

function parameterSets({ codec, config }: Track): Uint8Array[] {
  if (codec === 'h264') {
    const { sps, pps } = h264.parseConfig(config);
    return [...sps, ...pps];
  }
  const { vps, sps, pps } = h265.parameterSets(h265.parseConfig(config));
  return [...vps, ...sps, ...pps];
}

/** What a camera sends for one frame. */
export function psFrame(frame: Frame, tracks: readonly Track[], options: PsOptions = {}): Uint8Array {
  const { map = true, pesBytes = 65_000, unbounded = false, start = 0 } = options;
  const { track, dts, cts, key } = frame;
  const [, id = 0xe0] = types[track.codec] ?? [];
  const ticks = (time: number): number => (start + toTicks(time, 90_000)) % 2 ** 33;
  const times = { pts: ticks(dts + cts), dts: ticks(dts) };
  const bytes = elementary(frame);
  const parts: Uint8Array[] = [packHeader(track.kind === 'video' ? 2 : 0)];
  if (map && key) {
    const entries = tracks.flatMap(({ codec }) => (types[codec] === undefined ? [] : [types[codec]]));
    parts.push(systemHeader, programMap(entries));
  }
  for (let at = 0; at < bytes.length; at += pesBytes) {
    const length = unbounded && track.kind === 'video' ? { length: 0 } : {};
    parts.push(pes(id, bytes.subarray(at, at + pesBytes), { ...(at === 0 ? times : {}), ...length }));
  }
  return concat(parts);
}

/** A whole program stream. */
export const ps = (frames: readonly Frame[], tracks: readonly Track[], options?: PsOptions): Uint8Array =>
  concat(frames.map((frame) => psFrame(frame, tracks, options)));
