import { describe, expect, test } from 'vitest';
import { defaultLimits, type Limits } from '../../../src/core/base/limits.ts';
import { fromMs, fromSeconds, toMs } from '../../../src/core/base/time.ts';
import type { Protocol } from '../../../src/core/control/host.ts';
import { FlvDemuxer } from '../../../src/core/format/flv/index.ts';
import { Fmp4Demuxer } from '../../../src/core/format/fmp4/index.ts';
import { TsDemuxer } from '../../../src/core/format/ts/index.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import { file as realFile } from '../../../src/core/protocols/file/index.ts';
import { fileProtocol } from '../../../src/core/protocols/file/protocol.ts';
import { fileFormats } from '../../../src/core/protocols/file/table.ts';
import { type RelayOptions, type RelayProgress, relay } from '../../../src/core/toolkit/relay.ts';
import { aacTrack, audio, h264Track, live, video } from '../../tools/builders.ts';
import { FakeLink } from '../../tools/fakes.ts';
import { boxFile, boxFormat, unbox } from './box.ts';
import { type FakeHost, fakeHost, runUntil, SlowDisk, turn, written } from './fake-host.ts';
import { liveSource, liveTarget } from './fake-protocols.ts';

const file = fileProtocol([boxFormat]);
const both = [h264Track, aacTrack];

const setup = (
  files: Record<string, Uint8Array> = {},
  protocols: readonly Protocol[] = [],
  limits: Partial<Limits> = {},
): FakeHost & { protocols: Protocol[] } => Object.assign(fakeHost(files, limits), { protocols: [file, ...protocols] });

const options = (more: Partial<RelayOptions>): RelayOptions => ({
  from: 'in.box',
  to: 'out.box',
  signal: new AbortController().signal,
  ...more,
});

const run = (
  host: FakeHost & { protocols: Protocol[] },
  more: Partial<RelayOptions> = {},
  on?: (progress: RelayProgress) => void,
) => runUntil(host.clock, relay(host, host.protocols, options(more), on));

const times = (frames: readonly Frame[], kind = 'video') =>
  frames.filter((frame) => frame.track.kind === kind).map((frame) => toMs(frame.dts));

const plain = (frames: readonly Frame[]) =>
  frames.map(({ track, dts, cts, key, data }) => ({ id: track.id, dts, cts, key, data }));

