// Sections out of the packets of one PID (ISO 13818-1 §2.4.4.1, §2.4.4.2).
import { crc32 } from './crc.ts';
import { MAX_SECTION_LENGTH } from './psi.ts';

/** What went wrong with sections, counted by the owner. */
export interface SectionCounts {
  crcErrors: number;
  /** Longer than 1021 bytes, shorter than their own head, or cut. */
  damagedSections: number;
}

/** Keeps at most one section of 1024 bytes. */
export class SectionReader {
  readonly #counts: SectionCounts;
  readonly #bytes = new Uint8Array(MAX_SECTION_LENGTH + 3);
  #size = 0;
  /** Bytes of the section that is being read; 0: its length is not known yet. */
  #wanted = 0;
  #open = false;

  constructor(counts: SectionCounts) {
    this.#counts = counts;
  }

  /** Packets were lost: what was begun is of no use. */
  reset(): void {
    this.#open = false;
    this.#size = 0;
    this.#wanted = 0;
  }

  /** The payload of one packet, from `from` to `to`; gives the sections that end in it, whose CRC is right. */
  push(bytes: Uint8Array, from: number, to: number, start: boolean): Uint8Array[] {
    const done: Uint8Array[] = [];
    if (!start) {
      if (this.#open) this.#fill(bytes, from, to, done);
      return done;
    }
    const first = from + 1 + (bytes[from] as number);
    if (first > to) {
      this.#damaged();
      return done;
    }
    // What stands before the pointed-to byte ends the section that was begun in an earlier packet.
    if (this.#open) this.#fill(bytes, from + 1, first, done);
    if (this.#open) this.#damaged();
    let at = first;
    // Sections may follow one another; 0xff is stuffing until the end of the packet.
    while (at < to && bytes[at] !== 0xff) {
      this.#open = true;
      at = this.#fill(bytes, at, to, done);
      if (this.#open) break;
    }
    return done;
  }

  /** Takes bytes into the open section; closes it when it is whole or damaged, and gives the position behind. */
  #fill(bytes: Uint8Array, from: number, to: number, done: Uint8Array[]): number {
    let at = from;
    while (this.#wanted === 0 && at < to) {
      this.#bytes[this.#size++] = bytes[at++] as number;
      if (this.#size === 3 && !this.#measure()) return to;
    }
    if (this.#wanted === 0) return at;
    const part = Math.min(this.#wanted - this.#size, to - at);
    this.#bytes.set(bytes.subarray(at, at + part), this.#size);
    this.#size += part;
    if (this.#size === this.#wanted) this.#finish(done);
    return at + part;
  }

  #measure(): boolean {
    const length = (((this.#bytes[1] as number) & 0x0f) << 8) | (this.#bytes[2] as number);
    // 9 is what a head behind the length and a CRC take; other tables than ours may be shorter, and are not ours.
    if (length < 9 || length > MAX_SECTION_LENGTH) {
      this.#damaged();
      return false;
    }
    this.#wanted = length + 3;
    return true;
  }

  #finish(done: Uint8Array[]): void {
    const section = this.#bytes.slice(0, this.#size);
    this.reset();
    if (crc32(section) === 0) done.push(section);
    else this.#counts.crcErrors++;
  }

  #damaged(): void {
    this.#counts.damagedSections++;
    this.reset();
  }
}
