// Payloads to H.264 and H.265 access units (RFC 6184 §5, RFC 7798 §4.4).
import { concat, equalBytes } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import * as h264 from '../../codec/h264/index.ts';
import * as h265 from '../../codec/h265/index.ts';
import { joinLengthPrefixed } from '../../codec/nal.ts';
import { rtpErrors } from '../../wire/rtp/index.ts';
import { type Depacketiser, Gatherer, type MediaUnit, type Payload } from './unit.ts';

/** What differs between the two codecs. */
interface Syntax {
  readonly headerBytes: 1 | 2;
  readonly aggregation: number;
  readonly fragment: number;
  typeOf(nal: Uint8Array): number;
  readonly sets: readonly number[];
  /** The header of the unit whose fragment this is. */
  fragmentHeader(payload: Uint8Array): Uint8Array;
  configOf(nals: readonly Uint8Array[]): Uint8Array | undefined;
  isKey(data: Uint8Array): boolean;
  /** Whether the unit, of which only the beginning may be there, is the first of an access unit. */
  leads(nal: Uint8Array): boolean;
}

const avc: Syntax = {
  headerBytes: 1,
  aggregation: 24,
  fragment: 28,
  typeOf: h264.nalTypeOf,
  sets: [h264.nalType.sps, h264.nalType.pps],
  fragmentHeader: (payload) => Uint8Array.of(((payload[0] as number) & 0xe0) | ((payload[1] as number) & 0x1f)),
  configOf: h264.configOf,
  isKey: h264.isKeyFrame,
  // H.264 §7.4.1.2.3; first_mb_in_slice is ue(v), where 0 is a single one bit.
  leads: (nal) => {
    const type = h264.nalTypeOf(nal);
    return (
      (type >= 6 && type <= 9) || (type >= 14 && type <= 18) || (h264.isSlice(type) && ((nal[1] ?? 0) & 0x80) !== 0)
    );
  },
};

const hevc: Syntax = {
  headerBytes: 2,
  aggregation: 48,
  fragment: 49,
  typeOf: h265.nalTypeOf,
  sets: [h265.nalType.vps, h265.nalType.sps, h265.nalType.pps],
  fragmentHeader: (payload) =>
    Uint8Array.of(((payload[0] as number) & 0x81) | (((payload[2] as number) & 0x3f) << 1), payload[1] as number),
  configOf: h265.configOf,
  isKey: h265.isKeyFrame,
  // H.265 §7.4.2.4.4; first_slice_segment_in_pic_flag.
  leads: (nal) => {
    const type = h265.nalTypeOf(nal);
    return (type >= 32 && type <= 35) || type === 39 || (h265.isSlice(type) && ((nal[2] ?? 0) & 0x80) !== 0);
  },
};

/** Access units with 4-byte lengths, and avcC or hvcC when parameter sets change. */
export class NalDepacketiser implements Depacketiser {
  readonly #syntax: Syntax;
  readonly #gatherer = new Gatherer();
  /** Pieces of a unit that comes in fragments; undefined: none is open. */
  #fragments: Uint8Array[] | undefined;
  /** The newest parameter set of each type. */
  readonly #sets = new Map<number, Uint8Array>();
  #config: Uint8Array | undefined;
  /** A parameter set has changed. */
  #dirty = false;

  /** @param sets parameter sets that are known beforehand; others are left out. */
  constructor(codec: 'h264' | 'h265', sets: readonly Uint8Array[] = []) {
    this.#syntax = codec === 'h264' ? avc : hevc;
    this.#learn(sets.filter(({ length }) => length > this.#syntax.headerBytes));
  }

  get needsKey(): boolean {
    return this.#gatherer.needsKey;
  }

  lost(): void {
    this.#gatherer.lost();
    this.#fragments = undefined;
  }

