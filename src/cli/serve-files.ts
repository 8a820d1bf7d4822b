// The files of a server process: where it runs, its number for scripts, and the id that outlives it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { engineErrors } from '../core/control/errors.ts';
import { type Config, makeServerId } from '../core/index.ts';
import { isBackground } from './background.ts';

/** What the process leaves in the file system. */
export interface ServeFiles {
  /** SRS's server_id: of the configuration, else kept beside the pid file, else undefined. */
  readonly serverId: string | undefined;
  /** Takes the pid file away. */
  remove(): void;
}

const nothing: ServeFiles = { serverId: undefined, remove: () => undefined };

/**
 * Goes to `work_dir`, and writes the pid file when the configuration names one, or nothing else would find the process (the
 * default of SRS would put a directory `objs` wherever a server is started). Throws ConfigError when another server runs by that file, or it cannot be
 * written.
 */
export function enterFiles({ root }: Config): ServeFiles {
  enter(root.get('work_dir'));
  const named = root.get('server_id');
  const pid = root.written('pid') ?? (isBackground() ? root.get('pid') : undefined);
  if (pid === undefined) return { ...nothing, serverId: named || undefined };
  writePid(pid);
  return {
    serverId: named || keptId(pid),
    remove: () => {
      if (readPid(pid) === process.pid) rmSync(pid, { force: true });
    },
  };
}

function enter(path: string): void {
  try {
    process.chdir(path);
  } catch (error) {
    throw engineErrors.config('WORK_DIR', { path, why: reason(error) }, error);
  }
}

function writePid(path: string): void {
  const other = readPid(path);
  if (other !== undefined && other !== process.pid && runs(other)) {
    throw engineErrors.config('PID_RUNS', { path, pid: other });
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, String(process.pid));
  } catch (error) {
    throw engineErrors.config('PID_WRITE', { path, why: reason(error) }, error);
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    // There is none, or it cannot be read, which writing will tell.
    return undefined;
  }
}

/** Whether a process of that number is there; one of another user counts. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** `objs/srs.pid` has its id in `objs/srs.id`, as SRS keeps it. */
function keptId(pidPath: string): string {
  const path = `${pidPath.replace(/\.pid$/, '')}.id`;
  try {
    const id = readFileSync(path, 'utf8').trim();
    if (/^[\w-]{1,64}$/.test(id)) return id;
  } catch {
    // The first start.
  }
  const id = makeServerId();
  writeFileSync(path, id);
  return id;
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
