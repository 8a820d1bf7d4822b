// The HTTP API's manners: redirects, paging, kicking, JSONP, CORS, indexes, what is refused.
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/core/base/errors.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { Float, writeJson } from '../../../../src/core/control/api/json.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { type Ask, configText, fakeSystem, name, type Reply, World } from './world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

const ask = (target: string, options: Ask = {}): Promise<Reply> => world.ask(target, options);

/** Members of a list. */
async function listed(path: string, member: string): Promise<Record<string, string>[]> {
  return ((await ask(path)).json as unknown as Record<string, Record<string, string>[]>)[member] ?? [];
}

describe('streams and vhosts', () => {
  it('are described in the words of SRS', async () => {
    const [stream] = await listed('/api/v1/streams/', 'streams');

    expect(stream).toMatchObject({
      name: 'livestream',
      url: '/live/livestream',
      clients: 3,
      publish: { active: true },
      video: { codec: 'H264', profile: 'High', level: '3', width: 640, height: 360 },
      audio: { codec: 'AAC', sample_rate: 44100, channel: 2, profile: 'LC' },
    });
  });

  it('keep the id of who published, and say when nobody does', async () => {
    const [before] = await listed('/api/v1/streams/', 'streams');
    const closer = world.hub.find(name)?.tap(() => undefined);
    world.publication.end();
    const [after] = await listed('/api/v1/streams/', 'streams');

    const [publisher] = await listed('/api/v1/clients/', 'clients');
    expect(before?.['publish']).toEqual({ active: true, cid: publisher?.['id'] });
    expect(after?.['publish']).toEqual({ active: false, cid: publisher?.['id'] });
    closer?.close();
    expect(await listed('/api/v1/streams/', 'streams')).toEqual([]);
  });

  it('have null for a track that has not come', async () => {
    const other = world.hub.stream({ ...name, stream: 'b' });
    other.publish({ policy: 'refuse', onEvicted: () => undefined });

    const [, stream] = await listed('/api/v1/streams/', 'streams');
    expect(stream).toMatchObject({ name: 'b', video: null, audio: null, publish: { active: true } });
    expect(stream?.['publish']).not.toHaveProperty('cid');
  });

  it('have no size where the vhost does not read it', async () => {
    const world = new World({}, settingsOf('vhost __defaultVhost__ { publish { parse_sps off; } }'));
    const [stream] = (await world.ask('/api/v1/streams/')).json['streams'] as unknown as { video: unknown }[];

    expect(stream?.video).toMatchObject({ codec: 'H264', profile: 'High', width: 0, height: 0 });
  });

  it('are told apart by vhost', async () => {
    world = new World({}, settingsOf(`${configText()} vhost b.com { enabled off; }`));
    const other = world.hub.stream({ vhost: 'b.com', app: 'live', stream: 'x' });
    other.publish({ policy: 'refuse', onEvicted: () => undefined });
    // Somebody waits for it: no stream yet for SRS.
    world.hub.stream({ vhost: 'b.com', app: 'live', stream: 'y' }).tap(() => undefined);

    const vhosts = await listed('/api/v1/vhosts/', 'vhosts');
    expect(vhosts).toMatchObject([
      { name: '__defaultVhost__', enabled: true, clients: 3, streams: 1, hls: { enabled: true, fragment: 4 } },
      { name: 'b.com', enabled: false, clients: 0, streams: 1, hls: { enabled: false } },
    ]);
    const streams = await listed('/api/v1/streams/', 'streams');
    const [first, second] = vhosts.map(({ id }) => id);
    expect(streams.map(({ vhost }) => vhost)).toEqual([first, second, second]);
    expect((await ask(`/api/v1/vhosts/${vhosts[1]?.['id']}`)).json).toMatchObject({ vhost: { name: 'b.com' } });
  });
});

