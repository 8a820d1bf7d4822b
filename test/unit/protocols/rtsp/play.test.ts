// Players: what they are answered, what they get, and that all of them share it.
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { OpenAdmission } from '../../../../src/core/control/admission.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import { readDescription } from '../../../../src/core/protocols/rtsp/description.ts';
import { RtspIngest } from '../../../../src/core/protocols/rtsp/ingest.ts';
import type { InterleavedFrame } from '../../../../src/core/protocols/rtsp/message.ts';
import { parseRtcp } from '../../../../src/core/wire/rtcp/index.ts';
import { parsePacket } from '../../../../src/core/wire/rtp/index.ts';
import { aacTrack, audio, h264Track, live, video } from '../../../tools/builders.ts';
import { opusFrame, opusTrack } from '../../format/ts/media.ts';
import { nameOf, World } from './world.ts';

const mp3Track = { ...aacTrack, codec: 'mp3', config: new Uint8Array(0) } as const;
const url = 'rtsp://host/live/a';

describe('a player', () => {
  it('is told what can be asked', async () => {
    const peer = new World().rtspPeer();

    const { status, fields } = await peer.ask('OPTIONS', '*');

    expect(status).toBe(200);
    expect(fields.get('cseq')).toBe('1');
    expect(fields.get('public')).toContain('DESCRIBE');
  });

  it('gets the description of the stream', async () => {
    const world = new World();
    world.publish('a');
    const peer = world.rtspPeer();

    const { status, fields, body } = await peer.ask('DESCRIBE', url);

    expect(status).toBe(200);
    expect(fields.get('content-base')).toBe('rtsp://host/live/a/');
    expect(fields.get('content-type')).toBe('application/sdp');
    expect(body).toContain('m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n');
    expect(body).toContain('a=rtpmap:97 MPEG4-GENERIC/44100/2\r\n');
    const { tracks } = readDescription(body);
    expect(tracks.map(({ codec, control, config }) => [codec, control, toHex(config)])).toEqual([
      ['h264', 'trackID=0', ''],
      ['aac', 'trackID=1', '1210'],
    ]);
  });

  it('gets every frame as it was, and sound and picture on one clock', async () => {
    const world = new World();
    const frames = live({ seconds: 2, size: 3000 });
    const publication = world.publish('a');
    const { body } = await world.rtspPeer().ask('DESCRIBE', url);
    const peer = await world.rtspPlayer('a');
    for (const frame of frames) publication.write(frame);

    const got = decode(body, peer.read());

    for (const kind of ['video', 'audio'] as const) {
      const wanted = frames.filter(({ track }) => track.kind === kind);
      const seen = got.filter(({ track }) => track.kind === kind);
      // Parameter sets stand in front of key frames; RTP clocks of AAC have no whole microseconds.
      expect(seen.map(({ data, key }) => [key, toHex(data.subarray(data.length - 9))])).toEqual(
        wanted.map(({ data, key }) => [key, toHex(data.subarray(data.length - 9))]),
      );
      const off = seen.map(({ dts, cts }, i) => dts + cts - wanted[i]!.dts);
      expect(Math.max(...off.map(Math.abs))).toBeLessThan(25);
    }
  });

  it('begins with the newest key frame, with the sender reports in front of it', async () => {
    const world = new World();
    const publication = world.publish('a', [h264Track, aacTrack], live({ seconds: 3 }));
    const peer = await world.rtspPlayer('a');
    publication.write(video({ at: 3000, key: true }));

    const [first, second, third] = peer.read();

    expect([first, second].map((frame) => [frame?.channel, parseRtcp(frame!.data).map(({ type }) => type)])).toEqual([
      [1, ['sr', 'sdes']],
      [3, ['sr', 'sdes']],
    ]);
    const [report] = parseRtcp(first!.data);
    const packet = parsePacket(third!.data);
    expect(third?.channel).toBe(0);
    expect(report).toMatchObject({ ssrc: packet.ssrc, timestamp: packet.timestamp });
  });

  it('has the same bytes as every other one, made once', async () => {
    const world = new World();
    const publication = world.publish('a');
    const peers = [await world.rtspPlayer('a'), await world.rtspPlayer('a'), await world.rtspPlayer('a')];
    for (const peer of peers) peer.link.sent = [];
    publication.write(video({ at: 0, key: true, size: 5000 }));

    const [one, two, three] = peers.map(({ link }) => link.sent);

    expect(one).toHaveLength(1);
    expect(two![0]).toBe(one![0]);
    expect(three![0]).toBe(one![0]);
    expect(peers[0]!.read().filter(({ channel }) => channel === 0)).toHaveLength(6);
  });

  it('may have channels of its own, and take the sound alone', async () => {
    const world = new World();
    const publication = world.publish('a');
    const peer = world.rtspPeer();
    await peer.ask('DESCRIBE', url);

    const { fields } = await peer.setUp('a', 1, 'RTP/AVP/TCP;unicast;interleaved=8-9');
    await peer.ask('PLAY', url);
    publication.write(video({ at: 0, key: true }));
    publication.write(audio({ at: 10 }));

    expect(fields.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=8-9');
    expect(peer.read().map(({ channel }) => channel)).toEqual([9, 8]);
  });

  it('may know the description already', async () => {
    const world = new World();
    world.publish('a');
    const peer = world.rtspPeer();

    expect(await peer.setUp('a', 0)).toMatchObject({ status: 200 });
    expect(await peer.ask('PLAY', url)).toMatchObject({ status: 200 });
    expect(peer.state).toBe('playing');
  });

  it('gets Opus too', async () => {
    const world = new World();
    const publication = world.publish('a', [opusTrack]);
    const peer = world.rtspPeer();
    const { body } = await peer.ask('DESCRIBE', url);
    await peer.setUp('a', 0);
    await peer.ask('PLAY', url);
    publication.write(opusFrame(0, 50));

    expect(body).toContain('a=rtpmap:97 opus/48000/2');
    expect(decode(body, peer.read())).toHaveLength(1);
  });

  it('that is too slow goes on at the newest key frame', async () => {
    const world = new World({ limits: { feedBytes: 20_000 } });
    const publication = world.publish('a');
    const peer = await world.rtspPlayer('a', 10_000);
    const frames = live({ seconds: 10, size: 1000 }).filter(({ track }) => track.kind === 'video');
    for (const frame of frames) publication.write(frame);
    peer.link.drain();
    publication.write(video({ at: 10_000, key: true, size: 1000 }));

    const sequences = peer
      .read()
      .filter(({ channel }) => channel === 0)
      .map(({ data }) => parsePacket(data).sequence);
    const gaps = sequences.slice(1).filter((sequence, i) => sequence !== ((sequences[i]! + 1) & 0xffff));
    expect(gaps).toHaveLength(1);
    expect(peer.session.describe()).toMatchObject({ jumps: 1 });
    expect(peer.link.closed).toBe(false);
  });

  it('that does not read at all is ended', async () => {
    const world = new World();
    const publication = world.publish('a');
    const peer = await world.rtspPlayer('a', 100);
    publication.write(video({ at: 0, key: true, size: 1000 }));

    world.advance(fromSeconds(31));

    expect(peer.link.reason?.code).toBe('PLAYER_TOO_SLOW');
  });

  it('may be silent as long as it reads', async () => {
    const world = new World();
    const publication = world.publish('a');
    const peer = await world.rtspPlayer('a');
    for (let second = 0; second < 300; second++) {
      publication.write(video({ at: second * 1000, key: true }));
      world.advance(fromSeconds(1));
    }

    expect(peer.state).toBe('playing');
  });

  it('ends with its publisher', async () => {
    const world = new World();
    const publication = world.publish('a', undefined, live({ seconds: 1 }));
    const peer = await world.rtspPlayer('a');
    publication.end();
    world.advance(fromMs(100));

    expect(peer.link.closed).toBe(true);
    expect(peer.link.reason).toBeUndefined();
    expect(world.sessions.size).toBe(0);
    expect(world.hub.find(nameOf('a'))).toBeUndefined();
  });

  it('stays when another publisher takes over with the same codecs, and ends when it has others', async () => {
    const world = new World({ policy: 'takeover' });
    const first = world.publish('a', undefined, live({ seconds: 1 }));
    const peer = await world.rtspPlayer('a');
    const stream = world.hub.find(nameOf('a'))!;
    const next = stream.publish({ policy: 'takeover', onEvicted: () => undefined });
    first.end();
    next.retrack([h264Track, aacTrack]);
    world.advance(fromMs(100));
    expect(peer.state).toBe('playing');

    next.retrack([h264Track, opusTrack]);

    expect(peer.link.reason?.code).toBe('RTSP_CHANGED');
  });

  it('is in the list of clients, as SRS names it, and leaves it', async () => {
    const world = new World();
    world.publish('a', undefined, live({ seconds: 1 }));
    const peer = await world.rtspPlayer('a');

    const [entry] = world.sessions.list();
    expect(entry?.info).toMatchObject({ type: 'rtsp-play', publish: false, tcUrl: 'rtsp://host/live' });
    expect(entry!.sent.total).toBeGreaterThan(1000);
    expect((await peer.ask('TEARDOWN', url)).status).toBe(200);
    expect(world.sessions.size).toBe(0);
    expect(peer.link.closed).toBe(false);
  });

  it('may play another stream behind the first on the same connection', async () => {
    const world = new World();
    world.publish('a');
    world.publish('b');
    const peer = await world.rtspPlayer('a');
    await peer.ask('TEARDOWN', url);
    peer.sessionId = undefined;

    expect((await peer.ask('DESCRIBE', 'rtsp://host/live/b')).status).toBe(200);
    expect((await peer.setUp('b', 0)).status).toBe(200);
    expect((await peer.ask('PLAY', 'rtsp://host/live/b')).status).toBe(200);
    expect([...world.sessions.list()].map(({ info }) => info.name.stream)).toEqual(['b']);
  });

  it('waits a moment for the tracks of a stream that has just begun', async () => {
    const world = new World();
    const publication = world.publish('a', []);
    const peer = world.rtspPeer();
    peer.send('DESCRIBE', url);
    world.advance(fromSeconds(1));
    expect(() => peer.heard()).toThrow('no answer');
    await Promise.resolve();
    publication.retrack([h264Track]);

    expect(peer.heard().status).toBe(200);
  });
});

describe('a player is refused', () => {
  const refusal = async (world: World, address = url): Promise<unknown[]> => {
    const peer = world.rtspPeer();
    const { status, fields } = await peer.ask('DESCRIBE', address);
    return [status, fields.get('x-error'), peer.link.closed];
  };

  it('when nobody publishes', async () => {
    expect(await refusal(new World())).toEqual([404, 'RTSP_NOT_FOUND', true]);
  });

  it('when the tracks do not come', async () => {
    const world = new World();
    world.publish('a', []);
    const peer = world.rtspPeer();
    await peer.ask('DESCRIBE', url).catch(() => undefined);
    world.advance(fromSeconds(4));

    expect(peer.heard()).toMatchObject({ status: 404 });
    expect(peer.link.reason?.code).toBe('RTSP_NOT_FOUND');
    expect(world.hub.find(nameOf('a'))?.published).toBe(true);
  });

  it('when RTSP carries nothing of it', async () => {
    const world = new World();
    world.publish('a', [mp3Track]);
    expect(await refusal(world)).toEqual([404, 'RTSP_NO_CODEC', true]);
  });

  it('when its vhost has no RTSP, or no bridge', async () => {
    const off = new World({ settings: 'vhost __defaultVhost__ { }' });
    off.publish('a');
    const narrow = new World({ settings: 'vhost __defaultVhost__ { rtsp { enabled on; } }' });
    narrow.publish('a');

    expect(await refusal(off)).toEqual([403, 'RTSP_VHOST_OFF', true]);
    expect(await refusal(narrow)).toEqual([403, 'RTSP_BRIDGE_OFF', true]);
  });

  it('by the admission, and when there are too many', async () => {
    expect(await refusal(new World(), 'rtsp://host/live/a;b')).toEqual([400, 'ADMISSION_NAME', true]);
    const full = new World({ limits: { sessions: 0 } });
    full.publish('a');
    expect(await refusal(full)).toEqual([503, 'ADMISSION_SESSIONS', true]);
  });

  it('and everything is let go when it leaves while it is asked for', async () => {
    let ended = 0;
    const open = new OpenAdmission({ policy: 'refuse', mergeWindow: 0, nameBytes: 100 });
    const world = new World({
      admission: {
        admit: async (request) => ({
          ...(await open.admit(request)),
          ticket: { begin: () => undefined, end: () => void ended++ },
        }),
      },
    });
    world.publish('a');
    const peer = world.rtspPeer();
    peer.send('DESCRIBE', url);
    peer.link.close();
    await peer.ask('OPTIONS', '*').catch(() => undefined);

    expect(ended).toBe(1);
    expect(world.share.open.size).toBe(0);
  });
});

describe('what the admission gave', () => {
  function counting(settings?: string) {
    const tickets = { begun: 0, ended: 0 };
    const open = new OpenAdmission({ policy: 'refuse', mergeWindow: 0, nameBytes: 100 });
    const admit: OpenAdmission['admit'] = async (request) => {
      let over = false;
      const end = (): void => {
        if (!over) tickets.ended++;
        over = true;
      };
      return { ...(await open.admit(request)), ticket: { begin: () => void tickets.begun++, end } };
    };
    return { tickets, world: new World({ admission: { admit }, ...(settings !== undefined && { settings }) }) };
  }

  it.each([
    ['nobody publishes', undefined, false, 'DESCRIBE', 0],
    ['the vhost has no RTSP', 'vhost __defaultVhost__ { }', true, 'DESCRIBE', 0],
    ['another one publishes', undefined, true, 'ANNOUNCE', 1],
  ])('is given back when %s', async (_, settings, published, method, begun) => {
    const { tickets, world } = counting(settings);
    if (published) world.publish('a');
    const peer = world.rtspPeer();
    if (method === 'ANNOUNCE') await peer.announce('a');
    else await peer.ask(method, url);

    expect(peer.link.closed).toBe(true);
    expect(tickets).toEqual({ begun, ended: 1 });
  });

  it('is given back by a player that leaves while it waits for the tracks, and by one that leaves', async () => {
    const { tickets, world } = counting();
    const publication = world.publish('a', []);
    const peer = world.rtspPeer();
    await peer.ask('DESCRIBE', url).catch(() => undefined);
    peer.link.close();
    expect(tickets).toEqual({ begun: 0, ended: 1 });
    publication.retrack([h264Track, aacTrack]);
    (await world.rtspPlayer('a')).link.close();

    expect(tickets).toEqual({ begun: 1, ended: 2 });
  });
});

/** Frames that a client makes of it. */
function decode(sdp: string, frames: readonly InterleavedFrame[]) {
  const events: MediaEvent[] = [];
  const { tracks } = readDescription(sdp);
  const ingest = new RtspIngest({
    tracks,
    to: { on: (event) => events.push(event) },
    onBad: (error) => expect.fail(error.message),
  });
  for (const { channel, data } of frames) {
    if (channel % 2 === 0) ingest.rtp(channel / 2, concat([data]), 0);
    else ingest.rtcp(channel >> 1, data, 0);
  }
  return events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
}
