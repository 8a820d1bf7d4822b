import { describe, expect, it } from 'vitest';
import type { Admission } from '../../../../src/core/control/admission.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { serveCasters } from '../../../../src/core/protocols/http-flv/index.ts';
import type { HttpHandler } from '../../../../src/core/wire/http/exchange.ts';
import { live } from '../../../tools/builders.ts';
import { type AskOptions, FakeExchange, flvFile, settled, setUp } from './fakes.ts';

const file = flvFile(live({ seconds: 1 }));

async function world(output = 'rtmp://127.0.0.1/[app]/[stream]', admission?: Admission) {
  const base = await setUp({ ...(admission && { admission }) });
  const doors: { port: number; on: HttpHandler; closed: boolean }[] = [];
  const host = {
    ...base.host,
    settings: settingsOf(
      `listen 1935; stream_caster { enabled on; caster flv; listen 8936; output ${output}; } vhost __defaultVhost__ { }`,
    ),
    net: {
      ...base.host.net,
      listenHttp: async (at: { host: string; port: number }, on: HttpHandler) => {
        const door = { port: at.port, on, closed: false };
        doors.push(door);
        return {
          address: at,
          close: () => {
            door.closed = true;
          },
        };
      },
    },
  };
  const server = await serveCasters(host);
  const post = async (path: string, options: AskOptions = { method: 'POST' }) => {
    const exchange = new FakeExchange(path, options);
    void doors[0]?.on(exchange);
    await settled();
    return exchange;
  };
  return { ...base, doors, server, post };
}

describe('a caster of FLV over HTTP', () => {
  it.each([
    ['/live/livestream.flv', 'live', 'livestream'],
    ['/live/livestream', 'live', 'livestream'],
    ['/a/b/c.flv', 'a/b', 'c'],
  ])('publishes the body of %s as %s/%s', async (path, app, stream) => {
    const { post, hub, asked } = await world();
    const exchange = await post(path);
    exchange.upload.onData(file);

    expect(hub.find({ vhost: '__defaultVhost__', app, stream })?.frames.video).toBe(25);
    expect(asked[0]).toMatchObject({ type: 'flash-publish', tcUrl: `rtmp://127.0.0.1/${app}` });

    exchange.upload.onClose(undefined);
    expect([exchange.status, hub.size]).toEqual([200, 0]);
  });

  it('takes any method, and passes the query on', async () => {
    const { post, hub, asked } = await world();
    const exchange = await post('/live/a.flv?token=x', { method: 'PUT' });
    exchange.upload.onData(file);

    expect(hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 'a' })?.published).toBe(true);
    expect(asked[0]?.param).toBe('?token=x');
  });

  it('names the stream by its template', async () => {
    const { post, hub } = await world('rtmp://127.0.0.1/cast?vhost=v/[app]_[stream]');
    const exchange = await post('/live/a.flv');
    exchange.upload.onData(file);

    expect(hub.find({ vhost: '__defaultVhost__', app: 'cast', stream: 'live_a' })?.published).toBe(true);
  });

  it.each([
    ['/', 400],
    ['/live/..%2f..%2fetc.flv', 400],
    ['/live/%00.flv', 400],
    ['/live/$(id).flv', 400],
    ['/%ff.flv', 400],
  ])('refuses %s', async (path, status) => {
    const { post, hub } = await world();
    const exchange = await post(path);

    expect([exchange.status, hub.size]).toEqual([status, 0]);
  });

  it('refuses a second publisher and garbage, each with its own end', async () => {
    const { post, hub } = await world();
    const first = await post('/live/a.flv');
    first.upload.onData(file);
    const second = await post('/live/a.flv');
    expect(second.status).toBe(409);

    const garbage = await post('/live/b.flv');
    garbage.upload.onData(new Uint8Array(1000));
    expect(garbage.status).toBe(400);
    expect(hub.size).toBe(1);
  });

  it('publishes nothing for a peer that left while the admission thought', async () => {
    const gate = Promise.withResolvers<void>();
    const told: string[] = [];
    const ticket = { begin: () => told.push('begin'), end: () => told.push('end') };
    const { post, hub } = await world(undefined, {
      admit: async ({ name }) => {
        await gate.promise;
        return { name, policy: 'refuse', mergeWindow: 0, ticket };
      },
    });
    const exchange = await post('/live/a.flv');
    exchange.onGone();
    gate.resolve();
    await settled();

    expect([hub.size, exchange.bodyAsked]).toEqual([0, false]);
    expect(told).toEqual(['end']);
  });

  it('ends everything when the server stops', async () => {
    const { post, hub, server, doors } = await world();
    const exchange = await post('/live/a.flv');
    exchange.upload.onData(file);
    server.close();

    expect([hub.size, doors[0]?.closed, exchange.status]).toEqual([0, true, 503]);
  });
});
