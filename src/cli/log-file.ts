// The log in a file, written in the background and opened again when somebody moved it away.
import pino from 'pino';

/** A file for log lines. */
export interface LogFile {
  /** Takes a whole line; what does not fit into the bound while the disk is slow is dropped. */
  write(line: string): void;
  /** Opens the path again, after logrotate has moved the file (SIGUSR1). */
  reopen(): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/** Characters that wait for a slow disk; above, lines are lost rather than memory. */
const WAITING = 1_000_000;

/**
 * Appends to `path` and makes its directories. Rejects when the file cannot be opened.
 *
 * @param onError hears of a disk that fails later: once for each failure, nothing throws.
 */
export async function openLogFile(path: string, onError: (error: Error) => void): Promise<LogFile> {
  const file = pino.destination({ dest: path, sync: false, mkdir: true, maxLength: WAITING });
  await new Promise<void>((resolve, reject) => {
    file.once('ready', resolve);
    file.once('error', reject);
  });
  file.on('error', onError);
  return {
    write: (line) => void file.write(line),
    reopen: () => file.reopen(),
    close: () =>
      new Promise((resolve) => {
        file.once('close', resolve);
        file.end();
      }),
  };
}
