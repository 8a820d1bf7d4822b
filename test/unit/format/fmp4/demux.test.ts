// The streaming demuxer: both kinds of MP4, order across tracks, and input that is wrong.
import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import * as h264 from '../../../../src/core/codec/h264/index.ts';
import { joinLengthPrefixed } from '../../../../src/core/codec/nal.ts';
import { fragment, type TrackRun } from '../../../../src/core/format/fmp4/fragment.ts';
import { describeTrack, Fmp4Demuxer, initSegment, type Mp4Track } from '../../../../src/core/format/fmp4/index.ts';
import { box, fields, fullBox } from '../../../../src/core/format/fmp4/wire.ts';
import { demuxerSuite } from '../../../suites/demuxer.suite.ts';
import { aacTrack, avcConfig, h264Track, video } from '../../../tools/builders.ts';
import { both, find, fragmented, ofTrack, patched, plain, program, read, recorded, sorted } from './media.ts';

const mp4Tracks = both.map((track) => describeTrack(track) as Mp4Track);
const init = initSegment(mp4Tracks);
const [picture, sound] = mp4Tracks as [Mp4Track, Mp4Track];

const live = fragmented(both, program({ seconds: 1, bFrames: true, start: 1000 }));
const batches = fragmented(both, program({ seconds: 1, gop: 10 }), { fragmentTime: fromMs(200) });
const indexed = await plain(both, program({ seconds: 1, bFrames: true }));

const payload = (size: number, value = 1): Uint8Array =>
  concat([Uint8Array.of(0, 0, 0, size - 4), new Uint8Array(size - 4).fill(value)]);

const run = (id: number, dts: number, data: readonly Uint8Array[], duration = 3600): TrackRun => ({
  id,
  samples: data.map((bytes, i) => ({ dts: dts + i * duration, duration, offset: 0, key: i === 0, data: bytes })),
});

/** moof and mdat of one run. */
const moof = (one: TrackRun): Uint8Array => concat(fragment(1, [one]));

const cut = (bytes: Uint8Array, type: string, ahead: number): Uint8Array =>
  bytes.subarray(0, find(bytes, type) + ahead);
const table = (type: string, ...values: readonly number[]): Uint8Array =>
  fullBox(
    type,
    0,
    0,
    fields((w) => values.reduce((writer, value) => writer.u32(value), w)),
  );

/** moof whose traf has only a trun. */
const orphan = box('moof', table('mfhd', 1), box('traf', table('trun', 1, 8)));
const huge = box(
  'moof',
  table('mfhd', 1),
  box(
    'traf',
    fullBox(
      'tfhd',
      0,
      0x20010,
      fields((w) => w.u32(picture.id).u32(1)),
    ),
    table('trun', 0xffffffff),
  ),
);

