// The continuity counter of one PID (ISO 13818-1 §2.4.3.3).

export interface ContinuityCounts {
  continuityErrors: number;
  duplicatePackets: number;
}

/** Only packets with payload are checked: the others repeat the counter. */
export class Continuity {
  #last = -1;
  #duplicate = false;

  /** @param discontinuity the packet says that the counter starts anew. */
  check(counter: number, discontinuity: boolean, counts: ContinuityCounts): 'next' | 'lost' | 'duplicate' {
    const last = this.#last;
    this.#last = counter;
    const expected = (last + 1) & 15;
    if (last < 0 || counter === expected) {
      this.#duplicate = false;
      return 'next';
    }
    // A packet may come twice, not three times.
    if (counter === last && !this.#duplicate) {
      this.#duplicate = true;
      counts.duplicatePackets++;
      return 'duplicate';
    }
    this.#duplicate = false;
    // Announced or not, what came before does not go on here.
    if (!discontinuity) counts.continuityErrors++;
    return 'lost';
  }
}
