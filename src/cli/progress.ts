// How a long command shows where it is: one line that is rewritten on a terminal, JSON lines elsewhere.
import { type GenericBar, Presets, SingleBar } from 'cli-progress';
import { printJsonLine } from './output.ts';

/** Shows reports as they come. */
export interface Progress<Report extends object> {
  /** People look at it: a final text is wanted rather than data. */
  readonly terminal: boolean;
  /** Called as often as the core reports: each half second, a bench each second. */
  update(report: Report): void;
  /** The line stays as it is and the terminal is free again. Idempotent. */
  stop(): void;
}

/** How reports are shown. */
export interface ProgressOptions<Report extends object> {
  /** The text of the line. */
  readonly line: (report: Report) => string;
  /** Part that is done, 0 to 1, when the end is known: a bar is drawn. */
  readonly done?: (report: Report) => number;
  /** `--json`: only the final document is wanted. */
  readonly quiet: boolean;
  readonly terminal?: boolean;
}

/** On a terminal a bar or line on stderr, else one JSON line for each report on stdout, or nothing. */
export function makeProgress<Report extends object>(options: ProgressOptions<Report>): Progress<Report> {
  const terminal = options.terminal ?? process.stderr.isTTY === true;
  if (options.quiet) return { terminal: false, update: () => undefined, stop: () => undefined };
  return terminal ? new LineProgress(options) : { terminal, update: printJsonLine, stop: () => undefined };
}

const SCALE = 1000;

class LineProgress<Report extends object> implements Progress<Report> {
  readonly terminal = true;
  readonly #options: ProgressOptions<Report>;
  readonly #bar: GenericBar;
  #running = false;

  constructor(options: ProgressOptions<Report>) {
    this.#options = options;
    const format = options.done === undefined ? '{text}' : '{bar} {percentage}% {text}';
    this.#bar = new SingleBar(
      { format, hideCursor: true, clearOnComplete: false, linewrap: false, gracefulExit: false },
      Presets.shades_classic,
    );
  }

  update(report: Report): void {
    const { line, done } = this.#options;
    const value = Math.round((done?.(report) ?? 0) * SCALE);
    const payload = { text: line(report) };
    if (this.#running) this.#bar.update(value, payload);
    else this.#bar.start(SCALE, value, payload);
    this.#running = true;
  }

  stop(): void {
    if (this.#running) this.#bar.stop();
    this.#running = false;
  }
}
