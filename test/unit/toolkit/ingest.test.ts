import { describe, expect, test } from 'vitest';
import { concat } from '../../../src/core/base/bytes.ts';
import { fromSeconds } from '../../../src/core/base/time.ts';
import type { Protocol } from '../../../src/core/control/host.ts';
import { TsMuxer } from '../../../src/core/format/ts/index.ts';
import { fileProtocol } from '../../../src/core/protocols/file/protocol.ts';
import { createFeeder } from '../../../src/core/toolkit/feeder.ts';
import { ffmpegArguments } from '../../../src/core/toolkit/ffmpeg-input.ts';
import { type IngestOptions, type IngestProgress, ingest } from '../../../src/core/toolkit/ingest.ts';
import { snapshot } from '../../../src/core/toolkit/snapshot.ts';
import { aacTrack, h264Track, live } from '../../tools/builders.ts';
import { FakeChildren } from '../../tools/fake-children.ts';
import { boxFile, boxFormat } from './box.ts';
import { fakeHost, runUntil, turn } from './fake-host.ts';
import { fakeErrors, liveSource, liveTarget } from './fake-protocols.ts';

const both = [h264Track, aacTrack];
const frames = live({ seconds: 2 });

function setup(files: Record<string, Uint8Array> = {}, more: readonly Protocol[] = []) {
  const children = new FakeChildren();
  const host = Object.assign(fakeHost(files), { children });
  const target = liveTarget();
  const protocols = [fileProtocol([boxFormat]), target, ...more];
  const seen: IngestProgress[] = [];
  const stop = new AbortController();
  const start = (options: Partial<IngestOptions>) =>
    ingest(
      host,
      protocols,
      { sources: ['in.box'], to: 'sink://x', signal: stop.signal, loop: false, ...options },
      (progress) => seen.push(progress),
    );
  return {
    host,
    children,
    target,
    protocols,
    seen,
    stop,
    start,
    run: (o: Partial<IngestOptions>) => runUntil(host.clock, start(o)),
  };
}

/** What FFmpeg would write. */
function transportStream(): Uint8Array {
  const muxer = new TsMuxer();
  return concat(
    [...muxer.header(both), ...frames.flatMap((frame) => muxer.write(frame))].flatMap(({ chunks }) => chunks),
  );
}

describe('a native ingest', () => {
  test('plays a file once in real time', async () => {
    const { run, host, seen } = setup({ 'in.box': boxFile(both, frames) });
    const result = await run({ maxTime: fromSeconds(100) });

    expect(result).toMatchObject({
      endedBy: 'end',
      via: 'native',
      restarts: 0,
      frames: { video: 50 },
      lastError: null,
    });
    expect(host.clock.now()).toBeGreaterThan(fromSeconds(1.8));
    expect(seen.map(({ state }) => state).at(-1)).toBe('ended');
    expect(host.clock.pending).toBe(0);
  });

  test('plays files one after the other, and again, until its time is over', async () => {
    const { run, host } = setup({ 'a.box': boxFile(both, frames), 'b.box': boxFile(both, frames) });
    const result = await run({ sources: ['a.box', 'b.box'], loop: true, maxTime: fromSeconds(9) });

    expect(result.endedBy).toBe('duration');
    expect(result.frames.video).toBeGreaterThan(200);
    expect(host.clock.pending).toBe(0);
  });

  test('leaves out a file of several that is not there', async () => {
    const { run, host } = setup({ 'b.box': boxFile(both, frames) });
    const result = await run({ sources: ['a.box', 'b.box'] });

    expect(result.frames.video).toBe(50);
    expect(host.lines.some(({ text }) => text.includes('a.box is left out'))).toBe(true);
  });

  test('tries a file that is not there again, later each time, and gives up', async () => {
    const { run, host, seen } = setup();
    await expect(run({ retries: 3 })).rejects.toMatchObject({ code: 'NET_NO_FILE' });

    // 1 s, 2 s, 4 s, each with up to a fifth more.
    expect(host.clock.now()).toBeGreaterThan(fromSeconds(7));
    expect(host.clock.now()).toBeLessThan(fromSeconds(9));
    expect(seen.filter(({ state }) => state === 'waiting').at(-1)).toMatchObject({ restarts: 3 });
  });

  test('ends at once when it is stopped while it waits', async () => {
    const { start, stop, host } = setup();
    const ended = start({});
    await turn();
    host.clock.advance(fromSeconds(0.5));
    stop.abort();

    expect((await runUntil(host.clock, ended)).endedBy).toBe('signal');
  });

  test('connects a live source again', async () => {
    const source = liveSource([
      { frames, fault: 'GONE' },
      { frames, stays: true },
    ]);
    const { run } = setup({}, [source]);
    const result = await run({ sources: ['live://x'], maxTime: fromSeconds(6) });

    expect(source.pulls).toBe(2);
    expect(result).toMatchObject({ endedBy: 'duration', reconnects: 1 });
  });

  test('does not try again what no time mends', async () => {
    const { run, host } = setup();
    await expect(run({ sources: [] })).rejects.toMatchObject({ code: 'ENDPOINT_EMPTY' });
    await expect(run({ to: 'nowhere://x' })).rejects.toMatchObject({ code: 'ENDPOINT_SCHEME' });
    await expect(run({ sources: ['lavfi:x', 'in.box'] })).rejects.toMatchObject({ code: 'INGEST_MIXED' });
    await expect(run({ sources: ['live://a', 'live://b'], via: 'native' })).rejects.toMatchObject({
      code: 'ENDPOINT_SCHEME',
    });
    await expect(run({ sources: ['-', 'b.box'] })).rejects.toMatchObject({ code: 'RELAY_LIST' });
    expect(host.clock.now()).toBe(0);
  });
});

