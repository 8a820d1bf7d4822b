// What jobs are made with: programs, settings in force, and the port that local programs talk to.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { StreamName } from '../../media/stream-name.ts';
import type { Settings } from '../config/settings.ts';
import type { ChildCommand, Children } from './child.ts';
import type { Running } from './crew.ts';
import { childErrors } from './errors.ts';
import { Supervisor } from './supervisor.ts';

/** Reads inputs without FFmpeg: the relay of the toolkit, handed down by the engine. */
export interface Feeder {
  /** Whether it knows the protocol and the container of an input. */
  reads(input: string): boolean;
  /** Publishes an input to an address until it is stopped, in real time, again and again. */
  feed(input: string, output: string, title: string): Running;
}

/** Everything that jobs need of the server. */
export interface WorkshopOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly children: Children;
  /** The port of the first RTMP listener (SRS: [port]); 0 when there is none. */
  readonly port: () => number;
  readonly feeder?: Feeder;
}

/** Chosen: a hundred times what one machine encodes; a mistake in a configuration must not fill the machine. */
const MAX_PROGRAMS = 500;
/** SRS's default, in which it writes the logs of FFmpeg; here only when somebody asks for it. */
const NO_LOG = '/dev/null';

/** Makes jobs out of command lines. */
export class Workshop {
  readonly #options: WorkshopOptions;
  #running = 0;

  constructor(options: WorkshopOptions) {
    this.#options = options;
  }

  get settings(): Settings {
    return this.#options.settings;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get feeder(): Feeder | undefined {
    return this.#options.feeder;
  }

  get port(): number {
    return this.#options.port();
  }

  /** SRS: ff_log_level. */
  get logLevel(): string {
    return this.settings.root.get('ff_log_level');
  }

  /** A log file in ff_log_dir; undefined when nobody wrote that directive, or wrote /dev/null. */
  logFile(kind: 'encoder' | 'ingest', { vhost, app, stream }: StreamName): string | undefined {
    const value = this.settings.root.written('ff_log_dir') ?? '';
    if (value === '' || value === NO_LOG) return undefined;
    // Levels of an app are no folders of ours.
    return `${value}/ffmpeg-${kind}-${[vhost, app, stream].join('-').replaceAll('/', '-')}.log`;
  }

  /** The path of FFmpeg: as it is written, or the one in PATH. Throws CHILDREN_PROGRAM. */
  ffmpeg(written: string): string {
    const { children } = this.#options;
    const path = (written === '' ? undefined : children.find(written)) ?? children.find('ffmpeg');
    if (path === undefined) throw childErrors.config('PROGRAM', { program: written || 'ffmpeg' });
    return path;
  }

  /** Runs a program for as long as it is wanted. Throws CHILDREN_LIMIT. @param budget as in Supervisor. */
  keep(title: string, command: ChildCommand, budget: number): Running {
    if (this.#running >= MAX_PROGRAMS) throw childErrors.limit('LIMIT', { limit: MAX_PROGRAMS });
    const { children, clock, log } = this.#options;
    const supervisor = new Supervisor({ children, clock, log, title, command, budget });
    this.#running++;
    let over = false;
    return {
      stop: () => {
        if (!over) this.#running--;
        over = true;
        supervisor.stop();
      },
      describe: () => supervisor.describe(),
    };
  }
}

/** Chosen: the next publish tries again, and what failed so often in a row is a wrong command line. */
export const PROGRAM_BUDGET = 30;