describe('file to file', () => {
  test('every frame is kept, in no time, also sound before the first key frame', async () => {
    const frames = [
      audio({ at: 0 }),
      audio({ at: 23 }),
      video({ at: 30, key: true }),
      ...live({ seconds: 20 }).slice(4),
    ];
    const host = setup({ 'in.box': boxFile(both, frames) });

    const result = await run(host);

    expect(plain(unbox(written(host, 'out.box')))).toEqual(plain(frames));
    expect(result).toMatchObject({
      endedBy: 'end',
      state: 'ended',
      dropped: 0,
      bytesIn: host.files.get('in.box')?.length,
    });
    expect(host.clock.now()).toBeLessThan(fromSeconds(1));
    expect(host.clock.pending).toBe(0);
  });

  test('pictures before the first key frame are left out and counted', async () => {
    const frames = [audio({ at: 0 }), video({ at: 30 }), video({ at: 70 }), ...live({ seconds: 2 }).map(later(100))];
    const host = setup({ 'in.box': boxFile(both, frames) });

    const result = await run(host);

    expect(result.dropped).toBe(2);
    expect(unbox(written(host, 'out.box')).length).toBe(frames.length - 2);
  });

  test('a disk that is much slower than the reader loses nothing, and little waits for it', async () => {
    // Ten minutes of 1.3 Mbit/s: far above the 30 s and 64 MiB that a live window keeps.
    const frames: Frame[] = [];
    for (let i = 0; i < 15_000; i++) frames.push(video({ at: i * 40, key: i % 50 === 0, size: 6800 }));
    const host = setup({ 'in.box': boxFile([h264Track], frames) });
    const disk = new SlowDisk(host.clock, 10_000, 1024 * 1024);
    host.nextOutput = disk;

    const result = await run(host);

    const kept = unbox(written(host, 'out.box'));
    expect(host.files.get('in.box')?.length).toBeGreaterThan(100_000_000);
    expect(kept.length).toBe(frames.length);
    expect(kept.every((frame, index) => frame.dts === frames[index]?.dts && frame.data.length === 6804)).toBe(true);
    expect(result.dropped).toBe(0);
    expect(disk.mostPending).toBeLessThan(2 * 1024 * 1024);
    // The disk was busy all the time.
    expect(toMs(host.clock.now())).toBeLessThan(disk.bytes.length / 10_000 / 0.7);
  });

  test('the same file is refused', async () => {
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 1 })) });

    await expect(run(host, { to: './in.box', from: './in.box' })).rejects.toMatchObject({ code: 'RELAY_SAME' });
  });

  test('a loop goes on in time and repeats no parameters', async () => {
    const frames = live({ seconds: 1 });
    const host = setup({ 'in.box': boxFile(both, frames) });

    const result = await run(host, { loop: 3 });

    const kept = unbox(written(host, 'out.box'));
    expect(kept.length).toBe(frames.length * 3);
    const all = kept.map((frame) => frame.dts);
    expect(all).toEqual([...all].sort((a, b) => a - b));
    expect(new Set(times(kept)).size).toBe(75);
    expect(new Set(kept.map((frame) => frame.track)).size).toBe(2);
    expect(result.tracks).toMatchObject([
      { id: 0, codec: 'h264', frames: 75, keyFrames: 3 },
      { id: 256, codec: 'aac', frames: 129 },
    ]);
  });

  test('duration ends it by media time', async () => {
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 10 })) });

    const result = await run(host, { duration: fromSeconds(2) });

    expect(result.endedBy).toBe('duration');
    expect(result.mediaMs).toBe(2000);
    expect(times(unbox(written(host, 'out.box'))).at(-1)).toBe(2000);
  });

  test('the signal ends it, and what was read is written', async () => {
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 60 })) });
    const stop = new AbortController();

    const done = run(host, { signal: stop.signal, pace: 'realtime' });
    while (host.clock.now() < fromSeconds(3)) await turn();
    stop.abort();
    const result = await done;

    const kept = unbox(written(host, 'out.box'));
    expect(result.endedBy).toBe('signal');
    expect(kept.length).toBe(result.frames.video + result.frames.audio);
    expect(times(kept).at(-1)).toBeGreaterThan(2500);
    expect(times(kept).at(-1)).toBeLessThan(4000);
    expect(host.outputs.get('out.box')?.closed).toBe(true);
  });

  test('RELAY_EMPTY: a file without media', async () => {
    const host = setup({ 'in.box': boxFile(both, []) });

    await expect(run(host, { loop: Number.POSITIVE_INFINITY })).rejects.toMatchObject({ code: 'RELAY_EMPTY' });
    expect(host.clock.pending).toBe(0);
  });

  test('an input that fails makes no output', async () => {
    const host = setup({});

    await expect(run(host)).rejects.toMatchObject({ code: 'NET_NO_FILE' });
    expect(host.outputs.size).toBe(0);
    expect(host.clock.pending).toBe(0);
  });

  test('a full disk stops the reader and is the error', async () => {
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 60 })) });
    const disk = new FakeLink();
    host.nextOutput = disk;

    const done = run(host, { pace: 'realtime' });
    while (host.clock.now() < fromSeconds(1)) await turn();
    disk.onClose(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));

    await expect(done).rejects.toMatchObject({ code: 'FILE_FAILED' });
    expect(host.clock.pending).toBe(0);
  });

  test('RELAY_STALLED: an output that takes nothing at the end is given up', async () => {
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 1 })) });
    const stuck = new FakeLink(1000);
    host.nextOutput = stuck;
    const send = stuck.send.bind(stuck);
    stuck.send = (chunks) => {
      send(chunks);
      return true;
    };

    await expect(run(host)).rejects.toMatchObject({ code: 'RELAY_STALLED', details: { seconds: 30 } });
    expect(stuck.closed).toBe(true);
  });
});

describe('file to a container that holds frames back', () => {
  test.each([
    ['out.ts', () => new TsDemuxer(defaultLimits)],
    ['out.mp4', () => new Fmp4Demuxer(defaultLimits)],
  ])('%s has the last frames too', async (to, make) => {
    const frames = [...live({ seconds: 2 }), audio({ at: 2000 }), audio({ at: 2023 })];
    const host = setup({ 'in.box': boxFile(both, frames) });
    host.protocols[0] = fileProtocol([boxFormat, ...fileFormats]);

    await run(host, { to });

    const demuxer = make();
    const events = [...demuxer.push(written(host, to)), ...demuxer.end()];
    const kept = events.filter((event) => event.type === 'frame' && event.frame.track.kind === 'audio');
    expect(kept.length).toBe(frames.filter((frame) => frame.track.kind === 'audio').length);
  });
});

