// The ingest and snapshot commands with real FFmpeg and real servers.
import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createEngine, ingest, protocols, silentLog, snapshot } from '../../src/core/index.ts';
import {
  atEnd,
  codecsOf,
  describeWith,
  published,
  run,
  scratchFolder,
  sources,
  testServer,
  until,
} from '../tools/interop.ts';
import { childrenOf, runs } from '../tools/processes.ts';

const bin = join(import.meta.dirname, '../../bin/dev.js');

/** The command in a process of its own; its JSON lines as they come. */
function command(...args: string[]) {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  atEnd(() => child.kill('SIGKILL'));
  const output = { text: '', errors: '' };
  child.stdout.on('data', (data) => {
    output.text += String(data);
  });
  child.stderr.on('data', (data) => {
    output.errors += String(data);
  });
  // Not at its exit: what it said last may still be on the way.
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const lines = (): Record<string, unknown>[] =>
    output.text
      .split('\n')
      // Behind the last newline is a line that has not come yet.
      .slice(0, -1)
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { child, output, ended, lines };
}

describeWith(['ffmpeg', 'ffprobe'], 'srsx ingest', () => {
  it('loops a file natively, connects to a server that comes back, and ends with code 143', async () => {
    const server = await testServer();
    const one = command('ingest', await sources.h264Aac(), `${server.rtmp}/live/file`);
    await until('it publishes', () => published(server, 'file'));

    const [session] = [...server.host.sessions.list()];
    server.host.sessions.kick(session?.id ?? '');
    await until('it is away', () => !published(server, 'file'));
    await until('it is back', () => published(server, 'file'));
    await until('it says so', () =>
      one.lines().some(({ reconnects, state }) => reconnects === 1 && state === 'running'),
    );

    one.child.kill('SIGTERM');
    expect(await one.ended).toBe(143);
    expect(one.lines().at(-1)).toMatchObject({ via: 'native', endedBy: 'signal', state: 'ended' });
  });

  it('plays a list once and ends with code 0', async () => {
    const server = await testServer();
    const file = await sources.h264Aac();
    const one = command('ingest', file, await sources.bFrames(), `${server.rtmp}/live/list`, '--no-loop');

    expect(await one.ended).toBe(0);
    expect(one.lines().at(-1)).toMatchObject({ endedBy: 'end', frames: { video: 300 } });
  });

  it('encodes generators through FFmpeg, and begins again when FFmpeg is killed', async () => {
    const server = await testServer();
    const picture = 'lavfi:testsrc2=size=320x180:rate=25';
    const one = command('ingest', picture, 'lavfi:sine=frequency=440', `${server.rtmp}/live/gen`, '--log', 'warn');
    await until('it publishes', () => published(server, 'gen'));
    expect(await codecsOf(`${server.rtmp}/live/gen`)).toEqual(['aac', 'h264']);

    const ffmpeg = (): number | undefined => childrenOf(one.child.pid as number, 'ffmpeg')[0];
    const first = ffmpeg() as number;
    process.kill(first, 'SIGKILL');
    await until('FFmpeg runs again', () => ffmpeg() !== undefined && ffmpeg() !== first);
    await until('it publishes again', () => published(server, 'gen'));

    const last = ffmpeg() as number;
    one.child.kill('SIGKILL');
    await until('no FFmpeg is left', () => !runs(last), 3000);
  });

  it('gives up after --retries with the code of the network', async () => {
    const server = await testServer();
    const one = command('ingest', '/no/such/file.flv', `${server.rtmp}/live/x`, '--retries', '1');

    expect(await one.ended).toBe(5);
    expect(one.output.errors).toContain('/no/such/file.flv');
  });

  it('reads by FFmpeg a file that srsx does not know, and ends after --max-time', async () => {
    const folder = await scratchFolder();
    const movie = join(folder, 'a movie.mkv');
    await run('ffmpeg', ['-v', 'error', '-i', await sources.h264Aac(), '-c', 'copy', movie]);
    const server = await testServer();
    const engine = createEngine({ log: silentLog });
    const result = await ingest(engine.host, protocols, {
      sources: [movie],
      to: `${server.rtmp}/live/mkv`,
      signal: new AbortController().signal,
      loop: true,
      maxTime: 8_000_000,
    });
    engine.close();

    expect(result).toMatchObject({ via: 'ffmpeg', endedBy: 'duration', restarts: 0, reconnects: 0 });
    expect(result.frames.video).toBeGreaterThan(150);
  });
});

describeWith(['ffmpeg', 'ffprobe'], 'srsx snapshot', () => {
  it('saves a picture of a live stream', async () => {
    const folder = await scratchFolder();
    const server = await testServer();
    const one = command('ingest', await sources.h264Aac(), `${server.rtmp}/live/pic`);
    await until('it publishes', () => published(server, 'pic'));
    const file = join(folder, 'a%d.jpg');
    const shot = command('snapshot', `${server.http}/live/pic.flv`, file, '--width', '160', '--json');

    expect(await shot.ended).toBe(0);
    expect((await readFile(file)).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
    const size = await run('ffprobe', [
      '-v',
      'error',
      '-f',
      'jpeg_pipe',
      '-show_entries',
      'stream=width,height',
      '-of',
      'csv=p=0',
      file,
    ]);
    expect(size.trim()).toBe('160,90');
    expect((await stat(file)).size).toBeGreaterThan(500);
    one.child.kill('SIGTERM');
    await one.ended;
  });

  it('says why there is none', async () => {
    const folder = await scratchFolder();
    const engine = createEngine({ log: silentLog });
    const options = { signal: new AbortController().signal, timeout: 1_000_000, to: join(folder, 'a.png') };
    await expect(snapshot(engine.host, { ...options, from: join(folder, 'none.flv') })).rejects.toMatchObject({
      code: 'SNAPSHOT_FAILED',
    });

    const server = await testServer();
    await expect(snapshot(engine.host, { ...options, from: `${server.rtmp}/live/none` })).rejects.toMatchObject({
      code: 'SNAPSHOT_TIMEOUT',
    });
    engine.close();
  });
});