describe('an ingest through FFmpeg', () => {
  test('publishes what FFmpeg writes, and ends well when FFmpeg does', async () => {
    const { start, children, host, target } = setup();
    const ended = start({ sources: ['movie.mkv'], via: 'ffmpeg' });
    await turn();
    // The target is there.
    host.clock.advance(fromSeconds(0.1));
    const [child] = children.all;
    child?.stdout.onData(transportStream());
    await turn();
    child?.end();
    const result = await runUntil(host.clock, ended);

    expect(result).toMatchObject({ endedBy: 'end', via: 'ffmpeg' });
    expect(result.frames.video).toBeGreaterThan(48);
    expect(target).toBeDefined();
  });

  test('starts it again when it fails, and says with which words', async () => {
    const { start, children, host, seen } = setup();
    const ended = start({ sources: ['rtsp://camera/'], retries: 1, loop: true });
    ended.catch(() => undefined);
    for (let i = 0; i < 2; i++) {
      await turn();
      children.all[i]?.say('Connection refused');
      children.all[i]?.end({ code: 1 });
      await turn();
      host.clock.advance(fromSeconds(1.5));
    }

    await expect(runUntil(host.clock, ended)).rejects.toMatchObject({
      code: 'INGEST_FFMPEG',
      message: 'FFmpeg ended with code 1: Connection refused',
    });
    expect(children.all).toHaveLength(2);
    expect(seen.at(-1)?.stderr).toContain('Connection refused');
  });

  test('ends FFmpeg with itself', async () => {
    const { start, children, stop, host } = setup();
    const ended = start({ sources: ['lavfi:testsrc2'], loop: true });
    await turn();
    stop.abort();
    expect(children.all[0]?.stopped).toBe(true);
    children.all[0]?.end({ code: undefined, signal: 'SIGTERM' });

    expect((await runUntil(host.clock, ended)).endedBy).toBe('signal');
  });

  test('ends FFmpeg that writes garbage', async () => {
    const { start, children, host } = setup();
    const ended = start({ sources: ['lavfi:testsrc2'], retries: 0 });
    ended.catch(() => undefined);
    await turn();
    const child = children.all[0];
    for (let i = 0; i < 20; i++) child?.stdout.onData(new Uint8Array(100_000));
    expect(child?.stopped).toBe(true);
    child?.end({ code: undefined, signal: 'SIGTERM' });

    await expect(runUntil(host.clock, ended)).rejects.toMatchObject({ code: 'TS_SYNC' });
  });

  test('reads what the native reader does not understand', async () => {
    const { start, children, host } = setup({ 'in.box': new Uint8Array(1000) });
    const ended = start({});
    await turn();
    await turn();
    expect(children.all[0]?.command.args).toContain('file:in.box');
    host.clock.advance(fromSeconds(0.1));
    children.all[0]?.stdout.onData(transportStream());
    await turn();
    children.all[0]?.end();

    expect((await runUntil(host.clock, ended)).via).toBe('ffmpeg');
  });

  test('reads a camera that the native reader does not understand, without a second attempt', async () => {
    let pulls = 0;
    const camera: Protocol = {
      ...{ name: 'cam', schemes: ['cam'], defaults: {}, errors: fakeErrors },
      pull: () => {
        pulls++;
        return Promise.reject(fakeErrors.protocol('REFUSED'));
      },
    };
    const { start, children, host } = setup({}, [camera]);
    const ended = start({ sources: ['cam://yard/'], loop: true, maxTime: fromSeconds(5) });
    await turn();
    await turn();

    expect([pulls, children.all[0]?.command.args.includes('cam://yard/')]).toEqual([1, true]);
    children.all[0]?.stdout.onData(transportStream());
    host.clock.advance(fromSeconds(5));
    children.all[0]?.end({ code: undefined, signal: 'SIGTERM' });
    expect((await runUntil(host.clock, ended)).via).toBe('ffmpeg');
  });

  test('says when there is no FFmpeg', async () => {
    const { run, children } = setup({ 'in.box': new Uint8Array(1000) });
    children.installed.clear();

    await expect(run({ sources: ['lavfi:x'] })).rejects.toMatchObject({ code: 'INGEST_PROGRAM' });
    await expect(run({ retries: 0 })).rejects.toMatchObject({ code: 'FILE_CONTENT' });
  });

  test.each([
    [['v4l2:/dev/video0', 'alsa:hw:0,1'], true, false, '-f v4l2 -i /dev/video0 -f alsa -i hw:0,1 -c:v libx264'],
    [['lavfi:testsrc2=s=1x1'], true, true, '-re -f lavfi -i testsrc2=s=1x1 -c:v'],
    [['a b.mkv'], false, true, '-stream_loop -1 -re -i file:a b.mkv -c copy'],
    [['-rf'], false, false, '-re -i file:-rf -c copy'],
    [['rtsp://h/s'], false, true, '-i rtsp://h/s -c copy'],
  ])('gives FFmpeg the arguments for %j', (sources, encode, loop, expected) => {
    const line = ffmpegArguments({ sources, encode, loop }).join(' ');

    expect(line).toContain(` warning ${expected}`);
    expect(line).toMatch(/-f mpegts pipe:1$/);
  });
});

