// AV1 temporal units to payloads and back (AOM RTP payload specification §4).
import { concat, equalBytes } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import * as av1 from '../../codec/av1/index.ts';
import type { Track } from '../../media/track.ts';
import { rtpErrors } from '../../wire/rtp/index.ts';
import { type Depacketiser, Gatherer, type MediaUnit, type Packetiser, type Payload } from './unit.ts';

/** The aggregation header (§4.4): Z and Y for elements that are cut, N for a new coded video sequence. */
const CONTINUES = 0x80;
const GOES_ON = 0x40;
const NEW_SEQUENCE = 0x08;
/** W: the number of elements when it is 1 to 3, of which the last has no length; 0: all have one. */
const ONE_ELEMENT = 0x10;

/** Temporal units to payloads of one element each. */
export class Av1Packetiser implements Packetiser {
  readonly #maxPayload: number;
  #sequence: Uint8Array | undefined;

  /** Throws the errors of the configuration's parser. */
  constructor(track: Track, maxPayload: number) {
    this.#maxPayload = maxPayload;
    if (track.config.length === 0) return;
    const { obus } = av1.parseConfig(track.config);
    const sequence = av1.splitObus(obus).find(({ type }) => type === av1.obuType.sequenceHeader);
    this.#sequence = sequence === undefined ? undefined : withoutSize(sequence);
  }

