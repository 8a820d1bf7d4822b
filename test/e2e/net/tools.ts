// A net on the loopback, and promises of what links tell.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { concat } from '../../../src/core/base/bytes.ts';
import { defaultLimits, type Limits } from '../../../src/core/base/limits.ts';
import type { Closer, Link } from '../../../src/core/base/link.ts';
import { Log, type LogLine } from '../../../src/core/base/log.ts';
import { fromSeconds } from '../../../src/core/base/time.ts';
import type { Net } from '../../../src/core/control/host.ts';
import { createNet, RealClock } from '../../../src/core/net/index.ts';

export const anyPort = { host: '127.0.0.1', port: 0 } as const;
export const patience = fromSeconds(10);
export const never = (): AbortSignal => new AbortController().signal;

export interface TestNet {
  readonly net: Net;
  /** What was logged so far. */
  readonly lines: LogLine[];
  /** Resolves with the next line of a topic. */
  logged(topic: string): Promise<LogLine>;
}

export function makeNet(changes: Partial<Limits> = {}, accelerators = true): TestNet {
  const lines: LogLine[] = [];
  const waiting: { topic: string; resolve: (line: LogLine) => void }[] = [];
  const log = new Log((line) => {
    lines.push(line);
    for (const one of waiting.splice(0)) {
      if (one.topic === line.topic) one.resolve(line);
      else waiting.push(one);
    }
  }, 'info');
  const net = createNet({ limits: { ...defaultLimits, ...changes }, log, clock: new RealClock(), accelerators });
  return { net, lines, logged: (topic) => new Promise((resolve) => waiting.push({ topic, resolve })) };
}

/** Closes it when the test is over. */
export function finally_<T extends Closer>(closer: T): T {
  onTestFinished(() => closer.close());
  return closer;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'srsx-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Everything the link gives until its end. */
export function readAll(link: Link): Promise<Uint8Array> {
  const parts: Uint8Array[] = [new Uint8Array(0)];
  return new Promise((resolve, reject) => {
    link.onClose = (reason) => (reason === undefined ? resolve(concat([...parts, new Uint8Array(0)])) : reject(reason));
    link.onData = (bytes) => void parts.push(bytes.slice());
  });
}

export const readText = async (link: Link): Promise<string> => new TextDecoder().decode(await readAll(link));

/** Resolves when the link has given `size` bytes or more. */
export function readSome(link: Link, size = 1): Promise<Uint8Array> {
  const parts: Uint8Array[] = [new Uint8Array(0)];
  let count = 0;
  return new Promise((resolve) => {
    link.onData = (bytes) => {
      parts.push(bytes.slice());
      count += bytes.length;
      if (count >= size) resolve(concat([...parts, new Uint8Array(0)]));
    };
  });
}

export const closed = (link: Link): Promise<Error | undefined> =>
  new Promise((resolve) => {
    link.onClose = resolve;
  });

export const drained = (link: Link): Promise<void> =>
  new Promise((resolve) => {
    link.onDrain = resolve;
  });
