// The disk at any moment: a server that writes HLS and DASH is killed twenty times, and what it leaves is whole.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/core/base/limits.ts';
import { ownFiles } from '../../../src/core/format/dash/index.ts';
import { Fmp4Demuxer } from '../../../src/core/format/fmp4/index.ts';
import { type MediaPlaylist, parsePlaylist, validatePlaylist } from '../../../src/core/format/hls/index.ts';
import { analyseTs, tsFaults } from '../../../src/core/format/ts/index.ts';
import { createEngine, Log, loadConfig } from '../../../src/core/index.ts';
import { aacTrack, audio, h264Track, video } from '../../tools/builders.ts';
import { SeedRng } from '../../tools/fakes.ts';
import { scratchFolder, until } from '../../tools/interop.ts';

const scratch = await scratchFolder();
const writer = new URL('writer.ts', import.meta.url).pathname;

/** The playlist on the disk; every segment that it names is there and a whole transport stream. */
async function check(directory: string): Promise<MediaPlaylist | undefined> {
  const file = join(directory, 'live/a.m3u8');
  if (!existsSync(file)) return undefined;
  const playlist = parsePlaylist(await readFile(file, 'utf8'));
  if (playlist.kind !== 'media') throw new Error('not a media playlist');
  expect(validatePlaylist(playlist)).toEqual([]);
  for (const { uri } of playlist.segments) {
    const bytes = await readFile(join(directory, 'live', uri));
    expect(bytes.length % 188, uri).toBe(0);
    expect(tsFaults(analyseTs(bytes)), uri).toEqual([]);
  }
  return playlist;
}

/** Every file that the manifest names is there and whole. False without a manifest. */
async function checkDash(directory: string): Promise<boolean> {
  const file = join(directory, 'live/a.mpd');
  if (!existsSync(file)) return false;
  const names = ownFiles(await readFile(file, 'utf8'));
  expect(names.length).toBeGreaterThan(3);
  let init = Buffer.alloc(0);
  for (const name of names) {
    const bytes = await readFile(join(directory, 'live/a', name));
    // An init segment stands in front of the segments that need it.
    if (name.includes('-init')) {
      init = bytes;
      continue;
    }
    const demuxer = new Fmp4Demuxer(defaultLimits);
    const events = [...demuxer.push(Buffer.concat([init, bytes])), ...demuxer.end()];
    expect(events.filter(({ type }) => type === 'frame').length, name).toBeGreaterThanOrEqual(20);
  }
  return true;
}

/** Number of the newest segment that the playlist names; -1 without one. */
async function newest(directory: string): Promise<number> {
  const text = await readFile(join(directory, 'live/a.m3u8'), 'utf8').catch(() => '');
  return Number(/-(\d+)\.ts\n$/.exec(text)?.[1] ?? -1);
}

it('is whole after each of twenty kills, and each run goes on where the last one was', {
  timeout: 120_000,
}, async () => {
  const directory = join(scratch, 'killed');
  const rng = new SeedRng(7);
  let last = -1;
  let manifests = 0;
  for (let round = 0; round < 20; round++) {
    const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await until('a new segment in the playlist', async () => (await newest(directory)) > last);
    await new Promise((done) => setTimeout(done, rng.below(60)));
    child.kill('SIGKILL');
    await once(child, 'close');

    const playlist = await check(directory);
    const reached = playlist?.segments.at(-1)?.sequence ?? -1;
    expect(reached).toBeGreaterThan(last);
    if (await checkDash(directory)) manifests++;
    last = reached;
  }

  // Only the first kills may come before there is one.
  expect(manifests).toBeGreaterThanOrEqual(15);
  // Nothing piles up: what the window needs, as much again behind it, and at most what the last kill left.
  expect((await readdir(join(directory, 'live'))).length).toBeLessThan(40);
});

/** Whether this machine lets us have a disk of one mebibyte. */
const disk = join(scratch, 'small');
await mkdir(disk);
const run = promisify(execFile);
const small = await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).then(
  () => true,
  () => false,
);
afterAll(async () => {
  if (small) await run('umount', ['--lazy', disk]);
});

describe.skipIf(!small)('a disk that is full', () => {
  it('costs the stream nothing, is told once, and what is there stays whole', { timeout: 60_000 }, async () => {
    const errors: unknown[] = [];
    const log = new Log((line) => line.level === 'error' && errors.push(line.fields['code']));
    const engine = createEngine({ log });
    const text = `vhost __defaultVhost__ { hls { enabled on; hls_fragment 1; hls_window 60; hls_path ${disk}; } }`;
    const none = { listen: [] };
    const http = { listen: ['127.0.0.1:0'] };
    const config = loadConfig({
      text: `http_server { enabled on; listen 127.0.0.1:0; } ${text}`,
      file: 'c',
      read: () => '',
    });
    const server = await engine.serve({ rtmp: none, http, api: none, config });
    const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };
    const publication = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack([h264Track, aacTrack]);
    for (let i = 0; i < 25 * 12; i++) {
      publication.write(video({ at: i * 40, key: i % 25 === 0, size: 10_000 }));
      publication.write(audio({ at: i * 40 + 1 }));
    }
    await until('the disk is full', () => errors.length > 0);

    const playlist = await check(disk);
    expect(playlist?.segments.length).toBeGreaterThan(0);
    expect(errors).toEqual(['NET_DISK_FULL']);
    const port = server.listeners.find((one) => one.name === 'http')?.address.port;
    const answer = await fetch(`http://127.0.0.1:${port}/live/a.m3u8?hls_ctx=x`);
    expect((await answer.text()).match(/\.ts/g)?.length).toBe(11);
    expect(server.host.hub.find(name)?.published).toBe(true);
    await server.close();
    engine.close();
  });
});
