import { describe, expect, test } from 'vitest';
import { fromMs, fromSeconds, toMs } from '../../../src/core/base/time.ts';
import type { Protocol } from '../../../src/core/control/host.ts';
import { fileProtocol } from '../../../src/core/protocols/file/protocol.ts';
import { type BenchOptions, bench } from '../../../src/core/toolkit/bench.ts';
import type { BenchInterval } from '../../../src/core/toolkit/bench-report.ts';
import { aacTrack, h264Track, live, video } from '../../tools/builders.ts';
import { FakeLink } from '../../tools/fakes.ts';
import { boxFile, boxFormat, unbox } from './box.ts';
import { fakeHost, runUntil, turn } from './fake-host.ts';
import { liveSource, liveTarget } from './fake-protocols.ts';

const file = fileProtocol([boxFormat]);
const minute = live({ seconds: 60 });

function benching(protocols: readonly Protocol[], more: Partial<BenchOptions>, on?: (interval: BenchInterval) => void) {
  const host = fakeHost({ 'in.box': boxFile([h264Track, aacTrack], live({ seconds: 2 })) });
  const options: BenchOptions = {
    mode: 'play',
    url: 'live://x/a/s',
    clients: 10,
    duration: fromSeconds(5),
    signal: new AbortController().signal,
    ...more,
  };
  return { host, report: runUntil(host.clock, bench(host, [file, ...protocols], options, on)) };
}

describe('players', () => {
  test('start along the ramp, are counted, and end with the bench', async () => {
    const lines: BenchInterval[] = [];
    const source = liveSource([{ frames: minute }]);

    const { host, report } = benching([source], { clients: 20, ramp: 10 }, (line) => lines.push(line));
    const result = await report;

    expect(source.pulls).toBe(20);
    expect(toMs(host.clock.now())).toBeGreaterThanOrEqual(6900);
    expect(toMs(host.clock.now())).toBeLessThan(7100);
    expect(result).toMatchObject({
      clients: { wanted: 20, started: 20, served: 20, active: 20, failed: 0, ended: 0 },
      reasons: [],
      firstFrameMs: { p50: 0, max: 0 },
      stalls: 0,
      gaps: 0,
      reconnects: 0,
      dropped: 0,
      failed: [],
    });
    expect(result.frames).toBeGreaterThan(20 * 5 * 68);
    expect(result.bitratePerClientBps?.min).toBeGreaterThan(10_000);
    expect(lines.map((line) => line.clients.started).slice(0, 2)).toEqual([10, 20]);
    expect(lines.length).toBe(6);
    expect(lines.reduce((sum, line) => sum + line.frames, 0)).toBeLessThanOrEqual(result.frames);
    expect(host.clock.pending).toBe(0);
  });

  test('that are refused are counted by reason', async () => {
    const source = liveSource([{ frames: minute }, { frames: [], fault: 'REFUSED' }, { frames: minute }]);

    const result = await benching([source], { clients: 3 }).report;

    expect(result.clients).toMatchObject({ failed: 1, served: 2, ended: 0 });
    expect(result.reasons).toEqual([{ code: 'FAKE_REFUSED', text: 'the peer refuses', count: 1 }]);
  });

  test('that are left are ended, or connect again', async () => {
    const takes = [
      { frames: live({ seconds: 1 }) },
      { frames: live({ seconds: 1 }), fault: 'GONE' as const },
      { frames: minute },
    ];

    const left = await benching([liveSource(takes)], { clients: 2, ramp: 1000 }).report;
    const patient = await benching([liveSource(takes)], { clients: 2, ramp: 1000, reconnect: true }).report;

    expect(left.clients).toMatchObject({ ended: 2, active: 0, failed: 0 });
    expect(left.reasons.map((reason) => reason.code).sort()).toEqual(['END', 'FAKE_GONE']);
    expect(patient.clients).toMatchObject({ ended: 0, active: 2 });
    expect(patient.reconnects).toBe(2);
  });

  test('silence is one stall however long, and a step in media time is a gap', async () => {
    const early = live({ seconds: 1 });
    const late = minute.filter((frame) => frame.dts >= fromSeconds(3));

    const result = await benching([liveSource([{ frames: [...early, ...late] }])], { clients: 4 }).report;

    expect(result).toMatchObject({ stalls: 4, stalled: 4 });
    // One for sound and one for picture of each.
    expect(result.gaps).toBe(8);
  });

  test('frames that come late against the best are measured', async () => {
    const frames = minute.filter((frame) => frame.track === h264Track);
    const source: Protocol = {
      ...liveSource([]),
      async pull(host, _from, to, { signal }) {
        const start = host.clock.now();
        for (const frame of frames) {
          const due = start + frame.dts + (frame.dts === fromSeconds(2) ? fromMs(300) : 0);
          while (host.clock.now() < due && !signal.aborted) await turn();
          if (signal.aborted) return;
          to.on({ type: 'frame', frame });
        }
      },
    };

    const result = await benching([source], { clients: 1 }).report;

    expect(result.lateMs?.max).toBeGreaterThanOrEqual(290);
    expect(result.lateMs?.max).toBeLessThanOrEqual(310);
  });

  test('thresholds are judged, and what fails is listed', async () => {
    const thresholds = ['failed<=0', 'first-frame.p95<500ms', 'bitrate.p50>1Gbps', 'served=100%', 'connect.p50<1s'];

    await expect(benching([liveSource([{ frames: minute }])], { thresholds }).report).rejects.toMatchObject({
      code: 'BENCH_THRESHOLD',
    });
    const result = await benching([liveSource([{ frames: minute }])], {
      thresholds: thresholds.map((text) => text.replace('1Gbps', '1000Mbps')),
    }).report;

    expect(result.thresholds.length).toBe(5);
    // The fake source opens no connection, so that nothing was measured of it.
    expect(result.failed.map(({ threshold, actual }) => [threshold, actual === null])).toEqual([
      ['bitrate.p50>1000Mbps', false],
      ['connect.p50<1s', true],
    ]);
  });

  test('the signal ends it with what is there', async () => {
    const stop = new AbortController();
    const { host, report } = benching([liveSource([{ frames: minute }])], {
      signal: stop.signal,
      duration: fromSeconds(50),
    });
    while (host.clock.now() < fromSeconds(2)) await turn();

    stop.abort();

    expect((await report).elapsedMs).toBeLessThan(2100);
    expect(host.clock.pending).toBe(0);
  });

  test('%d is the number of the client', async () => {
    const urls: string[] = [];
    const source = liveSource([{ frames: minute }]);
    const watched: Protocol = {
      ...source,
      pull: (host, from, to, options) => {
        urls.push(from.href);
        return source.pull?.(host, from, to, options) as Promise<void>;
      },
    };

    await benching([watched], { clients: 3, url: 'live://x/a/s%d?n=%d' }).report;

    expect(urls).toEqual(['live://x/a/s0?n=0', 'live://x/a/s1?n=1', 'live://x/a/s2?n=2']);
  });
});

