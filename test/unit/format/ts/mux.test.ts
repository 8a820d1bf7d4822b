// TsMuxer: what it writes comes back, players may start at its joins, and nothing in it is a fault of TR 101 290.
// The suite of all muxers is not used: its frames hold zero bytes, which no NAL unit in a byte stream may have.
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { analyseTs, TsDemuxer, TsMuxer, tsFaults, tsFormat } from '../../../../src/core/format/ts/index.ts';
import { readPmt } from '../../../../src/core/format/ts/psi.ts';
import { SectionReader } from '../../../../src/core/format/ts/section.ts';
import { readAdaptation } from '../../../../src/core/format/ts/wire.ts';
import { Feed } from '../../../../src/core/media/feed.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Packet } from '../../../../src/core/media/packet.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacConfig, aacTrack, audio, h264Track } from '../../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../../tools/fakes.ts';
import {
  aacFrame,
  ac3Frame,
  ac3Track,
  both,
  bytesOf,
  framesOf,
  hevcPicture,
  hevcTrack,
  mp3Frame,
  mp3LowFrame,
  mp3Track,
  ofTrack,
  opusFrame,
  opusTrack,
  packetsOf,
  payload,
  picture,
  program,
  tracksOf,
  ts,
  units,
} from './media.ts';

/** A tick of 90 kHz, rounded up, twice: to ticks and back. */
const PRECISION = 12;

function demux(bytes: Uint8Array) {
  const demuxer = new TsDemuxer(defaultLimits);
  const events = [...demuxer.push(bytes), ...demuxer.end()];
  return { frames: framesOf(events), tracks: tracksOf(events), report: demuxer.report };
}

/** Every frame once, in the order of its track, with its own times; `lead` is what the wire adds to all of them. */
function expectSame(got: readonly Frame[], sent: readonly Frame[], audioPrecision = PRECISION): void {
  for (const id of new Set(sent.map(({ track }) => track.id))) {
    const [mine, theirs] = [ofTrack(got, id), ofTrack(sent, id)];
    expect(mine.map(({ data, key }) => `${key} ${toHex(data)}`)).toEqual(
      theirs.map(({ data, key }) => `${key} ${toHex(data)}`),
    );
    const precision = id >= 256 ? audioPrecision : PRECISION;
    for (const [index, frame] of mine.entries()) {
      const { dts, cts } = theirs[index] as Frame;
      expect(Math.abs(frame.dts - dts - fromSeconds(1))).toBeLessThanOrEqual(precision);
      expect(Math.abs(frame.cts - cts)).toBeLessThanOrEqual(precision);
    }
  }
}

const each = (count: number, step: number, make: (at: number) => Frame): Frame[] =>
  Array.from({ length: count }, (_, i) => make(Math.round(i * step)));

const patAndPmt = (chunk: Uint8Array | undefined): boolean =>
  chunk !== undefined && chunk.length === 376 && chunk[1] === 0x40 && chunk[2] === 0 && chunk[189] === 0x50;

/** The newest PMT in these bytes. */
function pmtOf(bytes: Uint8Array) {
  const reader = new SectionReader({ crcErrors: 0, damagedSections: 0 });
  const sections: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 188) {
    if (((bytes[at + 1] as number) & 0x1f) !== 0x10 || bytes[at + 2] !== 0) continue;
    sections.push(...reader.push(bytes, at + 4, at + 188, ((bytes[at + 1] as number) & 0x40) !== 0));
  }
  return readPmt(sections.at(-1) as Uint8Array);
}

const hevcProgram = (): Frame[] => each(50, 40, (at) => hevcPicture({ at, key: at % 1000 === 0, cts: at % 80 }));

