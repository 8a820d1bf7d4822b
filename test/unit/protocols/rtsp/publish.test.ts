// Publishers: what they announce, what comes out of it, and when they are ended.
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { ntpOf, writeRtcp } from '../../../../src/core/wire/rtcp/index.ts';
import { aacUnit, description, frame, nameOf, type RtspPeer, rtpPacket, slice, World } from './world.ts';

const url = 'rtsp://host/live/a';

function watch(world: World, stream = 'a'): { frames: Frame[]; tracks: () => readonly string[] } {
  const frames: Frame[] = [];
  let tracks: readonly string[] = [];
  world.hub.stream(nameOf(stream)).tap((event: MediaEvent) => {
    if (event.type === 'frame') frames.push(event.frame);
    else tracks = event.tracks.map(({ codec, epoch }) => `${codec} ${epoch}`);
  });
  return { frames, tracks: () => tracks };
}

const report = (ssrc: number, wallMs: number, timestamp: number): Uint8Array =>
  writeRtcp([{ type: 'sr', ssrc, ...ntpOf(fromMs(wallMs)), timestamp, packets: 0, bytes: 0, reports: [] }]);

/** Pictures at these times in milliseconds, in the order of decoding, and a sound for each. */
function send(peer: RtspPeer, times: readonly number[], { first = 0 } = {}): void {
  for (const [i, ms] of times.entries()) {
    const number = first + i;
    peer.rtp(0, { sequence: 65_530 + number, timestamp: ms * 90, payload: slice(number === 0, number) });
    const sound = { type: 97, ssrc: 6, sequence: number, timestamp: number * 1024, payload: aacUnit(number) };
    peer.rtp(2, sound);
  }
}

describe('a publisher', () => {
  it('has its frames in the stream, with decode times, sound and picture by its reports', async () => {
    const world = new World();
    const { frames, tracks } = watch(world);
    const peer = await world.rtspPublisher('a');
    peer.raw(frame(1, report(5, 1000, 0)));
    // The sound belongs to 20 ms behind the first picture.
    peer.raw(frame(3, report(6, 1020, 0)));
    send(peer, [80, 200, 120, 160, 320, 240, 280]);

    expect(tracks()).toEqual(['h264 0', 'aac 0']);
    const pictures = frames.filter(({ track }) => track.kind === 'video');
    const sounds = frames.filter(({ track }) => track.kind === 'audio');
    expect(pictures.map(({ data }) => toHex(data))).toEqual(
      Array.from({ length: 7 }, (_, i) => toHex(concat([Uint8Array.of(0, 0, 0, 4), slice(i === 0, i)]))),
    );
    const zero = pictures[0]!.dts + pictures[0]!.cts;
    expect(pictures.map(({ dts, cts }) => (dts + cts - zero) / 1000)).toEqual([0, 120, 40, 80, 240, 160, 200]);
    const decode = pictures.map(({ dts }) => dts);
    expect(decode).toEqual([...decode].sort((a, b) => a - b));
    expect(pictures.every(({ cts }) => cts >= 0)).toBe(true);
    expect((sounds[0]!.dts - zero) / 1000).toBe(20 - 80);
    expect(sounds.map(({ data }) => [...data])).toEqual([[0], [1], [2], [3], [4], [5], [6]]);
  });

  it('is in the list of clients, and its name is free when it leaves', async () => {
    const world = new World();
    const peer = await world.rtspPublisher('a');
    expect([...world.sessions.list()].map(({ info }) => [info.type, info.publish])).toEqual([['rtsp-publish', true]]);
    expect((await world.rtspPeer().announce('a')).status).toBe(403);

    peer.link.close();

    expect(world.sessions.size).toBe(0);
    expect(world.share).toMatchObject({ open: new Set(), published: new Set() });
    expect((await world.rtspPeer().announce('a')).status).toBe(200);
  });

  it('may be played by RTSP where rtmp_to_rtsp is off', async () => {
    const world = new World({ settings: 'vhost __defaultVhost__ { rtsp { enabled on; } }' });
    send(await world.rtspPublisher('a'), [0, 40]);

    expect((await world.rtspPeer().ask('DESCRIBE', url)).status).toBe(200);
  });

  it('loses the frames around a hole, and goes on with the next key frame', async () => {
    const world = new World();
    const { frames } = watch(world);
    const peer = await world.rtspPublisher('a');
    const pictures = [
      [0, true],
      [1, false],
      [3, false],
      [4, true],
      [4, true],
      [5, false],
    ] as const;
    for (const [n, key] of pictures) peer.rtp(0, { sequence: n, timestamp: n * 3600, payload: slice(key, n) });
    peer.rtp(0, { sequence: 6, timestamp: 6 * 3600, payload: slice(false, 6) });
    peer.raw(frame(2, rtpPacket({ type: 97, sequence: 0, timestamp: 0, payload: aacUnit(1) })));

    const got = frames.filter(({ track }) => track.kind === 'video').map(({ data }) => data[6]);
    expect(got).toEqual([0, 1, 4, 5, 6]);
  });

  it('that begins anew with another source goes on', async () => {
    const world = new World();
    const { frames } = watch(world);
    const peer = await world.rtspPublisher('a');
    send(peer, [0, 40]);
    peer.rtp(0, { sequence: 9, timestamp: 4_000_000_000, ssrc: 77, payload: slice(false, 8) });
    peer.rtp(0, { sequence: 10, timestamp: 4_000_003_600, ssrc: 77, payload: slice(true, 9) });

    const got = frames.filter(({ track }) => track.kind === 'video').map(({ data }) => data[6]);
    expect(got).toEqual([0, 1, 9]);
    expect(Math.abs(frames.at(-1)!.dts)).toBeLessThan(fromSeconds(2));
  });

  it('is not ended by damage, by channels that nobody knows, and by other payload types', async () => {
    const world = new World();
    const { frames } = watch(world);
    const peer = await world.rtspPublisher('a');
    for (const data of ['', '80', '00'.repeat(20), 'ff'.repeat(40)]) {
      for (const channel of [0, 1, 2, 3, 4, 200]) peer.raw(frame(channel, fromHex(data)));
    }
    peer.rtp(0, { type: 35, sequence: 0, timestamp: 0, payload: slice(true, 0) });
    send(peer, [0, 40]);

    expect(peer.link.closed).toBe(false);
    expect(frames).toHaveLength(4);
  });

  it('is ended when it sends nothing, and when it falls silent', async () => {
    const world = new World();
    const never = await world.rtspPublisher('a');
    const once = await world.rtspPublisher('b');
    send(once, [0]);
    world.advance(fromSeconds(6));
    expect(once.link.reason?.code).toBe('RTSP_TIMEOUT');
    expect(never.link.closed).toBe(false);
    world.advance(fromSeconds(15));

    expect(never.link.reason?.code).toBe('RTSP_TIMEOUT');
    expect(world.hub.size).toBe(0);
  });

  it('is told to use TCP', async () => {
    const world = new World();
    const peer = world.rtspPeer();
    await peer.announce('a');

    expect((await peer.setUp('a', 0, 'RTP/AVP/UDP;unicast;client_port=5000-5001;mode=record')).status).toBe(461);
    expect((await peer.setUp('a', 0, 'RTP/AVP/TCP;unicast;mode=record')).fields.get('transport')).toBe(
      'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record',
    );
  });

  it('has its tracks by their control, whatever the order and the channels', async () => {
    const world = new World();
    const { frames } = watch(world);
    const peer = world.rtspPeer();
    await peer.announce('a');
    const setUp = async (track: number, channels: string) => {
      const heard = await peer.ask('SETUP', `${url}/streamid=${track}`, {
        Transport: `RTP/AVP/TCP;unicast;interleaved=${channels};mode=record`,
      });
      peer.sessionId ??= heard.fields.get('session')?.split(';')[0];
      return heard.status;
    };
    expect(await setUp(1, '10-11')).toBe(200);
    expect(await setUp(0, '20-21')).toBe(200);
    expect(await setUp(0, '20-21')).toBe(200);
    await peer.ask('RECORD', url);
    peer.rtp(20, { sequence: 0, timestamp: 0, payload: slice(true, 0) });
    peer.rtp(10, { type: 97, ssrc: 6, sequence: 0, timestamp: 0, payload: aacUnit(1) });

    expect(frames.map(({ track }) => track.codec).sort()).toEqual(['aac', 'h264']);
  });
});

