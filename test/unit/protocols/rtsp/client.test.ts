// The client: against our own server, and against servers and cameras by hand.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/core/base/bytes.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { pull, push } from '../../../../src/core/protocols/rtsp/dial.ts';
import { MessageReader, type Request, writeResponse } from '../../../../src/core/protocols/rtsp/message.ts';
import { serveLink } from '../../../../src/core/protocols/rtsp/serve.ts';
import { parseRtcp } from '../../../../src/core/wire/rtcp/index.ts';
import { audio, live, video } from '../../../tools/builders.ts';
import type { PipeLink } from '../../../tools/fakes.ts';
import { rejected } from '../../../tools/thrown.ts';
import { aacUnit, description, frame, nameOf, rtpPacket, slice, World } from './world.ts';

const options = (signal = new AbortController().signal) => ({
  signal,
  ready: async () => undefined,
  mergeWindow: 0,
  onBytes: () => undefined,
});

/** What a pull gives. */
class Sink {
  readonly frames: Frame[] = [];

  on(event: MediaEvent): void {
    if (event.type === 'frame') this.frames.push(event.frame);
  }
}

/** Our server at the far end. */
function ours(): World {
  const world = new World();
  world.onDial = (far) => void serveLink(far, world.share);
  return world;
}

type Reply = readonly [status: number, fields?: Record<string, string>, body?: string];

/** A server by hand; `on` answers each request, or nothing. */
function strange(on: (request: Request, far: PipeLink) => Reply | undefined) {
  const world = new World();
  const requests: Request[] = [];
  const frames: { readonly channel: number; readonly data: Uint8Array }[] = [];
  world.onDial = (far) => {
    const reader = new MessageReader();
    far.onData = (bytes) => {
      reader.push(bytes);
      for (let next = reader.take(); next !== undefined; next = reader.take()) {
        if (next.type === 'frame') frames.push(next);
        if (next.type !== 'request') continue;
        requests.push(next);
        const reply = on(next, far);
        if (reply === undefined) continue;
        const [status, fields = {}, body = ''] = reply;
        far.send([writeResponse(status, { CSeq: next.fields.get('cseq'), ...fields }, body)]);
      }
    };
  };
  return { world, requests, frames };
}

/** A camera that answers as it should. */
function camera(request: Request): Reply {
  if (request.method === 'OPTIONS') return [200, { Public: 'OPTIONS, DESCRIBE, GET_PARAMETER' }];
  if (request.method === 'DESCRIBE') return [200, { 'Content-Base': 'rtsp://cam/s/' }, description];
  if (request.method !== 'SETUP') return [200];
  return [200, { Transport: request.fields.get('transport') ?? '', Session: '12345678;timeout=20' }];
}

describe('with our own server', () => {
  it('pulls every frame', async () => {
    const world = ours();
    const publication = world.publish('a');
    const sink = new Sink();
    const done = pull(world.host, new URL('rtsp://host/live/a'), sink, options());
    await world.settle();
    for (const one of live({ seconds: 1 })) publication.write(one);
    await world.settle();
    publication.end();
    world.advance(fromSeconds(1));
    await world.settle();
    await done;

    expect(sink.frames.filter(({ track }) => track.kind === 'video')).toHaveLength(25);
    expect(sink.frames.filter(({ track }) => track.kind === 'audio')).toHaveLength(43);
    expect(world.sessions.size).toBe(0);
  });

  it('pushes a stream until it ends', async () => {
    const world = ours();
    const source = world.publish('a');
    const done = push(world.host, world.hub.find(nameOf('a'))!, new URL('rtsp://host/live/b'), options());
    await world.settle();
    const frames: Frame[] = [];
    world.hub.find(nameOf('b'))!.tap((event) => event.type === 'frame' && frames.push(event.frame));
    for (const one of live({ seconds: 1 })) source.write(one);
    await world.settle();
    source.end();
    await world.settle();
    await done;

    expect(frames.filter(({ track }) => track.kind === 'video')).toHaveLength(25);
    expect(frames.filter(({ track }) => track.kind === 'audio')).toHaveLength(43);
    expect(world.hub.find(nameOf('b'))?.published).toBe(false);
  });

  it('ends at the signal, and the server knows at once', async () => {
    const world = ours();
    const publication = world.publish('a');
    const stop = new AbortController();
    const done = pull(world.host, new URL('rtsp://host/live/a'), new Sink(), options(stop.signal));
    await world.settle();
    publication.write(video({ at: 0, key: true }));
    expect(world.sessions.size).toBe(1);
    stop.abort();
    await world.settle();
    await done;

    expect(world.sessions.size).toBe(0);
  });

  it('is refused with the reason of the server', async () => {
    const world = ours();
    const done = rejected(pull(world.host, new URL('rtsp://host/live/none'), new Sink(), options()));
    await world.settle();

    expect(await done).toBe('RTSP_REFUSED');
  });

  it('cannot push what RTSP does not carry', async () => {
    const world = ours();
    world.publish('a', [{ ...audio({ at: 0 }).track, codec: 'mp3', config: new Uint8Array(0) }]);

    const done = push(world.host, world.hub.find(nameOf('a'))!, new URL('rtsp://host/live/b'), options());
    expect(await rejected(done)).toBe('RTSP_NO_CODEC');
  });
});

