// HTTP-FLV with other people's programs: ffmpeg publishes and plays, curl reads. Without them the tests are skipped,
// but not where CI is set: there a missing tool is a failure.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FlvDemuxer } from '../../src/core/format/flv/index.ts';
import type { MediaEvent } from '../../src/core/media/demuxer.ts';
import { startServer, until } from '../e2e/net/http-flv-server.ts';
import { temporaryDirectory } from '../e2e/net/tools.ts';
import { liveName } from '../unit/protocols/http-flv/fakes.ts';

function has(tool: string, flag: string): boolean {
  try {
    execFileSync(tool, [flag], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const tools = {
  ffmpeg: has('ffmpeg', '-version'),
  ffprobe: has('ffprobe', '-version'),
  curl: has('curl', '--version'),
};
const missing = Object.entries(tools)
  .filter(([, found]) => !found)
  .map(([tool]) => tool);
const reason = `not installed: ${missing.join(', ')}`;
const ci = process.env['CI'] !== undefined && process.env['CI'] !== '';

const source = [
  ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25', '-f', 'lavfi', '-i', 'sine=frequency=440'],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-c:a', 'aac', '-t', '4', '-f', 'flv'],
];

function run(
  tool: string,
  options: readonly string[],
): { child: ChildProcess; done: Promise<{ code: number | null; text: string }> } {
  const child = spawn(tool, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const output of [child.stdout, child.stderr]) output?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return { child, done: new Promise((resolve) => child.on('close', (code) => resolve({ code, text }))) };
}

const publish = (url: URL, more: readonly string[] = []) =>
  run('ffmpeg', ['-hide_banner', '-loglevel', 'error', ...source, ...more, '-method', 'POST', url.href]);

interface Probe {
  readonly streams: readonly { readonly codec_name: string; readonly nb_read_packets: string }[];
}

async function probe(input: string): Promise<Probe> {
  const { text } = await run('ffprobe', [
    ...['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_name,nb_read_packets', '-of', 'json', input],
  ]).done;
  return JSON.parse(text) as Probe;
}

describe.skipIf(missing.length > 0 && !ci)(
  `HTTP-FLV with others (${missing.length > 0 ? reason : 'all installed'})`,
  () => {
    it.skipIf(missing.length === 0)('has its tools', () => expect.unreachable(reason));

    it('takes a POST of ffmpeg, and gives it to curl with a clean end', async () => {
      const server = await startServer({ mergeWindowMs: 350 });
      const path = join(await temporaryDirectory(), 'got.flv');
      const curl = run('curl', ['-sS', '-D', '-', '-o', path, server.url('/live/a.flv').href]);
      await until(() => server.host.sessions.size === 1);

      const ffmpeg = await publish(server.url('/live/a.flv')).done;
      const { code, text } = await curl.done;

      expect(ffmpeg).toEqual({ code: 0, text: '' });
      expect(code).toBe(0);
      expect(text).toMatch(/^HTTP\/1.1 200 OK\r\nContent-Type: video\/x-flv\r\n/);
      const { streams } = await probe(path);
      expect(streams.map((stream) => stream.codec_name).sort()).toEqual(['aac', 'h264']);
      expect(streams.map((stream) => Number(stream.nb_read_packets)).sort((a, b) => a - b)[0]).toBeGreaterThanOrEqual(
        100,
      );
      const demuxer = new FlvDemuxer(server.host.limits);
      const events: MediaEvent[] = [...demuxer.push(readFileSync(path)), ...demuxer.end()];
      expect(events.filter((event) => event.type === 'frame' && event.frame.track.kind === 'video')).toHaveLength(100);
    });

    it('is played by ffmpeg from a late start to the end of the stream', async () => {
      const server = await startServer({ mergeWindowMs: 350 });
      const publisher = publish(server.url('/live/a.flv'));
      await until(() => (server.hub.find(liveName)?.frames.video ?? 0) > 30);

      const player = run('ffmpeg', [
        ...['-hide_banner', '-loglevel', 'error', '-i', server.url('/live/a.flv').href],
        ...['-map', '0:v', '-map', '0:a', '-c', 'copy', '-f', 'null', '-'],
      ]);

      expect(await player.done).toEqual({ code: 0, text: '' });
      expect((await publisher.done).code).toBe(0);
    });

    it('refuses the second ffmpeg of a name, which ends with an error', async () => {
      const server = await startServer();
      const first = publish(server.url('/live/a.flv'));
      await until(() => server.hub.find(liveName)?.published === true);

      const second = await publish(server.url('/live/a.flv')).done;

      expect(second.code).not.toBe(0);
      expect((await first.done).code).toBe(0);
    });

    it('pulls through curl --http1.0 without chunks', async () => {
      const server = await startServer();
      const path = join(await temporaryDirectory(), 'got.flv');
      const curl = run('curl', ['-sS', '--http1.0', '-o', path, server.url('/live/a.flv').href]);
      await until(() => server.host.sessions.size === 1);

      await publish(server.url('/live/a.flv')).done;

      expect((await curl.done).code).toBe(0);
      expect(readFileSync(path).subarray(0, 3).toString()).toBe('FLV');
      expect((await probe(path)).streams).toHaveLength(2);
    });
  },
);
