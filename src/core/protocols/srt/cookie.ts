// Cookies of a listener: what a caller must send back, made of its address and the time, so that nothing is kept for it.
import { createHmac } from 'node:crypto';
import { formatAddress, type Peer } from '../../base/link.ts';
import type { Rng } from '../../base/rng.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';

/** A cookie is good in the slot that it was made in and in the next, as in libsrt. */
const SLOT_TIME = fromSeconds(60);
const SECRET_BYTES = 32;

/** The cookies of one listener, with a secret of its own. */
export class CookieJar {
  readonly #secret: Uint8Array;

  constructor(rng: Rng) {
    this.#secret = rng.bytes(SECRET_BYTES);
  }

  /** The cookie of a peer now, 32 bits and never 0. */
  bake(peer: Peer, now: Micros): number {
    return this.#bake(peer, Math.floor(now / SLOT_TIME));
  }

  /** Whether the peer has got this cookie in the last one or two minutes. */
  check(peer: Peer, cookie: number, now: Micros): boolean {
    const slot = Math.floor(now / SLOT_TIME);
    return cookie === this.#bake(peer, slot) || cookie === this.#bake(peer, slot - 1);
  }

  #bake(peer: Peer, slot: number): number {
    const digest = createHmac('sha256', this.#secret)
      .update(`${formatAddress(peer)} ${slot}`)
      .digest();
    return digest.readUInt32BE(0) || 1;
  }
}
