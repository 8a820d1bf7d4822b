// RTP over a stream: a length of 16 bits in front of each packet (RFC 4571 §2).
import type { Span } from '../../base/link.ts';
import { rtpErrors } from './errors.ts';
import { putUint16 } from './packet.ts';

/** Bytes of the length in front of a packet. */
const LENGTH_BYTES = 2;

const sizeOf = ({ begin, end }: Span): number => end - begin;

/** The first `count` spans of `memory`, each with its length in front of it. */
export function framed(memory: Uint8Array, spans: readonly Span[], count: number): Uint8Array {
  let size = 0;
  for (let i = 0; i < count; i++) size += LENGTH_BYTES + sizeOf(spans[i] as Span);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const span = spans[i] as Span;
    putUint16(bytes, at, sizeOf(span));
    bytes.set(memory.subarray(span.begin, span.end), at + LENGTH_BYTES);
    at += LENGTH_BYTES + sizeOf(span);
  }
  return bytes;
}

/** Packets out of a stream in any cut. Holds one packet. */
export class FrameReader {
  readonly #mostBytes: number;
  /** The first byte of a length whose second one has not come. */
  #high: number | undefined;
  /** The packet that is being collected. */
  #frame: Uint8Array | undefined;
  #filled = 0;

  /** @param mostBytes of one packet. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Each packet has memory of its own; empty ones are left out. Throws RTP_FRAME. */
  push(bytes: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#frame === undefined) {
        const byte = bytes[at++] as number;
        if (this.#high === undefined) this.#high = byte;
        else this.#begin((this.#high << 8) | byte);
        continue;
      }
      const part = Math.min(bytes.length - at, this.#frame.length - this.#filled);
      this.#frame.set(bytes.subarray(at, at + part), this.#filled);
      this.#filled += part;
      at += part;
      if (this.#filled < this.#frame.length) break;
      frames.push(this.#frame);
      this.#frame = undefined;
    }
    return frames;
  }

  #begin(size: number): void {
    this.#high = undefined;
    if (size > this.#mostBytes) throw rtpErrors.protocol('FRAME', { bytes: size });
    if (size === 0) return;
    this.#frame = new Uint8Array(size);
    this.#filled = 0;
  }
}
