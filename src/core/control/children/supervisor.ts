// Keeps a program running: starts it again when it ends, later each time, and gives up when that never helps.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { hideSecrets } from '../hide-secrets.ts';
import { Patience } from '../patience.ts';
import type { Child, ChildCommand, ChildEnd, Children } from './child.ts';
import type { Running } from './crew.ts';
import { LineRing } from './ring.ts';

/** What a program is, and how long one tries. */
export interface SupervisorOptions {
  readonly children: Children;
  readonly clock: Clock;
  readonly log: Log;
  /** How log lines and the API name it. */
  readonly title: string;
  readonly command: ChildCommand;
  /** Starts in a row that did not last, after which it gives up; Infinity: never. */
  readonly budget: number;
}

/** Chosen: an input that is away for hours costs a process each minute, and is back within one. */
const MAX_DELAY = fromSeconds(60);

/** running -- ends --> waiting -- back-off --> running; `failed` when the budget is spent, `stopped` by `stop`. */
export class Supervisor implements Running {
  readonly #options: SupervisorOptions;
  readonly #lines = new LineRing();
  #state: 'running' | 'waiting' | 'failed' | 'stopped' = 'waiting';
  #child: Child | undefined;
  #since: Micros = 0;
  readonly #patience = new Patience(MAX_DELAY);
  #restarts = 0;
  #last: ChildEnd | undefined;
  #cancel: () => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#run();
  }

  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#cancel();
    this.#child?.stop();
  }

  describe(): Record<string, unknown> {
    const { title, command, clock } = this.#options;
    const running = this.#state === 'running';
    return {
      title,
      state: this.#state,
      pid: this.#child?.pid ?? null,
      seconds: running ? Math.round(toSeconds(clock.now() - this.#since)) : 0,
      restarts: this.#restarts,
      last_end: this.#last === undefined ? null : endText(this.#last),
      command: [command.program, ...command.args].map(hideSecrets),
      stderr: this.#lines.lines.map(hideSecrets),
    };
  }

  #run(): void {
    const { children, command, clock, log, title } = this.#options;
    this.#state = 'running';
    this.#since = clock.now();
    this.#child = children.start(command, {
      line: (text) => {
        this.#lines.push(text);
        log.debug('children', () => `${title}: ${text}`);
      },
      ended: (end) => this.#ended(end),
    });
    log.info('children', 'started', { title, pid: this.#child.pid });
  }

  #ended(end: ChildEnd): void {
    const { clock, log, title, budget } = this.#options;
    this.#child = undefined;
    this.#last = end;
    const lasted = clock.now() - this.#since;
    const fields = { title, end: endText(end), seconds: Math.round(toSeconds(lasted)), last: this.#lines.last };
    if (this.#state === 'stopped') {
      log.info('children', 'stopped', fields);
      return;
    }
    const delay = this.#patience.ended(lasted);
    if (this.#patience.failures > budget) {
      this.#state = 'failed';
      log.error('children', `gave up after ${budget} restarts in a row`, fields);
      return;
    }
    log.warn('children', 'ended, will be started again', fields);
    this.#state = 'waiting';
    this.#restarts++;
    this.#cancel = clock.after(delay, () => this.#run());
  }
}

/** How a child ended, in words. */
export function endText({ code, signal, error }: ChildEnd): string {
  if (error !== undefined) return error.message;
  return signal === undefined ? `code ${code}` : `signal ${signal}`;
}