  push({ bytes, marker, ticks }: Payload): MediaUnit[] {
    const units: MediaUnit[] = [];
    // Some senders forget the marker: another time stamp ends the frame too.
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
    const { headerBytes, aggregation, fragment, typeOf } = this.#syntax;
    if (bytes.length <= headerBytes) {
      // A payload of padding, as probes for bandwidth are.
      if (bytes.length === 0) return;
      throw rtpErrors.protocol('PAYLOAD', { why: 'a unit without content' });
    }
    const type = typeOf(bytes);
    if (type === aggregation) this.#split(bytes, ticks);
    else if (type === fragment) this.#fragment(bytes, ticks);
    else if (type > aggregation) throw rtpErrors.protocol('PAYLOAD', { why: `type ${type} is not understood` });
    else this.#add(bytes, ticks);
  }

  #split(bytes: Uint8Array, ticks: number): void {
    let at: number = this.#syntax.headerBytes;
    while (at + 2 <= bytes.length) {
      const size = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      at += 2;
      if (at + size > bytes.length) throw rtpErrors.protocol('PAYLOAD', { why: 'a unit is longer than its packet' });
      if (size > this.#syntax.headerBytes) this.#add(bytes.subarray(at, at + size), ticks);
      at += size;
    }
  }

  #fragment(bytes: Uint8Array, ticks: number): void {
    const { headerBytes, fragmentHeader } = this.#syntax;
    const flags = bytes[headerBytes];
    if (flags === undefined) throw rtpErrors.protocol('PAYLOAD', { why: 'a fragment without its header' });
    if ((flags & 0x80) !== 0) this.#fragments = [fragmentHeader(bytes)];
    // Its beginning was lost, which `lost` has told.
    if (this.#fragments === undefined) return;
    this.#fragments.push(bytes.subarray(headerBytes + 1));
    if ((flags & 0x40) === 0) {
      if (this.#fragments.length > MOST_FRAGMENTS) throw rtpErrors.protocol('PAYLOAD', { why: 'too many fragments' });
      return;
    }
    const unit = concat(this.#fragments);
    this.#fragments = undefined;
    this.#add(unit, ticks);
  }

  #add(nal: Uint8Array, ticks: number): void {
    this.#gatherer.add(nal, ticks, this.#syntax.leads(nal));
  }

  #finish(units: MediaUnit[]): void {
    const { ticks } = this.#gatherer;
    // A fragment that never ended.
    if (this.#fragments !== undefined) this.lost();
    const nals = this.#gatherer.take();
    if (nals === undefined) return;
    this.#learn(nals);
    const data = joinLengthPrefixed(nals);
    const key = this.#syntax.isKey(data);
    if (this.#gatherer.needsKey && !key) return;
    const config = this.#newConfig();
    if (this.#config === undefined) return;
    this.#gatherer.needsKey = false;
    units.push({ data, key, ticks, ...(config !== undefined && { config }) });
  }

  #learn(nals: readonly Uint8Array[]): void {
    const { sets, typeOf } = this.#syntax;
    for (const nal of nals) {
      const type = typeOf(nal);
      const known = this.#sets.get(type);
      if (!sets.includes(type) || (known !== undefined && equalBytes(known, nal))) continue;
      this.#sets.set(type, new Uint8Array(nal));
      this.#dirty = true;
    }
  }

  /** The configuration when it changed; damaged parameter sets count as none. */
  #newConfig(): Uint8Array | undefined {
    const { sets, configOf } = this.#syntax;
    if (!this.#dirty || !sets.every((type) => this.#sets.has(type))) return undefined;
    this.#dirty = false;
    try {
      const config = configOf(sets.map((type) => this.#sets.get(type) as Uint8Array));
      if (config !== undefined) this.#config = config;
      return config;
    } catch (error) {
      if (error instanceof SrsxError) return undefined;
      throw error;
    }
  }
}

/** Of one unit: at 1 KB each about the largest frame. */
const MOST_FRAGMENTS = 16_384;
