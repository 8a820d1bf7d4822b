// Which packets of one stream were seen (RFC 3711 §3.3.2), and what their 48-bit index is (§3.3.1).

/** Chosen above the 64 that the RFC asks for: retransmissions come late. */
const WINDOW = 1024;
const HALF = 0x8000;

/** Of one SSRC. Nothing here changes before a packet was authenticated. */
export class ReplayWindow {
  readonly #seen = new Uint8Array(WINDOW);
  /** Highest authenticated index; -1: none. */
  #highest = -1;

  /** The index that a sequence number most probably has: roll-over counter times 65536 and itself. */
  indexOf(sequence: number): number {
    if (this.#highest < 0) return sequence;
    const rollOver = Math.floor(this.#highest / 0x10000);
    const last = this.#highest % 0x10000;
    if (last < HALF) return (sequence - last > HALF ? Math.max(0, rollOver - 1) : rollOver) * 0x10000 + sequence;
    return (last - HALF > sequence ? rollOver + 1 : rollOver) * 0x10000 + sequence;
  }

  /** Neither seen before nor too old to know. */
  fresh(index: number): boolean {
    if (index > this.#highest) return true;
    return index > this.#highest - WINDOW && this.#seen[index % WINDOW] === 0;
  }

  /** The packet was authentic. */
  accept(index: number): void {
    if (index > this.#highest) {
      // Places between belong to packets that have not come; further back everything is forgotten.
      const from = Math.max(this.#highest + 1, index - WINDOW + 1);
      for (let i = from; i < index; i++) this.#seen[i % WINDOW] = 0;
      this.#highest = index;
    }
    this.#seen[index % WINDOW] = 1;
  }
}