describe('an announcement is refused', () => {
  const announce = async (sdp: string, type = 'application/sdp') => {
    const peer = new World().rtspPeer();
    const { status, fields } = await peer.ask('ANNOUNCE', url, { 'Content-Type': type }, sdp);
    return [status, fields.get('x-error') ?? ''];
  };
  const video = (map: string, more = ''): string => `v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 ${map}\r\n${more}`;
  const aac = (format: string): string =>
    `v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\na=fmtp:97 ${format}\r\n`;

  it.each([
    ['without media', 'v=0\r\n', 'RTSP_SDP'],
    ['with a codec that nobody knows', video('MP4V-ES/90000'), 'RTSP_SDP'],
    ['with AAC that has no config', aac('mode=AAC-hbr;sizelength=13;indexlength=3'), 'RTSP_NO_AUDIO_CONFIG'],
    ['with AAC whose config is no hex', aac('config=zz;sizelength=13;indexlength=3'), 'RTSP_NO_AUDIO_CONFIG'],
    ['with AAC whose config is damaged', aac('config=ffff;sizelength=13;indexlength=3'), ''],
    ['with AAC whose units have no sizes', aac('config=1210'), 'RTSP_NO_AUDIO_CONFIG'],
    ['with AAC whose sizes are too long', aac('config=1210;sizelength=99'), 'RTSP_NO_AUDIO_CONFIG'],
    ['with AAC that has other headers', aac('config=1210;sizelength=13;ctsdeltalength=8'), 'RTSP_NO_AUDIO_CONFIG'],
  ])('%s', async (_, sdp, code) => {
    const [status, error] = await announce(sdp);

    expect([400, 415]).toContain(status);
    expect(error).toContain(code);
  });

  it('that is no SDP, or is none at all', async () => {
    expect(await announce('hello')).toEqual([400, 'SDP_DECODE']);
    expect(await announce(description, 'text/plain')).toEqual([415, '']);
  });

  it('with damaged parameter sets is taken, since better ones come', async () => {
    expect(await announce(video('H264/90000', 'a=fmtp:96 sprop-parameter-sets=!!,AA==\r\n'))).toEqual([200, '']);
  });

  it('that has several tracks of a kind is taken with the first that can be read', async () => {
    const world = new World();
    const { frames } = watch(world);
    const peer = world.rtspPeer();
    const sdp = `${video('MP4V-ES/90000')}m=video 0 RTP/AVP 98\r\na=rtpmap:98 H264/90000\r\na=control:x\r\n`;
    await peer.announce('a', sdp);
    await peer.ask('SETUP', `${url}/x`, { Transport: 'RTP/AVP/TCP;interleaved=0-1' });
    peer.raw(utf8(''));
    expect(frames).toEqual([]);
    expect(peer.state).toBe('ready');
  });
});
