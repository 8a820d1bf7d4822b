import chalk from 'chalk';
import { beforeAll, describe, expect, it } from 'vitest';
import { ingestLine, ingestSummary } from '../../src/cli/ingest-report.ts';
import type { IngestProgress } from '../../src/core/index.ts';
import { srsx } from './run.ts';

beforeAll(() => {
  chalk.level = 0;
});

const progress: IngestProgress = {
  state: 'running',
  elapsedMs: 10_000,
  mediaMs: 65_000,
  frames: { video: 250, audio: 430, data: 0 },
  bytesIn: 2048,
  bytesOut: 1024,
  bitrateBps: 1_500_000,
  speed: 1,
  dropped: 0,
  pendingBytes: 0,
  reconnects: 1,
  via: 'native',
  restarts: 1,
  lastError: 'gone',
  stderr: [],
};

describe('the report of an ingest', () => {
  it('is a line that says what happens, and why it waits', () => {
    expect(ingestLine(progress)).toMatch(/^running {4}1:05 {2}.*1\.5.* {2}x1\.00 {2}native {2}2 restarts$/);
    expect(ingestLine({ ...progress, state: 'waiting', lastError: 'bad\u001b[31m\n' })).toMatch(/^waiting .*bad/);
    expect(ingestLine({ ...progress, state: 'waiting', lastError: 'bad\u001b[31m' })).not.toContain('\u001b');
  });

  it('sums up at the end', () => {
    const text = ingestSummary({ ...progress, state: 'ended', from: 'a.flv', to: 'rtmp://h/a/b', endedBy: 'duration' });

    expect(text).toContain('natively');
    expect(text).toContain('the duration asked for');
    expect(text).toMatch(/Restarts +2/);
  });
});

describe('srsx ingest and srsx snapshot', () => {
  it.each([
    [['ingest', 'lavfi:x', 'a.flv', 'rtmp://127.0.0.1:1/live/a'], 3, 'INGEST_MIXED'],
    [['ingest', 'lavfi:x', 'rtmp://127.0.0.1:1/live/a', '--ffmpeg', '/no/such'], 3, 'INGEST_PROGRAM'],
    [['ingest', 'a.flv', 'nowhere://x/y'], 3, 'ENDPOINT_SCHEME'],
    [['ingest', '/no/such.flv', '/tmp/never-made.flv', '--retries', '0'], 5, 'NET_NO_FILE'],
    [['snapshot', 'a.flv', 'a.sh'], 3, 'SNAPSHOT_FORMAT'],
    [['snapshot', 'a.flv', 'a.jpg', '--ffmpeg', '/no/such'], 3, 'INGEST_PROGRAM'],
  ])('%j ends with %i', async (args, expected, name) => {
    const { code, stdout } = await srsx(...args, '--json');

    expect(code).toBe(expected);
    expect(stdout).toContain(name);
  });
});
