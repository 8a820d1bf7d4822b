// A reload while a thousand watch: addresses, certificates, hooks and other vhosts change, and nobody notices.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Config, createEngine, type Engine, loadConfig, type Server, silentLog } from '../../src/core/index.ts';
import type { Publication } from '../../src/core/media/stream.ts';
import { h264Track, video } from '../tools/builders.ts';
import { until } from '../tools/interop.ts';

const PLAYERS = 1000;

let engine: Engine;
let server: Server;
let publication: Publication;
let directory: string;
let config: Config;
const sockets: Socket[] = [];
const received: number[] = [];
let closed = 0;

const read = (text: string): Config => loadConfig({ text, file: 'srs.conf', read: () => '' });

function text({ http = '127.0.0.1:0', hook = 'http://127.0.0.1:1/a', other = '', https = '' } = {}): string {
  return `rtmp { listen 127.0.0.1:0; } max_connections 5000;
    http_server { enabled on; listen ${http}; ${https} }
    vhost __defaultVhost__ { http_hooks { enabled off; on_play ${hook}; } }
    ${other}`;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'srsx-reload-'));
  engine = createEngine({ log: silentLog, limits: { sessions: 5000 } });
  config = read(text());
  server = await engine.serve({ config, readConfig: () => config });
  const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };
  publication = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track]);
  publication.write(video({ at: 0, key: true }));
  const { port = 0 } = server.listeners.find((one) => one.name === 'http')?.address ?? {};
  for (let i = 0; i < PLAYERS; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /live/a.flv HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.on('data', (bytes) => {
      received[i] = (received[i] ?? 0) + bytes.length;
    });
    socket.on('close', () => closed++);
    sockets.push(socket);
  }
  await until('all players', () => received.filter((bytes) => bytes > 0).length === PLAYERS);
}, 60_000);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
  engine.close();
  rmSync(directory, { recursive: true });
});

/** A reload, after which every player gets the next frame. */
async function reload(to: string): Promise<string[]> {
  config = read(to);
  const before = [...received];
  const changes = await server.reload();
  publication.write(video({ at: Math.round(performance.now()), key: true }));
  await until('a frame for everybody', () => received.every((bytes, i) => bytes > (before[i] ?? 0)));
  expect(closed).toBe(0);
  return changes.map(({ vhost, directive }) => `${vhost} ${directive}`.trim());
}

describe('a thousand players stay', () => {
  it('while another vhost comes, changes and goes', async () => {
    expect(await reload(text({ other: 'vhost b.com { }' }))).toEqual(['b.com vhost']);
    expect(await reload(text({ other: 'vhost b.com { hls { enabled on; } }' }))).toEqual(['b.com vhost.hls.enabled']);
    expect(await reload(text())).toEqual(['b.com vhost']);
  });

  it('while the URL of a hook changes', async () => {
    expect(await reload(text({ hook: 'http://127.0.0.1:1/b' }))).toEqual(['__defaultVhost__ vhost.http_hooks.on_play']);
  });

  it('while the server listens elsewhere', async () => {
    const before = server.listeners.find(({ name }) => name === 'http')?.address.port;

    await reload(text({ http: '127.0.0.2:0' }));

    const { host, port } = server.listeners.find(({ name }) => name === 'http')?.address ?? { host: '', port: 0 };
    expect(host).toBe('127.0.0.2');
    expect((await fetch(`http://127.0.0.2:${port}/nothing`)).status).toBe(404);
    await expect(fetch(`http://127.0.0.1:${before}/`)).rejects.toThrow();
  });

  it('while a certificate comes and is exchanged for another', async () => {
    const https = (name: string): string =>
      `https { enabled on; listen 127.0.0.1:0; cert "${directory}/${name}.crt"; key "${directory}/${name}.key"; }`;
    for (const name of ['one', 'two']) {
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
      const args = ['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, '-out', `${name}.crt`];
      execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
    }

    await reload(text({ https: https('one') }));
    await reload(text({ https: https('two') }));

    expect(server.listeners.map(({ name }) => name)).toEqual(['rtmp', 'http', 'https']);
  });

  it('while a reload fails, which changes nothing', async () => {
    const before = server.listeners;
    config = read(text({ http: '203.0.113.7:80', other: 'vhost c.com { }' }));

    await expect(server.reload()).rejects.toMatchObject({ code: expect.stringMatching(/^NET_/) });

    expect(server.listeners).toEqual(before);
    expect(server.host.settings.vhosts.map(({ name }) => name)).toEqual(['__defaultVhost__']);
    expect(closed).toBe(0);
  });
});
