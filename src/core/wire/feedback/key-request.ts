// When to ask for a key frame: seldom, but until one comes (RFC 4585 §6.3.1, RFC 5104 §4.3.1.2).
import { fromMs, type Micros } from '../../base/time.ts';

/** Between two requests for one stream. Chosen: above the round trip of most paths, below a pause that is felt as long. */
const INTERVAL = fromMs(300);
/** The same for players: each may ask as often as it likes, and all of them pay for the key frames. */
const PLAYER_INTERVAL = fromMs(1000);
/** The pause grows up to this when the publisher does not answer: some cannot. */
const MOST_INTERVAL = fromMs(4000);

/** Requests to one publisher for one stream, whoever wants the key frame: a new player, a player with losses, we. */
export class KeyRequest {
  #wanted: 'receiver' | 'player' | undefined;
  #last: Micros = Number.NEGATIVE_INFINITY;
  #interval = INTERVAL;
  /** Requests sent. */
  count = 0;

  /** When a request is to be sent; Infinity: none is wanted. */
  get deadline(): Micros {
    if (this.#wanted === undefined) return Number.POSITIVE_INFINITY;
    return this.#last + (this.#wanted === 'player' ? Math.max(PLAYER_INTERVAL, this.#interval) : this.#interval);
  }

  /**
   * Somebody needs a key frame; `due` says when.
   *
   * @param who we, who lost packets of the publisher, or a player, whose wish waits longer.
   */
  want(who: 'receiver' | 'player' = 'receiver'): void {
    if (this.#wanted !== 'receiver') this.#wanted = who;
  }

  /** Whether to send a request now. */
  due(now: Micros): boolean {
    if (now < this.deadline) return false;
    this.#interval = this.#last === Number.NEGATIVE_INFINITY ? INTERVAL : Math.min(MOST_INTERVAL, this.#interval * 2);
    this.#last = now;
    this.count++;
    return true;
  }

  /** A key frame has come. The pause before the next request is kept, so that many losses do not become many key frames. */
  arrived(): void {
    this.#wanted = undefined;
    this.#interval = INTERVAL;
  }
}
