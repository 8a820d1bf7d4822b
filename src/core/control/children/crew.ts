// A set of jobs that is brought to what is wanted: what stays goes on untouched, the rest ends or begins.
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';

/** Work that goes on until it is stopped. */
export interface Running {
  /** Idempotent. */
  stop(): void;
  /** Its state, for the API; plain values. */
  describe(): Record<string, unknown>;
}

/** Work that is wanted. */
export interface Job {
  /** Everything that makes it what it is: the same key is the same work. */
  readonly key: string;
  readonly kind: 'ingest' | 'transcode' | 'exec' | 'forward';
  /** How log lines name it. */
  readonly title: string;
  /** Throws SrsxError when it cannot begin. */
  start(): Running;
}

/** Jobs that run. */
export class Crew {
  readonly #log: Log;
  readonly #running = new Map<string, { readonly kind: Job['kind']; readonly work: Running }>();

  constructor(log: Log) {
    this.#log = log;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Ends what is not wanted any more, then begins what is new. One that cannot begin is logged and left out. */
  set(jobs: readonly Job[]): void {
    const wanted = new Set(jobs.map(({ key }) => key));
    for (const [key, { work }] of this.#running) {
      if (wanted.has(key)) continue;
      this.#running.delete(key);
      work.stop();
    }
    for (const job of jobs) if (!this.#running.has(job.key)) this.#begin(job);
  }

  describe(): Record<string, unknown>[] {
    return [...this.#running.values()].map(({ kind, work }) => ({ kind, ...work.describe() }));
  }

  #begin(job: Job): void {
    const { key, kind, title } = job;
    try {
      this.#running.set(key, { kind, work: job.start() });
    } catch (thrown) {
      const error = toSrsxError(thrown);
      this.#log.error('children', `${kind} ${title}: ${error.message}`, { code: error.code, advice: error.advice });
    }
  }
}
