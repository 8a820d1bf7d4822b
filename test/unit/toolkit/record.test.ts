import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/core/base/bytes.ts';
import { fromSeconds } from '../../../src/core/base/time.ts';
import type { Protocol } from '../../../src/core/control/host.ts';
import { netErrors } from '../../../src/core/net/index.ts';
import { file } from '../../../src/core/protocols/file/index.ts';
import { type RecordOptions, type RecordProgress, record } from '../../../src/core/toolkit/record.ts';
import { aacTrack, h264Track, live } from '../../tools/builders.ts';
import { MemoryFolder } from '../../tools/memory-folder.ts';
import { framesOf, payloads } from '../control/record/world.ts';
import { flvFile } from '../protocols/http-flv/fakes.ts';
import { fakeHost } from './fake-host.ts';

const frames = live({ seconds: 10, size: 2000 });
const source = flvFile(frames);

/** A live source: gives its frames at once, then waits for the signal. */
const camera: Protocol = {
  name: 'camera',
  schemes: ['camera'],
  defaults: {},
  errors: file.errors,
  pull: (_host, _from, to, { signal }) => {
    to.on({ type: 'tracks', tracks: [h264Track, aacTrack] });
    for (const frame of frames) to.on({ type: 'frame', frame });
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  },
};

function setUp(folder = new MemoryFolder('.')) {
  const host = fakeHost({ 'in.flv': source });
  const roots: string[] = [];
  const net = {
    ...host.net,
    folder: (root: string) => {
      roots.push(root);
      return folder;
    },
  };
  const stop = new AbortController();
  const seen: RecordProgress[] = [];
  const run = (options: Partial<RecordOptions>) =>
    record(
      { ...host, net },
      [file, camera],
      { from: 'in.flv', to: 'out.flv', signal: stop.signal, ...options },
      (one) => seen.push(one),
    );
  return { host, folder, roots, stop, seen, run };
}

describe('a recording', () => {
  it('of a file has all of it', async () => {
    const { run, folder } = setUp();
    const result = await run({});

    expect(result).toMatchObject({ endedBy: 'end', dropped: 0, gaps: 0, files: 1, state: 'ended' });
    expect(payloads(framesOf(folder.files.get('out.flv'), 'out.flv'), 'video')).toEqual(payloads(frames, 'video'));
    expect(result.recordings).toEqual([
      { file: 'out.flv', bytes: folder.files.get('out.flv')?.length, durationMs: expect.any(Number) },
    ]);
  });

  it('in pieces numbers them, and begins each with a key frame', async () => {
    const { run, folder } = setUp();
    const result = await run({ to: 'out.flv', segment: fromSeconds(4) });

    expect(result.recordings.map((one) => one.file)).toEqual(['out-0.flv', 'out-1.flv', 'out-2.flv']);
    const found = result.recordings.map((one) => framesOf(folder.files.get(one.file), 'x.flv'));
    expect(found.flatMap((part) => payloads(part, 'video'))).toEqual(payloads(frames, 'video'));
  });

  it('fills the words of a template from the source, below the directory in front of them', async () => {
    const { run, roots, folder } = setUp();
    const result = await run({
      from: 'camera://host/live/room/cam1.flv',
      to: '/data/r/[app]/[stream]-[2006].mp4',
      duration: fromSeconds(1),
    });

    expect(roots).toEqual(['/data/r']);
    expect([...folder.files.keys()]).toEqual(['live/room/cam1-2023.mp4']);
    expect(result).toMatchObject({ endedBy: 'duration', recordings: [{ file: '/data/r/live/room/cam1-2023.mp4' }] });
  });

  it('of a live source ends by the signal with what came', async () => {
    const { run, stop, folder } = setUp();
    const recording = run({ from: 'camera://host/live/a' });
    stop.abort();

    expect(await recording).toMatchObject({ endedBy: 'signal', frames: { video: 250 } });
    expect(payloads(framesOf(folder.files.get('out.flv'), 'out.flv'), 'video')).toHaveLength(250);
  });

  it('that cannot be written ends with the error of the disk', async () => {
    const folder = new MemoryFolder('.');
    folder.fault = netErrors.system('FILE_ACCESS', { at: 'out.flv' });
    const { run } = setUp(folder);

    await expect(run({ from: 'camera://host/live/a' })).rejects.toMatchObject({ code: 'NET_FILE_ACCESS' });
  });

  it('of a source that fails keeps what came, and tells the error', async () => {
    const folder = new MemoryFolder('.');
    const { run, host } = setUp(folder);
    host.files.set('in.flv', concat([source.subarray(0, 200_000), new Uint8Array(4000).fill(0x77)]));
    await run({}).catch((error: unknown) => error);

    expect(payloads(framesOf(folder.files.get('out.flv'), 'out.flv'), 'video').length).toBeGreaterThan(80);
  });

  it.each([
    [{ from: 'none.flv' }, 'NET_NO_FILE'],
    [{ from: 'gopher://x/y' }, 'ENDPOINT_SCHEME'],
    [{ to: 'out.doc' }, 'RECORD_KIND'],
    [{ to: '-' }, 'RECORD_STDOUT'],
    [{ to: '[app]/../../x.flv' }, 'STORAGE_PATH'],
  ] as const)('%j is refused: %s', async (options, code) => {
    const { run } = setUp();

    await expect(Promise.resolve().then(() => run(options))).rejects.toMatchObject({ code });
  });
});
