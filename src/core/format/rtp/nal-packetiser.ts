// H.264 and H.265 access units to payloads (RFC 6184 §5, RFC 7798 §4.4).
import * as h264 from '../../codec/h264/index.ts';
import * as h265 from '../../codec/h265/index.ts';
import { splitLengthPrefixed } from '../../codec/nal.ts';
import type { Track } from '../../media/track.ts';
import type { Packetiser } from './unit.ts';

/** What a vhost says about pictures that are made of units. */
export interface NalShape {
  /** Supplemental information of H.264: captions, times, and what only the encoder knows (SRS: keep_avc_nalu_sei). */
  readonly keepSei: boolean;
  /** Units of a picture share packets where they fit (SRS: merge_nalus). */
  readonly merge: boolean;
}

/** All units, each in packets of its own. */
export const plainShape: NalShape = { keepSei: true, merge: false };

/** What differs between the two codecs. */
interface Syntax {
  readonly headerBytes: 1 | 2;
  typeOf(nal: Uint8Array): number;
  /** Delimiters and filler, which cost and help nobody. */
  readonly useless: ReadonlySet<number>;
  readonly sets: ReadonlySet<number>;
  /** Supplemental information that may be left out. */
  readonly sei: ReadonlySet<number>;
  setsOf(config: Uint8Array): Uint8Array[];
  /** Head of an aggregation packet with these units. */
  aggregationHead(nals: readonly Uint8Array[]): Uint8Array;
  /** Head of a fragment of a unit. */
  fragmentHead(nal: Uint8Array, first: boolean, last: boolean): Uint8Array;
}

const avc: Syntax = {
  headerBytes: 1,
  typeOf: h264.nalTypeOf,
  useless: new Set([h264.nalType.accessUnitDelimiter, 10, 11, 12]),
  sets: new Set([h264.nalType.sps, h264.nalType.pps]),
  sei: new Set([h264.nalType.sei]),
  setsOf: (config) => {
    const { sps, pps } = h264.parseConfig(config);
    return [...sps, ...pps];
  },
  // RFC 6184 §5.7: type 24, and the highest importance of those inside.
  aggregationHead: (nals) => Uint8Array.of(Math.max(...nals.map((nal) => (nal[0] as number) & 0x60)) | 24),
  // §5.8: type 28, then start and end bits with the type of the unit.
  fragmentHead: (nal, first, last) => {
    const head = nal[0] as number;
    return Uint8Array.of((head & 0xe0) | 28, (first ? 0x80 : 0) | (last ? 0x40 : 0) | (head & 0x1f));
  },
};

const hevc: Syntax = {
  headerBytes: 2,
  typeOf: h265.nalTypeOf,
  useless: new Set([h265.nalType.accessUnitDelimiter, 36, 37, 38]),
  sets: new Set([h265.nalType.vps, h265.nalType.sps, h265.nalType.pps]),
  sei: new Set(),
  setsOf: (config) => {
    const { vps, sps, pps } = h265.parameterSets(h265.parseConfig(config));
    return [...vps, ...sps, ...pps];
  },
  // RFC 7798 §4.4.2: type 48 with the layer and time of the first.
  aggregationHead: ([first]) => typed(first as Uint8Array, 48),
  // §4.4.3: type 49, then start and end bits with the type of the unit.
  fragmentHead: (nal, first, last) => {
    const head = typed(nal, 49);
    return Uint8Array.of(
      head[0] as number,
      head[1] as number,
      (first ? 0x80 : 0) | (last ? 0x40 : 0) | h265.nalTypeOf(nal),
    );
  },
};

const typed = (nal: Uint8Array, type: number): Uint8Array =>
  Uint8Array.of(((nal[0] as number) & 0x81) | (type << 1), nal[1] as number);

/** In front of each unit of an aggregation packet. */
const SIZE_BYTES = 2;

/** Parameter sets are sent in front of each key frame, from the configuration when the frame has none. */
export class NalPacketiser implements Packetiser {
  readonly #syntax: Syntax;
  readonly #maxPayload: number;
  readonly #shape: NalShape;
  readonly #sets: readonly Uint8Array[];

  /** Throws the errors of the configuration's parser. */
  constructor(codec: 'h264' | 'h265', track: Track, maxPayload: number, shape = plainShape) {
    this.#syntax = codec === 'h264' ? avc : hevc;
    this.#maxPayload = maxPayload;
    this.#shape = shape;
    this.#sets = this.#syntax.setsOf(track.config);
  }

  packetise(data: Uint8Array, key: boolean): readonly (readonly Uint8Array[])[] {
    const { useless, sets, sei, typeOf, headerBytes } = this.#syntax;
    const { keepSei, merge } = this.#shape;
    const payloads: (readonly Uint8Array[])[] = [];
    const nals = splitLengthPrefixed(data).filter((nal) => {
      const type = typeOf(nal);
      return nal.length > headerBytes && !useless.has(type) && (keepSei || !sei.has(type));
    });
    const own = nals.filter((nal) => sets.has(typeOf(nal)));
    const others = own.length === 0 ? nals : nals.filter((nal) => !sets.has(typeOf(nal)));
    // A player that begins here, or lost the last ones, has them in front of each key frame.
    const first = own.length > 0 ? own : key ? this.#sets : [];
    if (merge) this.#merge([...first, ...others], payloads);
    else {
      if (first.length > 0) this.#aggregate(first, payloads);
      for (const nal of others) this.#put(nal, payloads);
    }
    return payloads;
  }

  /** As many units behind each other in one packet as fit: a picture in small slices costs a packet, not one for each. */
  #merge(nals: readonly Uint8Array[], payloads: (readonly Uint8Array[])[]): void {
    let group: Uint8Array[] = [];
    let size = this.#syntax.headerBytes;
    for (const nal of nals) {
      const cost = SIZE_BYTES + nal.length;
      if (group.length > 0 && size + cost > this.#maxPayload) {
        this.#aggregate(group, payloads);
        group = [];
        size = this.#syntax.headerBytes;
      }
      group.push(nal);
      size += cost;
    }
    if (group.length > 0) this.#aggregate(group, payloads);
  }

  /** In one packet when they fit. */
  #aggregate(nals: readonly Uint8Array[], payloads: (readonly Uint8Array[])[]): void {
    const head = this.#syntax.aggregationHead(nals);
    const parts = [head, ...nals.flatMap((nal) => [Uint8Array.of(nal.length >>> 8, nal.length), nal])];
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    if (nals.length > 1 && size <= this.#maxPayload) payloads.push(parts);
    else for (const nal of nals) this.#put(nal, payloads);
  }

  #put(nal: Uint8Array, payloads: (readonly Uint8Array[])[]): void {
    if (nal.length <= this.#maxPayload) {
      payloads.push([nal]);
      return;
    }
    const { headerBytes } = this.#syntax;
    const room = this.#maxPayload - headerBytes - 1;
    for (let at = headerBytes; at < nal.length; at += room) {
      const last = at + room >= nal.length;
      const head = this.#syntax.fragmentHead(nal, at === headerBytes, last);
      payloads.push([head, nal.subarray(at, at + room)]);
    }
  }
}
