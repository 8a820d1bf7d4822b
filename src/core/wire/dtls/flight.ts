// What was sent last and must arrive: datagrams of one flight, repeated until the peer answers (RFC 6347 §4.2.4).
import { concat } from '../../base/bytes.ts';
import { fromMs, type Micros } from '../../base/time.ts';

/**
 * First pause before a repetition, doubled each time up to the most. RFC 6347 §4.2.4.1 advises a second for unknown paths and a
 * minute at the most; ICE has just been answered on this one, and a lost handshake is a second without a picture. A flight is
 * two or three datagrams that must all arrive: at 20 % loss every second one is repeated in vain, and with pauses up to 1.6 s
 * one handshake with Chromium in twelve took more than 3 s.
 */
const FIRST_PAUSE = fromMs(100);
const MOST_PAUSE = fromMs(400);
/** Answers to repetitions of the peer: not more often than this, so that one datagram cannot ask for ten. */
const LEAST_PAUSE = fromMs(20);
/** Bytes of a datagram: below the 1280 of IPv6 links behind tunnels. */
export const DATAGRAM_BYTES = 1200;

export class Flight {
  readonly #send: (datagram: Uint8Array) => void;
  #datagrams: Uint8Array[] = [];
  #pause = FIRST_PAUSE;
  #last: Micros = 0;
  /** When it is repeated; Infinity: it needs no answer, or has one. */
  deadline: Micros = Number.POSITIVE_INFINITY;

  constructor(send: (datagram: Uint8Array) => void) {
    this.#send = send;
  }

  /** Sends the records of a flight, as many in each datagram as fit. */
  begin(records: readonly Uint8Array[], now: Micros, answered: boolean): void {
    this.#datagrams = packed(records);
    this.#pause = FIRST_PAUSE;
    this.#go(now);
    this.deadline = answered ? now + this.#pause : Number.POSITIVE_INFINITY;
  }

  /** The answer has come. */
  end(): void {
    this.deadline = Number.POSITIVE_INFINITY;
  }

  /** The time is over without an answer. */
  tick(now: Micros): void {
    if (now < this.deadline) return;
    this.#go(now);
    this.#pause = Math.min(MOST_PAUSE, this.#pause * 2);
    this.deadline = now + this.#pause;
  }

  /** The peer repeats itself: it has not seen this flight. */
  again(now: Micros): void {
    if (now - this.#last >= LEAST_PAUSE) this.#go(now);
  }

  #go(now: Micros): void {
    this.#last = now;
    for (const datagram of this.#datagrams) this.#send(datagram);
  }
}

function packed(records: readonly Uint8Array[]): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let open: Uint8Array[] = [];
  let size = 0;
  for (const record of records) {
    if (size + record.length > DATAGRAM_BYTES && open.length > 0) {
      datagrams.push(concat(open));
      open = [];
      size = 0;
    }
    open.push(record);
    size += record.length;
  }
  if (open.length > 0) datagrams.push(concat(open));
  return datagrams;
}
