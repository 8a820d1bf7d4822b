// Certificates of listeners: read from PEM files, read again when the files change.
import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import type { Closer } from '../base/link.ts';
import type { Log } from '../base/log.ts';
import type { TlsFiles } from '../control/host.ts';
import { netErrors } from './errors.ts';

type Pems = Required<Pick<SecureContextOptions, 'cert' | 'key'>> & { readonly cert: string; readonly key: string };

/** Watching fails silently on some network file systems; then this is how late a new certificate is seen. */
const POLL_MS = 30_000;
/** Certificate and key are replaced one after the other. */
const SETTLE_MS = 100;

/** Reads and checks the files; rejects with NET_TLS_FILES. */
export async function readPems(files: TlsFiles): Promise<Pems> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw netErrors.system('TLS_FILES', { ...files, why }, cause);
  }
}

/**
 * Gives `server` a new context when the files' content has changed; open connections keep theirs. Directories are
 * watched, not files: certbot and Kubernetes put new files and links in the place of the old ones. What cannot be used
 * (half-written, key of another certificate) is logged, and the old certificate stays until the next change.
 */
export function reloadPems(server: Server, files: TlsFiles, current: Pems, log: Log): Closer {
  let loaded = current;
  let refused = '';
  let settling: NodeJS.Timeout | undefined;
  let closed = false;

  const look = async (): Promise<void> => {
    try {
      const next = await readPems(files);
      if (closed || (next.cert === loaded.cert && next.key === loaded.key)) return;
      server.setSecureContext({ ...next });
      loaded = next;
      refused = '';
      log.info('net:tls', 'certificate loaded again', { cert: files.cert });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      // The poll would repeat the same line for ever.
      if (text !== refused && !closed) log.error('net:tls', 'the new certificate cannot be used', { error: text });
      refused = text;
    }
  };
  const changed = (): void => {
    clearTimeout(settling);
    settling = setTimeout(() => void look(), SETTLE_MS);
  };

  const watchers = watchDirectories([files.cert, files.key], changed, log);
  const poll = setInterval(() => void look(), POLL_MS).unref();
  return {
    close: () => {
      closed = true;
      for (const watcher of watchers) watcher.close();
      clearInterval(poll);
      clearTimeout(settling);
    },
  };
}

function watchDirectories(paths: readonly string[], changed: () => void, log: Log): FSWatcher[] {
  const watchers: FSWatcher[] = [];
  for (const directory of new Set(paths.map(dirname))) {
    try {
      const watcher = watch(directory, { persistent: false }, changed);
      // The directory itself was removed; the poll goes on.
      watcher.on('error', () => watcher.close());
      watchers.push(watcher);
    } catch (error) {
      log.warn('net:tls', 'cannot watch; the certificate is looked at twice a minute', { directory, error });
    }
  }
  return watchers;
}