const refused = [
  { name: 'text', bytes: new TextEncoder().encode('#EXTM3U\n#EXT-X-VERSION:7\n'), code: 'FMP4_NOT_MP4' },
  { name: 'a box smaller than its header', bytes: fromHex('00000007 66747970 00'), code: 'FMP4_BOX_SIZE' },
  {
    name: 'a 64-bit size smaller than its header',
    bytes: fromHex('00000001 66747970 0000000000000008'),
    code: 'FMP4_BOX_SIZE',
  },
  { name: 'a 64-bit size above 2^53', bytes: fromHex('00000001 66747970 ffffffffffffffff'), code: 'FMP4_BOX_SIZE' },
  { name: 'a moov of size 0', bytes: fromHex('00000000 6d6f6f76'), code: 'FMP4_BOX_LARGE' },
  { name: 'a moov of 4 GiB', bytes: fromHex('ffffffff 6d6f6f76'), code: 'FMP4_BOX_LARGE' },
  { name: 'a moof of 1 GiB', bytes: concat([init, fromHex('40000000 6d6f6f66')]), code: 'FMP4_BOX_LARGE' },
  { name: 'a child larger than its parent', bytes: patched(init, 'trak', -4, 0x7fffffff), code: 'FMP4_BOX_SIZE' },
  {
    name: 'more tracks than allowed',
    bytes: initSegment(Array.from({ length: 33 }, () => sound)),
    code: 'FMP4_TRACKS',
  },
  { name: 'an empty moov', bytes: box('moov'), code: 'FMP4_NO_TRACKS' },
  { name: 'a track without a header', bytes: patched(init, 'tkhd', 0, 0x66726565), code: 'FMP4_BOX_MISSING' },
  {
    name: 'a track without a sample description',
    bytes: patched(init, 'stsd', 0, 0x66726565),
    code: 'FMP4_BOX_MISSING',
  },
  { name: 'a time scale of 0', bytes: patched(init, 'mdhd', 24, 0), code: 'FMP4_TIMESCALE' },
  { name: 'a configuration that is none', bytes: patched(init, 'avcC', 4, 0xffffffff), code: 'FMP4_CONFIG' },
  { name: 'data without an index', bytes: box('mdat', payload(8)), code: 'FMP4_MOOV_LAST' },
  {
    name: 'a fragment without an init segment',
    bytes: moof(run(picture.id, 0, [payload(8)])),
    code: 'FMP4_BOX_MISSING',
  },
  { name: 'a trun without a tfhd', bytes: concat([init, orphan]), code: 'FMP4_TRUN_FIRST' },
  { name: 'a trun outside a traf', bytes: concat([init, box('moof', table('trun', 0))]), code: 'FMP4_TRUN_FIRST' },
  { name: 'a trun that ends too early', bytes: patched(live, 'trun', 8, 1000), code: 'FMP4_BOX_CUT' },
  { name: 'a trun of 2^32 samples in 16 bytes', bytes: concat([init, huge]), code: 'FMP4_SAMPLES' },
  { name: 'a cut moof', bytes: cut(live, 'tfdt', 6), code: 'FMP4_CUT' },
  { name: 'a cut moov', bytes: cut(init, 'trex', 6), code: 'FMP4_CUT' },
  { name: 'a cut sample', bytes: live.subarray(0, live.length - 1), code: 'FMP4_CUT' },
  { name: 'a cut head', bytes: live.subarray(0, 5), code: 'FMP4_CUT' },
  { name: 'data before the mdat', bytes: patched(live, 'trun', 12, 4), code: 'FMP4_DATA' },
  { name: 'data behind the mdat', bytes: patched(live, 'trun', 12, 0x7ffffff0), code: 'FMP4_DATA' },
  { name: 'a sample that goes beyond its mdat', bytes: patched(live, 'mdat', -4, 40), code: 'FMP4_DATA' },
  { name: 'a sample of 4 GiB', bytes: patched(live, 'trun', 16, 0xffffffff), code: 'FMP4_SAMPLE_SIZE' },
  { name: 'a decode time above 2^53', bytes: patched(live, 'tfdt', 8, 0x00ffffff), code: 'FMP4_BOX_CUT' },
  {
    name: 'a decode time that no clock reaches',
    bytes: patched(patched(live, 'mdhd', 24, 1), 'tfdt', 8, 0x1fffff),
    code: 'FMP4_TIME',
  },
  { name: 'an stts of 2^32 entries', bytes: patched(indexed, 'stts', 8, 0xffffffff), code: 'FMP4_TABLE' },
  { name: 'an stsz of 2^32 entries', bytes: patched(indexed, 'stsz', 12, 0xffffffff), code: 'FMP4_TABLE' },
  { name: 'an stco of 2^31 entries', bytes: patched(indexed, 'stco', 8, 0x80000000), code: 'FMP4_TABLE' },
  { name: 'a chunk in front of the data', bytes: patched(indexed, 'stco', 12, 0), code: 'FMP4_DATA' },
  { name: 'a chunk behind the end', bytes: patched(indexed, 'stco', 12, 0xffffffff), code: 'FMP4_CUT' },
  { name: 'a plain file that is cut', bytes: indexed.subarray(0, indexed.length - 10), code: 'FMP4_CUT' },
];

const limits = { ...defaultLimits, openBytes: 1024 * 1024, messageBytes: 1024 * 1024 };
const late = moof(
  run(
    picture.id,
    0,
    Array.from({ length: 2000 }, () => payload(1000)),
  ),
);

