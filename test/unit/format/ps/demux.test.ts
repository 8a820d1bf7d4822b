import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import { PsDemuxer } from '../../../../src/core/format/ps/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { demuxerSuite, eventText } from '../../../suites/demuxer.suite.ts';
import { aacTrack, audio, h264Track } from '../../../tools/builders.ts';
import { chop } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { elementary, packHeader, pes, programMap, ps, psFrame, systemHeader } from '../../../tools/ps-writer.ts';
import {
  both,
  framesOf,
  hevcPicture,
  hevcTrack,
  mp3Frame,
  mp3Track,
  ofTrack,
  payload,
  picture,
  program,
  tracksOf,
  units,
} from '../ts/media.ts';
import { annexB, pps } from '../ts/raw-stream.ts';

const limits = { messageBytes: 256 * 1024, tracks: 8 };
const pcmaTrack: Track = { ...aacTrack, codec: 'pcma', config: new Uint8Array(0) };
const pcmuTrack: Track = { ...pcmaTrack, codec: 'pcmu' };
const g711 = (at: number, track = pcmaTrack): Frame => audio({ at, track, data: payload([0xd5], at, 320) });
const six = (make: (at: number) => Frame): Frame[] => [0, 40, 80, 120, 160, 200].map(make);

function demux(bytes: Uint8Array, pieces: readonly Uint8Array[] = [bytes]) {
  const demuxer = new PsDemuxer(limits);
  const events = [...pieces.flatMap((piece) => demuxer.push(piece)), ...demuxer.end()];
  return { frames: framesOf(events), tracks: tracksOf(events), report: demuxer.report, demuxer, events };
}

/** What matters of frames, whatever number their track has. */
const texts = (frames: readonly Frame[]): string[] =>
  frames.map(({ track, dts, cts, key, data }) => `${track.codec} ${dts}+${cts} ${key} ${toHex(data)}`);

/** Frames come out as they are known to be whole: sound at once, a picture with the next one. */
function expectSame(found: readonly Frame[], wanted: readonly Frame[]): void {
  for (const kind of ['video', 'audio'] as const) {
    const of = (frames: readonly Frame[]): string[] => texts(frames.filter(({ track }) => track.kind === kind));
    expect(of(found)).toEqual(of(wanted));
  }
}

/** ADTS counts in samples from the first PTS on; the times of the builders are rounded to milliseconds. */
const steady = (frames: readonly Frame[]): Frame[] => frames.filter(({ track }) => track.kind === 'video');

demuxerSuite('PsDemuxer', {
  make: () => new PsDemuxer(limits),
  samples: [
    // One kind each: a picture that ends with the input comes behind sound that it was in front of.
    { name: 'H.264', bytes: ps(ofTrack(program({ seconds: 1, gop: 5, size: 60 }), h264Track.id), [h264Track]) },
    { name: 'AAC', bytes: ps(ofTrack(program({ seconds: 1 }), aacTrack.id), [aacTrack]) },
    {
      name: 'HEVC',
      bytes: ps(
        six((at) => hevcPicture({ at, key: at === 0 })),
        [hevcTrack],
      ),
    },
    { name: 'MP3', bytes: ps(six(mp3Frame), [mp3Track]) },
    {
      name: 'G.711',
      bytes: ps(
        six((at) => g711(at)),
        [pcmaTrack],
      ),
    },
  ],
  refused: [],
  endless: [
    {
      name: 'a picture without a length',
      head: concat([packHeader(), pes(0xe0, elementary(picture({ at: 0, key: true })), { pts: 0, length: 0 })]),
      more: new Uint8Array(10_000).fill(7),
    },
    {
      name: 'a picture of many packets, each with a time of its own',
      head: concat([packHeader(), pes(0xe0, elementary(picture({ at: 0, key: true })), { pts: 0 })]),
      more: concat(Array.from({ length: 500 }, (_, i) => pes(0xe0, Uint8Array.of(7), { pts: i }))),
    },
    {
      name: 'sound without a length',
      head: concat([packHeader(), programMap([[0x90, 0xc0]]), pes(0xc0, new Uint8Array(10), { pts: 0, length: 0 })]),
      more: new Uint8Array(10_000).fill(7),
    },
  ],
  held: (demuxer) => (demuxer as PsDemuxer).heldBytes,
  heldLimit: limits.messageBytes + 2048,
});

