// The API, the exporter and the heartbeat over real sockets: credentials, events, and settings that outlive a restart.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, endpoints } from '../../src/core/control/api/endpoints.ts';
import { answerSchema } from '../../src/core/control/api/openapi.ts';
import { type Config, createEngine, type Engine, loadConfig, type Server, silentLog } from '../../src/core/index.ts';
import { aacTrack, h264Track, video } from '../tools/builders.ts';
import { until } from '../tools/interop.ts';

let folder: string;
let engine: Engine;
let server: Server;
let hook: HttpServer;
let beats: string[];
const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };

const file = (): string => join(folder, 'srs.conf');
const readConfig = (overlay?: string): Config =>
  loadConfig({
    file: file(),
    read: (path) => readFileSync(path, 'utf8'),
    ...(overlay !== undefined && { overlay }),
  });

const written = (more = ''): string => `rtmp { listen 127.0.0.1:0; }
  http_server { enabled on; listen 127.0.0.1:0; }
  http_api { enabled on; listen 127.0.0.1:0; overlay ${join(folder, 'overlay.conf')};
    auth { enabled on; username admin; password pw; token s3cret; } raw_api { enabled on; allow_reload on; } }
  exporter { enabled on; listen 127.0.0.1:0; tag e2e; }
  heartbeat { enabled on; interval 1; summaries on; url http://127.0.0.1:${(hook.address() as AddressInfo).port}/beat; }
  vhost __defaultVhost__ { }
  ${more}`;

async function serve(): Promise<void> {
  engine = createEngine({ log: silentLog });
  server = await engine.serve({ config: readConfig(), readConfig, version: '0.1.0' });
}

async function stop(): Promise<void> {
  await server.close();
  engine.close();
}

const at = (door: string, path: string): string => {
  const { port = 0 } = server.listeners.find((one) => one.name === door)?.address ?? {};
  return `http://127.0.0.1:${port}${path}`;
};
const token = { authorization: 'Bearer s3cret' };
const api = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(at('api', path), { ...init, headers: { ...token, ...init.headers } });
const json = async (path: string, init?: RequestInit) =>
  (await (await api(path, init)).json()) as Record<string, unknown>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'srsx-api-'));
  beats = [];
  hook = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => {
      body += String(bytes);
    });
    request.on('end', () => {
      beats.push(body);
      response.end('{"code":0}');
    });
  });
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
  writeFileSync(file(), written());
  await serve();
});

afterEach(async () => {
  await stop();
  hook.close();
  hook.closeAllConnections();
  rmSync(folder, { recursive: true });
});

