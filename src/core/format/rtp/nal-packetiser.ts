// H.264 and H.265 access units to payloads (RFC 6184 §5, RFC 7798 §4.4).
import * as h264 from '../../codec/h264/index.ts';
import * as h265 from '../../codec/h265/index.ts';
import { splitLengthPrefixed } from '../../codec/nal.ts';
import type { Track } from '../../media/track.ts';
import type { Packetiser } from './unit.ts';

/** What differs between the two codecs. */
interface Syntax {
  readonly headerBytes: 1 | 2;
  typeOf(nal: Uint8Array): number;
  /** Delimiters and filler, which cost and help nobody. */
  readonly useless: ReadonlySet<number>;
  readonly sets: ReadonlySet<number>;
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

/** Parameter sets are sent in front of each key frame, from the configuration when the frame has none. */
export class NalPacketiser implements Packetiser {
  readonly #syntax: Syntax;
  readonly #maxPayload: number;
  #sets: readonly Uint8Array[] = [];

  /** Throws the errors of the configuration's parser. */
  constructor(codec: 'h264' | 'h265', track: Track, maxPayload: number) {
    this.#syntax = codec === 'h264' ? avc : hevc;
    this.#maxPayload = maxPayload;
    this.retrack(track);
  }

  retrack({ config }: Track): void {
    this.#sets = this.#syntax.setsOf(config);
  }

  packetise(data: Uint8Array, key: boolean): readonly (readonly Uint8Array[])[] {
    const { useless, sets, typeOf, headerBytes } = this.#syntax;
    const payloads: (readonly Uint8Array[])[] = [];
    const nals = splitLengthPrefixed(data).filter((nal) => nal.length > headerBytes && !useless.has(typeOf(nal)));
    const own = nals.filter((nal) => sets.has(typeOf(nal)));
    const others = own.length === 0 ? nals : nals.filter((nal) => !sets.has(typeOf(nal)));
    // A player that begins here, or lost the last ones, has them in front of each key frame.
    const first = own.length > 0 ? own : key ? this.#sets : [];
    if (first.length > 0) this.#aggregate(first, payloads);
    for (const nal of others) this.#put(nal, payloads);
    return payloads;
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
