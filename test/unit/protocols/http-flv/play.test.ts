// HTTP-FLV players: what they get, when they wait, and how each of their ends looks.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { admissionErrors } from '../../../../src/core/control/admission.ts';
import { FrameReader } from '../../../../src/core/wire/websocket/index.ts';
import { audio, video } from '../../../tools/builders.ts';
import { flvFile, liveName, publish, settled, setUp } from './fakes.ts';

const frames = [video({ at: 0, key: true }), audio({ at: 5 }), video({ at: 40 })];
const file = flvFile(frames);

/** The payload of a chunked answer, and whether it has its last chunk (RFC 9112 §7.1). */
function unchunk(bytes: Uint8Array): { data: Uint8Array; complete: boolean } {
  const text = new TextDecoder('latin1').decode(bytes);
  const parts: Uint8Array[] = [new Uint8Array(0)];
  let at = 0;
  while (at < bytes.length) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (size === 0) return { data: concat([...parts, new Uint8Array(0)]), complete: text.slice(line) === '\r\n\r\n' };
    parts.push(bytes.slice(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return { data: concat([...parts, new Uint8Array(0)]), complete: false };
}

describe('a player', () => {
  it('gets the stream in chunks, and a clean end when the publisher leaves', async () => {
    const world = await setUp();
    const publication = publish(world);
    const exchange = await world.ask('/live/a.flv');
    for (const frame of frames) publication.write(frame);

    publication.end();
    world.advance(250);

    expect(exchange.status).toBe(200);
    expect(exchange.headers).toEqual({ 'Content-Type': 'video/x-flv', 'Cache-Control': 'no-cache' });
    expect(unchunk(exchange.link.bytes)).toEqual({ data: file, complete: true });
    expect(exchange.link.closed).toBe(true);
    expect(world.host.sessions.size).toBe(0);
    expect(world.wheel.size).toBe(0);
    expect(world.hub.size).toBe(0);
  });

  it('of HTTP/1.0 gets the bytes as they are', async () => {
    const world = await setUp();
    const publication = publish(world);
    for (const frame of frames) publication.write(frame);

    const exchange = await world.ask('/live/a.flv', { chunked: false });
    publication.end();
    world.advance(250);

    expect(exchange.link.bytes).toEqual(file);
    expect(exchange.link.closed).toBe(true);
  });

  it('by WebSocket gets binary messages', async () => {
    const world = await setUp();
    const publication = publish(world);
    const exchange = await world.ask('/live/a.flv', { webSocket: true });
    for (const frame of frames) publication.write(frame);

    const reader = new FrameReader({ masked: false, limitBytes: 1e6 });
    const messages = exchange.link.sent.flatMap((bytes) => reader.push(bytes));

    expect(exchange.upgraded).toBe(true);
    expect(messages.every((event) => event.type === 'message' && !event.text)).toBe(true);
    expect(concat(messages.map((event) => (event.type === 'message' ? event.data : new Uint8Array(0))))).toEqual(file);
    publication.end();
    world.advance(250);
    expect([exchange.link.closed, exchange.link.reason]).toEqual([true, undefined]);
  });

  it('shares one framed run with all players of its wire', async () => {
    const world = await setUp();
    const publication = publish(world);
    const players = [await world.ask('/live/a.flv'), await world.ask('/live/a.flv')];

    for (const frame of frames) publication.write(frame);

    expect(players[0]?.link.sent.at(-1)).toBe(players[1]?.link.sent.at(-1));
  });

  it('may come before its publisher, and is answered when that comes', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.flv');
    world.advance(29_000);
    expect(exchange.answered).toBe(false);

    const publication = publish(world);
    for (const frame of frames) publication.write(frame);

    expect(exchange.status).toBe(200);
    expect(unchunk(exchange.link.bytes).data).toEqual(file);
  });

  it('that waits in vain is answered 404 HTTP_FLV_NO_STREAM', async () => {
    const world = await setUp({ config: { waitTime: fromSeconds(3) } });
    const exchange = await world.ask('/live/a.flv');

    world.advance(3250);

    expect(exchange.status).toBe(404);
    expect(exchange.json).toMatchObject({ error: 'HTTP_FLV_NO_STREAM' });
    publish(world);
    expect(world.host.sessions.size).toBe(0);
  });

  it('that leaves while it waits is forgotten', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.flv');

    exchange.onGone();
    publish(world);

    expect(exchange.answered).toBe(false);
    expect([world.host.sessions.size, world.wheel.size]).toEqual([0, 0]);
  });

  it('that leaves while the admission thinks never becomes a session', async () => {
    const gate = Promise.withResolvers<void>();
    const told: string[] = [];
    const ticket = { begin: () => told.push('begin'), end: () => told.push('end') };
    const world = await setUp({
      admission: {
        admit: async ({ name }) => {
          await gate.promise;
          return { name, policy: 'refuse', mergeWindow: 0, ticket };
        },
      },
    });
    const exchange = await world.ask('/live/a.flv');

    exchange.onGone();
    gate.resolve();
    await settled();

    expect([exchange.answered, world.host.sessions.opened, told]).toEqual([false, 0, ['end']]);
  });

  it('stays when another publisher takes over', async () => {
    const world = await setUp({ policy: 'takeover' });
    publish(world);
    const exchange = await world.ask('/live/a.flv');

    const second = publish(world, 'takeover');
    world.advance(2000);
    for (const frame of frames) second.write(frame);

    expect(exchange.link.closed).toBe(false);
    second.end();
    world.advance(250);
    expect(unchunk(exchange.link.bytes).complete).toBe(true);
  });

  it('that is slow at the end gets everything before it is closed', async () => {
    const world = await setUp();
    const publication = publish(world);
    const exchange = await world.ask('/live/a.flv', { capacity: 10 });
    for (const frame of frames) publication.write(frame);
    publication.end();
    world.advance(1000);
    expect(exchange.link.closed).toBe(false);

    while (!exchange.link.closed) exchange.link.drain();

    expect(unchunk(exchange.link.bytes)).toEqual({ data: file, complete: true });
  });

  it('that takes nothing for the stall time is closed with PLAYER_TOO_SLOW', async () => {
    const world = await setUp({ limits: { stallTime: fromSeconds(5) } });
    const publication = publish(world);
    const exchange = await world.ask('/live/a.flv', { capacity: 10 });
    publication.write(video({ at: 0, key: true }));

    world.advance(4750);
    expect(exchange.link.closed).toBe(false);
    world.advance(1500);

    expect(exchange.link.reason?.code).toBe('PLAYER_TOO_SLOW');
    expect(unchunk(exchange.link.bytes).complete).toBe(false);
  });

  it('is seen with its numbers, and may be kicked', async () => {
    const world = await setUp();
    publish(world).write(video({ at: 0, key: true }));
    const exchange = await world.ask('/live/a.flv');
    world.advance(1250);

    const [entry] = [...world.host.sessions.list()];

    expect(entry?.info).toMatchObject({ protocol: 'http-flv', type: 'flv-play', shownName: 'a.flv', publish: false });
    expect(entry?.sent.total).toBe(exchange.link.bytes.length);
    expect(world.host.sessions.kick(entry?.id ?? '')).toBe(true);
    expect(exchange.link.reason?.code).toBe('ADMISSION_KICKED');
  });

  it('frees everything when it leaves, twice', async () => {
    const world = await setUp();
    publish(world);
    const exchange = await world.ask('/live/a.flv');
    const { onClose } = exchange.link;

    onClose(undefined);
    onClose(undefined);

    expect(world.hub.find(liveName)?.players).toBe(0);
    expect([world.host.sessions.size, world.wheel.size]).toEqual([0, 0]);
  });

  it('is ended by the end of the server, waiting or playing', async () => {
    const world = await setUp();
    publish(world);
    const playing = await world.ask('/live/a.flv');
    const waiting = await world.ask('/live/b.flv');

    world.server.close();

    expect(playing.link.reason?.code).toBe('HTTP_FLV_STOPPED');
    expect(waiting.status).toBe(503);
    expect((await world.ask('/live/a.flv')).taken).toBe(false);
  });
});

