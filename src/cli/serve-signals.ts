// The signals of a server: reload, reopen the log, quit when everybody has left.
import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** What the signals do. */
export interface SignalWork {
  /** SIGHUP. */
  readonly reload: () => void;
  /** SIGUSR1. */
  readonly reopenLog: () => void;
  /** SIGQUIT, each time. */
  readonly quit: () => void;
}

/** Listens until released. SIGINT and SIGTERM are left to the command (`listenForInterrupt`). */
export function listenForSignals({ reload, reopenLog, quit }: SignalWork): () => void {
  const work: [NodeJS.Signals, () => void][] = [
    ['SIGHUP', reload],
    // With a listener, Node does not open its debugger's port.
    ['SIGUSR1', reopenLog],
    ['SIGQUIT', quit],
  ];
  for (const [name, on] of work) process.on(name, on);
  return () => {
    for (const [name, on] of work) process.off(name, on);
  };
}

/** An editor writes a file in several steps, and Kubernetes changes a link beside it. */
const SETTLE_MS = 200;

/** Calls `changed` when the file was written or replaced (inotify_auto_reload), until closed. */
export function watchFile(path: string, changed: () => void): () => void {
  let settling: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
    if (name !== null && name !== basename(path) && !name.startsWith('..')) return;
    clearTimeout(settling);
    settling = setTimeout(changed, SETTLE_MS);
  });
  // The directory is gone: there is nothing to reload.
  watcher.on('error', () => watcher.close());
  return () => {
    clearTimeout(settling);
    watcher.close();
  };
}
