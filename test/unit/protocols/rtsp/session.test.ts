// The server's session: the promises of all sessions, and what hostile clients try.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/core/base/bytes.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { type SessionSubject, sessionSuite } from '../../../suites/session.suite.ts';
import { live, video } from '../../../tools/builders.ts';
import { description, frame, settle, World } from './world.ts';

const url = 'rtsp://host/live/a';
const never = { admit: () => new Promise<never>(() => undefined) };

async function reach(state: string): Promise<SessionSubject> {
  const world = new World(state === 'asking' ? { admission: never } : {});
  const peer = await reachPeer(world, state);
  expect(peer.state).toBe(state);
  peer.read();
  return { session: peer.session, link: peer.link, clock: world.clock };
}

async function reachPeer(world: World, state: string) {
  if (state !== 'recording') world.publish('a', undefined, live({ seconds: 1 }));
  if (state === 'playing') return world.rtspPlayer('a');
  if (state === 'recording') return world.rtspPublisher('a');
  const peer = world.rtspPeer();
  if (state === 'ready') await peer.ask('DESCRIBE', url);
  if (state === 'asking') peer.send('DESCRIBE', url);
  await settle();
  return peer;
}

sessionSuite({
  name: 'RTSP',
  states: ['idle', 'asking', 'ready', 'playing', 'recording'],
  reach,
  patient: { playing: 'a connection says by itself that its player is there' },
});