demuxerSuite('fMP4', {
  make: () => new Fmp4Demuxer(limits),
  samples: [
    { name: 'a live stream, one fragment a frame', bytes: live },
    { name: 'fragments of 200 ms', bytes: batches },
    { name: 'a recording', bytes: recorded(both, program({ seconds: 1, start: 5000 })) },
    { name: 'a plain file', bytes: indexed },
    { name: 'sound alone', bytes: fragmented([aacTrack], ofTrack(program({ seconds: 1 }), aacTrack)) },
  ],
  refused,
  endless: [
    { name: 'a moov that is promised', head: fromHex('03ffffff 6d6f6f76'), more: new Uint8Array(1000) },
    { name: 'a moof that is promised', head: concat([init, fromHex('007fffff 6d6f6f66')]), more: new Uint8Array(1000) },
    {
      name: 'a sample that is promised',
      head: patched(live, 'trun', 16, 1024 * 1024).subarray(0, find(live, 'mdat') + 4),
      more: new Uint8Array(1000),
    },
    { name: 'pictures whose sound never comes', head: init, more: late },
    { name: 'a box that is skipped and has no end', head: fromHex('00000000 66726565'), more: new Uint8Array(65_536) },
    { name: 'an mdat without end', head: concat([init, fromHex('00000000 6d646174')]), more: new Uint8Array(65_536) },
  ],
  held: (demuxer) => (demuxer as Fmp4Demuxer).heldBytes,
  // What has arrived of a moov, and four times as much to come.
  heldLimit: 5 * 8 * 1024 * 1024,
});

