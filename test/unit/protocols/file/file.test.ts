import { describe, expect, test } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import type { PullOptions, PushOptions } from '../../../../src/core/control/host.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Stream } from '../../../../src/core/media/stream.ts';
import { fileUrl } from '../../../../src/core/protocols/file/path.ts';
import { fileProtocol, pullBytes } from '../../../../src/core/protocols/file/protocol.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';
import { FakeLink, type VirtualClock } from '../../../tools/fakes.ts';
import { boxFile, boxFormat, unbox } from '../../toolkit/box.ts';
import { fakeHost, runUntil, SlowDisk, turn, written } from '../../toolkit/fake-host.ts';

const file = fileProtocol([boxFormat]);
const frames = live({ seconds: 2 });
const good = boxFile([h264Track, aacTrack], frames);

function sink() {
  const got: Frame[] = [];
  return { got, on: (event: MediaEvent) => void (event.type === 'frame' && got.push(event.frame)) };
}

const pulling = (more: Partial<PullOptions> = {}): PullOptions => ({
  signal: new AbortController().signal,
  ready: () => Promise.resolve(),
  onBytes: () => undefined,
  ...more,
});

const pushing = (more: Partial<PushOptions> = {}): PushOptions => ({
  signal: new AbortController().signal,
  mergeWindow: 0,
  onBytes: () => undefined,
  ...more,
});

const stream = (clock: VirtualClock) =>
  new Stream(
    { vhost: '', app: 'a', stream: 's' },
    {
      clock,
      limits: defaultLimits,
      gopCache: false,
      mergeWindow: 0,
      onIdle: () => undefined,
      onPublished: () => undefined,
      onUnpublished: () => undefined,
    },
  );

describe('pull', () => {
  test('every frame of a file arrives, and the bytes are counted', async () => {
    const to = sink();
    let bytes = 0;

    await file.pull?.(fakeHost({ 'a.box': good }), fileUrl('a.box'), to, pulling({ onBytes: (n) => (bytes += n) }));

    expect(to.got).toEqual(frames);
    expect(bytes).toBe(good.length);
  });

  test('the container is known by its content, whatever the name says', async () => {
    const to = sink();

    await file.pull?.(fakeHost({ '/x/a.mp4': good }), fileUrl('/x/a.mp4'), to, pulling());

    expect(to.got.length).toBe(frames.length);
  });

  test('a consumer that is not ready holds the very next frame', async () => {
    const to = sink();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    const ready = (): Promise<void> => (++asked > 3 ? gate : Promise.resolve());

    const done = file.pull?.(fakeHost({ 'a.box': good }), fileUrl('a.box'), to, pulling({ ready }));
    await turn();
    const held = to.got.length;
    release();
    await done;

    expect(held).toBe(3);
    expect(to.got.length).toBe(frames.length);
  });

  test.each([
    ['FILE_EMPTY', 'a.box', { 'a.box': new Uint8Array() }],
    ['FILE_CONTENT', 'a.box', { 'a.box': new TextEncoder().encode('#!/bin/sh') }],
    ['FILE_CONTENT', 'a.box', { 'a.box': Uint8Array.of(1) }],
  ])('%s says what is wrong with the file and what to do', async (code, path, files) => {
    const pull = file.pull?.(fakeHost(files), fileUrl(path), sink(), pulling());

    const error = await (pull as Promise<void>).catch((reason) => reason);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(path);
    expect(error.advice.length).toBeGreaterThan(10);
  });

  test('FILE_FAILED: what the link says while reading is told; an error of the net layer is told as it is', async () => {
    await expect(file.pull?.(fakeHost(), fileUrl('nowhere.box'), sink(), pulling())).rejects.toMatchObject({
      code: 'NET_NO_FILE',
    });
    const host = fakeHost();
    const link = new FakeLink();
    host.nextInput = link;
    const broken = file.pull?.(host, fileUrl('/dev/x'), sink(), pulling());
    await turn();
    link.onClose(new Error('read failed'));

    await expect(broken).rejects.toMatchObject({ code: 'FILE_FAILED', message: '/dev/x: read failed' });
  });

  test('a file that was cut gives what is complete, and a warning', async () => {
    const host = fakeHost({ 'a.box': good.subarray(0, good.length - 3) });
    const to = sink();

    await file.pull?.(host, fileUrl('a.box'), to, pulling());

    expect(to.got.length).toBe(frames.length - 1);
    expect(host.lines.map((line) => line.level)).toEqual(['warn']);
  });

  test('damage rejects after what came before it', async () => {
    const damaged = concat([good, Uint8Array.of(9, 0, 0, 0, 0)]);
    const host = fakeHost();
    const link = new FakeLink();
    host.nextInput = link;
    const to = sink();

    const pull = file.pull?.(host, fileUrl('a.box'), to, pulling()) as Promise<void>;
    const caught = pull.catch((reason) => reason);
    await turn();
    link.onData(damaged.subarray(0, good.length));
    link.onData(damaged.subarray(good.length));

    expect(await caught).toMatchObject({ code: 'TESTBOX_BAD' });
    expect(to.got.length).toBe(frames.length);
    expect(link.closed).toBe(true);
  });

  test('the signal ends it, before and in the middle', async () => {
    const stop = new AbortController();
    const to = sink();
    const ready = async (): Promise<void> => {
      if (to.got.length === 5) stop.abort();
    };

    await file.pull?.(fakeHost({ 'a.box': good }), fileUrl('a.box'), to, pulling({ signal: stop.signal, ready }));
    await file.pull?.(fakeHost({ 'a.box': good }), fileUrl('a.box'), to, pulling({ signal: stop.signal }));

    expect(to.got.length).toBe(5);
  });

  test('a sample in memory is read as a file is', async () => {
    const to = sink();

    await pullBytes(fakeHost(), good, to, { ...pulling(), formats: [boxFormat] });

    expect(to.got).toEqual(frames);
  });
});

