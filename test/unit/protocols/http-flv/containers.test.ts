// The other containers of live streams: each goes through the same route, players and publishers as FLV.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { containers } from '../../../../src/core/format/container/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { httpFlv } from '../../../../src/core/protocols/http-flv/index.ts';
import { FrameReader } from '../../../../src/core/wire/websocket/index.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';
import { chop } from '../../../tools/chop.ts';
import { liveName, publish, setUp } from './fakes.ts';

/** No byte of a picture is zero, so that it is what a NAL unit may be in a transport stream. */
const frames = live({ seconds: 2 }).map((frame) =>
  frame.track.kind === 'video'
    ? { ...frame, data: frame.data.map((byte, index) => (index > 4 ? byte | 0x80 : byte)) }
    : frame,
);
const mp3Track: Track = { ...aacTrack, codec: 'mp3', config: new Uint8Array(0) };
const metadata: Track = { id: 512, kind: 'data', codec: 'amf0', config: new Uint8Array(0), epoch: 0 };
const names = ['flv', 'ts', 'mp4', 'aac'] as const;
type Name = (typeof names)[number];

const kinds = (name: Name) => (name === 'aac' ? ['audio'] : ['video', 'audio']);
const content = (list: readonly Frame[], kind: string) =>
  list.filter((frame) => frame.track.kind === kind).map((frame) => Buffer.from(frame.data).toString('hex'));

function framesOf(name: Name, bytes: Uint8Array): Frame[] {
  const demuxer = containers[name].demuxer({ ...limits }, () => undefined);
  const events: MediaEvent[] = [...demuxer.push(bytes), ...demuxer.end()];
  return events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
}
const { limits } = (await setUp()).host;

function fileOf(name: Name): Uint8Array {
  const muxer = containers[name].format.make();
  const packets = muxer.header([h264Track, aacTrack]);
  for (const frame of frames) packets.push(...muxer.write(frame));
  packets.push(...(muxer.flush?.() ?? []));
  return concat(packets.flatMap((packet) => packet.chunks));
}

describe('a player', () => {
  it.each([
    ['flv', 'video/x-flv'],
    ['ts', 'video/MP2T'],
    ['mp4', 'video/mp4'],
    ['aac', 'audio/x-aac'],
  ] as const)('of .%s gets every frame, as %s', async (name, type) => {
    const world = await setUp();
    const exchange = await world.ask(`/live/a.${name}`, { chunked: false });
    const publication = publish(world);
    for (const frame of frames) publication.write(frame);
    publication.end();
    world.advance(250);

    const got = framesOf(name, exchange.link.bytes);

    expect(exchange.headers['Content-Type']).toBe(type);
    for (const kind of kinds(name)) expect(content(got, kind)).toEqual(content(frames, kind));
    expect(exchange.link.closed).toBe(true);
    expect(world.asked[0]).toMatchObject({ protocol: `http-${name}`, type: 'flv-play' });
  });

  it.each(names)('of .%s by WebSocket gets the same bytes in messages', async (name) => {
    const world = await setUp();
    const plain = await world.ask(`/live/a.${name}`, { chunked: false });
    // Each wire has a feed of its own.
    await world.ask(`/live/a.${name}`);
    const socket = await world.ask(`/live/a.${name}`, { webSocket: true });
    const publication = publish(world);
    for (const frame of frames) publication.write(frame);
    publication.end();

    const reader = new FrameReader({ masked: false, limitBytes: 1e6 });
    const messages = socket.link.sent.flatMap((bytes) => reader.push(bytes));

    const data = messages.flatMap((event) => (event.type === 'message' ? [event.data] : []));
    expect(Buffer.compare(concat(data), plain.link.bytes)).toBe(0);
  });

  it('of .mp3 gets the frames of a stream with MP3', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.mp3', { chunked: false });
    const publication = publish(world);
    publication.retrack([mp3Track]);
    const data = Uint8Array.of(0xff, 0xfb, 0x90, 0x64, 1, 2, 3);
    publication.write({ track: mp3Track, dts: 0, cts: 0, key: true, data });

    expect([exchange.headers['Content-Type'], exchange.link.bytes]).toEqual(['audio/mpeg', data]);
  });

  it('of HEAD learns the type', async () => {
    const world = await setUp();

    expect((await world.ask('/live/a.ts', { method: 'HEAD' })).headers['Content-Type']).toBe('video/MP2T');
  });

  it('HTTP_FLV_NO_TRACK: asks for a container that has no place for any track', async () => {
    const world = await setUp();
    publish(world).retrack([h264Track, aacTrack, metadata]);

    const exchange = await world.ask('/live/a.mp3');

    expect(exchange.status).toBe(404);
    expect(exchange.json).toMatchObject({ error: 'HTTP_FLV_NO_TRACK', message: expect.stringMatching(/h264, aac$/) });
    expect([world.host.sessions.size, world.wheel.size]).toEqual([0, 0]);
  });

  it('is not refused while nothing but metadata is known', async () => {
    const world = await setUp();
    publish(world).retrack([metadata]);

    expect((await world.ask('/live/a.mp3')).status).toBe(200);
  });

  it('is ended when that shows only after the publisher came', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.mp3');
    publish(world);

    world.advance(6000);

    expect([exchange.status, exchange.link.reason?.code]).toEqual([200, 'HTTP_FLV_NO_TRACK']);
    expect(world.host.sessions.size).toBe(0);
  });
});

describe('a publisher', () => {
  it.each(names)('of .%s gives its frames to the stream', async (name) => {
    const world = await setUp();
    const got: Frame[] = [];
    const stream = world.hub.stream(liveName);
    stream.tap((event) => void (event.type === 'frame' && got.push(event.frame)));
    const exchange = await world.ask(`/live/a.${name}`, { method: 'POST' });

    for (const piece of chop(fileOf(name), 1000)) exchange.upload.onData(piece);
    exchange.upload.onClose(undefined);

    expect([exchange.status, exchange.json]).toEqual([200, { code: 0 }]);
    for (const kind of kinds(name)) expect(content(got, kind)).toEqual(content(frames, kind));
  });

  it('of .ts that sends no transport stream is told', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.ts', { method: 'POST' });

    exchange.upload.onData(new Uint8Array(2_000_000));

    expect([exchange.status, exchange.json]).toMatchObject([400, { error: 'TS_SYNC' }]);
  });
});

describe('URLs', () => {
  it.each([
    ['http://h/live/a.flv', true],
    ['https://h/live/a.ts?x=1', true],
    ['ws://h/live/a.mp4', true],
    ['http://h/live/a.aac', true],
    ['http://h/live/a.mp3', true],
    ['http://h/live/a.m3u8', false],
    ['http://h/live/ats', false],
  ])('%s: %s', (url, accepted) => {
    expect(httpFlv.accepts(new URL(url))).toBe(accepted);
  });
});