describe('the feeder of a server', () => {
  test('reads URLs it knows, and files by their ending', () => {
    const { host, protocols } = setup({}, [liveSource([])]);
    const feeder = createFeeder(host, protocols);

    expect(['a.flv', './b.MP4', 'live://x'].map((url) => feeder.reads(url))).toEqual([true, true, true]);
    expect(['a.mkv', 'rtsp://x/y', '', 'exec:ls'].map((url) => feeder.reads(url))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test('feeds until it is stopped, and says what it does', async () => {
    const { host, protocols } = setup({ 'in.box': boxFile(both, frames) });
    const work = createFeeder(host, protocols).feed('in.box', 'sink://x', 'one');
    for (let i = 0; i < 200; i++) {
      await turn();
      host.clock.advance(fromSeconds(0.05));
    }
    expect(work.describe()).toMatchObject({ title: 'one', state: 'running', via: 'native', last_error: null });

    work.stop();
    for (let i = 0; i < 200; i++) {
      await turn();
      host.clock.advance(fromSeconds(0.1));
    }
    expect(work.describe()).toMatchObject({ state: 'ended' });
    expect(host.clock.pending).toBe(0);
  });
});

describe('a snapshot', () => {
  const ask = (more: Partial<Parameters<typeof snapshot>[1]> = {}) => {
    const world = setup();
    const options = {
      from: 'rtmp://h/a/b',
      to: 'a%d.jpg',
      signal: world.stop.signal,
      timeout: fromSeconds(20),
      ...more,
    };
    return { ...world, taken: snapshot(world.host, options) };
  };

  test('is one picture under the name that was asked for', async () => {
    const { children, taken, host } = ask({ width: 320 });
    const args = children.all[0]?.command.args.join(' ');
    children.all[0]?.end();

    expect(await taken).toMatchObject({ to: 'a%d.jpg' });
    expect(args).toContain('-i rtmp://h/a/b -vf scale=320:-2 -an -frames:v 1');
    expect(args).toMatch(/-f image2 -update 1 file:a%d.jpg$/);
    expect(host.clock.pending).toBe(0);
  });

  test.each([
    ['SNAPSHOT_FORMAT', { to: 'a.sh' }],
    ['INGEST_PROGRAM', { ffmpeg: '/no/such' }],
  ])('is refused with %s', async (code, more) => {
    await expect(ask(more).taken).rejects.toMatchObject({ code });
  });

  test('ends FFmpeg at its time-out, at the signal, and tells what FFmpeg said', async () => {
    const late = ask();
    late.host.clock.advance(fromSeconds(20));
    expect(late.children.all[0]?.stopped).toBe(true);
    late.children.all[0]?.end({ code: undefined, signal: 'SIGTERM' });
    await expect(late.taken).rejects.toMatchObject({ code: 'SNAPSHOT_TIMEOUT' });

    const stopped = ask();
    stopped.stop.abort();
    stopped.children.all[0]?.end({ code: 255 });
    await expect(stopped.taken).rejects.toMatchObject({ code: 'SNAPSHOT_GIVEN_UP' });

    const failed = ask();
    failed.children.all[0]?.say('404 Not Found');
    failed.children.all[0]?.end({ code: 1 });
    await expect(failed.taken).rejects.toThrow('404 Not Found');
  });
});