describe('one by its id', () => {
  it('is found, or answered with the code of SRS', async () => {
    const [stream] = await listed('/api/v1/streams/', 'streams');
    const [, player] = await listed('/api/v1/clients/', 'clients');

    expect((await ask(`/api/v1/streams/${stream?.['id']}`)).json).toMatchObject({ stream: { name: 'livestream' } });
    expect((await ask(`/api/v1/clients/${player?.['id']}`)).json).toMatchObject({ client: { type: 'rtmp-play' } });
    expect((await ask('/api/v1/streams/nosuch')).body).toBe('{"code":2048}');
    expect((await ask('/api/v1/streams/a/b')).body).toBe('{"code":2048}');
    expect((await ask('/api/v1/streams/%ff')).body).toBe('{"code":2048}');
    expect((await ask('/api/v1/clients/nosuch')).body).toBe('{"code":2049}');
    expect((await ask('/api/v1/vhosts/nosuch')).body).toBe('{"code":2014}');
  });

  it('has health and session, with a status for those that are not there', async () => {
    const [stream] = await listed('/api/v1/streams/', 'streams');
    const [, player] = await listed('/api/v1/clients/', 'clients');

    const health = await ask(`/api/srsx/v1/streams/${stream?.['id']}`);
    expect(health.json).toMatchObject({ stream: { url: '/live/livestream', clients: { rtmp: 2, 'http-flv': 1 } } });
    const session = await ask(`/api/srsx/v1/sessions/${player?.['id']}`);
    expect(session.json).toMatchObject({ session: { protocol: 'rtmp', port: 4000, details: { state: 'plays' } } });
    expect(await ask('/api/srsx/v1/streams/nosuch')).toMatchObject({ status: 404, body: '{"code":2048}' });
    expect(await ask('/api/srsx/v1/sessions/nosuch')).toMatchObject({ status: 404, body: '{"code":2049}' });
  });
});

