// Bits in order, most significant first, with the Exp-Golomb codes of H.264 §9.1 and H.265 §9.2.
import { defineErrors } from './errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const bitsErrors = defineErrors('BITS', {
  SHORT: { text: '{wanted} bits wanted, {left} left', advice: 'The parameter set or header ends too early.' },
  GOLOMB: { text: 'an Exp-Golomb code has more than 32 leading zeros', advice: 'The parameter set is damaged.' },
});

export class BitReader {
  readonly #bytes: Uint8Array;
  #bit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits that are left. */
  get left(): number {
    return this.#bytes.length * 8 - this.#bit;
  }

  /** Bits consumed so far. */
  get position(): number {
    return this.#bit;
  }

  /** An unsigned value of `count` bits, 0 to 32. */
  u(count: number): number {
    if (count > this.left) throw bitsErrors.protocol('SHORT', { wanted: count, left: this.left });
    let value = 0;
    let left = count;
    while (left > 0) {
      const inByte = this.#bit & 7;
      const part = Math.min(left, 8 - inByte);
      const byte = this.#bytes[this.#bit >> 3] as number;
      value = value * 2 ** part + ((byte >> (8 - inByte - part)) & ((1 << part) - 1));
      this.#bit += part;
      left -= part;
    }
    return value;
  }

  flag(): boolean {
    return this.u(1) === 1;
  }

  skip(count: number): void {
    if (count > this.left) throw bitsErrors.protocol('SHORT', { wanted: count, left: this.left });
    this.#bit += count;
  }

  /** Unsigned Exp-Golomb, ue(v). */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) {
      zeros++;
      if (zeros > 32) throw bitsErrors.protocol('GOLOMB');
    }
    return zeros === 0 ? 0 : 2 ** zeros - 1 + this.u(zeros);
  }

  /** Signed Exp-Golomb, se(v). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -(code / 2);
  }

  /** Moves to the next whole byte. */
  align(): void {
    this.#bit = (this.#bit + 7) & ~7;
  }
}

export class BitWriter {
  readonly #bytes: number[] = [];
  #bit = 0;

  /** Writes `count` bits (0 to 32) of an unsigned value. */
  u(count: number, value: number): this {
    for (let i = count - 1; i >= 0; i--) {
      if ((this.#bit & 7) === 0) this.#bytes.push(0);
      const bit = Math.floor(value / 2 ** i) % 2;
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] as number) | (bit << (7 - (this.#bit & 7)));
      this.#bit++;
    }
    return this;
  }

  ue(value: number): this {
    const width = Math.floor(Math.log2(value + 1));
    return this.u(width, 0).u(width + 1, value + 1);
  }

  se(value: number): this {
    return this.ue(value > 0 ? value * 2 - 1 : -value * 2);
  }

  /** The bytes, the last one filled with zero bits. */
  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
