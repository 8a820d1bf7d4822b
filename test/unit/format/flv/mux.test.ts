// FLV as a stream of bytes: the suites of all muxers and demuxers, mux.js as a second reader, files of ffmpeg.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import {
  FlvDemuxer,
  FlvMuxer,
  flvFormat,
  flvLegacyHevcFormat,
  TagType,
} from '../../../../src/core/format/flv/index.ts';
import type { Demuxer } from '../../../../src/core/media/demuxer.ts';
import { Feed } from '../../../../src/core/media/feed.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Packet } from '../../../../src/core/media/packet.ts';
import { demuxAll, demuxerSuite } from '../../../suites/demuxer.suite.ts';
import { muxerSuite, readPackets } from '../../../suites/muxer.suite.ts';
import { aacTrack, audio, h264Track, live, video } from '../../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../../tools/fakes.ts';
import { inspectFlv } from '../../../tools/flv-inspector.ts';
import { otherAvcConfig, tagCases } from './tag.cases.ts';

const fixture = (name: string): Uint8Array =>
  fromHex(readFileSync(new URL(`../../../fixtures/flv/${name}.hex`, import.meta.url), 'utf8'));

const limits = { ...defaultLimits, messageBytes: 1024 * 1024 };
const bytesOf = (packets: readonly Packet[]): Uint8Array => concat(packets.flatMap((packet) => packet.chunks));

/** A file with these tags; sizes are right unless given. */
function file(
  tags: readonly { type: number; at?: number; body: Uint8Array; size?: number; backSize?: number }[],
): Uint8Array {
  const chunks = [fromHex('464c5601 05 00000009 00000000')];
  for (const { type, at = 0, body, size = body.length, backSize = 11 + body.length } of tags) {
    chunks.push(
      Uint8Array.of(type, size >> 16, size >> 8, size, at >> 16, at >> 8, at, at >>> 24, 0, 0, 0),
      body,
      Uint8Array.of(backSize >>> 24, backSize >> 16, backSize >> 8, backSize),
    );
  }
  return concat(chunks);
}

const muxed = (frames: readonly Frame[], tracks = [h264Track, aacTrack]): Uint8Array => {
  const muxer = new FlvMuxer();
  return bytesOf([...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))]);
};

const mp3 = { type: TagType.audio, body: fromHex('2f fffb9064 00') };
const good = file([mp3, mp3]);

for (const format of [flvFormat, flvLegacyHevcFormat]) {
  muxerSuite(`FLV muxer ${format.key}`, {
    format,
    demuxer: () => new FlvDemuxer(limits),
    otherH264Config: otherAvcConfig,
    precision: 999,
    streams: tagCases
      .filter(({ track, hevc }) => track.codec !== 'h265' || (hevc === 'legacy') === (format === flvLegacyHevcFormat))
      .map(({ name, track, frames }) => ({ name, tracks: [track], frames: frames.map(({ frame }) => frame) })),
  });
}

demuxerSuite('FLV demuxer', {
  make: () => new FlvDemuxer(limits),
  samples: [
    { name: 'a file of ffmpeg with H.264 and AAC', bytes: fixture('h264-aac') },
    { name: 'a file of ffmpeg with Sorenson H.263 and MP3', bytes: fixture('flv1-mp3') },
    { name: 'a file of ffmpeg with G.711', bytes: fixture('alaw') },
    { name: 'a file of ours', bytes: muxed(live({ seconds: 1 })) },
    {
      name: 'tags of all codecs',
      bytes: file(
        tagCases.flatMap(({ type, configBody, frames }) => [
          ...(configBody === undefined ? [] : [{ type, body: configBody }]),
          ...frames.map(({ body }) => ({ type, body, at: 40 })),
        ]),
      ),
    },
  ],
  refused: [
    { name: 'nothing', bytes: new Uint8Array(0), code: 'FLV_HEADER' },
    { name: 'a cut header', bytes: good.subarray(0, 8), code: 'FLV_HEADER' },
    { name: 'garbage before the header', bytes: concat([fromHex('00'), good]), code: 'FLV_HEADER' },
    { name: 'tags without a header', bytes: good.subarray(13), code: 'FLV_HEADER' },
    { name: 'an MPEG-TS file', bytes: new Uint8Array(400).fill(0x47), code: 'FLV_HEADER' },
    { name: 'a header shorter than itself', bytes: fromHex('464c5601 05 00000008 00000000'), code: 'FLV_HEADER' },
    { name: 'a header of 4 GiB', bytes: fromHex('464c5601 05 ffffffff 00000000'), code: 'FLV_HEADER' },
    {
      name: 'a tag above the limit',
      bytes: file([mp3, { ...mp3, size: limits.messageBytes + 1 }]),
      code: 'FLV_TAG_SIZE',
    },
    { name: 'an encrypted tag', bytes: file([mp3, { ...mp3, type: 0x28 }]), code: 'FLV_ENCRYPTED' },
    { name: 'a file cut in a tag', bytes: good.subarray(0, -6), code: 'FLV_CUT' },
    { name: 'a file cut in a tag header', bytes: good.subarray(0, 13 + 21 + 5), code: 'FLV_CUT' },
    {
      name: 'a file cut in a tag of an unknown type',
      bytes: file([{ type: 3, body: new Uint8Array(9) }]).subarray(0, -6),
      code: 'FLV_CUT',
    },
  ],
  endless: [
    {
      name: 'the largest tag, sent slowly',
      head: file([{ ...mp3, size: limits.messageBytes }]),
      more: new Uint8Array(1000),
    },
    {
      name: 'tags of an unknown type',
      head: file([{ type: 3, body: mp3.body, size: limits.messageBytes }]),
      more: new Uint8Array(1000),
    },
    { name: 'tags without an end', head: good, more: good.subarray(13) },
    { name: 'empty tags', head: good, more: fromHex('08 000000 000000 00 000000 0000000b') },
  ],
  held: (demuxer: Demuxer) => (demuxer as FlvDemuxer).held,
  heldLimit: limits.messageBytes + 1000,
});

