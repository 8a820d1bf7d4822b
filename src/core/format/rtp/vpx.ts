// VP8 and VP9 frames to payloads and back (RFC 7741 §4.2, RFC 9628 §4.2).
import { concat, equalBytes } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import * as vp8 from '../../codec/vp8/index.ts';
import * as vp9 from '../../codec/vp9/index.ts';
import { rtpErrors } from '../../wire/rtp/index.ts';
import { type Depacketiser, Gatherer, type MediaUnit, type Packetiser, type Payload } from './unit.ts';

/** Picture ids have 15 bits. */
const PICTURE_IDS = 0x8000;
const VP8_HEAD_BYTES = 4;
const VP9_HEAD_BYTES = 3;

/** Payloads with 15 bits of picture id. */
export class Vp8Packetiser implements Packetiser {
  readonly #room: number;
  #picture = 0;

  constructor(maxPayload: number) {
    this.#room = maxPayload - VP8_HEAD_BYTES;
  }

  packetise(data: Uint8Array): readonly (readonly Uint8Array[])[] {
    const picture = this.#picture;
    this.#picture = (picture + 1) % PICTURE_IDS;
    return cut(data, this.#room, (first) =>
      // X; then S on the first piece (partition 0); then I, and the picture id with its M bit.
      Uint8Array.of(0x80 | (first ? 0x10 : 0), 0x80, 0x80 | (picture >> 8), picture & 0xff),
    );
  }
}

/** Payloads in non-flexible mode, one layer. */
export class Vp9Packetiser implements Packetiser {
  readonly #room: number;
  #picture = 0;

  constructor(maxPayload: number) {
    this.#room = maxPayload - VP9_HEAD_BYTES;
  }

  packetise(data: Uint8Array, key: boolean): readonly (readonly Uint8Array[])[] {
    const picture = this.#picture;
    this.#picture = (picture + 1) % PICTURE_IDS;
    return cut(data, this.#room, (first, last) =>
      // I, P for what needs another picture, B and E at the ends.
      Uint8Array.of(
        0x80 | (key ? 0 : 0x40) | (first ? 0x08 : 0) | (last ? 0x04 : 0),
        0x80 | (picture >> 8),
        picture & 0xff,
      ),
    );
  }
}

function cut(
  data: Uint8Array,
  room: number,
  head: (first: boolean, last: boolean) => Uint8Array,
): readonly (readonly Uint8Array[])[] {
  const payloads: (readonly Uint8Array[])[] = [];
  for (let at = 0; at < data.length; at += room) {
    payloads.push([head(at === 0, at + room >= data.length), data.subarray(at, at + room)]);
  }
  return payloads;
}

/** What differs between the two codecs. */
interface Syntax {
  /** Offset of the frame's bytes; whether the payload begins a picture, and one of its layers. */
  head(bytes: Uint8Array): { readonly at: number; readonly begins: boolean; readonly layer: boolean };
  isKey(data: Uint8Array): boolean;
  configOf(data: Uint8Array): Uint8Array | undefined;
}

const vp8Syntax: Syntax = {
  head: (bytes) => {
    const first = byteAt(bytes, 0);
    let at = 1;
    if ((first & 0x80) !== 0) {
      const flags = byteAt(bytes, at++);
      if ((flags & 0x80) !== 0) at += (byteAt(bytes, at) & 0x80) === 0 ? 1 : 2;
      if ((flags & 0x40) !== 0) at++;
      if ((flags & 0x30) !== 0) at++;
    }
    return { at, begins: (first & 0x10) !== 0 && (first & 0x07) === 0, layer: false };
  },
  isKey: vp8.isKeyFrame,
  configOf: () => undefined,
};

const vp9Syntax: Syntax = {
  head: (bytes) => {
    const first = byteAt(bytes, 0);
    let at = 1;
    if ((first & 0x80) !== 0) at += (byteAt(bytes, at) & 0x80) === 0 ? 1 : 2;
    let spatial = 0;
    // Layers: in non-flexible mode with TL0PICIDX behind them.
    if ((first & 0x20) !== 0) {
      spatial = (byteAt(bytes, at) >> 1) & 7;
      at += (first & 0x10) === 0 ? 2 : 1;
    }
    // Up to three references in flexible mode, each with a bit that another follows.
    if ((first & 0x50) === 0x50) for (let i = 0; i < 3; i++) if ((byteAt(bytes, at++) & 1) === 0) break;
    if ((first & 0x02) !== 0) at = structureEnd(bytes, at);
    const layer = (first & 0x08) !== 0;
    return { at, begins: layer && spatial === 0, layer };
  },
  isKey: vp9.isKeyFrame,
  configOf: vp9.configOf,
};