describe('the API', () => {
  it('asks for a credential at its port, not at that of streams', async () => {
    expect((await fetch(at('api', '/api/v1/streams/'))).status).toBe(401);
    const basic = { authorization: `Basic ${btoa('admin:pw')}` };
    expect((await fetch(at('api', '/api/v1/streams'), { headers: basic })).status).toBe(200);
    expect(await json('/api/v1/versions')).toMatchObject({ code: 0, data: { major: 7, srsx: '0.1.0' } });
    expect((await fetch(at('http', '/api/v1/versions'), { headers: basic })).status).toBe(200);
    expect((await fetch(at('http', '/api/v1/versions'))).status).toBe(401);
    expect((await fetch(at('http', '/api/v1/streams/'), { headers: basic })).status).toBe(404);
  });

  it('answers every GET as its document says, with numbers of this machine', async () => {
    const publication = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack([h264Track, aacTrack]);
    publication.write(video({ at: 0, key: true }));
    const ajv = new Ajv2020({ allErrors: true });
    const list: readonly Endpoint[] = endpoints;
    const plain = list.filter(({ method, path }) => method === 'GET' && !path.includes('{id}'));

    for (const endpoint of plain) {
      const schema = answerSchema(endpoint);
      if (schema === undefined) continue;
      const validate = ajv.compile(schema);
      validate(await json(endpoint.path + (endpoint.name === 'raw' ? '?rpc=raw' : '')));
      expect(validate.errors, endpoint.path).toBeNull();
    }
  });

  it('tells of what happens as it happens', async () => {
    const stop = new AbortController();
    const response = await api('/api/v1/events?types=publish,unpublish,reload', { signal: stop.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let told = '';
    const reading = (async () => {
      for await (const text of response.body!.pipeThrough(new TextDecoderStream())) told += text;
    })().catch(() => undefined);

    server.host.hub
      .stream(name)
      .publish({ policy: 'refuse', onEvicted: () => undefined })
      .end();
    await server.reload();

    await until('three events', () => /event: publish[\s\S]*event: unpublish[\s\S]*event: reload/.test(told));
    stop.abort();
    await reading;
  });

  it('reloads, and says what was wrong', async () => {
    expect(await json('/api/v1/raw?rpc=reload')).toEqual({ code: 0 });
    writeFileSync(file(), written('nonsense on;'));
    await json('/api/v1/raw?rpc=reload');

    const fetched = (await json('/api/v1/raw?rpc=reload-fetch')) as { data: { err: number; msg: string } };
    expect(fetched.data).toMatchObject({ err: 1023, state: 90 });
    expect(fetched.data.msg).toContain('nonsense');
  });
});

describe('a setting', () => {
  const path = '/api/srsx/v1/settings/vhost.hls.enabled';
  const enabled = (): boolean => server.host.settings.vhost('__defaultVhost__').get('vhost.hls.enabled');
  const put = (value: unknown): Promise<Record<string, unknown>> =>
    json(path, { method: 'PUT', body: JSON.stringify({ value }) });

  it('is in force at once and after a restart, and can be taken back', async () => {
    expect(await put(true)).toMatchObject({ code: 0, data: { value: 'on', changed: true } });
    expect(enabled()).toBe(true);

    await stop();
    await serve();
    expect(enabled()).toBe(true);

    expect(await json(path, { method: 'DELETE' })).toMatchObject({ data: { value: 'off', changed: false } });
    expect(enabled()).toBe(false);
  });

  it('that is wrong leaves file and server as they were', async () => {
    const wrong = await api('/api/srsx/v1/settings/max_connections', { method: 'PUT', body: '{"value":-5}' });

    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ error: 'CONFIG_VALUE', code: 1023 });
    expect(existsSync(join(folder, 'overlay.conf'))).toBe(false);
    expect(server.host.settings.root.get('max_connections')).toBe(1000);
  });

  it('of an address that is taken is put back', async () => {
    const { port } = hook.address() as AddressInfo;
    const init = { method: 'PUT', body: JSON.stringify({ value: `127.0.0.1:${port}` }) };

    const answer = await api('/api/srsx/v1/settings/rtmp.listen', init);

    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: 'NET_ADDRESS_IN_USE' });
    expect(existsSync(join(folder, 'overlay.conf'))).toBe(false);
    await server.reload();
  });
});

describe('the exporter', () => {
  it('is scraped at its own port without a credential, and at the port of the API', async () => {
    const response = await fetch(at('exporter', '/metrics'));
    const text = await response.text();

    expect(response.headers.get('content-type')).toMatch(/^text\/plain; .*charset=utf-8/);
    expect(text).toMatch(/^srs_build_info\{server="vid-\w{7}",.*tag="e2e"\} 1$/m);
    expect(text).toMatch(/^srs_node_uname_info\{sysname="Linux",/m);
    expect((await fetch(at('api', '/metrics'))).status).toBe(200);
    expect((await fetch(at('exporter', '/'))).status).toBe(404);
    expect((await fetch(at('exporter', '/api/v1/streams/'), { headers: token })).status).toBe(404);
    expect((await fetch(at('exporter', '/api/v1/versions'), { headers: token })).status).toBe(200);
  });
});

describe('the heartbeat', () => {
  it('is heard again and again, with the identity that the API has', async () => {
    await until('two beats', () => beats.length >= 2);

    const { server: id, service, pid } = await json('/api/v1/versions');
    expect(JSON.parse(beats[0] ?? '')).toMatchObject({ server: id, service, pid, summaries: { data: { ok: true } } });
  });
});