describe('push', () => {
  test('the file holds the stream, and push resolves when it ended and the disk has it all', async () => {
    const host = fakeHost();
    const disk = new SlowDisk(host.clock, 100, 4096);
    host.nextOutput = disk;
    const source = stream(host.clock);
    let bytes = 0;
    let pendingAtEnd = -1;

    const push = file.push?.(
      host,
      source,
      fileUrl('out.box'),
      pushing({ onBytes: (n) => (bytes += n) }),
    ) as Promise<void>;
    await turn();
    const publication = source.publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack([h264Track, aacTrack]);
    for (const frame of frames) publication.write(frame);
    publication.end();
    await runUntil(
      host.clock,
      push.then(() => (pendingAtEnd = disk.pending)),
    );

    expect(unbox(written(host, 'out.box')).filter((frame) => frame.track.kind === 'video')).toEqual(
      frames.filter((frame) => frame.track.kind === 'video'),
    );
    expect(pendingAtEnd).toBe(0);
    expect(disk.closed).toBe(true);
    expect(bytes).toBe(disk.bytes.length);
    expect(source.players).toBe(0);
  });

  test('FILE_FAILED: a full disk rejects', async () => {
    const host = fakeHost();
    const disk = new FakeLink();
    host.nextOutput = disk;

    const push = file.push?.(host, stream(host.clock), fileUrl('out.box'), pushing());
    await turn();
    disk.onClose(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));

    await expect(push).rejects.toMatchObject({
      code: 'FILE_FAILED',
      message: expect.stringContaining('no space left'),
    });
  });

  test('FILE_CLOSED: a reader of standard output that leaves is told', async () => {
    const host = fakeHost();
    const pipe = new FakeLink();
    host.nextOutput = pipe;

    const push = file.push?.(host, stream(host.clock), fileUrl('-'), pushing());
    await turn();
    pipe.close();

    await expect(push).rejects.toMatchObject({ code: 'FILE_CLOSED' });
  });

  test('the signal ends it even when the reader takes nothing any more', async () => {
    const host = fakeHost();
    const stuck = new FakeLink(0);
    stuck.pending = 1;
    host.nextOutput = stuck;
    const stop = new AbortController();

    const push = file.push?.(host, stream(host.clock), fileUrl('-'), pushing({ signal: stop.signal })) as Promise<void>;
    await turn();
    stop.abort();
    await runUntil(host.clock, push);

    expect(stuck.closed).toBe(true);
    expect(host.clock.now()).toBeLessThanOrEqual(fromMs(5100));
    expect(host.clock.pending).toBe(0);
  });

  test('FILE_FORMAT: an ending without a container is refused before anything is created', async () => {
    const host = fakeHost();

    const push = file.push?.(host, stream(host.clock), fileUrl('out.txt'), pushing());

    await expect(push).rejects.toMatchObject({ code: 'FILE_FORMAT', advice: expect.any(String) });
    expect(host.outputs.size).toBe(0);
  });
});