describe('TsMuxer', () => {
  it.each([
    { name: 'H.264 and AAC', tracks: both, frames: program({ seconds: 3 }) },
    { name: 'H.264 with B-frames and AAC', tracks: both, frames: program({ seconds: 3, bFrames: true }) },
    { name: 'big pictures', tracks: [h264Track], frames: ofTrack(program({ seconds: 1, size: 30_000 }), 0) },
    { name: 'HEVC with B-frames', tracks: [hevcTrack], frames: hevcProgram() },
    { name: 'AAC alone', tracks: [aacTrack], frames: ofTrack(program({ seconds: 5 }), 256) },
    { name: 'MP3', tracks: [mp3Track], frames: each(100, 26.122, mp3Frame) },
    { name: 'MP3 of 22.05 kHz', tracks: [mp3Track], frames: each(100, 26.122, mp3LowFrame) },
    { name: 'Opus', tracks: [opusTrack], frames: each(100, 20, opusFrame) },
    { name: 'Opus of 600 bytes', tracks: [opusTrack], frames: each(60, 20, (at) => opusFrame(at, 600)) },
    { name: 'AC-3', tracks: [ac3Track], frames: each(100, 32, ac3Frame) },
  ])('writes $name so that every frame comes back once, in order, and nothing is a fault', ({ tracks, frames }) => {
    const bytes = ts(frames, tracks);
    const { frames: got, tracks: told, report } = demux(bytes);

    // Sound that shares a PES has one time stamp for all; the frames here are rounded to milliseconds.
    expectSame(got, frames, 1000);
    const id = (track: Track): string => `${track.id} ${track.codec} ${toHex(track.config)}`;
    expect(told.at(-1)?.map(id)).toEqual(tracks.map(id));
    const indicators = analyseTs(bytes);
    expect(tsFaults(indicators)).toEqual([]);
    expect(indicators.lateUnits).toBe(0);
    expect(report).toMatchObject({ continuityErrors: 0, damagedPes: 0, damagedUnits: 0, pesLengthErrors: 0 });
  });

  it('begins each key frame with PAT and PMT, and lets players join there and nowhere else', () => {
    const frames = program({ seconds: 4, bFrames: true });
    const muxer = new TsMuxer();
    muxer.header(both);
    for (const frame of frames) {
      const packets = muxer.write(frame);
      const joins = packets.filter(({ kind }) => kind === 'join');
      expect(joins.length).toBe(frame.key && frame.track === h264Track ? 1 : 0);
      for (const { chunks } of joins) expect(patAndPmt(chunks[0])).toBe(true);
      // What was held back belongs to what comes before.
      if (joins.length > 0) expect(packets.at(-1)).toBe(joins[0]);
    }
  });

  it('gives a player that joins at the newest join point all frames from there', () => {
    const frames = program({ seconds: 3 });
    const muxer = new TsMuxer();
    muxer.header(both);
    const packets = frames.flatMap((frame) => muxer.write(frame)).concat(muxer.flush());
    const start = packets.findLastIndex(({ kind }) => kind === 'join');

    const { frames: got } = demux(bytesOf(packets.slice(start)));

    expectSame(
      got,
      frames.filter(({ dts }) => dts >= (packets[start] as Packet).dts),
      1000,
    );
  });

  it('lets players that waited for the stream join at sound before the first key frame', () => {
    const muxer = new TsMuxer();
    muxer.header([h264Track, aacTrack]);
    const first = [aacFrame(0), aacFrame(23)];
    const packets = [...first, picture({ at: 40, key: true }), aacFrame(46), picture({ at: 80 })].flatMap((frame) =>
      muxer.write(frame),
    );

    expect(packets.slice(0, 2).map(({ kind }) => kind)).toEqual(['join', 'join']);
    expect(patAndPmt(packets[0]?.chunks[0])).toBe(true);
    expect([...packets.slice(2), ...muxer.flush()].map(({ kind }) => kind)).toEqual(['more', 'more']);
    expect(ofTrack(demux(bytesOf(packets)).frames, aacTrack.id)).toMatchObject(first.map(({ data }) => ({ data })));
  });

  it('lets players of sound alone join at the tables, every half a second', () => {
    const packets = packetsOf(ofTrack(program({ seconds: 10 }), 256), [aacTrack]);
    const joins = packets.filter(({ kind }) => kind === 'join');

    expect(packets[0]?.kind).toBe('join');
    expect(joins.length).toBeGreaterThanOrEqual(20);
    for (const { chunks } of joins) expect(patAndPmt(chunks[0])).toBe(true);
  });

  it('says the true size of each packet, in whole transport packets', () => {
    for (const { size, chunks } of packetsOf(program({ seconds: 2 }))) {
      expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(size);
      expect(size % 188).toBe(0);
    }
  });

  it('has a delimiter and the parameter sets before a key frame, and no second copy of what the frame has itself', () => {
    const [sps, pps] = [h264Track.config.slice(8, 34), h264Track.config.slice(37, 43)];
    const idr = payload([0x65, 0x88], 1, 50);
    const frame = (...nals: Uint8Array[]): Frame => ({
      track: h264Track,
      dts: 0,
      cts: 0,
      key: true,
      data: units(...nals),
    });
    const es = (data: Frame): string => {
      const bytes = bytesOf(packetsOf([data], [h264Track]));
      // Two packets of tables, then one with the picture behind its 8 bytes of PCR and 14 of PES header.
      return toHex(bytes.subarray(376 + bytes[380 + 0]! + 5 + 14));
    };
    const wanted = `0000000109f000000001${toHex(sps)}00000001${toHex(pps)}00000001${toHex(idr)}`;

    expect(es(frame(idr))).toBe(wanted);
    expect(es(frame(sps, pps, idr))).toBe(wanted);
    expect(es(frame(Uint8Array.of(9, 0x10), sps, pps, idr))).toBe(wanted);
  });

  it('makes one array of exact size for a frame between joins', () => {
    const muxer = new TsMuxer();
    muxer.header([h264Track]);
    muxer.write(picture({ at: 0, key: true }));

    const [only, ...rest] = muxer.write(picture({ at: 40, size: 1000 }));

    expect(rest).toEqual([]);
    expect(only?.chunks.map(({ length }) => length)).toEqual([6 * 188]);
    expect(only?.chunks[0]?.buffer.byteLength).toBe(6 * 188);
  });

  it('shares PES packets among audio frames, but never for longer than 100 ms nor across a join', () => {
    const shared = bytesOf(packetsOf(ofTrack(program({ seconds: 10 }), 256), [aacTrack]));
    const alone = bytesOf(packetsOf(ofTrack(program({ seconds: 10 }), 256), [aacTrack], { audioSpan: 0 }));
    expect(shared.length).toBeLessThan(0.7 * alone.length);

    const muxer = new TsMuxer();
    muxer.header(both);
    let written = -1;
    for (const frame of program({ seconds: 5 })) {
      for (const { dts, chunks } of muxer.write(frame)) {
        const bytes = concat(chunks);
        if (bytes.length === 188 && bytes[1] === 0x42) written = dts;
      }
      if (frame.track === aacTrack && written >= 0) expect(frame.dts - written).toBeLessThan(fromMs(200));
    }
  });

  it('starts a new time stamp where sound has a gap', () => {
    // The second gap is shorter than what frames may share a PES for.
    const frames = [0, 23, 46, 146, 169, 206, 229].map((at) => aacFrame(at));

    expectSame(demux(ts(frames, [aacTrack])).frames, frames, 1000);
  });

  it('keeps tables and PCR coming when frames are seconds apart', () => {
    const frames = each(20, 3000, (at) => picture({ at, key: true }));
    const bytes = ts(frames, [h264Track]);

    expectSame(demux(bytes).frames, frames);
    const { worstPcrTicks, worstPatTicks, ...indicators } = analyseTs(bytes);
    expect(worstPcrTicks).toBeLessThanOrEqual(9000);
    expect(worstPatTicks).toBeLessThanOrEqual(45_000);
    // Its pictures themselves are further apart than TR 101 290 likes.
    expect(tsFaults({ ...indicators, worstPcrTicks, worstPatTicks, ptsErrors: 0 })).toEqual([]);
  });

  it('never writes two equal PCRs, also when two units have one time or the timeline jumps', () => {
    const lists = [
      [0, 0, 40, 40, 90_000, 90_000].map((at) => picture({ at, key: true })),
      [0, 0, 23, 23, 0].map((at) => aacFrame(at)),
    ];
    for (const frames of lists) {
      const bytes = bytesOf(packetsOf(frames, [(frames[0] as Frame).track], { audioSpan: 0 }));
      const pcrs: number[] = [];
      for (let at = 0; at < bytes.length; at += 188) {
        const { pcr } = readAdaptation(bytes, at, { payload: 0, discontinuity: false, randomAccess: false, pcr: -1 });
        if (pcr >= 0) pcrs.push(pcr);
      }

      expect(pcrs.length).toBeGreaterThan(1);
      expect(new Set(pcrs).size).toBe(pcrs.length);
    }
  });

  it('marks a jump of the timeline, forwards and back', () => {
    const frames = [
      ...program({ seconds: 2, start: 100_000 }),
      ...program({ seconds: 2 }),
      ...program({ seconds: 2, start: 900_000 }),
    ];
    const muxer = new TsMuxer();
    muxer.header(both);
    const bytes = bytesOf([...frames.flatMap((frame) => muxer.write(frame)), ...muxer.flush()]);

    expect(muxer.counts.discontinuities).toBe(2);
    expect(tsFaults(analyseTs(bytes))).toEqual([]);
    const { frames: got, report } = demux(bytes);
    expect(report.discontinuities).toBe(2);
    expectSame(got, frames, 1000);
  });

  it('marks the jump also when sound is first to jump', () => {
    const frames = [
      ...program({ seconds: 1, start: 50_000 }),
      ...each(10, 23.2, (at) => aacFrame(at)),
      picture({ at: 240, key: true }),
    ];
    const muxer = new TsMuxer();
    muxer.header(both);
    const bytes = bytesOf([...frames.flatMap((frame) => muxer.write(frame)), ...muxer.flush()]);

    expect(tsFaults(analyseTs(bytes))).toEqual([]);
    expect(demux(bytes).report.discontinuities).toBe(1);
  });

  it('writes negative composition offsets with a decode time that is earlier, and keeps every presentation time', () => {
    const frames = [0, 80, -40, 40, -80, 0].map((cts, index) =>
      picture({ at: 1000 + index * 40, cts, key: index === 0 }),
    );

    const { frames: got } = demux(ts(frames, [h264Track]));

    const shown = ({ dts, cts }: Frame): number => dts + cts;
    expect(
      got.map(shown).map((time, i) => Math.abs(time - shown(frames[i] as Frame) - fromSeconds(1)) <= PRECISION),
    ).not.toContain(false);
    for (const [index, frame] of got.entries()) {
      expect(frame.cts).toBeGreaterThanOrEqual(0);
      if (index > 0) expect(frame.dts).toBeGreaterThanOrEqual((got[index - 1] as Frame).dts);
    }
  });

  it('counts, names and leaves out what has no place in a transport stream', () => {
    const lines: LogLine[] = [];
    const av1: Track = { ...h264Track, codec: 'av1', config: fromHex('81000c00') };
    const usac: Track = { ...aacTrack, config: fromHex('f94a1c') };
    const muxer = new TsMuxer({ log: new Log((line) => lines.push(line)) });
    muxer.header([av1, aacTrack]);
    const packets = [
      ...muxer.write({ ...picture({ at: 0, key: true }), track: av1 }),
      ...muxer.write(aacFrame(0)),
      ...muxer.retrack([av1, usac]),
      ...muxer.write({ ...picture({ at: 40 }), track: av1 }),
    ];

    expect(demux(bytesOf(packets)).frames).toHaveLength(1);
    expect(muxer.counts).toMatchObject({ refusedTracks: 2, droppedFrames: 2 });
    expect(lines.map(({ text }) => text).join('\n')).toMatch(/track 0 is not carried: MPEG-TS has no place for av1/);
  });

  it('leaves out tracks that the PMT has no room or PID for', () => {
    const tracks = Array.from({ length: 80 }, (_, i): Track => ({ ...opusTrack, id: 256 + i }));
    const muxer = new TsMuxer();
    muxer.header([...tracks, { ...opusTrack, id: 0xf00 }]);

    expect(muxer.counts.refusedTracks).toBe(17);
    expect(pmtOf(bytesOf([...muxer.write(opusFrame(0)), ...muxer.flush()])).streams.length).toBe(64);
  });

  it('leaves out a track whose configuration is damaged, and a frame whose units or size are', () => {
    const muxer = new TsMuxer();
    muxer.header([{ ...h264Track, config: fromHex('0164') }, aacTrack]);
    expect(muxer.counts.refusedTracks).toBe(1);

    const other = new TsMuxer();
    other.header(both);
    expect(other.write({ ...picture({ at: 0, key: true }), data: fromHex('000000ff65') })).toEqual([]);
    expect(other.write({ ...picture({ at: 0, key: true }), data: fromHex('0000') })).toEqual([]);
    expect(other.write(audio({ at: 0, data: new Uint8Array(9000) }))).toEqual([]);
    expect(other.write(audio({ at: 0, data: new Uint8Array(0) }))).toEqual([]);
    expect(other.counts.droppedFrames).toBe(4);
  });

  describe('when tracks change', () => {
    const wide: Track = { ...hevcTrack, epoch: 1 };

    it('makes a new version of the PMT for a new codec, and goes on without a fault', () => {
      const muxer = new TsMuxer();
      muxer.header(both);
      const packets = program({ seconds: 1 }).flatMap((frame) => muxer.write(frame));
      const before = pmtOf(bytesOf(packets));
      packets.push(...muxer.retrack([wide, aacTrack]));
      packets.push(...muxer.write(aacFrame(1010)), ...muxer.write(hevcPicture({ at: 1040, key: true, track: wide })));
      packets.push(...muxer.flush());

      const after = pmtOf(bytesOf(packets));
      expect([before.version, after.version]).toEqual([0, 1]);
      expect(after.streams.map(({ type }) => type)).toEqual([0x24, 0x0f]);
      expect(tsFaults(analyseTs(bytesOf(packets)))).toEqual([]);
      const { frames, tracks } = demux(bytesOf(packets));
      expect(frames.filter(({ track }) => track.codec === 'h265')).toHaveLength(1);
      expect(tracks.at(-1)?.map(({ codec, epoch }) => `${codec} ${epoch}`)).toEqual(['h265 1', 'aac 0']);
    });

    it('does not change the PMT for new parameter sets, which travel in band', () => {
      const config = h264Track.config.slice();
      config[42] = 0xfa;
      const changed: Track = { ...h264Track, config, epoch: 1 };
      const muxer = new TsMuxer();
      muxer.header([h264Track]);
      const packets = [
        ...muxer.write(picture({ at: 0, key: true })),
        ...muxer.retrack([changed]),
        ...muxer.write(picture({ at: 40, key: true, track: changed })),
      ];

      const { frames } = demux(bytesOf(packets));
      expect(pmtOf(bytesOf(packets)).version).toBe(0);
      expect(frames.map(({ track }) => track.epoch)).toEqual([0, 1]);
      expect(toHex((frames[1] as Frame).track.config)).toBe(toHex(config));
    });

    it('gives a player that fell behind nothing, and keeps the sound that is held', () => {
      const muxer = new TsMuxer();
      muxer.header(both);
      muxer.write(picture({ at: 0, key: true }));
      muxer.write(aacFrame(0));

      expect(muxer.retrack([...both])).toEqual([]);
      expect(muxer.header(both)).toEqual([]);
      expect(muxer.flush()).toHaveLength(1);
    });

    it('learns a track from its frames when nobody announced it', () => {
      const muxer = new TsMuxer();
      const packets = program({ seconds: 1 }).flatMap((frame) => muxer.write(frame));

      expect(demux(bytesOf(packets)).tracks.at(-1)).toHaveLength(2);
      expect(pmtOf(bytesOf(packets)).streams).toHaveLength(2);
    });

    it('says MPEG-2 audio for MP3 below 32 kHz', () => {
      expect(pmtOf(ts([mp3Frame(0)], [mp3Track])).streams[0]?.type).toBe(0x03);
      expect(pmtOf(ts([mp3LowFrame(0)], [mp3Track])).streams[0]?.type).toBe(0x04);
    });
  });

  describe('for a segmenter', () => {
    it('cuts so that segments are whole by themselves, and one stream when put together', () => {
      const muxer = new TsMuxer();
      muxer.header(both);
      const segments: Packet[][] = [[]];
      const frames = program({ seconds: 6, gop: 50, bFrames: true });
      for (const frame of frames) {
        if (frame.track === h264Track && frame.key && frame.dts > 0) {
          segments.at(-1)?.push(...muxer.cut());
          segments.push([]);
        }
        segments.at(-1)?.push(...muxer.write(frame));
      }
      segments.at(-1)?.push(...muxer.cut());

      expect(segments).toHaveLength(3);
      const apart = segments.map((packets) => demux(bytesOf(packets)));
      for (const [index, { frames: got, report }] of apart.entries()) {
        expect(report.continuityErrors).toBe(0);
        expect(patAndPmt(segments[index]?.[0]?.chunks[0])).toBe(true);
        expect(got.some(({ track }) => track.codec === 'aac')).toBe(true);
      }
      expectSame(
        apart.flatMap(({ frames: got }) => got),
        frames,
        1000,
      );
      expect(tsFaults(analyseTs(concat(segments.map(bytesOf))))).toEqual([]);
    });

    it('begins a segment of sound with the tables', () => {
      const muxer = new TsMuxer();
      muxer.header([aacTrack]);
      for (const at of [0, 23, 46]) muxer.write(aacFrame(at));
      const old = muxer.cut();
      const next = [69, 92, 115, 138, 161].flatMap((at) => muxer.write(aacFrame(at)));

      expect(old).toHaveLength(1);
      expect(next[0]?.kind).toBe('join');
      expect(patAndPmt(next[0]?.chunks[0])).toBe(true);
    });

    it('gives the tables with counters that go on', () => {
      const muxer = new TsMuxer();
      muxer.header(both);
      const bytes = concat([
        muxer.programTables(),
        bytesOf(muxer.write(aacFrame(0))),
        muxer.programTables(),
        bytesOf(muxer.flush()),
      ]);

      expect(patAndPmt(bytes.subarray(0, 376))).toBe(true);
      expect(analyseTs(bytes).continuityErrors).toBe(0);
    });
  });

  it('in a feed gives players the whole stream, and its end too', () => {
    const clock = new VirtualClock();
    const feed = new Feed(tsFormat, { clock, limits: defaultLimits, mergeWindow: 0, onSent: () => undefined });
    const link = new FakeLink();
    const frames = program({ seconds: 2 });
    feed.retrack(both);
    feed.attach(link);
    for (const frame of frames) feed.write(frame);
    feed.end();

    expectSame(demux(link.bytes).frames, frames, 1000);
    expect(pmtOf(link.bytes.subarray(0, 376)).streams).toHaveLength(2);
  });

  it('carries HE-AAC as its core, as ADTS can', () => {
    // Object type 5, core of 24 kHz, output of 48 kHz, core LC.
    const track: Track = { ...aacTrack, config: fromHex('2b11880 0'.replace(' ', '')) };
    const frames = each(30, 42.667, (at) => ({ ...aacFrame(at), track }));
    const { frames: got, tracks } = demux(ts(frames, [track]));

    expect(got).toHaveLength(30);
    expect(toHex(tracks[0]?.[0]?.config ?? aacConfig)).toBe('1310');
  });
});