describe('the route', () => {
  it('asks the admission in the words of SRS', async () => {
    const world = await setUp();

    await world.ask('/a/b/s.flv?vhost=v.org&token=1', { headers: { referer: 'http://page/' } });

    expect(world.asked).toMatchObject([
      {
        action: 'play',
        protocol: 'http-flv',
        type: 'flv-play',
        peer: { host: '192.0.2.7', port: 1234 },
        name: { vhost: 'v.org', app: 'a/b', stream: 's' },
        param: '?vhost=v.org&token=1',
        tcUrl: 'http://example.org:8080/a/b',
        pageUrl: 'http://page/',
        swfUrl: '',
      },
    ]);
  });

  it('answers HEAD and the preflight of a page', async () => {
    const world = await setUp();

    const head = await world.ask('/live/a.flv', { method: 'HEAD' });
    const preflight = await world.ask('/live/a.flv', { method: 'OPTIONS', headers: { origin: 'http://page' } });

    expect([head.status, head.headers['Content-Type']]).toEqual([200, 'video/x-flv']);
    expect([preflight.status, preflight.headers['Access-Control-Allow-Origin']]).toEqual([200, '*']);
  });

  it.each([
    ['/live/a.mkv', 'GET'],
    ['/live/a.flv/', 'GET'],
    ['/live/a.flv', 'DELETE'],
  ])('leaves %s by %s to others', async (target, method) => {
    const world = await setUp();

    const exchange = await world.ask(target, { method });

    expect([exchange.taken, exchange.answered]).toEqual([false, false]);
  });

  it.each([
    ['/live/%zz.flv', 400, 'HTTP_PATH'],
    ['/live/.flv', 400, 'HTTP_PATH'],
    ['/../etc/x.flv', 400, 'ADMISSION_NAME'],
    ['/live/%2e%2e/x.flv', 400, 'ADMISSION_NAME'],
    ['/live/a%00b.flv', 400, 'ADMISSION_NAME'],
    ['/live/$(id).flv', 400, 'ADMISSION_NAME'],
    [`/live/${'x'.repeat(10_000)}.flv`, 400, 'ADMISSION_NAME'],
  ])('refuses %s with %i %s', async (target, status, error) => {
    const world = await setUp();

    const exchange = await world.ask(target);

    expect(exchange.status).toBe(status);
    expect(exchange.json).toMatchObject({ error });
  });

  it('answers a refusal of the admission with 403, and pages may read why', async () => {
    const world = await setUp({ admission: { admit: () => Promise.reject(admissionErrors.refused('KICKED')) } });

    const exchange = await world.ask('/live/a.flv', { headers: { origin: 'http://page' } });

    expect(exchange.status).toBe(403);
    expect(exchange.headers['Access-Control-Allow-Origin']).toBe('*');
  });

  it('answers 503 when there are too many sessions', async () => {
    const world = await setUp({ limits: { sessions: 1 } });
    await world.ask('/live/a.flv');

    const exchange = await world.ask('/live/a.flv');

    expect([exchange.status, exchange.json]).toEqual([503, expect.objectContaining({ error: 'ADMISSION_SESSIONS' })]);
  });

  it('ignores a Range, which a live stream does not have', async () => {
    const world = await setUp();
    publish(world);

    const exchange = await world.ask('/live/a.flv', { headers: { range: 'bytes=99999999999999999999-' } });

    expect(exchange.status).toBe(200);
  });

  it('has no side that is switched off', async () => {
    const world = await setUp({ config: { play: false, publish: false } });

    expect((await world.ask('/live/a.flv')).taken).toBe(false);
    expect((await world.ask('/live/a.flv', { method: 'POST' })).taken).toBe(false);
  });

  it('holds frames back for the merge window of the grant', async () => {
    const world = await setUp({
      admission: {
        admit: async ({ name }) => ({
          name: { ...name, vhost: '__defaultVhost__' },
          policy: 'refuse',
          mergeWindow: fromMs(350),
        }),
      },
    });
    const publication = publish(world);
    const exchange = await world.ask('/live/a.flv');
    const before = exchange.link.sends;

    for (const frame of frames) publication.write(frame);
    expect(exchange.link.sends - before).toBe(0);
    world.advance(500);

    expect(exchange.link.sends - before).toBeGreaterThan(0);
    expect(exchange.link.sends - before).toBeLessThanOrEqual(2);
  });
});