describe('a client', () => {
  it('is ended by DELETE', async () => {
    const player = (await listed('/api/v1/clients/', 'clients')).find(({ type }) => type === 'flv-play');

    const { json, body } = await ask(`/api/v1/clients/${player?.['id']}`, { method: 'DELETE' });

    expect(json).toMatchObject({ code: 0, server: expect.any(String) });
    expect(Object.keys(JSON.parse(body))).toEqual(['code', 'server', 'service', 'pid']);
    expect(world.ended).toEqual(['flv-play ADMISSION_KICKED']);
    expect((await ask('/api/v1/clients/nosuch', { method: 'DELETE' })).body).toBe('{"code":2049}');
    expect((await ask('/api/v1/streams/x', { method: 'DELETE' })).status).toBe(405);
    expect((await ask('/api/v1/clients/', { method: 'DELETE' })).status).toBe(405);
  });

  it('is ended by a script that names the method', async () => {
    const [, player] = await listed('/api/v1/clients/', 'clients');

    const { body, headers } = await ask(`/api/v1/clients/${player?.['id']}?callback=f&method=DELETE`);

    expect(headers['Content-Type']).toBe('text/javascript');
    expect(body).toMatch(/^f\(\{"code":0,/);
    expect(world.ended).toEqual(['rtmp-play ADMISSION_KICKED']);
    expect((await ask(`/api/v1/clients/${player?.['id']}?method=DELETE`)).body).toBe('{"code":2049}');
  });
});

describe('lists', () => {
  it('are found without their slash by a redirect that keeps the query', async () => {
    const { status, headers, body } = await ask('/api/v1/streams?count=20');

    expect(status).toBe(302);
    expect(headers['Location']).toBe('/api/v1/streams/?count=20');
    expect(body).toBe('Redirect to /api/v1/streams/?count=20');
    for (const path of ['/api', '/api/v1', '/api/v1/vhosts', '/api/v1/clients']) {
      expect((await ask(path)).headers['Location'], path).toBe(`${path}/`);
    }
  });

  it('come in pages', async () => {
    const { json } = await ask('/api/v1/clients/?start=1&count=1');

    expect(json).toMatchObject({ clients: [{ type: 'rtmp-play' }], total: 3 });
    for (let i = 0; i < 20; i++) world.open('rtmp-play');
    const sizes = ['', '?count=0', '?count=-3', '?count=x', '?count=15', '?start=-5&count=99999999', '?start=22'];
    const lengths = await Promise.all(sizes.map((query) => listed(`/api/v1/clients/${query}`, 'clients')));
    expect(lengths.map(({ length }) => length)).toEqual([10, 1, 1, 10, 15, 23, 1]);
  });
});

describe('what is not known', () => {
  it('is answered with the index above it, as SRS does', async () => {
    for (const path of [
      '/api/v1/unknown',
      '/api/v1/versions/',
      '/api/v1/tcmalloc',
      '/api/v1/perf',
      '/api/v1/valgrind',
    ]) {
      const { status, json } = await ask(path);
      expect(status, path).toBe(200);
      expect(json, path).toMatchObject({ code: 0, urls: { versions: expect.any(String), raw: expect.any(String) } });
    }
    expect((await ask('/api/v2/x')).json).toMatchObject({ urls: { v1: expect.any(String) } });
    expect((await ask('/x/y')).json).toMatchObject({
      urls: { api: expect.any(String), rtc: { v1: expect.anything() } },
    });
    expect((await ask('/api/v1/')).json).toMatchObject({ tests: { errors: expect.any(String) } });
  });

  it('is refused when the method is', async () => {
    for (const method of ['PATCH', 'POST', 'TRACE']) {
      expect(await ask('/api/v1/versions', { method })).toMatchObject({ status: 405, body: 'Method Not Allowed' });
    }
    expect((await ask('/api/v1/versions', { method: 'HEAD' })).status).toBe(200);
  });

  it('is told of a console and of metrics that are not there', async () => {
    expect((await ask('/console?a=1')).headers['Location']).toBe('/console/?a=1');
    expect((await ask('/console/index.html')).status).toBe(404);
    expect((await ask('/metrics')).status).toBe(404);
  });
});

describe('JSONP', () => {
  it('calls back by a plain name only', async () => {
    expect((await ask('/api/v1/versions?callback=cb.one')).body).toMatch(/^cb\.one\(\{.*\}\)$/);
    for (const bad of ['alert(1)//', '<script>', 'a;b', '%00', '', 'x'.repeat(65)]) {
      expect((await ask(`/api/v1/versions?callback=${encodeURIComponent(bad)}`)).status, bad).toBe(400);
    }
  });

  it('does not make a script of what is none', async () => {
    expect((await ask('/api/v1/streams?callback=f')).body).toMatch(/^Redirect/);
    const { headers } = await ask('/api/v1/versions?callback=f');
    expect(headers['X-Content-Type-Options']).toBe('nosniff');
  });
});

describe('CORS', () => {
  const headers = { origin: 'https://pages.example' };

  it('is there for a page that asks, and not for others', async () => {
    expect((await ask('/api/v1/versions', { headers })).headers).toMatchObject({
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': '*',
      'Access-Control-Allow-Headers': '*',
      'Access-Control-Expose-Headers': '*',
      'Access-Control-Allow-Credentials': 'false',
    });
    expect((await ask('/api/v1/versions')).headers).not.toHaveProperty('Access-Control-Allow-Origin');
    expect(await ask('/api/v1/versions', { method: 'OPTIONS', headers })).toMatchObject({ status: 200, body: '' });
  });

  it('is not there when the configuration says so', async () => {
    world = new World({}, settingsOf(configText('crossdomain off;')));

    expect((await ask('/api/v1/versions', { headers })).headers).not.toHaveProperty('Access-Control-Allow-Origin');
    expect((await ask('/api/v1/versions', { method: 'OPTIONS', headers })).status).toBe(405);
  });
});

describe('the raw API', () => {
  it('is off but for its own configuration', async () => {
    expect((await ask('/api/v1/raw?rpc=raw')).json).toMatchObject({
      code: 0,
      http_api: { raw_api: { enabled: false } },
    });
    for (const rpc of ['reload', 'reload-fetch', 'query', '']) {
      expect((await ask(`/api/v1/raw?rpc=${rpc}`)).body).toBe('{"code":1061}');
    }
  });

  it('reloads when it may, and tells how it went', async () => {
    const results: (() => Promise<void>)[] = [
      async () => undefined,
      () => Promise.reject(new ConfigError({ code: 'CONFIG_X', text: 'bad line', srs: 1023 })),
    ];
    const reload = (): Promise<void> => results.shift()?.() ?? Promise.resolve();
    world = new World({ reload }, settingsOf(configText('raw_api { enabled on; allow_reload on; }')));

    expect((await ask('/api/v1/raw?rpc=reload')).body).toBe('{"code":0}');
    expect((await ask('/api/v1/raw?rpc=reload-fetch')).json).toMatchObject({
      data: { err: 0, msg: 'Success', state: 90 },
    });
    await ask('/api/v1/raw?rpc=reload');
    expect((await ask('/api/v1/raw?rpc=reload-fetch')).json).toMatchObject({
      data: { err: 1023, msg: 'bad line', state: 90 },
    });
    for (const rpc of ['query', 'update', 'x'])
      expect((await ask(`/api/v1/raw?rpc=${rpc}`)).body).toBe('{"code":1060}');
  });

  it('does not reload when that is not allowed', async () => {
    world = new World({ reload: async () => undefined }, settingsOf(configText('raw_api { enabled on; }')));

    expect((await ask('/api/v1/raw?rpc=reload')).body).toBe('{"code":1061}');
  });
});

describe('a cluster', () => {
  it('is told who has a stream, under the address by which it knows us', async () => {
    const query = 'vhost=__defaultVhost__&app=live&stream=livestream';

    expect((await ask(`/api/v1/clusters?${query}`)).json).toMatchObject({
      data: { origin: { ip: '10.9.9.9', port: 1935, api: '10.9.9.9:1985', routers: ['10.9.9.9:1985'] } },
    });
    expect((await ask(`/api/v1/clusters?${query}&coworker=1.2.3.4:1985`, { method: 'POST' })).json).toMatchObject({
      data: { origin: { ip: '1.2.3.4' } },
    });
    expect((await ask('/api/v1/clusters?app=live&stream=other')).body).toBe(
      '{"code":0,"data":{"query":{"ip":"","vhost":"","app":"live","stream":"other"},"origin":null}}',
    );
  });
});

describe('the tests for clients', () => {
  it('echo, fail and redirect', async () => {
    expect((await ask('/api/v1/tests/requests?a=1')).json).toMatchObject({
      data: { uri: 'http://127.0.0.1/api/v1/tests/requests?a=1', path: '/api/v1/tests/requests', METHOD: 'GET' },
    });
    expect((await ask('/api/v1/tests/errors')).body).toBe('{"code":100}');
    expect(await ask('/api/v1/tests/redirects')).toMatchObject({
      status: 301,
      headers: { Location: '/api/v1/tests/errors' },
    });
  });
});

describe('numbers', () => {
  it('of memory are derived as SRS does', async () => {
    expect((await ask('/api/v1/meminfos')).json).toMatchObject({
      data: { MemActive: 700, RealInUse: 400, NotInUse: 600, percent_ram: 0.4, percent_swap: 0 },
    });
  });

  it('of a client grow with time', async () => {
    world.clock.advance(fromSeconds(2.5));

    expect((await listed('/api/v1/clients/', 'clients'))[0]).toMatchObject({ alive: 2.5 });
  });

  it('are printed as SRS prints floats', () => {
    expect(writeJson({ a: new Float(4), b: [new Float(0.126), 3], c: undefined, d: Number.NaN })).toBe(
      '{"a":4.00,"b":[0.13,3],"d":0}',
    );
  });
});

it('how short the CPU is, and what is given up for it, is told', async () => {
  const breaker = { level: 'high', cpuRatio: 0.925 } as const;
  const short = new World({ load: () => breaker });

  expect((await short.ask('/api/srsx/v1/load')).json['load']).toEqual({ cpu_percent: 92.5, level: 'high' });
});

describe('a fault of ours', () => {
  it('is answered without a word of what is inside', async () => {
    world = new World({
      system: {
        ...fakeSystem,
        read: () => {
          throw new TypeError('secret inside');
        },
      },
    });

    const { status, body } = await ask('/api/v1/versions');
    expect(status).toBe(500);
    expect(body).not.toContain('secret');
  });
});
