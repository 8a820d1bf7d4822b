// What is told and not asked: in order for each client, behind everything else, bounded.

/** Chosen: segments of an hour whose callback server hangs; what comes then is left out. */
const MAX_OF_CLIENT = 1000;
/** Chosen: the last words of all sessions of a big server at once. */
const MAX = 100_000;

/** Runs tasks one after the other for each key; tasks of different keys do not wait for each other. */
export class Tells {
  /** The last task of each key, and how many wait. */
  readonly #lines = new Map<string, { last: Promise<void>; count: number }>();
  #size = 0;

  /** Tasks that are not done. */
  get size(): number {
    return this.#size;
  }

  /** Adds a task, which must not reject; false when there are too many, and it is left out. */
  push(key: string, task: () => Promise<void>): boolean {
    const line = this.#lines.get(key) ?? { last: Promise.resolve(), count: 0 };
    if (line.count >= MAX_OF_CLIENT || this.#size >= MAX) return false;
    line.count++;
    this.#size++;
    this.#lines.set(key, line);
    line.last = line.last.then(task).finally(() => {
      this.#size--;
      line.count--;
      if (line.count === 0) this.#lines.delete(key);
    });
    return true;
  }

  /** Resolves when everything that was pushed until now is done. */
  async done(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ last }) => last));
  }
}