describe('an FLV muxer', () => {
  it.each([
    ['sound and picture', [h264Track, aacTrack], '05'],
    ['sound only', [aacTrack], '04'],
    ['picture only', [h264Track], '01'],
  ])('says in the header that there is %s', (_name, tracks, flags) => {
    expect(toHex(bytesOf(new FlvMuxer().header(tracks)).subarray(0, 13))).toBe(`464c5601${flags}0000000900000000`);
  });

  it('writes tags, byte for byte', () => {
    const frame = audio({ at: 0x01020304, data: fromHex('2110') });

    expect(toHex(bytesOf(new FlvMuxer().write(frame)))).toBe(
      `08000004 020304 01 000000 af012110 0000000f`.replaceAll(' ', ''),
    );
  });

  it('puts metadata first, then sequence headers', () => {
    const tags = inspectFlv(bytesOf(new FlvMuxer().header([h264Track, aacTrack])));

    expect(tags.map(({ tagType, avcPacketType, aacPacketType }) => avcPacketType ?? aacPacketType ?? tagType)).toEqual([
      'metadata',
      'AVC Sequence Header',
      'AAC Sequence Header',
    ]);
  });

  it('writes what mux.js reads', () => {
    const frames = [
      video({ at: 0, key: true, cts: 80 }),
      audio({ at: 10 }),
      video({ at: 40, cts: 160 }),
      audio({ at: 70_000_000 }),
    ];

    const tags = inspectFlv(muxed(frames)).slice(3);

    expect(tags).toMatchObject([
      { tagType: 'video', timestamp: 0, streamID: 0, codecID: 7, avcPacketType: 'AVC NALU', CompositionTime: 80 },
      { tagType: 'audio', timestamp: 10, streamID: 0, soundFormat: 'AAC', aacPacketType: 'AAC Raw' },
      { tagType: 'video', timestamp: 40, CompositionTime: 160 },
      { tagType: 'audio', timestamp: 70_000_000, soundRate: '44-kHz', soundSize: '16-bit', soundType: 'Stereo' },
    ]);
    expect(tags[0]?.frameType).toMatch(/^Keyframe/);
    expect(tags[2]?.frameType).toMatch(/^Inter frame/);
  });

  it('puts new parameters at the time of the newest frame', () => {
    const muxer = new FlvMuxer();
    muxer.header([h264Track]);
    muxer.write(video({ at: 5000, key: true }));

    for (const packet of muxer.retrack([h264Track])) {
      expect(packet.dts).toBe(fromMs(5000));
      expect(toHex((packet.chunks[0] as Uint8Array).subarray(4, 8))).toBe('00138800');
    }
  });

  it('leaves out frames above the size that a tag can say', () => {
    const data = new Uint8Array(0xffffff - 5);
    const muxer = new FlvMuxer();

    expect(muxer.write(video({ at: 0, data }))).toHaveLength(1);
    expect(muxer.write(video({ at: 0, data: new Uint8Array(0xffffff - 4) }))).toEqual([]);
  });

  it('lets a feed start its players at key frames although sound came first', () => {
    const link = new FakeLink();
    const feed = new Feed(flvFormat, {
      clock: new VirtualClock(),
      limits: defaultLimits,
      mergeWindow: 0,
      onSent: () => undefined,
    });
    feed.retrack([h264Track, aacTrack]);
    for (const frame of [audio({ at: 0 }), video({ at: 10 }), audio({ at: 20 }), video({ at: 30, key: true })])
      feed.write(frame);

    feed.attach(link);

    const tags = inspectFlv(link.bytes).slice(3);
    expect(tags.map((tag) => tag.timestamp)).toEqual([30]);
  });
});

