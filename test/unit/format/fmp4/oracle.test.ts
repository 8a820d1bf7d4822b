// mux.js reads what we write: an independent opinion about boxes, tracks and times.
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { h264Track } from '../../../tools/builders.ts';
import { both, bytesOf, ofTrack, packetsOf, plain, program, recorded } from './media.ts';
import { at, type InspectedBox, probe, tools } from './mux-js.ts';

const [config, ...packets] = packetsOf(both, program({ seconds: 2, bFrames: true, start: 10_000 }), {
  fragmentTime: fromMs(500),
});
const init = bytesOf(config === undefined ? [] : [config]);
const timescales = { 1: 90_000, 257: 44_100 };

describe('mux.js', () => {
  it('finds both tracks in the init segment', () => {
    expect(probe.tracks(init)).toMatchObject([
      { id: 1, type: 'video', codec: 'avc1.64001e', timescale: 90_000 },
      { id: 257, type: 'audio', codec: 'mp4a.40.2', timescale: 44_100 },
    ]);
  });

  it('sees the boxes of ISO 14496-12 in their places', () => {
    const boxes = tools.inspect(init);

    expect(boxes.map(({ type }) => type)).toEqual(['ftyp', 'moov']);
    expect(at(boxes, 'ftyp')).toMatchObject({ majorBrand: 'iso6' });
    expect(at(boxes, 'moov').boxes?.map(({ type }) => type)).toEqual(['mvhd', 'trak', 'trak', 'mvex']);
    expect(at(boxes, 'moov/mvhd')).toMatchObject({ rate: 1, volume: 1, nextTrackId: 258 });
    expect(at(boxes, 'moov/trak/mdia/mdhd')).toMatchObject({ timescale: 90_000, language: 'und' });
    expect(at(boxes, 'moov/trak/mdia/hdlr')).toMatchObject({ handlerType: 'vide' });
    const entries = at(boxes, 'moov/trak/mdia/minf/stbl/stsd')['sampleDescriptions'] as InspectedBox[];
    expect(entries[0]).toMatchObject({ type: 'avc1', width: 640, height: 360, frameCount: 1, depth: 24 });
  });

  it('sees the flags, times and sizes of fragments', () => {
    const boxes = tools.inspect(bytesOf(packets.slice(0, 1)));

    expect(boxes.map(({ type }) => type)).toEqual(['moof', 'mdat']);
    expect(at(boxes, 'moof/traf/tfdt')).toMatchObject({ version: 1, baseMediaDecodeTime: 900_000 });
    const trun = at(boxes, 'moof/traf/trun');
    expect(trun).toMatchObject({ version: 1, dataOffset: at(boxes, 'moof').size + 8 });
    const samples = trun['samples'] as { size: number; compositionTimeOffset: number }[];
    expect(samples.length).toBe(12);
    expect(samples.slice(0, 4).map((sample) => sample.compositionTimeOffset)).toEqual([7200, 14_400, 3600, 0]);
    expect(samples.every(({ size }) => size === 68)).toBe(true);
  });

  it('finds the start times that the frames had', () => {
    for (const packet of packets)
      expect(probe.startTime(timescales, bytesOf([packet]))).toBeCloseTo(packet.dts / 1e6, 1);
    expect(probe.compositionStartTime(timescales, bytesOf(packets.slice(0, 1)))).toBeCloseTo(10.08, 3);
  });

  it('finds the tracks of a recording and of a finished file', async () => {
    const frames = program({ seconds: 1 });
    for (const file of [recorded(both, frames), await plain(both, frames), await plain(both, frames, 'last')]) {
      expect(probe.tracks(file).map(({ codec }) => codec)).toEqual(['avc1.64001e', 'mp4a.40.2']);
    }
    const boxes = tools.inspect(await plain([h264Track], ofTrack(frames, h264Track)));
    expect(boxes.map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
    expect(at(boxes, 'moov/trak/mdia/minf/stbl/stts')['timeToSamples']).toEqual([
      { sampleCount: 24, sampleDelta: 3600 },
      { sampleCount: 1, sampleDelta: 3600 },
    ]);
    expect(at(boxes, 'moov/trak/mdia/minf/stbl/stss')['syncSamples']).toEqual([1]);
  });
});
