import { describe, expect, test } from 'vitest';
import { concat } from '../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds, toMs } from '../../../src/core/base/time.ts';
import type { Protocol } from '../../../src/core/control/host.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import type { Track } from '../../../src/core/media/track.ts';
import { fileProtocol } from '../../../src/core/protocols/file/protocol.ts';
import { type ProbeOptions, probe } from '../../../src/core/toolkit/probe.ts';
import { amfEcmaArray, writeAmf0 } from '../../../src/core/wire/amf0/index.ts';
import { aacTrack, audio, h264Track, live, video } from '../../tools/builders.ts';
import { boxFile, boxFormat } from './box.ts';
import { fakeHost, runUntil, turn } from './fake-host.ts';
import { liveSource } from './fake-protocols.ts';

const file = fileProtocol([boxFormat]);
const both = [h264Track, aacTrack];

function probing(protocols: readonly Protocol[], files: Record<string, Uint8Array>, more: Partial<ProbeOptions>) {
  const host = fakeHost(files);
  const options = { source: 'in.box', signal: new AbortController().signal, ...more };
  return { host, report: runUntil(host.clock, probe(host, [file, ...protocols], options)) };
}

const probeFile = (frames: readonly Frame[], more: Partial<ProbeOptions> = {}, tracks: readonly Track[] = both) =>
  probing([], { 'in.box': boxFile(tracks, frames) }, { duration: 0, ...more }).report;

const probeLive = (frames: readonly Frame[], more: Partial<ProbeOptions> = {}, stays = false) =>
  probing([liveSource([{ frames, stays }])], {}, { source: 'live://x/a/s', ...more });

const ids = (report: { findings: readonly { id: string }[] }) => report.findings.map((finding) => finding.id);

