// Which packets of one stream are missing and when to ask for them again (RFC 4585 §6.2.1).
//
// A gap is not yet a loss: networks reorder. The first request waits as long as packets were seen to be overtaken lately,
// the next ones wait for the answer, and from the ninth on longer each time, since a path that loses so many is full.
import { fromMs, type Micros } from '../../base/time.ts';

/** Sequences that are asked for at a time; more is no loss but a path that is down, and a key frame is cheaper. */
const MOST_MISSING = 500;
/** Requests for one packet. */
const MOST_TRIES = 12;
/** The least and the most time from the gap to the first request. Chosen: one frame of 60 a second is 16 ms. */
const LEAST_PATIENCE = fromMs(5);
const MOST_PATIENCE = fromMs(60);
/** The least and the most time from one request to the next (SRS: 20 ms, and 500 ms of round trip). */
const LEAST_INTERVAL = fromMs(20);
const MOST_INTERVAL = fromMs(250);
/** Before the first report; SRS: 150 ms divided by three. */
const FIRST_ROUND_TRIP = fromMs(50);

interface Missing {
  readonly since: Micros;
  /** When it was asked for last. */
  asked: Micros;
  firstAsked: Micros;
  next: Micros;
  tries: number;
}

/** What is bounded by whoever waits for the packets. */
export interface NackOptions {
  /** After this the packet is of no use to anybody: the span of the reorder queue behind. */
  readonly age: Micros;
}

/** Of one stream; sequences are unwrapped. */
export class NackGenerator {
  readonly #age: Micros;
  /** Ascending, since gaps are added at the end only. */
  readonly #missing = new Map<number, Missing>();
  #newest: number | undefined;
  #patience = LEAST_PATIENCE;
  #roundTrip = FIRST_ROUND_TRIP;
  #deadline: Micros = Number.POSITIVE_INFINITY;
  /** Packets missed, come after all, and given up. */
  readonly counts = { missed: 0, recovered: 0, abandoned: 0, requests: 0 };

  constructor({ age }: NackOptions) {
    this.#age = age;
  }

  /** Packets that are waited for. */
  get missing(): number {
    return this.#missing.size;
  }

  /** How long the oldest missing packet has been waited for: past two thirds of the age, a key frame should be on its way. */
  waited(now: Micros): Micros {
    const [oldest] = this.#missing.values();
    return oldest === undefined ? 0 : now - oldest.since;
  }

  /** When `due` has something to say, or something to forget. */
  get deadline(): Micros {
    return this.#deadline;
  }

  /** The round trip: measured elsewhere, or learned from the answers to requests. */
  get roundTrip(): Micros {
    return this.#roundTrip;
  }

  set roundTrip(time: Micros) {
    this.#roundTrip = time;
  }

  /**
   * A packet has come.
   *
   * @param repaired by a retransmission stream, which says nothing about reordering.
   */
  arrived(sequence: number, now: Micros, repaired = false): void {
    const newest = this.#newest;
    if (newest === undefined) {
      this.#newest = sequence;
      return;
    }
    if (sequence <= newest) {
      this.#came(sequence, now, repaired);
      return;
    }
    if (sequence - newest > MOST_MISSING) this.#forgetAll();
    else for (let lost = newest + 1; lost < sequence; lost++) this.#miss(lost, now);
    this.#newest = sequence;
  }

  /** The sequences to ask for now, 16 bits each, ascending across the wrap; empty when there are none. */
  due(now: Micros): number[] {
    if (now < this.#deadline) return [];
    const sequences: number[] = [];
    let deadline = Number.POSITIVE_INFINITY;
    for (const [sequence, missing] of this.#missing) {
      if (this.#isHopeless(missing, now)) {
        this.#missing.delete(sequence);
        this.counts.abandoned++;
        continue;
      }
      if (missing.next <= now) {
        sequences.push(sequence & 0xffff);
        missing.tries++;
        if (missing.tries === 1) missing.firstAsked = now;
        missing.asked = now;
        missing.next = now + this.#interval(missing.tries);
      }
      deadline = Math.min(deadline, missing.next, missing.since + this.#age);
    }
    this.#deadline = deadline;
    this.counts.requests += sequences.length;
    return sequences;
  }

  /** The stream begins anew. */
  reset(): void {
    this.#forgetAll();
    this.#newest = undefined;
  }

  #isHopeless({ since, tries, next }: Missing, now: Micros): boolean {
    return now - since >= this.#age || (tries >= MOST_TRIES && next <= now);
  }

  /** A round trip and a little; from the ninth request on half as much more each time. */
  #interval(tries: number): Micros {
    const patient = (this.#roundTrip + LEAST_PATIENCE) * (1 + Math.max(0, tries - 8) / 2);
    return Math.min(MOST_INTERVAL, Math.max(LEAST_INTERVAL, Math.round(patient)));
  }

  #miss(sequence: number, now: Micros): void {
    if (this.#missing.size >= MOST_MISSING) {
      const [oldest] = this.#missing.keys();
      this.#missing.delete(oldest as number);
      this.counts.abandoned++;
    }
    this.counts.missed++;
    const next = now + this.#patience;
    this.#missing.set(sequence, { since: now, asked: now, firstAsked: now, next, tries: 0 });
    this.#deadline = Math.min(this.#deadline, next);
  }

  #came(sequence: number, now: Micros, repaired: boolean): void {
    const missing = this.#missing.get(sequence);
    if (missing === undefined) return;
    this.#missing.delete(sequence);
    this.counts.recovered++;
    if (this.#missing.size === 0) this.#deadline = Number.POSITIVE_INFINITY;
    // What comes sooner after a request than an answer can was overtaken, not lost.
    const answered = repaired || (missing.tries > 0 && now - missing.asked >= this.#roundTrip / 2);
    this.#learn(answered ? 0 : now - missing.since);
    if (repaired && missing.tries > 0) this.#measure(missing, now);
  }

  /**
   * Counted from the first request, since nobody can tell which one an answer is for. What was lost in between makes some
   * samples too long, so they count for less than short ones.
   */
  #measure({ firstAsked }: Missing, now: Micros): void {
    const step = now - firstAsked - this.#roundTrip;
    this.#roundTrip += Math.round(step * (step > 0 ? 0.03 : 0.125));
  }

  /** The first request waits a little longer than packets were overtaken; where none are, it hurries again by and by. */
  #learn(overtaken: Micros): void {
    const wanted = Math.round(Math.max(this.#patience * 0.95, overtaken * 1.25));
    this.#patience = Math.min(MOST_PATIENCE, Math.max(LEAST_PATIENCE, wanted));
  }

  #forgetAll(): void {
    this.counts.abandoned += this.#missing.size;
    this.#missing.clear();
    this.#deadline = Number.POSITIVE_INFINITY;
  }
}
