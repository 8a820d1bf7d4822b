// Our end of the watchdog: started with the first child, told of each process group, started again when it dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Beside this file, in the same language: a source tree runs without a build. */
const script = fileURLToPath(new URL(`./child-guard${extname(import.meta.filename)}`, import.meta.url));

/** Starts in a row that a machine which kills it at once gets. */
const MAX_STARTS = 20;

/** Keeps one watchdog while there are children. */
export class Watchdog {
  readonly #groups = new Set<number>();
  #guard: ChildProcess | undefined;
  #starts = 0;

  /** Its process; for tests. */
  get pid(): number | undefined {
    return this.#guard?.pid;
  }

  add(group: number): void {
    this.#groups.add(group);
    if (this.#guard === undefined) this.#start();
    else this.#tell(`+${group}\n`);
  }

  remove(group: number): void {
    if (!this.#groups.delete(group)) return;
    if (this.#groups.size > 0) {
      this.#tell(`-${group}\n`);
      return;
    }
    // Nothing to watch: its input ends, and so does it.
    const guard = this.#guard;
    this.#guard = undefined;
    this.#starts = 0;
    guard?.stdin?.end(`-${group}\n`);
  }

  #start(): void {
    if (this.#starts >= MAX_STARTS) return;
    this.#starts++;
    // In a group of its own, so that a signal to ours does not reach it; without our options for Node (inspectors).
    // It knows the groups from its first moment: this process may be gone before it could write.
    const guard = spawn(process.execPath, [script, ...[...this.#groups].map(String)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    this.#guard = guard;
    guard.once('exit', () => this.#died(guard));
    guard.once('error', () => this.#died(guard));
    guard.stdin?.on('error', () => undefined);
    // It must not keep this process alive.
    guard.unref();
    if (guard.stdin !== null && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  }

  #died(guard: ChildProcess): void {
    if (this.#guard !== guard) return;
    this.#guard = undefined;
    if (this.#groups.size > 0) this.#start();
  }

  #tell(line: string): void {
    this.#guard?.stdin?.write(line);
  }
}
