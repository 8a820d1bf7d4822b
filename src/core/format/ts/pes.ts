// PES packets out of the packets of one PID (ISO 13818-1 §2.4.3.6).
import { readTimestamp } from './wire.ts';

/** A whole PES packet; `data` is a view that is valid until the next packet of its PID. */
export interface Pes {
  readonly streamId: number;
  /** 33-bit ticks; undefined when the header has none. */
  readonly pts: number | undefined;
  readonly dts: number | undefined;
  readonly data: Uint8Array;
  /** The first packet had the random access indicator. */
  readonly randomAccess: boolean;
}

export interface PesCounts {
  /** Ended by lost packets, by a damaged header, or above the limit of bytes. */
  damagedPes: number;
  /** PES_packet_length does not agree with what came. */
  pesLengthErrors: number;
}

const MIN_BUFFER = 4096;
/** A buffer that one big picture has made larger than this is given back. */
const KEEP_BUFFER = 256 * 1024;

export class PesReader {
  readonly #counts: PesCounts;
  readonly #limitBytes: number;
  #buffer = new Uint8Array(0);
  #size = 0;
  #open = false;
  #randomAccess = false;
  /** Total bytes that PES_packet_length declares; 0: unbounded. */
  #wanted = 0;
  /** The last PES was whole by its length; what follows before the next start does not belong to it. */
  #closed = false;

  /** @param limitBytes of one PES; the buffer grows with what comes, not with what is declared. */
  constructor(counts: PesCounts, limitBytes: number) {
    this.#counts = counts;
    this.#limitBytes = limitBytes;
  }

  /** Bytes held. */
  get size(): number {
    return this.#size;
  }

  /** A packet was lost: the PES that is open cannot be whole. */
  lost(): void {
    if (this.#open) this.#counts.damagedPes++;
    this.#reset();
  }

  /**
   * A new PES begins in the next packet: the unbounded one that was open is whole. One that is shorter than it
   * declares is given too, since no packet was lost: some encoders write wrong lengths.
   */
  finish(): Pes | undefined {
    if (!this.#open) return undefined;
    if (this.#wanted > 0) this.#counts.pesLengthErrors++;
    return this.#take(this.#size);
  }

  /** The input is over: an unbounded PES is taken as whole, one that is cut is not. */
  end(): Pes | undefined {
    if (this.#open && this.#wanted === 0) return this.#take(this.#size);
    this.lost();
    return undefined;
  }

  /** The payload of a packet with payload_unit_start_indicator; call `finish` first. */
  start(bytes: Uint8Array, from: number, to: number, randomAccess: boolean): Pes | undefined {
    this.#reset();
    this.#open = true;
    this.#randomAccess = randomAccess;
    return this.more(bytes, from, to);
  }

  /** The payload of a packet in the middle; gives the PES when its declared length is reached. */
  more(bytes: Uint8Array, from: number, to: number): Pes | undefined {
    if (!this.#open) {
      if (this.#closed && to > from) {
        this.#closed = false;
        this.#counts.pesLengthErrors++;
      }
      return undefined;
    }
    const size = this.#size + to - from;
    if (size > this.#limitBytes) {
      this.lost();
      return undefined;
    }
    this.#room(size);
    this.#buffer.set(bytes.subarray(from, to), this.#size);
    const known = this.#size >= 6;
    this.#size = size;
    if (!known && size >= 6 && !this.#measure()) {
      this.lost();
      return undefined;
    }
    if (this.#wanted === 0 || size < this.#wanted) return undefined;
    if (size > this.#wanted) this.#counts.pesLengthErrors++;
    this.#closed = true;
    return this.#take(this.#wanted);
  }

  #measure(): boolean {
    const buffer = this.#buffer;
    if (buffer[0] !== 0 || buffer[1] !== 0 || buffer[2] !== 1) return false;
    const length = ((buffer[4] as number) << 8) | (buffer[5] as number);
    this.#wanted = length === 0 ? 0 : length + 6;
    return true;
  }

  #take(size: number): Pes | undefined {
    const pes = parsePes(this.#buffer.subarray(0, size), this.#randomAccess);
    if (pes === undefined) this.#counts.damagedPes++;
    const closed = this.#closed;
    this.#reset();
    this.#closed = closed;
    return pes;
  }

  #reset(): void {
    this.#open = false;
    this.#closed = false;
    this.#size = 0;
    this.#wanted = 0;
  }

  #room(size: number): void {
    const kept = this.#buffer.length;
    if (size <= kept && (kept <= KEEP_BUFFER || size > KEEP_BUFFER / 2)) return;
    if (size <= kept && this.#size > 0) return;
    const grown = new Uint8Array(Math.max(MIN_BUFFER, size > kept ? Math.min(size * 2, this.#limitBytes) : size));
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
  }
}

/** Stream ids whose packets have no optional header (table 2-21): maps, padding, ECM, EMM, DSM-CC, directory. */
const bare = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff]);

/** A PES packet with its header; undefined when the header is damaged or the packet carries no elementary stream. */
export function parsePes(bytes: Uint8Array, randomAccess: boolean): Pes | undefined {
  if (bytes.length < 9) return undefined;
  const streamId = bytes[3] as number;
  if (bare.has(streamId) || ((bytes[6] as number) & 0xc0) !== 0x80) return undefined;
  const flags = (bytes[7] as number) >> 6;
  const start = 9 + (bytes[8] as number);
  if (start > bytes.length) return undefined;
  // PTS_DTS_flags '01' is forbidden; a header too short for its times has none.
  const pts = flags >= 2 && start >= 14 ? readTimestamp(bytes, 9) : undefined;
  const dts = flags === 3 && start >= 19 ? readTimestamp(bytes, 14) : undefined;
  return { streamId, pts, dts, data: bytes.subarray(start), randomAccess };
}
