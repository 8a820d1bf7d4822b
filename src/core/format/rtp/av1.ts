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
    this.retrack(track);
  }

  retrack({ config }: Track): void {
    if (config.length === 0) return;
    const { obus } = av1.parseConfig(config);
    const sequence = av1.splitObus(obus).find(({ type }) => type === av1.obuType.sequenceHeader);
    this.#sequence = sequence === undefined ? undefined : withoutSize(sequence);
  }

  /** One element for each packet: simple, and a few bytes more than filling each packet to its end. */
  packetise(data: Uint8Array, key: boolean): readonly (readonly Uint8Array[])[] {
    const obus = av1.splitObus(data).filter(({ type }) => !dropped.has(type));
    const elements = obus.map(withoutSize);
    const has = obus.some(({ type }) => type === av1.obuType.sequenceHeader);
    if (key && !has && this.#sequence !== undefined) elements.unshift(this.#sequence);
    const payloads: (readonly Uint8Array[])[] = [];
    for (const [i, element] of elements.entries()) this.#cut(element, key && i === 0, payloads);
    return payloads;
  }

  #cut(element: Uint8Array, begins: boolean, payloads: (readonly Uint8Array[])[]): void {
    const room = this.#maxPayload - 1;
    for (let at = 0; at < element.length; at += room) {
      const head = (at > 0 ? CONTINUES : 0) | (at + room < element.length ? GOES_ON : 0) | ONE_ELEMENT;
      const first = begins && at === 0 ? NEW_SEQUENCE : 0;
      payloads.push([Uint8Array.of(head | first), element.subarray(at, at + room)]);
    }
  }
}

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
