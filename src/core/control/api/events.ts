// What happens in the server, kept for a while in order: the source of the event feed.
//
// Events are numbered and kept in one ring. A listener is a place in it, not a queue: one that is slow goes on where it
// was, and one whose place has left the ring is told how much it missed. Memory is that of the ring, however many listen.
import type { Clock } from '../../base/clock.ts';
import type { Closer } from '../../base/link.ts';
import { toMs, toSeconds } from '../../base/time.ts';
import type { Hub } from '../../media/hub.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { SessionEntry, Sessions } from '../sessions.ts';
import type { Stats } from '../stats.ts';
import type { Body } from './answer.ts';

/** Names of events; the feed may be asked for some of them only. */
export const eventTypes = ['publish', 'unpublish', 'play', 'stop', 'kicked', 'dvr', 'reload'] as const;
/** A name of an event. */
export type EventType = (typeof eventTypes)[number];

/** One event with its number. */
export interface LoggedEvent {
  /** Grows by one from 1. */
  readonly number: number;
  readonly type: EventType;
  readonly data: Body;
}

/** Who hears of events. */
export interface EventListener {
  /** There is a new one. */
  readonly told: () => void;
  /** There will be no more. */
  readonly ended: () => void;
}

/** Chosen: some minutes of a busy server, below a megabyte. */
const RING = 2048;

/** Sources of events, and the identity of this process, without which numbers of another one would be taken for ours. */
export interface EventLogOptions {
  readonly clock: Clock;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly stats: Stats;
}

/** The ring of events. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #ring: LoggedEvent[] = [];
  readonly #listeners = new Set<EventListener>();
  readonly #closers: readonly Closer[];
  #newest = 0;

  constructor(options: EventLogOptions) {
    this.#options = options;
    const { hub, sessions, stats } = options;
    this.#closers = [
      hub.watch({
        published: (stream) => {
          stats.published(stream.name);
          this.#publication('publish', stream);
        },
        unpublished: (stream) => this.#publication('unpublish', stream),
      }),
      sessions.watch({
        opened: (entry) => {
          if (entry.info.publish) stats.publisherComes(entry.info.name, entry.id);
          else this.add('play', describe(entry));
        },
        closed: (entry) => {
          if (entry.info.publish) stats.publisherGoes(entry.info.name, entry.id);
          else this.add('stop', { ...describe(entry), ...this.#account(entry) });
        },
        kicked: (entry) => this.add('kicked', describe(entry)),
      }),
    ];
  }

  /** The number of the newest event; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** The number of the oldest event that is kept. */
  get oldest(): number {
    return Math.max(1, this.#newest - RING + 1);
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** Keeps an event and tells all who listen. */
  add(type: EventType, data: Body): void {
    const number = ++this.#newest;
    const time = toMs(this.#options.clock.wall());
    this.#ring[number % RING] = { number, type, data: { time, ...data } };
    for (const { told } of this.#listeners) told();
  }

  /** The event of that number; undefined when it is not kept, or did not happen. */
  at(number: number): LoggedEvent | undefined {
    const event = this.#ring[number % RING];
    return event?.number === number ? event : undefined;
  }

  /** Neither of its functions may throw. */
  listen(listener: EventListener): Closer {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** The server stops. */
  close(): void {
    for (const closer of this.#closers) closer.close();
    for (const { ended } of [...this.#listeners]) ended();
  }

  #publication(type: 'publish' | 'unpublish', stream: Stream): void {
    const { stats } = this.#options;
    const { id, received } = stats.of(stream);
    const bytes = type === 'unpublish' ? { recv_bytes: received.total } : {};
    this.add(type, { ...describeName(stream.name), stream_id: id, client: stats.publisher(stream), ...bytes });
  }

  #account({ since, received, sent, info }: SessionEntry): Body {
    info.measure?.();
    const seconds = Math.round(toSeconds(this.#options.clock.now() - since));
    return { seconds, recv_bytes: received.total, send_bytes: sent.total };
  }
}

const describeName = (name: StreamName): Body => ({ ...name, url: streamUrl(name) });

const describe = ({ id, info }: SessionEntry): Body => ({
  ...describeName(info.name),
  client: id,
  type: info.type,
  protocol: info.protocol,
  ip: info.peer.host,
});
