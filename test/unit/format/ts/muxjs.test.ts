// mux.js as an independent reader of H.264 and AAC in what our muxer writes; the package is CommonJS without types.
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../src/core/base/bytes.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
import { ofTrack, program, ts } from './media.ts';

interface Emitter {
  on(event: 'data', listener: (data: Elementary) => void): void;
  pipe<T>(next: T): T;
  push(bytes: Uint8Array): void;
  flush(): void;
}

interface Elementary {
  readonly type?: string;
  readonly trackId?: number;
  readonly pts: number;
  readonly dts: number;
  readonly data: Uint8Array;
  readonly nalUnitType?: string;
  readonly tracks?: readonly { readonly codec: string; readonly type: string }[];
  readonly samplerate?: number;
  readonly channelcount?: number;
}

type Make = new () => Emitter;

interface MuxJs {
  readonly mp2t: { TransportPacketStream: Make; TransportParseStream: Make; ElementaryStream: Make };
}

const load = createRequire(import.meta.url);
const { mp2t } = load('mux.js') as MuxJs;
const H264Stream = (load('mux.js/lib/codecs/h264') as { H264Stream: Make }).H264Stream;
const AdtsStream = load('mux.js/lib/codecs/adts.js') as Make;

/** What mux.js finds in a transport stream, as units of H.264 and frames of AAC. */
function inspect(bytes: Uint8Array): { units: Elementary[]; frames: Elementary[]; tracks: string[] } {
  const packets = new mp2t.TransportPacketStream();
  const elementary = packets.pipe(new mp2t.TransportParseStream()).pipe(new mp2t.ElementaryStream());
  const units: Elementary[] = [];
  const frames: Elementary[] = [];
  const tracks: string[] = [];
  elementary.on('data', (data) => {
    if (data.type === 'metadata') tracks.push(...(data.tracks ?? []).map(({ codec }) => codec));
  });
  elementary.pipe(new H264Stream()).on('data', (unit) => void units.push(unit));
  elementary.pipe(new AdtsStream()).on('data', (frame) => void frames.push(frame));
  packets.push(bytes);
  packets.flush();
  return { units, frames, tracks };
}

/** Times of 90 kHz behind the second that our wire adds; mux.js gives fractions for frames that share a PES. */
const ticks = (micros: number): number => Math.round((micros * 9) / 100) + 90_000;

describe('mux.js', () => {
  const frames = program({ seconds: 4, bFrames: true, size: 900 });
  const found = inspect(ts(frames));
  const slices = found.units.filter(({ nalUnitType }) => nalUnitType === undefined || /^slice/.test(nalUnitType));
  const pictures = ofTrack(frames, h264Track.id);
  const sounds = ofTrack(frames, aacTrack.id);

  it('finds the two tracks', () => {
    expect(found.tracks.slice(0, 2)).toEqual(['avc', 'adts']);
  });

  it('finds every picture once, in order, with both times', () => {
    expect(slices.map(({ data }) => toHex(data))).toEqual(pictures.map(({ data }: Frame) => toHex(data.subarray(4))));
    // It gives a unit out when the next one begins, so the last unit of a PES has the times of the next PES; what it
    // goes by itself is the delimiter.
    const delimiters = found.units.filter(({ nalUnitType }) => nalUnitType === 'access_unit_delimiter_rbsp');
    expect(delimiters.map(({ dts }) => dts)).toEqual(pictures.map(({ dts }) => ticks(dts)));
    expect(delimiters.map(({ pts }) => pts)).toEqual(pictures.map(({ dts, cts }) => ticks(dts + cts)));
  });

  it('finds a delimiter for each picture, and the parameter sets before each key frame', () => {
    const kinds = found.units.map(({ nalUnitType, data }) => nalUnitType ?? `slice ${(data[0] as number) & 31}`);
    const one = (kind: string) => kinds.filter((other) => other === kind).length;

    expect(one('access_unit_delimiter_rbsp')).toBe(100);
    expect([one('seq_parameter_set_rbsp'), one('pic_parameter_set_rbsp')]).toEqual([4, 4]);
    expect(kinds.slice(0, 4)).toEqual([
      'access_unit_delimiter_rbsp',
      'seq_parameter_set_rbsp',
      'pic_parameter_set_rbsp',
      'slice_layer_without_partitioning_rbsp_idr',
    ]);
  });

  it('finds every frame of sound once, in order, within a millisecond of its time', () => {
    expect(found.frames.map(({ data }) => toHex(data))).toEqual(sounds.map(({ data }) => toHex(data)));
    for (const [index, { pts, samplerate, channelcount }] of found.frames.entries()) {
      expect(Math.abs(pts - ticks((sounds[index] as Frame).dts))).toBeLessThanOrEqual(90);
      expect([samplerate, channelcount]).toEqual([44_100, 2]);
    }
  });
});