  /**
   * Packets are filled to their end, so that only the first one of a frame begins with a whole element: Chromium, when it
   * gets no dependency descriptor, takes such a packet for the beginning of a frame, and one whose last element is whole for
   * its end.
   */
  packetise(data: Uint8Array, key: boolean): readonly (readonly Uint8Array[])[] {
    const obus = av1.splitObus(data).filter(({ type }) => !dropped.has(type));
    const elements = obus.map(withoutSize);
    const has = obus.some(({ type }) => type === av1.obuType.sequenceHeader);
    if (key && !has && this.#sequence !== undefined) elements.unshift(this.#sequence);
    const filler = new Filler(this.#maxPayload);
    for (const element of elements) filler.add(element);
    return filler.done(key);
  }
}

/** Bytes of the size in front of an element, which are below 2^14. */
const SIZE_BYTES = 2;
/** Fewer bytes of an element are not worth their size. */
const LEAST_PIECE = 16;

/** A row of payloads that is filled piece by piece. */
class Filler {
  readonly #room: number;
  readonly #payloads: (readonly Uint8Array[])[] = [];
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #continues = false;

  constructor(maxPayload: number) {
    this.#room = maxPayload - 1;
  }

  add(element: Uint8Array): void {
    for (let at = 0; at < element.length; ) {
      const left = this.#room - this.#bytes - SIZE_BYTES;
      if (left < LEAST_PIECE && left < element.length - at) {
        this.#close(at > 0);
        continue;
      }
      const piece = element.subarray(at, at + left);
      if (this.#pieces.length === 0) this.#continues = at > 0;
      this.#pieces.push(piece);
      this.#bytes += SIZE_BYTES + piece.length;
      at += piece.length;
    }
  }

  /** @param key the first payload begins a new coded video sequence. */
  done(key: boolean): readonly (readonly Uint8Array[])[] {
    if (this.#pieces.length > 0) this.#close(false);
    const head = this.#payloads[0]?.[0];
    if (key && head !== undefined) head[0] = (head[0] as number) | NEW_SEQUENCE;
    return this.#payloads;
  }

  #close(goesOn: boolean): void {
    const alone = this.#pieces.length === 1 ? ONE_ELEMENT : 0;
    const head = (this.#continues ? CONTINUES : 0) | (goesOn ? GOES_ON : 0) | alone;
    const parts = alone > 0 ? this.#pieces : this.#pieces.flatMap((piece) => [sizeOf(piece), piece]);
    this.#payloads.push([Uint8Array.of(head), ...parts]);
    this.#pieces = [];
    this.#bytes = 0;
  }
}

/** As leb128 in two bytes. */
const sizeOf = ({ length }: Uint8Array): Uint8Array => Uint8Array.of((length & 0x7f) | 0x80, length >> 7);

/** §5: not sent. */
const dropped = new Set<number>([av1.obuType.temporalDelimiter, av1.obuType.tileList, av1.obuType.padding]);

/** §4.4: units go without their size. */
function withoutSize({ bytes, payload, hasSize }: av1.Obu): Uint8Array {
  if (!hasSize) return bytes;
  const headBytes = ((bytes[0] as number) & 4) === 0 ? 1 : 2;
  const out = new Uint8Array(headBytes + payload.length);
  out.set(bytes.subarray(0, headBytes));
  out[0] = (out[0] as number) & ~2;
  out.set(payload, headBytes);
  return out;
}

/** Payloads to temporal units with sizes in their units. */
export class Av1Depacketiser implements Depacketiser {
  readonly #gatherer = new Gatherer();
  /** The beginning of an element whose end comes with the next packet. */
  #open: Uint8Array[] | undefined;
  #config: Uint8Array | undefined;

  get needsKey(): boolean {
    return this.#gatherer.needsKey;
  }

  lost(): void {
    this.#gatherer.lost();
    this.#open = undefined;
  }

  push({ bytes, marker, ticks }: Payload): MediaUnit[] {
    if (bytes.length === 0) return [];
    const units: MediaUnit[] = [];
    if (this.#gatherer.isNext(ticks)) this.#finish(units);
    try {
      this.#read(bytes, ticks);
    } catch (error) {
      this.lost();
      throw error;
    }
    if (marker) this.#finish(units);
    return units;
  }

  #read(bytes: Uint8Array, ticks: number): void {
    const head = bytes[0] as number;
    const elements = splitElements(bytes, (head >> 4) & 3);
    for (const [i, element] of elements.entries()) {
      const continues = i === 0 && (head & CONTINUES) !== 0;
      const goesOn = i === elements.length - 1 && (head & GOES_ON) !== 0;
      if (!continues) this.#open = [];
      // The beginning of this element was lost.
      if (this.#open === undefined) continue;
      if (this.#open.length >= MOST_PIECES)
        throw rtpErrors.protocol('PAYLOAD', { why: 'an element in too many pieces' });
      this.#open.push(element);
      if (goesOn) continue;
      const whole = concat(this.#open);
      this.#open = undefined;
      // Behind a hole nothing but a key frame is of use, and its first packet says that it is.
      if (whole.length > 0) this.#gatherer.add(whole, ticks, (head & NEW_SEQUENCE) !== 0);
    }
  }

  #finish(units: MediaUnit[]): void {
    const { ticks } = this.#gatherer;
    if (this.#open !== undefined) this.lost();
    const pieces = this.#gatherer.take();
    if (pieces === undefined) return;
    try {
      const obus = pieces.map((piece) => av1.parseObu(piece));
      const data = concat(obus.filter(({ type }) => !dropped.has(type)).map(av1.withSize));
      const key = av1.isKeyFrame(data);
      if (this.#gatherer.needsKey && !key) return;
      const config = key ? this.#newConfig(data) : undefined;
      if (this.#config === undefined) return;
      this.#gatherer.needsKey = false;
      units.push({ data, key, ticks, ...(config !== undefined && { config }) });
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.lost();
    }
  }

  #newConfig(data: Uint8Array): Uint8Array | undefined {
    const config = av1.configOf(data);
    if (config === undefined || (this.#config !== undefined && equalBytes(config, this.#config))) return undefined;
    this.#config = config;
    return config;
  }
}

/** Pieces of one element. */
const MOST_PIECES = 16_384;
/** Elements of one packet: each has at least two bytes. */
const MOST_ELEMENTS = 1024;

/** @param count W: 0 when each element has its length. */
function splitElements(bytes: Uint8Array, count: number): Uint8Array[] {
  const elements: Uint8Array[] = [];
  let at = 1;
  while (at < bytes.length && elements.length < MOST_ELEMENTS) {
    const last = count > 0 && elements.length === count - 1;
    const size = last ? { value: bytes.length - at, end: at } : av1.parseLeb128(bytes, at);
    if (size.end + size.value > bytes.length) {
      throw rtpErrors.protocol('PAYLOAD', { why: 'an element is longer than its packet' });
    }
    elements.push(bytes.subarray(size.end, size.end + size.value));
    at = size.end + size.value;
    if (last) break;
  }
  return elements;
}