describe('a client', () => {
  it('is answered whatever the cut of its bytes', async () => {
    const text = `OPTIONS ${url} RTSP/1.0\r\nCSeq: 7\r\n\r\n`;
    for (let at = 1; at < text.length; at++) {
      const peer = new World().rtspPeer();
      peer.raw(text.slice(0, at));
      peer.raw(text.slice(at));
      expect(peer.heard()).toMatchObject({ status: 200 });
    }
  });

  it('may ask everything at once', async () => {
    const world = new World();
    world.publish('a', undefined, live({ seconds: 1 }));
    const peer = world.rtspPeer();
    peer.send('OPTIONS', '*');
    peer.send('DESCRIBE', url);
    peer.send('SETUP', `${url}/trackID=0`, { Transport: 'RTP/AVP/TCP;interleaved=0-1' });
    peer.send('PLAY', url);
    peer.send('GET_PARAMETER', url);
    await settle();

    expect([1, 2, 3, 4, 5].map(() => peer.heard().status)).toEqual([200, 200, 200, 200, 200]);
    expect(peer.frames.length).toBeGreaterThan(0);
  });

  it.each([
    ['an unknown method', 'FROBNICATE', url, {}, 501],
    ['PAUSE', 'PAUSE', url, {}, 405],
    ['PLAY before SETUP', 'PLAY', url, {}, 455],
    ['RECORD before ANNOUNCE', 'RECORD', url, {}, 455],
    ['a session that is not there', 'GET_PARAMETER', url, { Session: 'abc' }, 454],
    ['an option that is required', 'SETUP', url, { Require: 'implicit-play' }, 551],
    ['a URL without a path', 'DESCRIBE', 'rtsp://host', {}, 400],
    ['a URL that is none', 'DESCRIBE', '*', {}, 400],
    ['a URL that is far too long', 'DESCRIBE', `rtsp://host/live/${'a'.repeat(2000)}`, {}, 400],
    ['SETUP of a stream that is not there', 'SETUP', 'rtsp://host/live/x/trackID=0', {}, 404],
    ['a stray TEARDOWN', 'TEARDOWN', url, {}, 200],
    ['a sign of life', 'SET_PARAMETER', url, {}, 200],
  ])('%s', async (_, method, at, fields, status) => {
    expect(await new World().rtspPeer().ask(method, at, fields)).toMatchObject({ status });
  });

  it.each([
    ['no transport', '', 461],
    ['UDP', 'RTP/AVP;unicast;client_port=5000-5001', 461],
    ['multicast', 'RTP/AVP/TCP;multicast', 461],
    ['SRTP', 'RTP/SAVP/TCP;interleaved=0-1', 461],
    ['UDP first and TCP behind it', 'RTP/AVP;client_port=5000-5001,RTP/AVP/TCP;interleaved=0-1', 200],
    ['odd channels', 'RTP/AVP/TCP;interleaved=999-1', 200],
  ])('is answered by what it offers: %s', async (_, transport, status) => {
    const world = new World();
    world.publish('a');
    const peer = world.rtspPeer();
    await peer.ask('DESCRIBE', url);

    expect(await peer.setUp('a', 0, transport)).toMatchObject({ status });
  });

  it('gets other channels than those that are taken', async () => {
    const world = new World();
    world.publish('a');
    const peer = world.rtspPeer();
    await peer.ask('DESCRIBE', url);
    await peer.setUp('a', 0, 'RTP/AVP/TCP;interleaved=2-3');

    const { fields } = await peer.setUp('a', 1, 'RTP/AVP/TCP;interleaved=3-4');

    expect(fields.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=4-5');
    expect(await peer.setUp('a', 2)).toMatchObject({ status: 404 });
  });

  it('without CSeq, or of another version, is told so', async () => {
    const peer = new World().rtspPeer();
    peer.raw(`OPTIONS ${url} RTSP/1.0\r\n\r\n`);
    expect(peer.heard().status).toBe(400);
    peer.raw(`OPTIONS ${url} RTSP/2.0\r\nCSeq: 1\r\n\r\n`);
    expect(peer.heard().status).toBe(505);
    expect(peer.link.closed).toBe(false);
  });

  it('may not change its description while it plays', async () => {
    const world = new World();
    world.publish('a');
    world.publish('b');
    const peer = await world.rtspPlayer('a');

    expect((await peer.ask('DESCRIBE', 'rtsp://host/live/b')).status).toBe(455);
    expect((await peer.ask('SETUP', `${url}/trackID=0`, {})).status).toBe(455);
    expect((await peer.announce('c')).status).toBe(455);
    expect((await peer.ask('PLAY', url)).status).toBe(200);
    expect(peer.state).toBe('playing');
  });

  it('that plays sends frames and answers that nobody wants', async () => {
    const world = new World();
    world.publish('a');
    const peer = await world.rtspPlayer('a');
    for (let i = 0; i < 100; i++) peer.raw(frame(i, new Uint8Array(i)));
    peer.raw('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');

    expect(peer.state).toBe('playing');
  });

  it('is ended when it asks and does not read', async () => {
    const world = new World();
    const peer = world.rtspPeer(100);
    for (let i = 0; i < 100; i++) peer.send('OPTIONS', '*');

    expect(peer.link.reason?.code).toBe('RTSP_UNREAD');
  });

  it('has a time for each step', async () => {
    const world = new World();
    world.publish('a');
    const [idle, ready] = [world.rtspPeer(), world.rtspPeer()];
    await ready.ask('DESCRIBE', url);
    world.advance(fromSeconds(11));
    expect(idle.link.reason?.code).toBe('RTSP_TIMEOUT');
    expect(ready.link.closed).toBe(false);
    world.advance(fromSeconds(50));

    expect(ready.link.reason?.code).toBe('RTSP_TIMEOUT');
  });

  it.each([
    ['a browser', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      'the tunnel of QuickTime',
      'GET /live/a HTTP/1.0\r\nx-sessioncookie: a\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n',
    ],
    ['RTMP', '\x03\x00\x00\x00\n'],
    ['a body without end', `ANNOUNCE ${url} RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 2147483647\r\n\r\n`],
  ])('is ended: %s', (_, text) => {
    const world = new World();
    const peer = world.rtspPeer();
    peer.raw(text);

    expect(peer.link.reason?.code).toMatch(/^RTSP_(MESSAGE|BODY_SIZE)$/);
    expect(world.share.open.size).toBe(0);
  });

  it('holds what comes behind its question until that is answered', async () => {
    const world = new World({ admission: never });
    const peer = world.rtspPeer();
    peer.send('DESCRIBE', url);
    expect(peer.link.paused).toBe(true);
    world.advance(fromSeconds(31));

    expect(peer.link.reason?.code).toBe('RTSP_TIMEOUT');
  });

  it('is let go when the server stops, and the operator may end it', async () => {
    const world = new World();
    const publication = world.publish('a');
    const peer = await world.rtspPlayer('a');
    const [entry] = world.sessions.list();
    world.sessions.kick(entry!.id);
    publication.write(video({ at: 0, key: true }));

    expect(peer.link.reason?.code).toBe('ADMISSION_KICKED');
    expect(world.sessions.size).toBe(0);
  });

  it('may publish what it announced twice, once', async () => {
    const world = new World();
    const peer = world.rtspPeer();
    peer.raw(utf8('\r\n\r\n'));
    expect((await peer.announce('a', description)).status).toBe(200);
    expect((await peer.announce('a', description)).status).toBe(455);
  });
});
