// What the benches share: children pinned to a core, their CPU and memory, ports, and a sample to publish.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

const children = new Set<ChildProcess>();

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Starts a child that is ended with this process; its standard error is kept for a failure. */
export function run(command: string, args: readonly string[], pinned?: number): ChildProcess {
  const pin = pinned !== undefined && existsSync('/usr/bin/taskset');
  const child = pin
    ? spawn('taskset', ['-c', String(pinned), command, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    : spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  child.stderr?.resume();
  child.on('exit', () => children.delete(child));
  return child;
}

const readers = new WeakMap<ChildProcess, Interface>();

/** The next line that a child prints. */
export function line(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output');
  const reader = readers.get(child) ?? createInterface({ input: child.stdout });
  readers.set(child, reader);
  return new Promise((done, fail) => {
    const died = (code: number | null): void => fail(new Error(`${child.spawnargs.join(' ')} ended with ${code}`));
    child.once('exit', died);
    reader.once('line', (text) => {
      child.off('exit', died);
      done(text);
    });
  });
}

export async function waitForPort(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        done(true);
      });
      socket.on('error', () => done(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`nothing listens at ${port}`);
}

/** User and system time in seconds, from /proc/PID/stat (clock ticks of 1/100 s). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export const rssKib = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** 20 s of H.264 and AAC, 1 Mbit/s in all, a key frame every two seconds; the path of an FLV file. */
export function makeSample(folder: string): string {
  const file = join(folder, 'sample.flv');
  const made = spawnSync('ffmpeg', [
    ...'-hide_banner -loglevel error -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440'.split(
      ' ',
    ),
    ...'-t 20 -c:v libx264 -preset veryfast -tune zerolatency -b:v 900k -minrate 900k -maxrate 900k'.split(' '),
    ...'-bufsize 450k -x264-params nal-hrd=cbr -g 50 -c:a aac -b:a 96k -y'.split(' '),
    file,
  ]);
  if (made.status !== 0) throw new Error(`ffmpeg could not make the sample: ${made.stderr}`);
  return file;
}

/** Ends what was started here, at once. */
export async function endChildren(which: Iterable<ChildProcess> = children): Promise<void> {
  const ending = [...which];
  const gone = ending
    .filter((child) => children.has(child))
    .map((child) => new Promise((done) => child.once('exit', done)));
  for (const child of ending) child.kill('SIGKILL');
  await Promise.all(gone);
}