describe('PsDemuxer and good streams', () => {
  it('gives the frames that a camera sends, with B-frames too', () => {
    const sent = program({ seconds: 2, bFrames: true });
    const { frames, tracks } = demux(ps(sent, both));

    expectSame(steady(frames), steady(sent));
    expect(ofTrack(frames, aacTrack.id).map(({ data }) => toHex(data))).toEqual(
      ofTrack(sent, aacTrack.id).map(({ data }) => toHex(data)),
    );
    expect(tracks.at(-1)?.map(({ codec, config }) => `${codec} ${toHex(config)}`)).toEqual(
      both.map(({ codec, config }) => `${codec} ${toHex(config)}`),
    );
  });

  it.each([pcmaTrack, pcmuTrack])('gives samples of G.711 packet by packet: $codec', (track) => {
    const sent = six((at) => g711(at, track));

    expectSame(demux(ps(sent, [track])).frames, sent);
  });

  it('goes on in time where packets of G.711 have none, or the same again', () => {
    const sent = six((at) => g711(at));
    const times = [{ pts: 0 }, {}, { pts: 0 }, {}, {}, {}];
    const packets = sent.map(({ data }, index) => pes(0xc0, data, times[index]));

    const { frames } = demux(concat([packHeader(), programMap([[0x90, 0xc0]]), ...packets]));

    expect(frames.map(({ dts }) => dts)).toEqual(sent.map(({ dts }) => dts));
  });

  it('joins a picture above 64 KiB out of its packets, with the same time in each or without', () => {
    const big = picture({ at: 0, key: true, size: 150_000 });
    const sent = [big, picture({ at: 40 }), picture({ at: 80 })];
    expectSame(demux(ps(sent, [h264Track])).frames, sent);

    const parts = [0, 60_000, 120_000].map((at) =>
      pes(0xe0, elementary(big).subarray(at, at + 60_000), { pts: 900, dts: 900 }),
    );
    const { frames } = demux(concat([packHeader(), ...parts, psFrame(picture({ at: 40 }), [h264Track])]));
    expect(frames.map(({ data }) => toHex(data))).toEqual([toHex(big.data), toHex(picture({ at: 40 }).data)]);
  });

  it('finds pictures wherever they begin in their packets, as ffmpeg writes them', () => {
    const sent = [0, 40, 80, 120].map((at) => picture({ at, key: at === 0, size: 3000 }));
    const bytes = concat(sent.map(elementary));
    const begins = sent.map((_, index) => sent.slice(0, index).reduce((sum, one) => sum + elementary(one).length, 0));
    for (const size of [700, 1999, 2000, 2001, 2002, 2003, 2004, 2005, 5000]) {
      const packets: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        const first = begins.findIndex((begin) => begin >= at && begin < at + size);
        const time = first < 0 ? {} : { pts: first * 3600 };
        packets.push(packHeader(), pes(0xe0, bytes.subarray(at, at + size), time));
      }
      expectSame(demux(concat(packets)).frames, sent);
    }
  });

  it.each([
    { name: 'with a map', options: {} },
    { name: 'without one', options: { map: false } },
    { name: 'whose pictures have no length', options: { unbounded: true } },
    { name: 'in small packets without a length', options: { unbounded: true, pesBytes: 50 } },
  ])('reads a stream $name', ({ options }) => {
    const sent = program({ seconds: 1 });
    const { frames } = demux(ps(sent, both, options));

    expectSame(steady(frames), steady(sent));
    expect(frames).toHaveLength(sent.length);
  });

  it('tells HEVC from H.264 without a map', () => {
    const sent = six((at) => hevcPicture({ at, key: at === 0 }));

    expectSame(demux(ps(sent, [hevcTrack], { map: false })).frames, sent);
  });

  it('keeps the two fields of a picture together, which have the same time', () => {
    // Main profile, 320x288, frame_mbs_only_flag 0.
    const interlaced = fromHex('674d001ef40a0924');
    const field = (at: number): Uint8Array => payload([0x65, 0x88], at, 40);
    const later = (at: number): Uint8Array => payload([0x41, 0x9a], at, 40);
    const packets = [
      pes(0xe0, annexB(interlaced, pps, field(1)), { pts: 0 }),
      pes(0xe0, annexB(field(2)), { pts: 0 }),
      pes(0xe0, annexB(later(3)), { pts: 3600 }),
      pes(0xe0, annexB(later(4)), { pts: 3600 }),
    ];
    const { frames } = demux(concat([packHeader(), ...packets]));

    expect(frames.map(({ dts, data }) => `${dts} ${toHex(data)}`)).toEqual([
      `0 ${toHex(units(field(1), field(2)))}`,
      `40000 ${toHex(units(later(3), later(4)))}`,
    ]);
  });

  it('keeps what stands before the first parameter sets, where there is no map', () => {
    const key = picture({ at: 0, key: true });
    const message = fromHex('0000000106051111111111111111');
    const packet = pes(0xe0, concat([message, elementary(key)]), { pts: 0, dts: 0 });
    const { frames } = demux(concat([packHeader(), packet, psFrame(picture({ at: 40 }), [h264Track])]));

    expect(frames.map(({ dts, data }) => `${dts} ${toHex(data)}`)).toEqual([
      `0 0000000a${toHex(message.subarray(4))}${toHex(key.data)}`,
      `40000 ${toHex(picture({ at: 40 }).data)}`,
    ]);
  });

  it('reads packs and packets of MPEG-1', () => {
    const sent = [picture({ at: 0, key: true }), picture({ at: 40, cts: 40 })];
    const old = (frame: Frame, pts: string): Uint8Array => {
      const es = elementary(frame);
      const head = fromHex(`ffff 6020 ${pts}`);
      const size = head.length + es.length;
      return concat([
        fromHex('000001ba 2100010001800001'),
        Uint8Array.of(0, 0, 1, 0xe0, size >> 8, size & 255),
        head,
        es,
      ]);
    };
    const { frames } = demux(
      concat([old(sent[0] as Frame, '2100010001'), old(sent[1] as Frame, '3100013841 1100011c21')]),
    );

    expectSame(frames, sent);
  });

  it('keeps sound and picture together across the wrap of 33 bits', () => {
    const sent = six((at) => picture({ at, key: at === 0 })).flatMap((frame) => [frame, g711(frame.dts / 1000)]);
    const start = 2 ** 33 - 9000;
    const { frames } = demux(ps(sent, [h264Track, pcmaTrack], { start }));
    const first = Math.min(...frames.map(({ dts }) => dts));

    expect(ofTrack(frames, h264Track.id).map(({ dts }) => dts - first)).toEqual([0, 40, 80, 120, 160, 200].map(fromMs));
    expect(ofTrack(frames, pcmaTrack.id).map(({ dts }) => dts - first)).toEqual([0, 40, 80, 120, 160, 200].map(fromMs));
  });

  it('is told by the map which kinds come, before they do', () => {
    const demuxer = new PsDemuxer(limits);
    demuxer.push(concat([packHeader(), systemHeader, programMap([[0x1b, 0xe0]])]));

    expect(demuxer.kinds).toEqual(['video']);
  });

  it('makes a new track when the map says another codec for a stream', () => {
    const first = six((at) => g711(at));
    const second = six((at) => g711(240 + at, pcmuTrack));
    const { tracks } = demux(concat([ps(first, [pcmaTrack]), ps(second, [pcmuTrack])]));

    expect(tracks.map(([track]) => `${track?.id} ${track?.codec}#${track?.epoch}`)).toEqual([
      '256 pcma#0',
      '256 pcmu#1',
    ]);
  });
});

