// Pages of other sites, names that lead elsewhere, and addresses that are slipped to the server, against a whole server
// over real sockets. What comes of each is what docs/api.md and the tables below say.
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/core/index.ts';
import { Hub } from '../../src/core/media/hub.ts';
import type { Stream } from '../../src/core/media/stream.ts';
import { RealClock } from '../../src/core/net/index.ts';
import { rtmp } from '../../src/core/protocols/rtmp/index.ts';
import { srt } from '../../src/core/protocols/srt/index.ts';
import { aacTrack, h264Track, live } from '../tools/builders.ts';
import { callbackServer } from '../tools/callback-server.ts';
import { confServer } from '../tools/conf-server.ts';
import { scratchFolder, until } from '../tools/interop.ts';
import { rejected } from '../tools/thrown.ts';
import { flvFile } from '../unit/protocols/http-flv/fakes.ts';

const folder = await scratchFolder();
// What the HTTP server shows is a folder in it; beside that folder is a file of each ending that it must not show.
const html = join(folder, 'html');
await mkdir(join(html, 'live'), { recursive: true });
const endings = ['flv', 'ts', 'm3u8', 'mpd', 'key', 'm4s', 'txt'];
for (const ending of endings) await writeFile(join(folder, `secret.${ending}`), 'what nobody may read');
const outside = readdirSync(folder, { recursive: true });
const media = join(folder, 'media');
const backend = await callbackServer(() => ({ text: '0' }));
const flv = flvFile(live({ seconds: 1, gop: 10 })) as Uint8Array<ArrayBuffer>;
const text = (more = ''): string => `srt_server { enabled on; listen 127.0.0.1:0; } ${more}
  http_server { enabled on; listen 127.0.0.1:0; dir ${html}; }
  vhost __defaultVhost__ { srt { enabled on; } http_remux { enabled on; }
    hls { enabled on; hls_fragment 1; hls_path ${media}; } dash { enabled on; dash_path ${media}; }
    dvr { enabled on; dvr_path ${media}/[app]/[stream].[timestamp].flv; }
    forward { enabled on; backend ${backend.url}/forward; } }`;
const server = await confServer(text());
const { hub, sessions } = server.host;
const portOf = (name: string): number => server.listeners.find((one) => one.name === name)?.address.port ?? 0;

/** A stream of a second that is not in the server. */
function source(): Stream {
  const own = new Hub({ clock: new RealClock(), limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const name = { vhost: 'own', app: 'live', stream: 'x' };
  const publication = own.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track, aacTrack]);
  for (const frame of live({ seconds: 1, gop: 10 })) publication.write(frame);
  return publication.stream;
}

function push(protocol: Pick<typeof rtmp, 'push'>, url: string) {
  const stop = new AbortController();
  const options = { signal: stop.signal, mergeWindow: 0, onBytes: () => undefined };
  const done = protocol.push(server.host, source(), new URL(url), options);
  // Who does not wait for the end has looked at what he wanted to see.
  done.catch(() => undefined);
  return { done, stop: () => stop.abort() };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Unlike `fetch`, with any header and a path as it is written. */
const ask = (at: string, path: string, { method = 'GET', headers = {} }: Asked = {}) =>
  new Promise<{ status: number; headers: Readonly<Record<string, unknown>>; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(at);
    const call = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        body += part;
        // A live stream has no end.
        if (body.length > 100_000) call.destroy();
      });
      answer.on('close', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    call.on('error', reject).end();
  });

beforeEach(() => until('no session is left', () => sessions.size === 0));

