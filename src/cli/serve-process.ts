// A server as a process by its configuration: its files, its log and its signals around the engine.
import { type Change, type Config, type Log, type Server, type ServeSettings, toSrsxError } from '../core/index.ts';
import type { LogFormat } from './log-sink.ts';
import { noticeFile } from './read-config.ts';
import { enterFiles, type ServeFiles } from './serve-files.ts';
import { openServeLog, type ServeLog, wantsStatusLines } from './serve-log.ts';
import type { ConfigPlan } from './serve-plan.ts';
import { quitGracefully } from './serve-quit.ts';
import { listenForSignals, watchFile } from './serve-signals.ts';

export interface ProcessOptions {
  readonly plan: ConfigPlan;
  /** The logger of `--log`; undefined: the configuration says. */
  readonly log: Log | undefined;
  readonly format: LogFormat;
  /** Where the configuration is; undefined: the environment alone. */
  readonly file: string | undefined;
  /** Aborted by ctrl-C, and by SIGTERM unless `softTerm` was called. */
  readonly signal: AbortSignal;
  /** The next SIGTERM calls `first` and aborts nothing. */
  readonly softTerm: (first: () => void) => void;
}

/** How often the parent is looked at (asprocess). */
const PARENT_MS = 1000;

/** What a configuration makes of the process. Made before the engine, closed after it. */
export class ServeProcess {
  readonly #options: ProcessOptions;
  readonly #files: ServeFiles;
  readonly #log: ServeLog;

  private constructor(options: ProcessOptions, files: ServeFiles, log: ServeLog) {
    this.#options = options;
    this.#files = files;
    this.#log = log;
  }

  /** Rejects with ConfigError: ENGINE_WORK_DIR, ENGINE_PID_RUNS, ENGINE_PID_WRITE, ENGINE_LOG_FILE. */
  static async enter(options: ProcessOptions): Promise<ServeProcess> {
    const { plan, log, format } = options;
    const files = enterFiles(plan.config);
    const toConsole = (line: string): void => void process.stderr.write(line);
    return new ServeProcess(options, files, await openServeLog(plan.config, { log, format }, toConsole));
  }

  get log(): Log {
    return this.#log.log;
  }

  /** What the engine must know. */
  settings(): Pick<ServeSettings, 'config' | 'readConfig' | 'serverId' | 'statusLines'> {
    const { plan } = this.#options;
    const { serverId } = this.#files;
    return {
      config: plan.config,
      // With its remarks in the log.
      readConfig: (overlay) => plan.read(this.log, overlay),
      ...(serverId !== undefined && { serverId }),
      statusLines: wantsStatusLines(plan.config, this.#log.onConsole && process.stderr.isTTY),
    };
  }

  /** Resolves when a signal wants the end: at once, or the first SIGQUIT (force_grace_quit: SIGTERM) when all have left. */
  run(server: Server): Promise<void> {
    const { signal, softTerm, plan, file } = this.#options;
    const { root } = plan.config;
    const parent = process.ppid;
    const over = new AbortController();
    return new Promise((resolve) => {
      const reload = (): void => void this.#reload(server);
      let quitting = false;
      const quit = (): void => {
        if (quitting) end();
        else void quitGracefully(server, plan.config, this.log, over.signal).then(end);
        quitting = true;
      };
      const release = listenForSignals({ reload, reopenLog: () => this.#log.reopen(), quit });
      if (root.get('force_grace_quit')) softTerm(quit);
      const unwatch = file !== undefined && watches(root) ? watchFile(noticeFile(file), reload) : undefined;
      const watchParent = root.get('asprocess')
        ? setInterval(() => process.ppid !== parent && end(), PARENT_MS)
        : undefined;
      const end = (): void => {
        over.abort();
        clearInterval(watchParent);
        release();
        unwatch?.();
        resolve();
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }

  async close(): Promise<void> {
    this.#files.remove();
    await this.#log.close();
  }

  async #reload(server: Server): Promise<void> {
    try {
      const changes = await server.reload();
      for (const change of changes) this.log.info('config', changeText(change));
      this.log.info('config', changes.length === 0 ? 'reloaded: nothing changed' : 'reloaded');
    } catch (thrown) {
      const error = toSrsxError(thrown);
      this.log.error('config', `not reloaded, everything stays as it was: ${error.message}`, { code: error.code });
    }
  }
}

/** `vhost a.com: vhost.hls.enabled off -> on`. */
export function changeText({ vhost, directive, before, after, when }: Change): string {
  const where = vhost === '' ? '' : `vhost ${vhost}: `;
  const later = when === 'restart' ? ' (after a restart)' : '';
  return `${where}${directive} ${before || "''"} -> ${after || "''"}${later}`;
}

/** In a container, SRS watches unless it is told not to. */
function watches(root: Config['root']): boolean {
  return root.get('inotify_auto_reload') || (root.get('in_docker') && root.get('auto_reload_for_docker'));
}