/** RFC 9628 §4.2.1: N_S and flags, sizes of the layers, the groups of pictures. */
function structureEnd(bytes: Uint8Array, begin: number): number {
  let at = begin;
  const flags = byteAt(bytes, at++);
  if ((flags & 0x10) !== 0) at += ((flags >> 5) + 1) * 4;
  if ((flags & 0x08) === 0) return at;
  const groups = byteAt(bytes, at++);
  for (let i = 0; i < groups; i++) at += 1 + ((byteAt(bytes, at) >> 2) & 3);
  return at;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw rtpErrors.protocol('PAYLOAD', { why: 'it ends in its descriptor' });
  return byte;
}

/** VP9 Annex B.3: three bits of count. */
const MOST_LAYERS = 8;

/** The index that makes one superframe of several frames (VP9 Annex B): sizes in as many bytes as the largest needs. */
function superframeIndex(sizes: readonly number[]): Uint8Array {
  const width = Math.max(1, Math.ceil((32 - Math.clz32(Math.max(...sizes))) / 8));
  const mark = 0xc0 | ((width - 1) << 3) | (sizes.length - 1);
  const index = new Uint8Array(2 + sizes.length * width);
  index[0] = mark;
  index[index.length - 1] = mark;
  for (const [i, size] of sizes.entries()) {
    for (let byte = 0; byte < width; byte++) index[1 + i * width + byte] = (size >>> (8 * byte)) & 0xff;
  }
  return index;
}

/** Frames of VP8 or VP9; layers of one picture come as one superframe each. */
export class VpxDepacketiser implements Depacketiser {
  readonly #syntax: Syntax;
  readonly #gatherer = new Gatherer();
  #config: Uint8Array | undefined;
  /** Sizes of the layers of the picture so far. */
  #layers: number[] = [];

  constructor(codec: 'vp8' | 'vp9') {
    this.#syntax = codec === 'vp8' ? vp8Syntax : vp9Syntax;
  }

  get needsKey(): boolean {
    return this.#gatherer.needsKey;
  }

  lost(): void {
    this.#gatherer.lost();
  }

  push({ bytes, marker, ticks }: Payload): MediaUnit[] {
    if (bytes.length === 0) return [];
    const units: MediaUnit[] = [];
    if (this.#gatherer.isNext(ticks)) this.#finish(units);
    try {
      const { at, begins, layer } = this.#syntax.head(bytes);
      if (at >= bytes.length) throw rtpErrors.protocol('PAYLOAD', { why: 'nothing is behind its descriptor' });
      // The beginning of this frame was lost.
      if (this.#gatherer.empty && !begins) this.#gatherer.lost();
      if (this.#gatherer.empty) this.#layers = [];
      this.#gatherer.add(bytes.subarray(at), ticks, begins);
      this.#measure(bytes.length - at, layer);
    } catch (error) {
      this.lost();
      throw error;
    }
    if (marker) this.#finish(units);
    return units;
  }

  #measure(size: number, layer: boolean): void {
    if (layer || this.#layers.length === 0) this.#layers.push(size);
    else this.#layers[this.#layers.length - 1] = (this.#layers.at(-1) as number) + size;
  }

  #finish(units: MediaUnit[]): void {
    const { ticks } = this.#gatherer;
    const pieces = this.#gatherer.take();
    if (pieces === undefined) return;
    // Behind each other, layers are one frame to nobody: the index at the end says where each begins.
    const several = this.#layers.length > 1 && this.#layers.length <= MOST_LAYERS;
    const data = concat(several ? [...pieces, superframeIndex(this.#layers)] : pieces);
    try {
      const key = this.#syntax.isKey(data);
      if (this.#gatherer.needsKey && !key) return;
      const config = key ? this.#newConfig(data) : undefined;
      this.#gatherer.needsKey = false;
      units.push({ data, key, ticks, ...(config !== undefined && { config }) });
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.lost();
    }
  }

  #newConfig(data: Uint8Array): Uint8Array | undefined {
    const config = this.#syntax.configOf(data);
    if (config === undefined || (this.#config !== undefined && equalBytes(config, this.#config))) return undefined;
    this.#config = config;
    return config;
  }
}