describe('a page of another site', () => {
  const evil = { origin: 'http://evil.example' };

  it('is never told that it may use the credentials of the browser, nor named', async () => {
    const places: readonly (readonly [string, string])[] = [
      [server.api, '/api/v1/versions'],
      [server.api, '/api/v1/streams/'],
      [server.api, '/api/v1/nosuch'],
      [server.http, '/live/none.flv'],
      [server.http, '/live/none.m3u8'],
      [server.http, '/live/none.mpd'],
      [server.http, '/none.txt'],
    ];
    for (const [at, path] of places) {
      for (const method of ['HEAD', 'OPTIONS']) {
        const { headers } = await ask(at, path, { method, headers: evil });

        expect(['*', undefined], path).toContain(headers['access-control-allow-origin']);
        expect(headers['access-control-allow-credentials'] ?? 'false', path).toBe('false');
      }
    }
  });

  it('reads nothing of the HTTP server with crossdomain off', async () => {
    const closed = `vhost __defaultVhost__ { hls { enabled on; hls_disk off; } }
      http_server { enabled on; listen 127.0.0.1:0; crossdomain off; }`;
    const { http } = await confServer(closed);

    for (const path of ['/live/none.flv', '/live/none.m3u8', '/live/none.mpd', '/none.txt']) {
      for (const method of ['HEAD', 'OPTIONS']) {
        const { headers } = await ask(http, path, { method, headers: evil });

        expect(
          Object.keys(headers).filter((name) => name.startsWith('access-control')),
          path,
        ).toEqual([]);
      }
    }
  });

  it('ends no client, whatever it sends, and the stream goes on', async () => {
    const publisher = push(rtmp, `${server.rtmp}/live/kept`);
    await until(
      'it is published',
      () => hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 'kept' })?.published === true,
    );
    const { clients } = JSON.parse((await ask(server.api, '/api/v1/clients/')).body) as { clients: { id: string }[] };
    const path = `/api/v1/clients/${clients[0]?.id}`;

    const tries: Asked[] = [
      { headers: evil },
      { headers: { origin: 'null' } },
      { headers: { referer: 'http://evil.example/x' } },
      { headers: { 'sec-fetch-site': 'cross-site' } },
      { headers: { host: `evil.example:${portOf('api')}` } },
    ];
    for (const { headers = {} } of tries) {
      expect((await ask(server.api, path, { method: 'DELETE', headers })).status).toBe(403);
      expect((await ask(server.api, `${path}?callback=f&method=DELETE`, { headers })).status).toBe(403);
    }

    expect(sessions.size).toBe(1);
    expect((await ask(server.api, path, { method: 'DELETE' })).body).toContain('"code":0');
    await publisher.done.catch(() => undefined);
  });

  it.each(['alert(1)//', '<script>', 'a;b', 'a%0ab', 'a%E2%80%A8b', 'a[0]', '', `${'a'.repeat(65)}`])(
    'has no code of its own run as a callback: %s',
    async (callback) => {
      const { status, headers, body } = await ask(server.api, `/api/v1/versions?callback=${callback}`);

      expect([status, body]).toEqual([400, '{"code":400}']);
      expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
    },
  );

  it('whose text comes back, comes back as data', async () => {
    const markup = '%3Cscript%3Ealert(1)%3C/script%3E';
    const answers = [
      await ask(server.api, `/api/v1/requests?x=${markup}`, { headers: { 'user-agent': '<script>' } }),
      await ask(server.api, `/api/v1/streams/${markup}`),
      await ask(server.api, `/${markup}`),
      await ask(server.http, `/live/${markup}.flv`),
      await ask(server.http, `/live/${markup}.m3u8?${markup}`),
      await ask(server.http, `/${markup}/`),
    ];

    for (const { headers, status } of answers) {
      expect(headers['content-type'], String(status)).toMatch(/^(application\/json|text\/plain)/);
      expect(headers['x-content-type-options'], String(status)).toBe('nosniff');
    }
  });
});

describe('a name that leads elsewhere', () => {
  const names = [
    '..%2f..%2fx',
    'a%2f..%2f..%2f..%2fx',
    '%00x',
    'a%5c..%5c..%5cb',
    '%3Cimg%20src=x%3E',
    '$(id)',
    '-i|id',
  ];

  it.each(names)('is refused to publishers over RTMP, SRT and HTTP, and nothing is written: %s', async (name) => {
    expect(await rejected(push(rtmp, `${server.rtmp}/live/${name}`).done)).toBe('RTMP_REFUSED');
    const resource = encodeURIComponent(`#!::r=live/${decodeURIComponent(name)},m=publish`);
    expect(await rejected(push(srt, `srt://127.0.0.1:${portOf('srt')}?streamid=${resource}`).done)).toMatch(/^SRT_/);
    const posted = await fetch(`${server.http}/live/${name}.flv`, { method: 'POST', body: flv });

    expect(posted.status).toBeGreaterThanOrEqual(400);
    expect(sessions.size).toBe(0);
    expect(readdirSync(folder, { recursive: true }).filter((file) => !String(file).startsWith('media'))).toEqual(
      outside,
    );
  });

  it.each(endings)('is refused to players: .%s', async (ending) => {
    for (const way of [
      '/../secret.',
      '/live/..%2f..%2fsecret.',
      '/live/%2e%2e/%2e%2e/secret.',
      '/live/..%5c..%5csecret.',
    ]) {
      const { status, body } = await ask(server.http, `${way}${ending}`);

      expect(status, way).toBeGreaterThanOrEqual(400);
      expect(body, way).not.toContain('nobody may read');
    }
  });
});

describe('a forward backend that answers with', () => {
  it.each([
    'file:///etc/passwd',
    '/etc/passwd',
    'exec:id',
    'pipe:0',
    'concat:/etc/passwd|x',
    'http://169.254.169.254/latest/meta-data/',
    'tcp://127.0.0.1:22/a/b',
    'srt://127.0.0.1:1/a/b',
    'rtmp:///live/a',
    '-i /etc/passwd',
  ])('%s has nobody called there, and the publication goes on', async (target) => {
    // The target behind it shows when the answer is in force.
    const urls = [target, 'rtmp://127.0.0.1:1/live/right'];
    backend.answer = () => ({ text: JSON.stringify({ code: 0, data: { urls } }) });
    const publisher = push(rtmp, `${server.rtmp}/live/forwarded`);
    let forwards: readonly Record<string, unknown>[] = [];
    await until('the answer is in force', async () => {
      ({ forwards } = JSON.parse((await ask(server.api, '/api/srsx/v1/programs')).body) as {
        forwards: typeof forwards;
      });
      return forwards.length > 0;
    });

    expect(forwards.map(({ url }) => url)).toEqual([urls[1]]);
    expect(hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 'forwarded' })?.published).toBe(true);

    backend.answer = () => ({ text: '0' });
    publisher.stop();
    await publisher.done.catch(() => undefined);
  });
});