describe('an FLV demuxer', () => {
  const framesOf = (bytes: Uint8Array): readonly Frame[] =>
    readPackets(new FlvDemuxer(limits), [{ chunks: [bytes], dts: 0, size: bytes.length, kind: 'more' }]).frames;

  it('agrees with mux.js about a file of ffmpeg', () => {
    const bytes = fixture('h264-aac');
    const tags = inspectFlv(bytes).filter((tag) => /NALU|Raw/.test(`${tag.avcPacketType}${tag.aacPacketType}`));

    expect(
      framesOf(bytes).map(({ track, dts, cts, key, data }) => [
        track.kind,
        dts,
        track.kind === 'video' ? cts : undefined,
        track.kind === 'audio' || key,
        data.length,
      ]),
    ).toEqual(
      tags.map((tag) => [
        tag.tagType,
        fromMs(tag.timestamp),
        tag.tagType === 'video' ? fromMs(tag.CompositionTime!) : undefined,
        tag.tagType === 'audio' || /^Keyframe/.test(tag.frameType!),
        tag.dataSize - (tag.tagType === 'video' ? 5 : 2),
      ]),
    );
  });

  it('tells what the metadata of a file of ffmpeg promises', () => {
    const demuxer = new FlvDemuxer(limits);
    demuxer.push(fixture('h264-aac'));

    expect(demuxer.promised()).toEqual(['video', 'audio']);
  });

  it('counts the pictures of a codec that it does not know and gives the sound', () => {
    const bad: string[] = [];
    const demuxer = new FlvDemuxer(limits, { onBad: (code) => bad.push(code) });
    const events = demuxer.push(fixture('flv1-mp3'));

    expect(new Set(bad)).toEqual(new Set(['FLV_VIDEO_CODEC']));
    expect(demuxer.dropped).toBe(bad.length);
    expect(events.filter((event) => event.type === 'frame').length).toBeGreaterThan(10);
  });

  it('counts all of a file with Speex', () => {
    const bad: string[] = [];
    new FlvDemuxer(limits, { onBad: (code) => bad.push(code) }).push(fixture('speex'));

    expect(new Set(bad)).toEqual(new Set(['FLV_AUDIO_CODEC']));
  });

  it.each([0, 1, 0xffffffff])('goes on and counts when a previous tag size is %d', (backSize) => {
    const bad: string[] = [];
    const demuxer = new FlvDemuxer(limits, { onBad: (code) => bad.push(code) });
    const events = [...demuxer.push(file([{ ...mp3, backSize }, mp3])), ...demuxer.end()];

    expect(events.filter((event) => event.type === 'frame')).toHaveLength(2);
    expect(bad).toEqual(['FLV_BACK_SIZE']);
    expect(demuxer.dropped).toBe(1);
  });

  it('skips and counts tags of unknown types', () => {
    const bad: string[] = [];
    const demuxer = new FlvDemuxer(limits, { onBad: (code) => bad.push(code) });
    const events = demuxer.push(file([{ type: 15, body: new Uint8Array(500) }, mp3]));

    expect(events.filter((event) => event.type === 'frame')).toHaveLength(1);
    expect(bad).toEqual(['FLV_TAG_TYPE']);
  });

  it('skips an extension of the header', () => {
    expect(framesOf(concat([fromHex('464c5601 05 0000000c aabbcc 00000000'), good.subarray(13)]))).toHaveLength(2);
  });

  it('takes a file whose last previous tag size is missing', () => {
    expect(demuxAll(new FlvDemuxer(limits), [good.subarray(0, -4)])).toEqual(demuxAll(new FlvDemuxer(limits), [good]));
  });

  it('gives the frames before a fault, then the fault', () => {
    const demuxer = new FlvDemuxer(limits);

    expect(demuxer.push(file([mp3, { ...mp3, type: 0x28 }])).filter((event) => event.type === 'frame')).toHaveLength(1);
    expect(() => demuxer.push(good)).toThrow(ProtocolError);
    expect(() => demuxer.end()).toThrow(ProtocolError);
  });

  it('sees no end of time when 32 bits of milliseconds wrap', () => {
    const start = 2 ** 32 - 50;
    const frames = Array.from({ length: 10 }, (_, index) => audio({ at: start + index * 20 }));

    const times = framesOf(muxed(frames, [aacTrack]).slice()).map((frame) => frame.dts);

    expect(times.every((time, index) => index === 0 || time - times[index - 1]! === fromMs(20))).toBe(true);
  });

  it('gives each frame memory of its own, of exact size', () => {
    const [first, second] = framesOf(muxed([audio({ at: 0, size: 100 }), audio({ at: 20, size: 50 })], [aacTrack]));

    expect(first!.data.buffer.byteLength).toBe(102);
    expect(second!.data.buffer.byteLength).toBe(52);
  });

  it('gives a tag that came slowly memory of exact size', () => {
    const demuxer = new FlvDemuxer(defaultLimits);
    const bytes = muxed([video({ at: 0, key: true, size: 3_000_000 })]);
    const sizes: number[] = [];
    for (let at = 0; at < bytes.length; at += 100_000) {
      for (const event of demuxer.push(bytes.subarray(at, at + 100_000))) {
        if (event.type === 'frame') sizes.push(event.frame.data.buffer.byteLength);
      }
    }

    expect(sizes).toEqual([3_000_009]);
  });
});
