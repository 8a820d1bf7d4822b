// The server in the background (SRS: daemon on): a second process without a terminal goes on when the first has seen it up.
import { spawn } from 'node:child_process';
import type { Config } from '../core/index.ts';
import { exitCode } from './exit-code.ts';

/** Set for the process in the background. */
const MARK = 'SRSX_BACKGROUND';

/** Chosen: what it may take until all its ports are open, or it says why they are not. */
const START_MS = 60_000;

/** This process is the one in the background. */
export const isBackground = (environment: NodeJS.ProcessEnv = process.env): boolean => environment[MARK] === '1';

/**
 * Whether a configuration wants the background: only when that is written, since service managers and containers want the
 * foreground. The first process of a container ends the container.
 */
export function wantsBackground({ root }: Config, pid = process.pid): boolean {
  if (isBackground() || pid === 1) return false;
  if (root.written('daemon') !== true) return false;
  return !(root.get('in_docker') && root.get('disable_daemon_for_docker'));
}

/** Starts this command again in the background; resolves with the exit code when that is up, or has failed. */
export function startBackground(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.stderr?.pipe(process.stderr, { end: false });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill();
      resolve(exitCode.network);
    }, START_MS);
    child.once('message', () => {
      clearTimeout(timer);
      child.stderr?.destroy();
      child.disconnect();
      child.unref();
      resolve(0);
    });
    child.once('error', () => resolve(exitCode.network));
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? exitCode.network);
    });
  });
}

/** The process in the background is up: the first one may go, and nobody reads what is written to the terminal. */
export function tellUp(): void {
  if (!isBackground() || process.send === undefined) return;
  const ignore = (): undefined => undefined;
  process.stderr.on('error', ignore);
  process.send('up', ignore);
}