describe('file to live', () => {
  test('frames leave when they are due', async () => {
    const target = liveTarget();
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 5 })) }, [target]);
    const progress: RelayProgress[] = [];

    const result = await run(host, { to: 'sink://x/a/s' }, (step) => progress.push(step));

    expect(toMs(host.clock.now())).toBeGreaterThan(4900);
    expect(toMs(host.clock.now())).toBeLessThan(5300);
    expect(unbox(target.links[0]?.bytes ?? new Uint8Array()).length).toBe(5 * (25 + 43));
    expect(result.speed).toBeGreaterThan(0.95);
    const halfway = progress.find((step) => step.elapsedMs >= 2500);
    expect(Math.abs((halfway?.mediaMs ?? 0) - 2500)).toBeLessThan(100);
    expect(progress.length).toBeGreaterThanOrEqual(11);
    expect(progress.at(-1)?.state).toBe('ended');
    expect(() => JSON.stringify(progress)).not.toThrow();
  });

  test('nothing is read before the target takes media', async () => {
    const target = liveTarget([{ dialMs: 3000 }]);
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 2 })) }, [target]);

    const result = await run(host, { to: 'sink://x/a/s', pace: 'none' });

    expect(unbox(target.links[0]?.bytes ?? new Uint8Array()).length).toBe(2 * (25 + 43));
    expect(result.elapsedMs).toBeGreaterThanOrEqual(3000);
  });

  test.each([
    ['sound and picture', both, ({ track }: Frame) => track.kind !== 'data'],
    ['a picture alone', [h264Track], ({ track }: Frame) => track.kind === 'video'],
  ] as const)('a target that must know the tracks first gets them, and every frame: %s', async (_, tracks, isIn) => {
    const frames = live({ seconds: 5 }).filter(isIn);
    const target = liveTarget([{ wantsTracks: true, dialMs: 3000 }]);
    const host = setup({ 'in.box': boxFile(tracks, frames) }, [target]);

    const result = await run(host, { to: 'sink://x/a/s', pace: 'none' });

    expect(plain(unbox(target.links[0]?.bytes ?? new Uint8Array()))).toEqual(plain(frames));
    expect(result.elapsedMs).toBeGreaterThanOrEqual(3000);
  });

  test('a target that leaves is connected again, and the file waits meanwhile', async () => {
    const first = new FakeLink();
    const target = liveTarget([{ link: first }, { refuses: true }, {}]);
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 10 })) }, [target]);

    const done = run(host, { to: 'sink://x/a/s', retry: {} });
    while (host.clock.now() < fromSeconds(3)) await turn();
    first.close();
    const result = await done;

    expect(target.pushes).toBe(3);
    expect(result.reconnects).toBe(2);
    const second = unbox(target.links[1]?.bytes ?? new Uint8Array());
    expect(second[0]?.key && second[0].track.kind).toBe('video');
    expect(times(second).at(-1)).toBe(9960);
    // No burst after the outage: ten seconds of media and more than three of pauses.
    expect(toMs(host.clock.now())).toBeGreaterThan(13_000);
  });

  test('without retry a target that refuses is the error', async () => {
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 10 })) }, [liveTarget([{ refuses: true }])]);

    await expect(run(host, { to: 'sink://x/a/s' })).rejects.toMatchObject({ code: 'FAKE_REFUSED' });
  });

  test('attempts are counted from the last media on', async () => {
    const target = liveTarget([{ refuses: true }]);
    const host = setup({ 'in.box': boxFile(both, live({ seconds: 10 })) }, [target]);

    await expect(run(host, { to: 'sink://x/a/s', retry: { attempts: 4 } })).rejects.toMatchObject({
      code: 'FAKE_REFUSED',
    });
    expect(target.pushes).toBe(5);
    // 1 + 2 + 4 + 8 s, and a fifth more at most.
    expect(toMs(host.clock.now())).toBeGreaterThan(15_000);
    expect(toMs(host.clock.now())).toBeLessThan(18_200);
  });
});

