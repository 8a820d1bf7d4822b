// The log of a server as its configuration wants it: where, how much, in which form.
import { engineErrors } from '../core/control/errors.ts';
import { type Config, type Level, Log } from '../core/index.ts';
import { isBackground } from './background.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { type LogFormat, sinkOf } from './log-sink.ts';

/** A log, and what the process does with it. */
export interface ServeLog {
  readonly log: Log;
  /** Not in a file. */
  readonly onConsole: boolean;
  /** After logrotate (SIGUSR1). */
  reopen(): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/** SRS's names of both generations. */
const levelNames: Readonly<Record<string, Level>> = {
  verbose: 'debug',
  debug: 'debug',
  trace: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
};

/**
 * The log that a configuration names: a file when it names a file. Unlike SRS, nobody having said anything means the
 * console, unless it is in the background, which has none. Rejects with ENGINE_LOG_FILE.
 *
 * @param flags what the command line said, which stands above the configuration.
 */
export async function openServeLog(
  { root }: Config,
  flags: { readonly log: Log | undefined; readonly format: LogFormat },
  toConsole: (line: string) => void,
): Promise<ServeLog> {
  if (flags.log !== undefined) return console_(flags.log);
  // In SRS's first generation, info says more than trace.
  const old = root.get('srs_log_level') === 'info' ? 'debug' : levelNames[root.get('srs_log_level')];
  const level = levelNames[root.get('srs_log_level_v2')] ?? old ?? 'info';
  const utc = root.get('utc_time');
  if (!wantsFile(root)) return console_(new Log(sinkOf(flags.format, toConsole, { utc }), level));
  const file = await open(root.get('srs_log_file'), toConsole);
  const format = flags.format === 'text' ? 'srs' : flags.format;
  const log = new Log(
    sinkOf(format, (line) => file.write(line), { utc }),
    level,
  );
  return { log, onConsole: false, reopen: () => file.reopen(), close: () => file.close() };
}

const console_ = (log: Log): ServeLog => ({
  ...{ log, onConsole: true },
  reopen: () => undefined,
  close: async () => undefined,
});

/**
 * Whether a log has lines for sessions that go on. SRS's console has them too, but on the terminal of somebody who tries a
 * server they are noise, unless its configuration asks for that console or for the lines.
 */
export function wantsStatusLines(config: Config | undefined, onTerminal: boolean): boolean {
  if (!onTerminal) return true;
  return config?.root.written('srs_log_tank') === 'console' || config?.root.written('pithy_print_ms') !== undefined;
}

function wantsFile(root: Config['root']): boolean {
  const tank = root.written('srs_log_tank');
  if (tank === undefined) return isBackground() || root.written('srs_log_file') !== undefined;
  return tank !== 'console';
}

async function open(path: string, toConsole: (line: string) => void): Promise<LogFile> {
  try {
    return await openLogFile(path, (error) => toConsole(`the log cannot be written: ${error.message}\n`));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw engineErrors.config('LOG_FILE', { path, why }, error);
  }
}
