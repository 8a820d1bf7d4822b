// The newest lines of a program, for the API and the log.

/** Chosen: what FFmpeg says of its inputs and outputs fits, with the error at the end. */
const MAX_LINES = 40;

/** Keeps the newest lines, bounded by their number; each is bounded by `MAX_LINE`. */
export class LineRing {
  readonly #lines: string[] = [];

  push(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get last(): string | undefined {
    return this.#lines.at(-1);
  }

  clear(): void {
    this.#lines.length = 0;
  }
}
