// What /proc says of processes, for tests that kill them.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Whether a process runs; one that has ended and that nobody waited for does not. */
export function runs(pid: number): boolean {
  return statusOf(pid) !== undefined;
}

/** Children of a process that run, by the name of their program. */
export function childrenOf(parent: number, program: string): number[] {
  return everyone().filter((pid) => {
    const status = statusOf(pid);
    return status?.parent === parent && basename(executableOf(pid)) === program;
  });
}

/** Processes of a group that run. */
export const membersOf = (group: number): number[] => everyone().filter((pid) => statusOf(pid)?.group === group);

/** Not the name in `stat`, which is that of a thread: newer Nodes call their first one MainThread. */
function executableOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

const everyone = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** proc(5): pid (program) state ppid pgrp ... */
function statusOf(pid: number): { parent: number; group: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, state, parent, group] = /^\d+ \(.*\) (\S) (\d+) (\d+)/s.exec(text) ?? [];
    return state === 'Z' ? undefined : { parent: Number(parent), group: Number(group) };
  } catch {
    return undefined;
  }
}
