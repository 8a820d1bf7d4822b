// The sessions that play or publish, for the API, the log and the operator who ends one.

import type { Clock } from '../base/clock.ts';
import { Rate, sampleNumber } from '../base/counters.ts';
import type { SrsxError } from '../base/errors.ts';
import type { Closer, Peer } from '../base/link.ts';
import { type Rng, randomId } from '../base/rng.ts';
import type { Micros } from '../base/time.ts';
import type { StreamName } from '../media/stream-name.ts';
import { admissionErrors, type Grant } from './admission.ts';

/** What the API shows of a session. */
export interface SessionInfo {
  readonly protocol: string;
  /** SRS's client type. */
  readonly type: string;
  readonly publish: boolean;
  readonly peer: Peer;
  readonly name: StreamName;
  /** The stream as the client named it, with its extension for HTTP. */
  readonly shownName: string;
  /** Stream parameters with their leading `?`, or empty. */
  readonly param?: string;
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** Ends the session from outside. */
  readonly end: (reason: SrsxError) => void;
  /** Brings the byte counts of its entry up to date; called before they are read. */
  readonly measure?: () => void;
  /** What else there is to know of it, for the operator. */
  readonly describe?: () => Readonly<Record<string, unknown>>;
}

export class SessionEntry {
  readonly id: string;
  readonly info: SessionInfo;
  readonly since: Micros;
  readonly received: Rate;
  readonly sent: Rate;
  readonly #close: (reason?: SrsxError) => void;

  constructor(id: string, info: SessionInfo, now: Micros, close: (reason?: SrsxError) => void) {
    this.id = id;
    this.info = info;
    this.since = now;
    this.received = new Rate(now);
    this.sent = new Rate(now);
    this.#close = close;
  }

  /** The session is over; `reason` when something went wrong. Idempotent. */
  close(reason?: SrsxError): void {
    this.#close(reason);
  }
}

/** Who wants to know what becomes of sessions. */
export interface SessionWatcher {
  readonly opened?: (entry: SessionEntry) => void;
  /** The operator ended it; `closed` follows. */
  readonly kicked?: (entry: SessionEntry) => void;
  readonly closed?: (entry: SessionEntry) => void;
}

export class Sessions {
  readonly #clock: Clock;
  readonly #rng: Rng;
  /** Open sessions at once; a lower one ends nobody. */
  limit: number;
  readonly #entries = new Map<string, SessionEntry>();
  #now: Micros = 0;
  #sampled: number | undefined;
  readonly #sample = ({ received, sent }: SessionEntry): void => {
    received.tick(this.#now);
    sent.tick(this.#now);
  };
  readonly #watchers = new Set<SessionWatcher>();
  /** Sessions that ever began. */
  opened = 0;
  /** Sessions that were refused here, or ended with an error. */
  failed = 0;

  constructor(clock: Clock, rng: Rng, limit: number) {
    this.#clock = clock;
    this.#rng = rng;
    this.limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Throws ADMISSION_SESSIONS when no session can be opened. */
  checkRoom(): void {
    if (this.#entries.size < this.limit) return;
    this.failed++;
    throw admissionErrors.refused('SESSIONS', { limit: this.limit });
  }

  /**
   * Registers an admitted session. Closing the entry ends what the grant began, so that hooks hear of it once, whatever
   * ends the session. Throws ADMISSION_SESSIONS at the limit, the grant is ended then, and ADMISSION_LATE when it has ended.
   */
  open(info: SessionInfo, { id: wanted, ticket }: Pick<Grant, 'id' | 'ticket'>): SessionEntry {
    try {
      this.checkRoom();
    } catch (error) {
      ticket?.end();
      throw error;
    }
    const id = wanted === undefined || this.#entries.has(wanted) ? randomId(this.#rng, 8) : wanted;
    const entry = new SessionEntry(id, info, this.#clock.now(), (reason) => {
      if (!this.#entries.delete(id)) return;
      if (reason !== undefined) this.failed++;
      for (const watcher of this.#watchers) watcher.closed?.(entry);
      ticket?.end();
    });
    ticket?.begin();
    this.#entries.set(id, entry);
    this.opened++;
    for (const watcher of this.#watchers) watcher.opened?.(entry);
    return entry;
  }

  /** Whether a session has this id. */
  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** Its byte counts are those of now. */
  find(id: string): SessionEntry | undefined {
    const entry = this.#entries.get(id);
    entry?.info.measure?.();
    return entry;
  }

  /** All sessions, with the byte counts of now. */
  list(): Iterable<SessionEntry> {
    for (const { info } of this.#entries.values()) info.measure?.();
    return this.#entries.values();
  }

  /** Ends a session; false when there is none of that id. */
  kick(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    for (const watcher of this.#watchers) watcher.kicked?.(entry);
    entry.info.end(admissionErrors.refused('KICKED'));
    return true;
  }

  /** The watcher must not throw. */
  watch(watcher: SessionWatcher): Closer {
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }

  /** Takes the samples of all rates; called once a second. */
  tick(now: Micros): void {
    const number = sampleNumber(now);
    if (number === this.#sampled) return;
    this.#sampled = number;
    this.#now = now;
    this.#entries.forEach(this.#sample);
  }
}
