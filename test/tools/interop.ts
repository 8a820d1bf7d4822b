// Real programs in tests: are they there, run them, end them, and wait for what they do.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { afterAll, describe } from 'vitest';
import { createEngine, type Server, type ServeSettings, silentLog } from '../../src/core/index.ts';
import type { StreamName } from '../../src/core/media/stream-name.ts';

/** Whether a program is in PATH. */
export const installed = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

/**
 * `describe` for tests that need programs: where one is missing they are skipped, and the name says why; with CI set they
 * run and fail, because there a missing tool is a mistake of the set-up.
 */
export function describeWith(programs: readonly string[], name: string, body: () => void): void {
  const missing = programs.filter((program) => !installed(program));
  if (missing.length === 0 || process.env['CI'] !== undefined) describe(name, body);
  else describe.skip(`${name} (needs ${missing.join(', ')})`, body);
}

const ends: (() => unknown)[] = [];

/** Runs `end` after the tests of the file, the last one first. May be called while a test runs: `afterAll` may not. */
export const atEnd = (end: () => unknown): void => void ends.push(end);

// Hooks are taken when the file is read: one that a test or `beforeAll` registers is never run, and nobody says so.
afterAll(async () => {
  const errors: unknown[] = [];
  for (const end of ends.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join('\n'));
});

/** A folder that is gone after the tests of the file. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'srsx-test-'));
  // A server that is just closing may still put a file into it.
  atEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Resolves when `condition` holds; rejects with `what` when it does not within `timeoutMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

export interface TestServer extends Server {
  readonly rtmp: string;
  readonly http: string;
  readonly api: string;
}

/** A server on free loopback ports, closed after the tests of the file. */
export async function testServer(settings: Partial<ServeSettings> = {}): Promise<TestServer> {
  const engine = createEngine({ log: silentLog });
  const at = { listen: ['127.0.0.1:0'] };
  const server = await engine.serve({ rtmp: at, http: at, api: at, ...settings });
  const port = (name: string): number | undefined => server.listeners.find((one) => one.name === name)?.address.port;
  atEnd(async () => {
    await server.close();
    engine.close();
  });
  return {
    ...server,
    rtmp: `rtmp://127.0.0.1:${port('rtmp')}`,
    http: `http://127.0.0.1:${port('http')}`,
    api: `http://127.0.0.1:${port('api')}`,
  };
}

/** Of a stream in the vhost and app that everybody uses. */
export const nameOf = (stream: string): StreamName => ({ vhost: '__defaultVhost__', app: 'live', stream });

/** Whether somebody publishes a stream, of any vhost and app, at a server. */
export const published = ({ host }: Pick<Server, 'host'>, stream: string): boolean =>
  [...host.hub.streams()].some((one) => one.name.stream === stream && one.published);

const options = { reject: false, stdin: 'ignore', all: true, maxBuffer: 10_000_000 } as const;
export type Child = ResultPromise<typeof options>;
const running = new Set<Child>();

/** Starts a program that ends with the tests at the latest; its output is kept for the message of a failure. */
export function start(program: string, args: readonly string[]): Child {
  const child = execa(program, args, options);
  running.add(child);
  void child.finally(() => running.delete(child));
  return child;
}

/** Waits until a program has ended by itself; kills it and fails when it does not. */
export async function ended(child: Child, timeoutMs = 10_000): Promise<void> {
  let killed = false;
  const force = setTimeout(() => {
    killed = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const { all } = await child;
  clearTimeout(force);
  if (killed) throw new Error(`a program did not end by itself: ${all}`);
}

/** Runs a program to its end; a failure throws with what it said. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, args, { stdin: 'ignore', maxBuffer: 100_000_000 });
  return stdout;
}

/** Codecs of picture and sound as ffprobe finds them in a file or at a URL, each once, sorted. */
export async function codecsOf(url: string): Promise<string[]> {
  const entries = ['-show_entries', 'stream=codec_name', '-of', 'csv=p=0'];
  const names = await run('ffprobe', ['-v', 'error', ...entries, url]);
  // A transport stream names them in its program too; RTMP's metadata is a stream of no known codec.
  return [...new Set(names.split(/\s+/))].filter((name) => name !== '' && name !== 'unknown').toSorted();
}

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Where made media is kept between tests and runs; the key says how it was made. */
const cache = join(tmpdir(), 'srsx-test-media-2');

/** A file made once by ffmpeg with `args` in front of the name. */
export async function made(name: string, args: string): Promise<string> {
  const file = join(cache, name);
  if (existsSync(file)) return file;
  await mkdir(cache, { recursive: true });
  const part = join(cache, `${process.pid}-${name}`);
  await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args.split(' '), part]);
  await rename(part, file);
  return file;
}