describe('live', () => {
  test('to a file: from the first key frame, as it comes, until the source ends', async () => {
    const source = liveSource([{ frames: live({ seconds: 14 }).filter((frame) => frame.dts > fromMs(10_100)) }]);
    const host = setup({}, [source]);

    const result = await run(host, { from: 'live://x/a/s' });

    const kept = unbox(written(host, 'out.box'));
    expect(kept[0]).toMatchObject({ key: true, track: { kind: 'video' } });
    expect(times(kept)[0]).toBeLessThan(1000);
    expect(result.mediaMs).toBeGreaterThan(3800);
    expect(times(kept).at(-1)).toBeGreaterThan(3800);
    expect(times(kept).at(-1)).toBeLessThanOrEqual(3860);
    expect(result.endedBy).toBe('end');
  });

  test('to a file: sound before the first key frame is not lost while the file is being made', async () => {
    const frames = [
      audio({ at: 0 }),
      audio({ at: 0 }),
      video({ at: 5, key: true }),
      audio({ at: 23 }),
      video({ at: 45 }),
    ];
    const host = Object.assign(setup(), { protocols: [realFile, liveSource([{ frames }])] });

    await run(host, { from: 'live://x/a/s', to: 'out.flv' });

    const bytes = written(host, 'out.flv');
    const demuxer = new FlvDemuxer(defaultLimits);
    const kept = demuxer.push(bytes).filter((event) => event.type === 'frame' && event.frame.track.kind !== 'data');
    expect(kept.length).toBe(frames.length);
  });

  test('a source that breaks is connected again, and its times go on', async () => {
    const take = live({ seconds: 2 });
    const source = liveSource([{ frames: take, fault: 'GONE' }, { frames: [], fault: 'REFUSED' }, { frames: take }]);
    const host = setup({}, [source, liveTarget()]);

    const result = await run(host, {
      from: 'live://x/a/s',
      to: 'out.box',
      retry: { attempts: 2 },
      duration: fromMs(7900),
    });

    const kept = times(unbox(written(host, 'out.box')));
    expect(result).toMatchObject({ endedBy: 'duration', reconnects: 3 });
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept.at(-1)).toBeGreaterThan(3900);
  });

  test('the error of a source is the error, and the file before it is whole', async () => {
    const host = setup({}, [liveSource([{ frames: live({ seconds: 2 }), fault: 'GONE' }])]);

    await expect(run(host, { from: 'live://x/a/s' })).rejects.toMatchObject({ code: 'FAKE_GONE' });
    expect(times(unbox(written(host, 'out.box'))).at(-1)).toBe(1960);
    expect(host.outputs.get('out.box')?.closed).toBe(true);
  });

  test('a source that falls silent ends when the duration has passed', async () => {
    const host = setup({}, [liveSource([{ frames: live({ seconds: 1 }), stays: true }])]);

    const result = await run(host, { from: 'live://x/a/s', duration: fromSeconds(4) });

    expect(result.endedBy).toBe('duration');
    expect(toMs(host.clock.now())).toBeLessThan(4300);
  });

  test('what a slow output loses is counted', async () => {
    const frames: Frame[] = [];
    for (let i = 0; i < 1500; i++) frames.push(video({ at: i * 40, key: i % 25 === 0, size: 5000 }));
    const slow = new FakeLink(10_000);
    const host = setup({}, [liveSource([{ frames }]), liveTarget([{ link: slow }])], { feedSpan: fromSeconds(5) });
    const drain = (): void => {
      host.clock.after(fromSeconds(20), () => {
        slow.drain();
        drain();
      });
    };
    drain();

    const result = await run(host, { from: 'live://x/a/s', to: 'sink://x/a/s' });

    expect(result.dropped).toBeGreaterThan(100);
  });

  test('RELAY_UNREADY: the source is over before the target took anything', async () => {
    const host = setup({}, [liveSource([{ frames: live({ seconds: 1 }) }]), liveTarget([{ dialMs: 5000 }])]);

    const done = run(host, { from: 'live://x/a/s', to: 'sink://x/a/s' });

    await expect(done).rejects.toMatchObject({ code: 'RELAY_UNREADY' });
  });

  test('RELAY_ENDED: a target that leaves without an error', async () => {
    const target: Protocol = { ...liveTarget(), push: () => Promise.resolve() };
    const host = setup({}, [liveSource([{ frames: live({ seconds: 9 }) }]), target]);

    await expect(run(host, { from: 'live://x/a/s', to: 'sink://x/a/s' })).rejects.toMatchObject({
      code: 'RELAY_ENDED',
    });
  });
});

function later(ms: number): (frame: Frame) => Frame {
  return (frame) => ({ ...frame, dts: frame.dts + fromMs(ms) });
}