describe('Fmp4Demuxer', () => {
  it('gives the frames of a fragment in the order of their decode times', () => {
    const { frames } = read(batches);

    const times = frames.map((frame) => frame.dts);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(frames.length).toBe(25 + 43);
  });

  it('puts sound and picture together that come in fragments of their own', () => {
    const pictures = Array.from({ length: 25 }, () => payload(20));
    const sounds = Array.from({ length: 43 }, () => payload(10));
    const parts = [0, 1].flatMap((second) => [
      moof(run(picture.id, second * 90_000, pictures)),
      moof(run(sound.id, second * 44_032, sounds, 1024)),
    ]);

    const { frames } = read(concat([init, ...parts]));

    const times = frames.map((frame) => frame.dts);
    expect(frames.length).toBe(136);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('does not wait for ever for a track that sends nothing', () => {
    const demuxer = new Fmp4Demuxer();
    demuxer.push(init);

    const first = demuxer.push(moof(run(picture.id, 0, [payload(20)])));
    const second = demuxer.push(moof(run(picture.id, 3600, [payload(20)])));

    expect([first.length, second.length]).toEqual([0, 1]);
    expect(demuxer.end().length).toBe(1);
  });

  it('skips the boxes that segments have around their fragments', () => {
    const extra = concat([
      box(
        'styp',
        fields((w) => w.text('msdh').u32(0)),
      ),
      box('sidx', new Uint8Array(44)),
      box('emsg', new Uint8Array(30)),
      box('prft', new Uint8Array(20)),
      box('free'),
    ]);
    const first = moof(run(picture.id, 0, [payload(20)]));

    expect(read(concat([init, extra, first, extra, moof(run(picture.id, 3600, [payload(20)]))])).frames.length).toBe(2);
  });

  it('reads a last mdat of size 0, and one with a 64-bit size', () => {
    const open = patched(indexed, 'mdat', -4, 0);
    const whole = read(indexed).frames.length;
    const one = moof(run(picture.id, 0, [payload(20)]));
    const at = find(one, 'mdat') - 4;
    const place = new DataView(one.buffer).getUint32(find(one, 'trun') + 12);
    // The data moves by the eight bytes that the header grows.
    const moved = patched(one, 'trun', 12, place + 8);
    const wide = [init, moved.subarray(0, at), fromHex('00000001 6d646174 0000000000000024'), moved.subarray(at + 8)];

    expect(read(open).frames.length).toBe(whole);
    expect(read(concat(wide)).frames[0]?.data).toEqual(payload(20));
  });

  it('keeps the tracks when the same init segment comes again, and begins an epoch when another one comes', () => {
    const other: typeof h264Track = {
      ...h264Track,
      config: Uint8Array.from(avcConfig, (byte, i) => (i === 3 ? 31 : byte)),
      epoch: 1,
    };
    const otherInit = initSegment([describeTrack(other) as Mp4Track, sound]);
    const demuxer = new Fmp4Demuxer();
    const one = (dts: number): Uint8Array => moof(run(picture.id, dts, [payload(20)]));

    const events = [...demuxer.push(concat([init, one(0), init, one(3600), otherInit, one(7200)])), ...demuxer.end()];

    expect(events.map((event) => (event.type === 'tracks' ? 'tracks' : event.frame.track.epoch))).toEqual([
      'tracks',
      0,
      0,
      'tracks',
      1,
    ]);
    expect(sorted(events).tracks[1]).toBe(events[0]?.type === 'tracks' ? events[0].tracks[1] : undefined);
  });

  it('goes on where the last fragment ended when one has no tfdt', () => {
    const second = patched(moof(run(picture.id, 999, [payload(20)])), 'tfdt', 0, 0x66726565);

    const { frames } = read(concat([init, moof(run(picture.id, 90_000, [payload(20)])), second]));

    expect(frames.map((frame) => frame.dts)).toEqual([1_000_000, 1_040_000]);
  });

  it('widens the lengths of NAL units, in the frames and in the configuration', () => {
    const config = avcConfig.slice();
    config[4] = 0xfd;
    const narrow = initSegment([describeTrack({ ...h264Track, config }) as Mp4Track]);
    const sample = concat([fromHex('0003 658801'), fromHex('0002 0a0b')]);

    const { tracks, frames } = read(concat([narrow, moof(run(picture.id, 0, [sample]))]));

    expect(tracks[0]?.config).toEqual(avcConfig);
    expect(frames[0]?.data).toEqual(fromHex('00000003 658801 00000002 0a0b'));
  });

  it('takes parameters out of the frames where the init segment has none (avc3)', () => {
    const bare = initSegment([picture]);
    const record = h264.parseConfig(avcConfig);
    const key = joinLengthPrefixed([...record.sps, ...record.pps, fromHex('6588')]);
    const at = find(bare, 'avcC') + 4;
    const empty = bare.slice();
    // No SPS, no PPS; what follows is padding.
    empty.set([1, 0x64, 0, 0x1e, 0xff, 0xe0, 0], at);

    const { tracks, frames } = read(concat([empty, moof(run(picture.id, 0, [key, payload(20)]))]));

    expect(frames.map((frame) => frame.track.epoch)).toEqual([1, 1]);
    expect(tracks[0]?.config).toEqual(avcConfig);
  });

  it('leaves out samples that are no frames, counts them, and reads on', () => {
    const config = avcConfig.slice();
    config[4] = 0xfd;
    const narrow = initSegment([describeTrack({ ...h264Track, config }) as Mp4Track]);
    const demuxer = new Fmp4Demuxer();

    const events = demuxer.push(concat([narrow, moof(run(picture.id, 0, [fromHex('ffff65'), fromHex('000165')]))]));

    expect(events.filter((event) => event.type === 'frame').length).toBe(1);
    expect(demuxer.dropped).toBe(1);
  });

  it('reads a file whose sound lies far behind its picture, within its memory', () => {
    const small = { ...defaultLimits, openBytes: 2000 };
    const demuxer = new Fmp4Demuxer(small);
    const runs = [
      run(
        picture.id,
        0,
        Array.from({ length: 25 }, () => payload(500)),
      ),
      run(
        sound.id,
        0,
        Array.from({ length: 43 }, () => payload(10)),
        1024,
      ),
    ];
    let most = 0;
    let count = 0;

    for (const byte of concat([init, ...fragment(1, runs)])) {
      count += demuxer.push(Uint8Array.of(byte)).filter((event) => event.type === 'frame').length;
      most = Math.max(most, demuxer.heldBytes);
    }

    expect(count).toBe(68);
    expect(most).toBeLessThan(2000 + 4096 + 1000);
  });

  it('allocates as bytes come, not as a size says', () => {
    const demuxer = new Fmp4Demuxer();
    demuxer.push(fromHex('03ffffff 6d6f6f76'));
    demuxer.push(new Uint8Array(100_000));

    expect(demuxer.heldBytes).toBeLessThanOrEqual(400_000);
  });

  it('goes on behind a sample without bytes', () => {
    const whole = read(indexed).frames.length;

    expect(read(patched(indexed, 'stsz', 16 + 4 * 5, 0)).frames.length).toBe(whole - 1);
    expect(read(patched(batches, 'trun', 20, 0)).frames.length).toBe(67);
  });

  it('plays a stream of pictures alone at once', () => {
    const demuxer = new Fmp4Demuxer();
    const frames = [0, 40, 80].map((at) => video({ at, key: at === 0 }));

    expect(sorted(demuxer.push(fragmented([h264Track], frames))).frames.length).toBe(3);
  });
});
