// Files over real sockets: what a browser, a player and a hostile peer get.
import { mkdir, readdir, readFile, readlink, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, loadConfig, silentLog } from '../../src/core/index.ts';
import { scratchFolder, sources, until } from '../tools/interop.ts';

const folder = await scratchFolder();
const html = join(folder, 'html');
await mkdir(join(html, 'deep'), { recursive: true });
await mkdir(join(folder, 'vod'));
const text = 'A line of text that is long enough to be worth it.\n'.repeat(100);
const noise = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 2_654_435_761) >>> 24);
await writeFile(join(html, 'index.html'), '<p>home');
await writeFile(join(html, 'deep/index.html'), '<p>deep');
await writeFile(join(html, 'a.txt'), text);
await writeFile(join(html, 'noise.bin'), noise);
await writeFile(join(html, 'old.m3u8'), `#EXTM3U\n${'#EXT-X-ENDLIST\n'.repeat(100)}`);
await writeFile(join(html, 'empty.txt'), '');
await writeFile(join(folder, 'secret.txt'), 'secret');
await symlink(join(folder, 'secret.txt'), join(html, 'link.txt'));
await symlink(folder, join(html, 'up'));
await symlink('a.txt', join(html, 'inside.txt'));
await writeFile(join(folder, 'vod/v.txt'), 'of the vhost');
await utimes(join(html, 'a.txt'), 1_700_000_000, 1_700_000_000);

const conf = `
  http_server { enabled on; listen 127.0.0.1:0; dir ${html}; }
  vhost __defaultVhost__ { http_static { enabled on; mount [vhost]/vod; dir ${join(folder, 'vod')}; } }`;
const engine = createEngine({ log: silentLog });
const server = await engine.serve({ config: loadConfig({ text: conf, file: 'srs.conf', read: () => '' }) });
const port = server.listeners.find(({ name }) => name === 'http')?.address.port;
const at = `http://127.0.0.1:${port}`;
afterAll(async () => {
  await server.close();
  engine.close();
});

/** As it is, without a client that tidies paths and headers up. */
function raw(target: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
    const ask = request({ host: '127.0.0.1', port, path: target, method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
      );
      answer.on('error', reject);
    });
    ask.on('error', reject);
    ask.end();
  });
}

describe('a file', () => {
  it('comes whole, with its type, length and validators', async () => {
    const { status, headers, body } = await raw('/noise.bin');

    expect([status, body.equals(noise)]).toEqual([200, true]);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '300000',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]+-493e0"$/),
      'last-modified': expect.stringMatching(/ GMT$/),
    });
    expect(headers['transfer-encoding']).toBeUndefined();
  });

  it.each([
    ['/', '<p>home'],
    ['/deep/', '<p>deep'],
    ['/vod/v.txt', 'of the vhost'],
    ['/inside.txt', text],
    ['/empty.txt', ''],
    ['/deep/../a.txt', undefined],
  ])('%s', async (path, wanted) => {
    const { body, status } = await raw(path);
    if (wanted === undefined) expect(status).toBe(400);
    else expect(body.toString()).toBe(wanted);
  });

  it('a directory without its slash is redirected, with the query', async () => {
    expect(await raw('/deep?x=1')).toMatchObject({ status: 301, headers: { location: '/deep/?x=1' } });
    expect((await raw('//deep')).headers['location']).toBe('/deep/');
  });

  it.each(['/none.txt', '/link.txt', '/up/secret.txt', '/up/', '/a.txt/b'])('%s is not there', async (path) => {
    expect((await raw(path)).status).toBe(404);
  });

  it.each(['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/%00', '/deep\\..\\..\\secret.txt'])(
    '%s is refused',
    async (path) => {
      const { status, body } = await raw(path);
      expect([status, body.includes('secret')]).toEqual([400, false]);
    },
  );

  it('HEAD says what GET would', async () => {
    const head = await raw('/noise.bin', {}, 'HEAD');
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '300000', 'accept-ranges': 'bytes' } });
    expect(head.body).toHaveLength(0);
    const part = await raw('/noise.bin', { range: 'bytes=5-9' }, 'HEAD');
    expect(part).toMatchObject({
      status: 206,
      headers: { 'content-length': '5', 'content-range': 'bytes 5-9/300000' },
    });
  });

  it('is not sent again to who has it', async () => {
    const { headers } = await raw('/a.txt');
    const again = await raw('/a.txt', { 'if-none-match': String(headers['etag']) });
    expect([again.status, again.body.length, again.headers['etag']]).toEqual([304, 0, headers['etag']]);
    expect((await raw('/a.txt', { 'if-modified-since': String(headers['last-modified']) })).status).toBe(304);
    expect((await raw('/a.txt', { 'if-match': '"other"' })).status).toBe(412);
  });

  it('many come over one connection', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`${at}/noise.bin`).then((one) => one.arrayBuffer())),
    );
    expect(answers.every((one) => Buffer.from(one).equals(noise))).toBe(true);
  });

  it('says to pages of other origins that they may read it', async () => {
    expect((await raw('/a.txt', { origin: 'http://other' })).headers['access-control-allow-origin']).toBe('*');
    const asks = await raw('/a.txt', { origin: 'http://other' }, 'OPTIONS');
    expect([asks.status, asks.headers['access-control-allow-headers']]).toEqual([200, '*']);
  });
});