describe('with a camera', () => {
  async function running(on: Parameters<typeof strange>[0] = camera, url = 'rtsp://cam/s') {
    const far = strange(on);
    const sink = new Sink();
    const stop = new AbortController();
    const done = rejected(pull(far.world.host, new URL(url), sink, options(stop.signal)));
    await far.world.settle();
    return { ...far, sink, done, stop, asked: () => far.requests.map(({ method, url: at }) => `${method} ${at}`) };
  }

  const link = ({ world }: { world: World }): PipeLink => world.dials.at(-1)!.near.other!;

  it('asks what everybody asks, in the order of everybody', async () => {
    const { asked, requests, stop, done } = await running();
    stop.abort();
    await done;

    expect(asked()).toEqual([
      'OPTIONS rtsp://cam/s',
      'DESCRIBE rtsp://cam/s',
      'SETUP rtsp://cam/s/streamid=0',
      'SETUP rtsp://cam/s/streamid=1',
      'PLAY rtsp://cam/s/',
    ]);
    expect(requests[3]?.fields.get('session')).toBe('12345678');
  });

  it('is alive while it plays, reports, and ends when nothing comes', async () => {
    const far = await running();
    const { world, requests, frames } = far;
    for (let second = 0; second < 25; second++) {
      link(far).send([
        frame(0, rtpPacket({ sequence: second, timestamp: second * 90_000, payload: slice(second === 0, second) })),
      ]);
      await world.settle();
      world.advance(fromSeconds(1));
    }
    await world.settle();
    expect(requests.filter(({ method }) => method === 'GET_PARAMETER')).toHaveLength(2);
    expect(frames.map(({ channel }) => channel)).toEqual([1, 1, 1, 1, 1].slice(0, frames.length));
    expect(parseRtcp(frames[0]!.data)).toMatchObject([{ type: 'rr', reports: [{ ssrc: 5 }] }, { type: 'sdes' }]);
    world.advance(fromSeconds(31));

    expect(await far.done).toBe('RTSP_TIMEOUT');
  });

  it('takes what comes before PLAY is answered, on the channels that the camera chose', async () => {
    const far = await running((request, there) => {
      if (request.method === 'SETUP' && request.url.endsWith('0')) {
        return [200, { Transport: 'RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=1234', Session: 'x' }];
      }
      if (request.method === 'PLAY') {
        there.send([frame(6, rtpPacket({ sequence: 0, timestamp: 0, payload: slice(true, 0) }))]);
        there.send([frame(2, rtpPacket({ type: 97, sequence: 0, timestamp: 0, payload: aacUnit(1) }))]);
      }
      return camera(request);
    });

    expect(far.sink.frames.map(({ track }) => track.codec)).toEqual(['h264', 'aac']);
    far.stop.abort();
  });

  it.each([
    ['Digest', 'Digest realm="cam", nonce="n1"', /^Digest username="u"/],
    ['Basic', 'Basic realm="cam"', /^Basic dTpw$/],
  ])('knows its password: %s', async (_, challenge, answer) => {
    const far = await running(
      (request) =>
        answer.test(request.fields.get('authorization') ?? '')
          ? camera(request)
          : [401, { 'WWW-Authenticate': challenge }],
      'rtsp://u:p@cam/s',
    );

    expect(far.asked().slice(0, 2)).toEqual(['OPTIONS rtsp://cam/s', 'OPTIONS rtsp://cam/s']);
    expect(far.asked().at(-1)).toBe('PLAY rtsp://cam/s/');
    far.stop.abort();
  });

  it('takes a new nonce for each request, and one that is stale', async () => {
    let nonce = 0;
    const far = await running((request) => {
      if ((request.fields.get('authorization') ?? '').includes(`nonce="${nonce}"`)) {
        nonce++;
        return camera(request);
      }
      return [401, { 'WWW-Authenticate': `Digest realm="cam", nonce="${nonce}", stale=true` }];
    }, 'rtsp://u:p@cam/s');

    expect(far.asked().at(-1)).toBe('PLAY rtsp://cam/s/');
    far.stop.abort();
  });

  it.each([
    ['a wrong password', 'rtsp://u:p@cam/s', 'Digest realm="cam", nonce="n"', 'RTSP_UNAUTHORIZED'],
    ['no password', 'rtsp://cam/s', 'Basic realm="cam"', 'RTSP_UNAUTHORIZED'],
    ['a scheme that nobody knows', 'rtsp://u:p@cam/s', 'Negotiate', 'RTSP_UNAUTHORIZED'],
    ['a nonce that is always stale', 'rtsp://u:p@cam/s', 'Digest realm="c", nonce="n", stale=true', 'RTSP_MESSAGE'],
  ])('is refused: %s', async (_, url, challenge, code) => {
    expect(await (await running(() => [401, { 'WWW-Authenticate': challenge }], url)).done).toBe(code);
  });

  it.each([
    [
      'that has no TCP',
      (request: Request): Reply => (request.method === 'SETUP' ? [461] : camera(request)),
      'RTSP_TRANSPORT',
    ],
    [
      'that answers UDP',
      (request: Request): Reply =>
        request.method === 'SETUP' ? [200, { Transport: 'RTP/AVP;client_port=1-2;server_port=3-4' }] : camera(request),
      'RTSP_TRANSPORT',
    ],
    ['that has nothing to show', (): Reply => [200, {}, 'v=0\r\n'], 'RTSP_SDP'],
    [
      'that is no server',
      (_: Request, far: PipeLink): undefined => void far.send([utf8('HTTP/1.1 400 Bad Request\r\n\r\n')]),
      'RTSP_MESSAGE',
    ],
    ['that hangs up', (_: Request, far: PipeLink): undefined => void far.close(), 'RTSP_CLOSED'],
  ] as const)('%s', async (_, on, code) => {
    expect(await (await running(on)).done).toBe(code);
  });

  it('that does not answer is given up', async () => {
    const far = await running(() => undefined);
    far.world.advance(fromSeconds(11));

    expect(await far.done).toBe('RTSP_TIMEOUT');
  });

  it('that sends us to another host gives our password to nobody', async () => {
    let hosts = 0;
    const far = await running((request) => {
      if (request.method === 'OPTIONS') hosts++;
      if (hosts > 1) return [401, { 'WWW-Authenticate': 'Basic realm="x"' }];
      return request.method === 'DESCRIBE' ? [302, { Location: 'rtsp://other/s' }] : camera(request);
    }, 'rtsp://u:p@cam/s');
    await far.world.settle();

    expect(await far.done).toBe('RTSP_UNAUTHORIZED');
    expect(far.requests.some(({ fields }) => fields.has('authorization'))).toBe(false);
  });

  it('that answers no OPTIONS is asked all the same, and so is one that asks us', async () => {
    const far = await running((request, there) => {
      if (request.method === 'PLAY')
        there.send([utf8('OPTIONS * RTSP/1.0\r\nCSeq: 99\r\n\r\nTEARDOWN * RTSP/1.0\r\nCSeq: 100\r\n\r\n')]);
      return request.method === 'OPTIONS' ? [501] : camera(request);
    });

    expect(await far.done).toBeUndefined();
  });

  it('may send us elsewhere, three times', async () => {
    let hop = 0;
    const far = await running((request) => {
      if (request.method !== 'DESCRIBE') return camera(request);
      return hop++ === 0 ? [302, { Location: 'rtsp://other:8554/s' }] : camera(request);
    }, 'rtsp://u:p@cam/s');
    await far.world.settle();
    await far.world.settle();
    expect(far.world.dials.map(({ to }) => to)).toEqual([
      { host: 'cam', port: 554 },
      { host: 'other', port: 8554 },
    ]);
    expect(far.asked().at(-1)).toContain('PLAY');
    far.stop.abort();

    const endless = await running((request) =>
      request.method === 'DESCRIBE' ? [301, { Location: 'rtsp://x/y' }] : camera(request),
    );
    for (let i = 0; i < 4; i++) await endless.world.settle();
    expect(await endless.done).toBe('RTSP_REDIRECT');
    expect(endless.world.dials).toHaveLength(4);
  });
});