describe('a file', () => {
  test('is read whole for a duration of 0, and summarised', async () => {
    const frames = live({ seconds: 20, gop: 50 });

    const report = await probeFile(frames);

    expect(report).toMatchObject({
      protocol: 'file',
      live: false,
      endedBy: 'end',
      frames: frames.length,
      bytes: boxFile(both, frames).length,
      mediaMs: toMs(Math.max(...frames.map((frame) => frame.dts))),
      interleave: { startOffsetMs: 0 },
      metadata: null,
      transport: null,
      statistics: null,
      findings: [],
    });
    expect(report.tracks).toMatchObject([
      {
        id: 0,
        kind: 'video',
        codec: 'h264',
        rfc6381: 'avc1.64001e',
        width: 640,
        height: 360,
        fpsDeclared: 25,
        fpsMeasured: 25,
        frames: 500,
        keyFrames: 10,
        bytes: 500 * 68,
        bitrateBps: 25 * 68 * 8,
        gop: { frames: { min: 50, avg: 50, max: 50 }, seconds: { min: 2, avg: 2, max: 2 } },
        times: { minStepMs: 40, avgStepMs: 40, maxStepMs: 40, jitterMs: 0, gaps: 0, backwards: 0, maxArrivalMs: null },
        configMissing: false,
      },
      { id: 256, kind: 'audio', codec: 'aac', rfc6381: 'mp4a.40.2', sampleRateHz: 44100, channels: 2, gop: null },
    ]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('is read for five seconds of media otherwise, in no time', async () => {
    const { host, report } = probing([], { 'in.box': boxFile(both, live({ seconds: 60 })) }, {});

    expect(await report).toMatchObject({ endedBy: 'duration', mediaMs: 5000 });
    expect(host.clock.now()).toBeLessThan(fromMs(100));
    expect(host.clock.pending).toBe(0);
  });

  test('maxFrames ends it', async () => {
    expect(await probeFile(live({ seconds: 9 }), { maxFrames: 10 })).toMatchObject({ endedBy: 'frames', frames: 10 });
  });

  test('that does not exist rejects as it does elsewhere', async () => {
    const { host, report } = probing([], {}, {});

    await expect(report).rejects.toMatchObject({ code: 'NET_NO_FILE' });
    expect(host.clock.pending).toBe(0);
  });

  test('metadata is given as JSON, and says the frame rate when nothing else does', async () => {
    const config = writeAmf0(['onMetaData', amfEcmaArray({ framerate: 30, encoder: 'x', odd: [1, null, Number.NaN] })]);
    const data: Track = { id: 512, kind: 'data', codec: 'amf0', config, epoch: 0 };
    const unknown: Track = { ...h264Track, codec: 'vp8', config: new Uint8Array() };
    const frames = live({ seconds: 3 }).filter((frame) => frame.track.kind === 'video');

    const report = await probeFile(frames, {}, [unknown, data]);

    expect(report.metadata).toEqual({ framerate: 30, encoder: 'x', odd: [1, null, 'NaN'] });
    expect(report.tracks[0]).toMatchObject({ fpsDeclared: 30 });
  });

  test('damaged metadata is no metadata', async () => {
    const data: Track = { id: 512, kind: 'data', codec: 'amf0', config: Uint8Array.of(3, 0, 9), epoch: 0 };

    expect(await probeFile(live({ seconds: 1 }), {}, [...both, data])).toMatchObject({ metadata: null });
  });
});

describe('findings', () => {
  const pictures = (count: number, key: (index: number) => boolean, step = 40) =>
    Array.from({ length: count }, (_, index) => video({ at: index * step, key: key(index) }));

  test.each<[string, string, Frame[]]>([
    ['no-key-frame', 'must', pictures(100, () => false)],
    ['gop-long', 'should', pictures(400, (index) => index % 150 === 0)],
    ['dts-backwards', 'must', [...pictures(50, (index) => index === 0), video({ at: 500 })]],
    ['gap', 'should', [...pictures(50, (index) => index === 0), video({ at: 5000 })]],
    [
      'b-frames',
      'info',
      [video({ at: 0, cts: 40, key: true }), video({ at: 40, cts: 120 }), video({ at: 80, cts: 0 })],
    ],
    ['no-audio', 'info', pictures(10, (index) => index === 0)],
    ['no-video', 'info', [audio({ at: 0 }), audio({ at: 23 })]],
    ['av-offset', 'should', [video({ at: 0, key: true }), audio({ at: 700 })]],
    ['av-skew', 'should', [audio({ at: 0 }), ...pictures(50, (index) => index === 0), audio({ at: 23 })]],
    ['fps-differs', 'info', pictures(100, (index) => index === 0, 100)],
    ['config-missing', 'must', [video({ at: 0, key: true, track: { ...h264Track, config: new Uint8Array() } })]],
    ['config-damaged', 'must', [video({ at: 0, key: true, track: { ...h264Track, config: Uint8Array.of(1, 2, 3) } })]],
    ['codec-unknown', 'must', [video({ at: 0, key: true, track: { ...h264Track, codec: 'unknown' } })]],
    [
      'codec-video',
      'info',
      [video({ at: 0, key: true, track: { ...h264Track, codec: 'vp8', config: new Uint8Array() } })],
    ],
    ['codec-audio', 'info', [audio({ at: 0, track: { ...aacTrack, codec: 'mp3', config: new Uint8Array() } })]],
  ])('%s (%s)', async (id, severity, frames) => {
    const tracks = [...new Set(frames.map((frame) => frame.track))];

    const report = await probeFile(frames, {}, tracks);

    const found = report.findings.find((finding) => finding.id === id);
    expect(found).toMatchObject({ severity, text: expect.any(String), advice: expect.stringMatching(/.{10}/) });
    expect(found?.at).toMatch(/^(source|(video|audio) \d+( at \d+\.\d{3} s)?)$/);
  });

  test('a good stream has none; the worst come first', async () => {
    const bad = [...pictures(50, () => false), video({ at: 9000 })];

    const report = await probeFile(bad);

    expect(ids(await probeFile(live({ seconds: 10 })))).toEqual([]);
    expect(report.findings.map((finding) => finding.severity)).toEqual(['must', 'should', 'info', 'info']);
  });

  test('no-media: a file without frames', async () => {
    expect(ids(await probeFile([]))).toEqual(['no-media']);
  });

  test('config-changes: new parameters in mid-stream', async () => {
    const tail = boxFile([{ ...h264Track, config: h264Track.config.slice(0, 20), epoch: 1 }], [video({ at: 40 })]);
    const bytes = concat([boxFile([h264Track], [video({ at: 0, key: true })]), tail.subarray(4)]);

    const report = await probing([], { 'in.box': bytes }, { duration: 0 }).report;

    expect(ids(report)).toContain('config-changes');
  });
});

describe('a live source', () => {
  test('is watched for the duration, with the times of its first frames', async () => {
    const frames = [audio({ at: 0 }), audio({ at: 200 }), ...live({ seconds: 30 }).map(later(300))];

    const report = await probeLive(frames, { duration: fromSeconds(3) }).report;

    expect(report).toMatchObject({
      live: true,
      endedBy: 'duration',
      firstByteMs: 0,
      firstFrameMs: 0,
      firstKeyFrameMs: 300,
    });
    expect(report.elapsedMs).toBeLessThan(3100);
    expect(report.tracks[0]?.times.maxArrivalMs).toBe(40);
  });

  test('arrival-stall: media that was held back', async () => {
    const source: Protocol = {
      ...liveSource([]),
      async pull(host, _from, to, { signal }) {
        to.on({ type: 'tracks', tracks: [h264Track] });
        for (const frame of live({ seconds: 4 }).filter((frame) => frame.track === h264Track)) {
          const held = frame.dts > 1_000_000 && frame.dts <= 2_500_000 ? 2_500_000 : frame.dts;
          while (host.clock.now() < held && !signal.aborted) await turn();
          to.on({ type: 'frame', frame });
        }
      },
    };

    const { report } = probing([source], {}, { source: 'live://x/a/s', duration: fromSeconds(10) });

    expect(ids(await report)).toContain('arrival-stall');
  });

  test('that falls silent ends in time', async () => {
    const { host, report } = probeLive(live({ seconds: 1 }), {}, true);

    expect(await report).toMatchObject({ endedBy: 'duration', mediaMs: 960 + 15 });
    expect(toMs(host.clock.now())).toBeLessThan(5100);
    expect(host.clock.pending).toBe(0);
  });

  test('no-media: one that connects and sends nothing, after the time-out', async () => {
    const source: Protocol = {
      ...liveSource([]),
      pull: (_host, _from, _to, { signal, onBytes }) => {
        onBytes(100);
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    };

    const report = await probing([source], {}, { source: 'live://x/a/s', timeout: fromSeconds(2) }).report;

    expect(report).toMatchObject({ endedBy: 'timeout', firstFrameMs: null, firstByteMs: 0 });
    expect(report.findings).toMatchObject([{ id: 'no-media', text: 'no media within 2.0 s' }]);
  });

  test('PROBE_TIMEOUT: one that never answers', async () => {
    const source: Protocol = {
      ...liveSource([]),
      pull: (_host, _from, _to, { signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    };

    const { report } = probing([source], {}, { source: 'live://x/a/s' });

    await expect(report).rejects.toMatchObject({ code: 'PROBE_TIMEOUT', details: { seconds: 10 } });
  });

  test('an error before media rejects, one after it is a finding', async () => {
    const refused = probing([liveSource([{ frames: [], fault: 'REFUSED' }])], {}, { source: 'live://x/a/s' });
    const broken = probing(
      [liveSource([{ frames: live({ seconds: 1 }), fault: 'GONE' }])],
      {},
      { source: 'live://x/a/s' },
    );

    await expect(refused.report).rejects.toMatchObject({ code: 'FAKE_REFUSED' });
    const report = await broken.report;
    expect(report.endedBy).toBe('error');
    expect(report.findings[0]).toMatchObject({ id: 'source-error', text: expect.stringContaining('FAKE_GONE') });
  });

  test('slow-start: a first frame that lets viewers wait', async () => {
    const source: Protocol = {
      ...liveSource([]),
      async pull(host, _from, to) {
        while (host.clock.now() < fromSeconds(4)) await turn();
        to.on({ type: 'tracks', tracks: [h264Track] });
        to.on({ type: 'frame', frame: video({ at: 0, key: true }) });
      },
    };

    expect(ids(await probing([source], {}, { source: 'live://x/a/s' }).report)).toContain('slow-start');
  });

  test('the signal ends it with what is there', async () => {
    const stop = new AbortController();
    const { host, report } = probeLive(live({ seconds: 30 }), { signal: stop.signal, duration: 0 });
    while (host.clock.now() < fromSeconds(1)) await turn();

    stop.abort();

    expect(await report).toMatchObject({ endedBy: 'signal' });
  });
});

function later(ms: number): (frame: Frame) => Frame {
  return (frame) => ({ ...frame, dts: frame.dts + fromMs(ms) });
}