describe('publishers', () => {
  const publishing = { mode: 'publish', url: 'sink://x/a/s%d', source: 'in.box', clients: 5, ramp: 1000 } as const;

  test('share one source, which is looped in real time', async () => {
    const target = liveTarget();

    const { host, report } = benching([target], publishing);
    const result = await report;

    expect(target.links.length).toBe(5);
    for (const link of target.links) {
      const frames = unbox(link.bytes);
      const times = frames.map((frame) => frame.dts);
      expect(frames[0]?.key).toBe(true);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(toMs(times.at(-1) ?? 0)).toBeGreaterThan(4700);
      expect(toMs(times.at(-1) ?? 0)).toBeLessThan(5400);
    }
    // The same packets, not copies of them.
    expect(target.links[0]?.sent.at(-1)).toBe(target.links[4]?.sent.at(-1));
    expect(result).toMatchObject({ clients: { served: 5, failed: 0 }, stalls: 0, dropped: 0, lateMs: null });
    expect(result.bytes).toBeGreaterThan(5 * 5 * 25 * 64);
    expect(result.frames).toBeGreaterThan(5 * 5 * 60);
    expect(host.clock.pending).toBe(0);
  });

  test('that are refused are counted', async () => {
    const target = liveTarget([{}, { refuses: true }, {}]);

    const result = await benching([target], publishing).report;

    expect(result.clients).toMatchObject({ failed: 1, served: 4 });
    expect(result.reasons).toMatchObject([{ code: 'FAKE_REFUSED', count: 1 }]);
  });

  test('whose server takes nothing stall', async () => {
    const stuck = new FakeLink(1000);
    const target = liveTarget([{ link: stuck }]);

    const result = await benching([target], { ...publishing, clients: 1 }).report;

    expect(result).toMatchObject({ stalls: 1, stalled: 1 });
  });

  test('BENCH_SOURCE_EMPTY: a source without media rejects', async () => {
    const { host, report } = benching([liveTarget()], publishing);
    host.files.set('in.box', boxFile([h264Track], []));

    await expect(report).rejects.toMatchObject({ code: 'BENCH_SOURCE_EMPTY' });
    expect(host.clock.pending).toBe(0);
  });

  test('a source that is damaged rejects', async () => {
    const { host, report } = benching([liveTarget()], publishing);
    host.files.set('in.box', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));

    await expect(report).rejects.toMatchObject({ code: 'FILE_CONTENT' });
  });

  test('of one key frame only are refused nothing', async () => {
    const { host, report } = benching([liveTarget()], { ...publishing, clients: 1, duration: fromSeconds(1) });
    host.files.set('in.box', boxFile([h264Track], [video({ at: 0, key: true })]));

    expect((await report).clients.served).toBe(1);
  });
});

test.each<[string, Partial<BenchOptions>]>([
  ['BENCH_CLIENTS', { clients: 0 }],
  ['BENCH_CLIENTS', { clients: 1.5 }],
  ['BENCH_CLIENTS', { clients: 20_001 }],
  ['BENCH_RAMP', { ramp: 0 }],
  ['BENCH_RAMP', { ramp: Number.NaN }],
  ['BENCH_SOURCE', { mode: 'publish', url: 'sink://x/a/s%d' }],
  ['BENCH_SAME_NAME', { mode: 'publish', url: 'sink://x/a/s', source: 'in.box' }],
  ['BENCH_SOURCE_LIVE', { mode: 'publish', url: 'sink://x/a/s%d', source: 'live://x/a/s' }],
  ['BENCH_SOURCE_LIVE', { mode: 'publish', url: 'sink://x/a/s%d', source: '-' }],
  ['ENDPOINT_PULL', { url: 'sink://x/a/s' }],
  ['ENDPOINT_SCHEME', { url: 'what://x/a/s' }],
])('%s: %j is refused before anything starts', async (code, more) => {
  const { host, report } = benching([liveSource([{ frames: minute }]), liveTarget()], more);

  await expect(report).rejects.toMatchObject({ code, name: 'ConfigError' });
  expect(host.clock.pending).toBe(0);
});
