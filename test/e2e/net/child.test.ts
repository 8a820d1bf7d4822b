import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChildEnd } from '../../../src/core/control/children/child.ts';
import { MAX_LINE } from '../../../src/core/control/children/child.ts';
import { createChildren, RealClock } from '../../../src/core/net/index.ts';
import { until } from '../../tools/interop.ts';
import { childrenOf, membersOf, runs } from '../../tools/processes.ts';

const children = createChildren(new RealClock());
const left: { stop(): void }[] = [];
afterEach(() => {
  for (const child of left.splice(0)) child.stop();
});

/** Runs a program to its end. */
function finished(program: string, args: string[], more = {}): Promise<{ end: ChildEnd; lines: string[]; ms: number }> {
  const lines: string[] = [];
  const since = performance.now();
  return new Promise((resolve) => {
    const child = children.start(
      { program, args, ...more },
      { line: (line) => lines.push(line), ended: (end) => resolve({ end, lines, ms: performance.now() - since }) },
    );
    left.push(child);
  });
}

describe('children', () => {
  it('tells the lines of standard error and the code', async () => {
    const { end, lines } = await finished('sh', ['-c', 'printf "one\\rtwo\\n\\nthree" >&2; echo out; exit 3']);

    expect(lines).toEqual(['one', 'two', 'three']);
    expect(end).toEqual({ code: 3, signal: undefined, error: undefined });
  });

  it('gives arguments as they are: there is no shell', async () => {
    const { lines } = await finished('sh', ['-c', 'printf "%s\\n" "$1" >&2', 'x', '$(id); `id` | & > /tmp/x']);

    expect(lines).toEqual(['$(id); `id` | & > /tmp/x']);
  });

  it('cuts a line without an end', async () => {
    const { lines } = await finished('sh', ['-c', 'head -c 3000000 /dev/zero | tr "\\0" a >&2']);

    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveLength(MAX_LINE);
  });

  it('says which program is not there', async () => {
    const { end } = await finished('/no/such/program', []);

    expect(end.error?.code).toBe('NET_PROGRAM');
    expect(end.code).toBeUndefined();
  });

  it('ends the whole group, with what the program started and left behind', async () => {
    const ended = Promise.withResolvers<ChildEnd>();
    const child = children.start(
      { program: 'sh', args: ['-c', 'sleep 600 & sleep 600 & wait'] },
      { line: () => undefined, ended: ended.resolve },
    );
    const group = child.pid as number;
    await until('all three run', () => membersOf(group).length === 3);

    child.stop();

    expect((await ended.promise).signal).toBe('SIGTERM');
    await until('none is left', () => membersOf(group).length === 0);
  });

  it('kills what does not end when it is asked', async () => {
    const ended = Promise.withResolvers<ChildEnd>();
    const ready = Promise.withResolvers<void>();
    const child = children.start(
      { program: 'sh', args: ['-c', 'trap "" TERM; echo ready >&2; while :; do sleep 0.1; done'] },
      { line: () => ready.resolve(), ended: ended.resolve },
    );
    await ready.promise;

    child.stop();

    expect((await ended.promise).signal).toBe('SIGKILL');
  });

  it('adds the output to files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'srsx-child-'));
    const files = { stdoutFile: join(folder, 'a/b/out.log'), stderrFile: join(folder, 'err.log') };
    for (const word of ['one', 'two']) await finished('sh', ['-c', `echo ${word}; echo ${word} >&2`], files);

    expect(await readFile(files.stdoutFile, 'utf8')).toBe('one\ntwo\n');
    expect(await readFile(files.stderrFile, 'utf8')).toBe('one\ntwo\n');
    await rm(folder, { recursive: true });
  });

  it('runs without a file that cannot be written, and says so', async () => {
    const { end, lines } = await finished('sh', ['-c', 'echo x >&2'], { stderrFile: '/proc/nothing/err.log' });

    expect(lines).toEqual(['there is no /proc/nothing/err.log', 'x']);
    expect(end.code).toBe(0);
  });

  it('gives standard output as a link', async () => {
    const bytes: Uint8Array[] = [];
    const ended = Promise.withResolvers<ChildEnd>();
    const child = children.pipe(
      { program: 'sh', args: ['-c', 'echo media'] },
      { line: () => undefined, ended: ended.resolve },
    );
    child.stdout.onData = (part) => bytes.push(part.slice());
    await ended.promise;

    expect(Buffer.concat(bytes).toString()).toBe('media\n');
  });

  it('finds programs in PATH and by their path', () => {
    expect(children.find('sh')).toMatch(/\/sh$/);
    expect(children.find('/bin/sh')).toBe('/bin/sh');
    expect(children.find('/no/such/program')).toBeUndefined();
    expect(children.find('no-such-program')).toBeUndefined();
    expect(children.find('/tmp')).toBeUndefined();
  });

  it('leaves nobody behind when the process is killed', async () => {
    const { server, pids } = await startServer();
    expect(pids.every((pid) => membersOf(pid).length > 0)).toBe(true);

    server.kill('SIGKILL');

    await until('all children end', () => pids.every((pid) => membersOf(pid).length === 0), 3000);
  });

  it('leaves nobody behind when the watchdog was killed before the process', async () => {
    const { server, pids, guard } = await startServer();

    process.kill(guard, 'SIGKILL');
    const node = (): number[] => childrenOf(server.pid as number, 'node').filter((pid) => pid !== guard);
    await until('another one is there', () => node().length > 0);
    server.kill('SIGKILL');

    await until('all children end', () => !pids.some(runs), 3000);
  });
});

async function startServer(): Promise<{ server: ReturnType<typeof spawn>; pids: number[]; guard: number }> {
  const script = fileURLToPath(new URL('./child-server.ts', import.meta.url));
  const server = spawn(process.execPath, [script, 'sleep', '600'], { stdio: ['ignore', 'pipe', 'inherit'] });
  left.push({ stop: () => server.kill('SIGKILL') });
  const line = await new Promise<string>((resolve) => server.stdout?.once('data', (data) => resolve(String(data))));
  // The watchdog has read what it was told once it runs: its start takes as long as ours.
  const { pids, guard } = JSON.parse(line) as { pids: number[]; guard: number };
  return { server, pids, guard };
}
