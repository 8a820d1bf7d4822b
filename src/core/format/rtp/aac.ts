// AAC access units to payloads and back (RFC 3640 §3.2, §3.3.6 AAC-hbr): in front of the units is a list of their sizes.
import { BitReader } from '../../base/bits.ts';
import { concat } from '../../base/bytes.ts';
import * as aac from '../../codec/aac/index.ts';
import { rtpErrors } from '../../wire/rtp/index.ts';
import type { Depacketiser, MediaUnit, Packetiser, Payload } from './unit.ts';

/** Sizes of the fields of one AU header in bits, as `a=fmtp` says them (§4.1). */
export interface AuHeaders {
  readonly sizeLength: number;
  readonly indexLength: number;
  readonly indexDeltaLength: number;
}

/** §3.3.6: the mode that everybody speaks, and the one that is written here. */
export const AAC_HBR: AuHeaders = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 };

/** The length of the headers in bits, and one header. */
const HEAD_BYTES = 4;
/** What 13 bits of size can say. */
const MOST_UNIT_BYTES = 0x1fff;

/** One unit in each payload, or a piece of one: each piece says the size of the whole (§3.2.3.1). */
export class AacPacketiser implements Packetiser {
  readonly #room: number;

  constructor(maxPayload: number) {
    this.#room = maxPayload - HEAD_BYTES;
  }

  packetise(data: Uint8Array): readonly (readonly Uint8Array[])[] {
    const { length } = data;
    if (length === 0 || length > MOST_UNIT_BYTES) return [];
    const head = Uint8Array.of(0, 16, length >> 5, (length << 3) & 0xff);
    const payloads: (readonly Uint8Array[])[] = [];
    for (let at = 0; at < length; at += this.#room) payloads.push([head, data.subarray(at, at + this.#room)]);
    return payloads;
  }
}

/** What SDP says of AAC, without which its payloads cannot be read. */
export interface AacTerms {
  /** AudioSpecificConfig. */
  readonly config: Uint8Array;
  readonly clockRate: number;
  readonly headers: AuHeaders;
}

/** Samples of a frame where the configuration does not tell. */
const USUAL_FRAME = 1024;
/** Units of one payload: 1 500 bytes hold no more that anybody sends. */
const MOST_UNITS = 64;

/** Units that are not interleaved, as everybody sends them. */
export class AacDepacketiser implements Depacketiser {
  readonly needsKey = false;
  readonly #fields: AuHeaders;
  readonly #frameTicks: number;
  /** Pieces of a unit whose end comes with the next payloads. */
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  #size = 0;

  /** Throws the errors of the configuration's parser. */
  constructor({ config, clockRate, headers }: AacTerms) {
    const { sampleRate, frameLength = USUAL_FRAME } = aac.parseConfig(config);
    this.#fields = headers;
    // HE-AAC may be announced with the rate of its output, which is twice that of the core.
    this.#frameTicks = Math.round((frameLength * clockRate) / sampleRate);
  }

  lost(): void {
    this.#forget();
  }

  push({ bytes, ticks }: Payload): MediaUnit[] {
    if (bytes.length === 0) return [];
    try {
      const { sizes, at } = this.#readSizes(bytes);
      const [first] = sizes;
      const isPiece = sizes.length === 1 && first !== undefined && at + first > bytes.length;
      if (isPiece) return this.#gather(bytes.subarray(at), first, ticks);
      this.#forget();
      return this.#split(bytes, at, sizes, ticks);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  #readSizes(bytes: Uint8Array): { readonly sizes: readonly number[]; readonly at: number } {
    const { sizeLength, indexLength, indexDeltaLength } = this.#fields;
    const bits = bytes.length < 2 ? -1 : ((bytes[0] as number) << 8) | (bytes[1] as number);
    const at = 2 + Math.ceil(bits / 8);
    if (bits < sizeLength + indexLength || at > bytes.length) throw fault('its list of units is cut');
    const reader = new BitReader(bytes.subarray(2, at));
    const sizes: number[] = [];
    for (let read = 0; ; ) {
      const index = sizes.length === 0 ? indexLength : indexDeltaLength;
      if (read + sizeLength + index > bits) break;
      if (sizes.length >= MOST_UNITS) throw fault(`more than ${MOST_UNITS} units`);
      sizes.push(reader.u(sizeLength));
      reader.skip(index);
      read += sizeLength + index;
    }
    return { sizes, at };
  }

  #split(bytes: Uint8Array, begin: number, sizes: readonly number[], ticks: number): MediaUnit[] {
    const units: MediaUnit[] = [];
    let at = begin;
    for (const [i, size] of sizes.entries()) {
      if (at + size > bytes.length) throw fault('a unit is longer than its packet');
      const data = new Uint8Array(bytes.subarray(at, at + size));
      if (size > 0) units.push({ data, key: true, ticks: ticks + i * this.#frameTicks });
      at += size;
    }
    return units;
  }

  #gather(piece: Uint8Array, size: number, ticks: number): MediaUnit[] {
    if (size !== this.#size) this.#forget();
    this.#size = size;
    this.#pieces.push(piece);
    this.#gathered += piece.length;
    if (this.#gathered < size && piece.length > 0) return [];
    const whole = this.#gathered === size;
    const data = whole ? new Uint8Array(concat(this.#pieces)) : undefined;
    this.#forget();
    if (data === undefined) throw fault('the pieces of a unit do not fit');
    return [{ data, key: true, ticks }];
  }

  #forget(): void {
    this.#pieces = [];
    this.#gathered = 0;
    this.#size = 0;
  }
}

const fault = (why: string): Error => rtpErrors.protocol('PAYLOAD', { why });