const picture = '-f lavfi -i testsrc2=size=320x180:rate=25';
// Noise, so that no two frames have the same bytes.
const sound = '-f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=44100';
const x264 = '-c:v libx264 -preset veryfast -g 50 -pix_fmt yuv420p';

/** Sources of five seconds, by what is in them. */
export const sources = {
  h264Aac: () => made('h264-aac.flv', `${picture} ${sound} -t 6 ${x264} -bf 0 -c:a aac -b:a 64k`),
  bFrames: () => made('h264-b-aac.flv', `${picture} ${sound} -t 6 ${x264} -bf 3 -c:a aac -b:a 64k`),
  h264Mp3: () => made('h264-mp3.flv', `${picture} ${sound} -t 6 ${x264} -bf 0 -c:a libmp3lame -b:a 64k`),
  videoOnly: () => made('h264.flv', `${picture} -t 6 ${x264} -bf 2`),
  audioOnly: () => made('aac.flv', `${sound} -t 6 -c:a aac -b:a 64k`),
  hevcAac: () =>
    made(
      'hevc-aac.mp4',
      `${picture} ${sound} -t 6 -c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=50 -tag:v hvc1 -c:a aac -b:a 64k`,
    ),
  av1Opus: () =>
    made(
      'av1-opus.mp4',
      `${picture} ${sound} -t 6 -c:v libaom-av1 -cpu-used 8 -row-mt 1 -g 50 -b:v 300k -c:a libopus -b:a 64k -strict -2`,
    ),
} as const;

export interface CopiedFrame {
  readonly stream: number;
  readonly dtsMs: number;
  readonly ptsMs: number;
  readonly hash: string;
}

/** Output arguments of ffmpeg for a list of all packets of sound and picture. */
export const copyToMd5 = '-map 0:v? -map 0:a? -c copy -f framemd5 -'.split(' ');

/** Every packet of a file as ffmpeg sees it, without decoding; `more` are output arguments. */
export async function copiedFrames(file: string, more: readonly string[] = []): Promise<CopiedFrame[]> {
  const text = await run('ffmpeg', [
    '-loglevel',
    'error',
    '-i',
    file,
    '-map',
    '0',
    '-c',
    'copy',
    ...more,
    '-f',
    'framemd5',
    '-',
  ]);
  return parseFrameMd5(text);
}

/** The lines of ffmpeg's framemd5, times in milliseconds. */
export function parseFrameMd5(text: string): CopiedFrame[] {
  const bases = new Map<number, number>();
  const frames: CopiedFrame[] = [];
  for (const line of text.split('\n')) {
    const [, stream, num, den] = /^#tb (\d+): (\d+)\/(\d+)/.exec(line) ?? [];
    if (stream !== undefined) bases.set(Number(stream), Number(num) / Number(den));
    const fields = line.split(',').map((field) => field.trim());
    if (line.startsWith('#') || fields.length < 6) continue;
    const base = (bases.get(Number(fields[0])) ?? 1) * 1000;
    frames.push({
      stream: Number(fields[0]),
      dtsMs: Math.round(Number(fields[1]) * base),
      ptsMs: Math.round(Number(fields[2]) * base),
      hash: fields[5] ?? '',
    });
  }
  return frames;
}
