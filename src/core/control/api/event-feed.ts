// Server-sent events (WHATWG HTML §9.2): one listener, which is a place in the log of events.
import { utf8 } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { Link } from '../../base/link.ts';
import type { Session, Wheel } from '../../base/session.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import { chunkEnvelope } from '../../wire/http/chunk.ts';
import type { HttpExchange, HttpHeaders } from '../../wire/http/exchange.ts';
import { apiErrors } from './errors.ts';
import { type EventLog, eventTypes } from './events.ts';
import { type Json, writeJson } from './json.ts';

/** Chosen: proxies cut silent connections after 30 to 60 s. */
const HEARTBEAT = fromSeconds(15);
/** Chosen: a dashboard is one or two; more than this are not people. */
const MOST_LISTENERS = 100;
/** Events that go in one write. */
const BATCH = 64;

/** What a feed needs of its server. */
export interface EventFeedOptions {
  readonly events: EventLog;
  readonly clock: Clock;
  readonly wheel: Wheel;
  /** Ids of events are `service-number`. */
  readonly service: string;
  /** A listener that takes nothing for so long is dropped. */
  readonly stallTime: Micros;
  /** Headers that every answer of the API has. */
  readonly headers: HttpHeaders;
}

/** Answers with events until the client leaves. Throws API_LISTENERS. */
export function feedEvents(exchange: HttpExchange, options: EventFeedOptions): void {
  const { events, headers } = options;
  if (events.size >= MOST_LISTENERS) throw apiErrors.limit('LISTENERS', { limit: MOST_LISTENERS });
  const { request } = exchange;
  const { link, chunked } = exchange.stream(200, {
    ...headers,
    'Content-Type': 'text/event-stream; charset=utf-8',
    'X-Accel-Buffering': 'no',
  });
  const wanted = request.query.get('types')?.split(',').filter(isType);
  new Listener(link, chunked, options, wanted).start(request.header('last-event-id'));
}

const isType = (word: string): boolean => eventTypes.some((type) => type === word);

class Listener implements Session {
  readonly #link: Link;
  readonly #chunked: boolean;
  readonly #options: EventFeedOptions;
  readonly #wanted: ReadonlySet<string> | undefined;
  /** The number of the next event to send. */
  #next = 0;
  #full = false;
  #fullSince: Micros = 0;
  #over = false;
  #quiet: () => void = () => undefined;
  deadline: Micros;

  constructor(link: Link, chunked: boolean, options: EventFeedOptions, wanted: readonly string[] | undefined) {
    this.#link = link;
    this.#chunked = chunked;
    this.#options = options;
    this.#wanted = wanted === undefined || wanted.length === 0 ? undefined : new Set(wanted);
    this.deadline = options.clock.now() + HEARTBEAT;
  }

  start(lastId: string | undefined): void {
    const { events, clock, wheel, service } = this.#options;
    const [, process, number] = /^(\w+)-(\d{1,15})$/.exec(lastId ?? '') ?? [];
    // Numbers of another process say nothing; whoever had them is told that it missed something.
    const known = process === service && Number(number) <= events.newest;
    this.#next = known ? Number(number) + 1 : events.newest + 1;
    this.#link.onDrain = () => {
      this.#full = false;
      this.#advance();
    };
    this.#link.onClose = () => this.close(undefined);
    const listening = events.listen({ told: () => this.#advance(), ended: () => this.close(undefined) });
    this.#quiet = () => listening.close();
    wheel.add(this);
    this.#send(`: srsx\nretry: 2000\n\n`);
    if (lastId !== undefined && !known) this.#sendLost(undefined);
    this.deadline = clock.now() + HEARTBEAT;
    this.#advance();
  }

  receive(): void {
    // A listener says nothing.
  }

  tick(now: Micros): void {
    this.deadline = now + HEARTBEAT;
    if (this.#full) {
      if (now - this.#fullSince >= this.#options.stallTime) this.close(undefined);
      return;
    }
    this.#send(': \n\n');
  }

  close(reason: Parameters<Session['close']>[0]): void {
    if (this.#over) return;
    this.#over = true;
    this.#quiet();
    this.#options.wheel.remove(this);
    this.#link.close(reason);
  }

  #advance(): void {
    const { events, service } = this.#options;
    while (!this.#full && !this.#over && this.#next <= events.newest) {
      if (this.#next < events.oldest) {
        const missed = events.oldest - this.#next;
        this.#next = events.oldest;
        this.#sendLost(missed);
        continue;
      }
      let text = '';
      for (let i = 0; i < BATCH && this.#next <= events.newest; i++) {
        const event = events.at(this.#next++);
        if (event === undefined || this.#wanted?.has(event.type) === false) continue;
        text += message(`${service}-${event.number}`, event.type, event.data);
      }
      this.#send(text);
    }
  }

  /** @param count undefined: nobody knows how many. */
  #sendLost(count: number | undefined): void {
    this.#send(message(undefined, 'lost', { count: count ?? null }));
  }

  #send(text: string): void {
    if (text === '' || this.#over) return;
    const bytes = utf8(text);
    const { head, tail } = chunkEnvelope(bytes.length);
    if (this.#link.send(this.#chunked ? [head, bytes, tail] : [bytes])) return;
    this.#full = true;
    this.#fullSince = this.#options.clock.now();
  }
}

/** JSON has no line ends, so that one data line is enough. */
const message = (id: string | undefined, type: string, data: Json): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${writeJson(data)}\n\n`;