describe('PsDemuxer and bad streams', () => {
  const sent = [0, 40, 80, 120, 160].map((at) => picture({ at, key: at === 0 || at === 120, size: 300 }));
  const packs = sent.map((frame) => psFrame(frame, [h264Track]));

  it('refuses what is no program stream after 1 MiB with PS_SYNC, and stays broken', () => {
    const demuxer = new PsDemuxer(limits);
    const noise = new SeedRng(9).bytes(300_000);
    const fault = (): unknown => {
      try {
        for (let i = 0; i < 5; i++) demuxer.push(noise);
        return undefined;
      } catch (error) {
        return error;
      }
    };

    expect(fault()).toMatchObject({ code: 'PS_SYNC' });
    expect(fault()).toMatchObject({ code: 'PS_SYNC' });
    expect(demuxer.heldBytes).toBe(0);
  });

  it('begins in the middle of a stream', () => {
    const { frames } = demux(concat([packs[0]?.subarray(100) ?? new Uint8Array(0), ...packs.slice(1)]));

    // The first pictures have no parameter sets to go with.
    expectSame(frames, sent.slice(3));
  });

  it('loses the damaged picture and no other when bytes are missing in it and that is told', () => {
    const demuxer = new PsDemuxer(limits);
    const events = [...demuxer.push(packs[0] as Uint8Array), ...demuxer.push(packs[1] as Uint8Array)];
    events.push(...demuxer.push((packs[2] as Uint8Array).subarray(0, 100)));
    demuxer.lost();
    events.push(...demuxer.push((packs[2] as Uint8Array).subarray(200)));
    for (const pack of packs.slice(3)) events.push(...demuxer.push(pack));
    events.push(...demuxer.end());

    expectSame(
      framesOf(events),
      [0, 1, 3, 4].map((index) => sent[index] as Frame),
    );
  });

  it('throws away a picture that has swallowed the header of the next one', () => {
    const [, , third = new Uint8Array(0)] = packs;
    const cut = concat([third.subarray(0, 100), third.subarray(150)]);
    const { frames, report } = demux(concat([...packs.slice(0, 2), cut, ...packs.slice(3)]));

    // Its time is gone with the header, so that the next one may have the time of the damaged one.
    const good = new Set(sent.map(({ data }) => toHex(data)));
    expect(frames.filter(({ data }) => !good.has(toHex(data)))).toEqual([]);
    expect(frames.length).toBeGreaterThanOrEqual(3);
    expect(report.damagedPes).toBeGreaterThan(0);
  });

  it('takes the whole of a picture whose length has overflowed 16 bits', () => {
    const big = picture({ at: 0, key: true, size: 100_000 });
    const es = elementary(big);
    const lying = pes(0xe0, es, { pts: 0, length: (es.length + 8) & 0xffff });
    const { frames, report } = demux(concat([packHeader(), lying, psFrame(picture({ at: 40 }), [h264Track])]));

    expectSame(frames, [big, picture({ at: 40 })]);
    expect(report.pesLengthErrors).toBe(1);
  });

  it('skips garbage behind sound to the next pack', () => {
    const sounds = six((at) => g711(at)).map((frame) => psFrame(frame, [pcmaTrack]));
    sounds.splice(2, 0, fromHex('deadbeef000001c0'));
    const { frames, report } = demux(concat(sounds));

    expect(frames).toHaveLength(6);
    expect(report).toMatchObject({ resyncs: 1, skippedBytes: 8 });
  });

  it.each([
    {
      name: 'a map with a stream list that is too long',
      bytes: fromHex('000001bc 000e e0ff 0000 0030 1be00000 00000000'),
    },
    {
      name: 'a map with descriptors that are too long',
      bytes: fromHex('000001bc 000e e0ff 0000 0004 1be000ff 00000000'),
    },
    { name: 'a map of no bytes', bytes: fromHex('000001bc 0001 e0') },
    { name: 'a map above 1 KiB', bytes: concat([fromHex('000001bc 0800'), new Uint8Array(0x800)]) },
  ])('counts $name and goes on', ({ bytes }) => {
    const { frames, report } = demux(concat([packHeader(), bytes, ...packs]));

    expectSame(frames, sent);
    expect(report.damagedMaps).toBe(1);
  });

  it.each([
    { name: 'a PES header that is longer than its packet', bytes: fromHex('000001e0 0003 808050') },
    { name: 'a PES header without a mark', bytes: fromHex('000001e0 0004 10000000') },
    { name: 'a pack header without a mark', bytes: fromHex('000001ba 80') },
  ])('counts $name and goes on', ({ bytes }) => {
    const { frames, report } = demux(concat([packHeader(), bytes, ...packs]));

    expectSame(frames, sent);
    expect(report.damagedHeaders).toBe(1);
  });

  it('leaves out codecs that it does not carry, and streams above the limit', () => {
    const es = elementary(picture({ at: 0, key: true }));
    const map = programMap([
      [0x80, 0xe5],
      [0x99, 0xc3],
    ]);
    const svac = concat([packHeader(), map, pes(0xe5, es, { pts: 0 }), pes(0xc3, es, { pts: 0 })]);
    const many = Array.from({ length: 16 }, (_, i) => pes(0xe0 + i, es, { pts: 0 }));

    expect(demux(svac)).toMatchObject({ frames: [], report: { refusedStreams: 2 } });
    expect(demux(concat([packHeader(), ...many])).frames).toHaveLength(limits.tracks);
  });

  it('gives pictures without any time to nobody, and does not collect them', () => {
    const demuxer = new PsDemuxer(limits);
    for (let i = 0; i < 2000; i++) {
      const bytes = concat([packHeader(), pes(0xe0, elementary(picture({ at: i, key: true, size: 300 })))]);
      expect(demuxer.push(bytes)).toEqual([]);
    }

    expect(demuxer.heldBytes).toBeLessThan(20_000);
    expect(demuxer.report.droppedFrames).toBeGreaterThan(1900);
  });

  it('gives the same events for damage in any cut', () => {
    const rng = new SeedRng(5);
    const good = ps(program({ seconds: 1, size: 200 }), both);
    for (let i = 0; i < 100; i++) {
      const bytes = good.slice();
      for (let k = 0; k < 5; k++) bytes[rng.below(bytes.length)] = rng.below(256);
      const whole = demux(bytes).events.map(eventText);
      expect(demux(bytes, chop(bytes, 1 + rng.below(1400))).events.map(eventText)).toEqual(whole);
    }
  });
});