describe('a range', () => {
  it('is a part of the file', async () => {
    const { status, headers, body } = await raw('/noise.bin', { range: 'bytes=1000-200999' });
    expect([status, headers['content-range'], headers['content-length']]).toEqual([
      206,
      'bytes 1000-200999/300000',
      '200000',
    ]);
    expect(body.equals(noise.subarray(1000, 201_000))).toBe(true);
  });

  it('of several parts is multipart', async () => {
    const { status, headers, body } = await raw('/noise.bin', { range: 'bytes=0-1,-2' });
    expect(status).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(String(headers['content-type']))?.[1];
    const part = (start: number, end: number): string =>
      `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${start}-${end - 1}/300000\r\n\r\n` +
      Buffer.from(noise.subarray(start, end)).toString('latin1');
    expect(body.toString('latin1')).toBe(`${part(0, 2)}${part(299_998, 300_000)}\r\n--${boundary}--\r\n`);
    expect(headers['content-length']).toBe(String(body.length));
  });

  it('outside of the file is 416, HTTP_STATIC_RANGE', async () => {
    const { status, headers, body } = await raw('/noise.bin', { range: 'bytes=300000-' });
    expect([status, headers['content-range']]).toEqual([416, 'bytes */300000']);
    expect(JSON.parse(body.toString())).toMatchObject({ error: 'HTTP_STATIC_RANGE' });
  });

  it('of another version is the whole file', async () => {
    const { headers } = await raw('/noise.bin');
    expect((await raw('/noise.bin', { range: 'bytes=0-1', 'if-range': String(headers['etag']) })).status).toBe(206);
    expect((await raw('/noise.bin', { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  });
});

describe('text', () => {
  it('is compressed for those who take it', async () => {
    const { headers, body } = await raw('/a.txt', { 'accept-encoding': 'br, gzip;q=0.5' });
    expect(headers).toMatchObject({
      'content-encoding': 'gzip',
      vary: 'Accept-Encoding',
      etag: expect.stringMatching(/^W\//),
    });
    expect(gunzipSync(body).toString()).toBe(text);
    expect(body.length).toBeLessThan(text.length / 5);
    const again = await raw('/a.txt', { 'accept-encoding': 'gzip', 'if-none-match': String(headers['etag']) });
    expect(again.status).toBe(304);
  });

  it.each([
    ['/a.txt', 'gzip;q=0'],
    ['/a.txt', 'identity'],
    ['/noise.bin', 'gzip'],
    ['/index.html', 'gzip'],
  ])('%s is not, for %s', async (path, coding) => {
    expect((await raw(path, { 'accept-encoding': coding })).headers['content-encoding']).toBeUndefined();
  });

  it('of a changed file is that of the new one', async () => {
    await writeFile(join(html, 'new.txt'), 'one '.repeat(1000));
    await raw('/new.txt', { 'accept-encoding': 'gzip' });
    await writeFile(join(html, 'newer.txt'), 'two '.repeat(1000));
    await utimes(join(html, 'newer.txt'), 1_800_000_000, 1_800_000_000);
    await rename(join(html, 'newer.txt'), join(html, 'new.txt'));
    const { body } = await raw('/new.txt', { 'accept-encoding': 'gzip' });
    expect(gunzipSync(body).toString('utf8', 0, 3)).toBe('two');
  });

  it('playlists on the disk are asked for each time, and have no session', async () => {
    const { headers, body } = await raw('/old.m3u8');
    expect(headers).toMatchObject({ 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'no-cache' });
    expect(body.includes('hls_ctx')).toBe(false);
  });
});

describe('VOD', () => {
  it('a file with the ending of a live stream is served while nobody publishes it', async () => {
    const bytes = await readFile(await sources.h264Aac());
    await writeFile(join(html, 'movie.flv'), bytes);
    expect((await raw('/movie.flv')).body.equals(bytes)).toBe(true);
  });

  it('MP4 takes ranges from the query as SRS does', async () => {
    await writeFile(join(html, 'm.mp4'), noise);
    const { status, body } = await raw('/m.mp4?range=10-19');
    expect([status, body.equals(noise.subarray(10, 20))]).toEqual([206, true]);
  });

  it('an MP4 that is none cannot begin at a time', async () => {
    expect((await raw('/m.mp4?start=5')).status).toBe(400);
  });
});

describe('a peer', () => {
  it('that reads nothing holds little memory, and its file is closed when it leaves', async () => {
    await writeFile(join(html, 'large.bin'), '');
    await truncate(join(html, 'large.bin'), 500_000_000);
    const before = process.memoryUsage().rss;
    const sockets = Array.from({ length: 50 }, () => {
      const socket = connect(port ?? 0, '127.0.0.1');
      socket.pause();
      socket.write('GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n');
      return socket;
    });
    await until('all files are open', async () => (await openLarge()) === 50);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    for (const socket of sockets) socket.destroy();
    await until('all files are closed', async () => (await openLarge()) === 0);
  });

  it('learns that a file became shorter by a broken answer', async () => {
    await writeFile(join(html, 'shrinks.bin'), '');
    await truncate(join(html, 'shrinks.bin'), 50_000_000);
    const answer = await fetch(`${at}/shrinks.bin`);
    await truncate(join(html, 'shrinks.bin'), 100);
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });
});

async function openLarge(): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((link) => link.endsWith('large.bin')).length;
}
