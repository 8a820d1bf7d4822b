// AMF0 bytes to values (Adobe AMF0 specification §2), with the AMF3 scalars that Flash clients mix in (AMF3 §3).
import { ByteReader } from '../../base/bytes.ts';
import type { Limits } from '../../base/limits.ts';
import { amf0Errors } from './errors.ts';
import { type AmfMap, type AmfValue, Marker, NAME_BYTES } from './value.ts';

export type AmfLimits = Pick<Limits, 'amfDepth' | 'amfValues'>;

/** All values of a message. Throws AMF0_SHORT, AMF0_MARKER, AMF0_AMF3, AMF0_DEPTH, AMF0_VALUES, AMF0_NAME. */
export function parseAmf0(bytes: Uint8Array, limits: AmfLimits): AmfValue[] {
  const parser = new Parser(new ByteReader(bytes), limits);
  const values: AmfValue[] = [];
  while (parser.left > 0) values.push(parser.value(0));
  return values;
}

/** The next value; the reader stands behind it. Throws as `parseAmf0` does. */
export const readAmf0 = (reader: ByteReader, limits: AmfLimits): AmfValue => new Parser(reader, limits).value(0);

// A leading U+FEFF belongs to the text; damaged UTF-8 becomes U+FFFD because encoders send names in local code pages.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

class Parser {
  readonly #reader: ByteReader;
  readonly #limits: AmfLimits;
  #values = 0;

  constructor(reader: ByteReader, limits: AmfLimits) {
    this.#reader = reader;
    this.#limits = limits;
  }

  get left(): number {
    return this.#reader.left;
  }

  value(depth: number): AmfValue {
    if (++this.#values > this.#limits.amfValues) throw amf0Errors.protocol('VALUES', { limit: this.#limits.amfValues });
    const marker = this.#u8();
    switch (marker) {
      case Marker.number:
        return this.#f64();
      case Marker.boolean:
        return this.#u8() !== 0;
      case Marker.string:
        return this.#text(this.#u16());
      case Marker.longString:
        return this.#text(this.#u32());
      case Marker.null:
        return null;
      case Marker.undefined:
      case Marker.unsupported:
        return undefined;
      case Marker.date:
        return { type: 'date', timeMs: this.#f64(), zone: (this.#u16() << 16) >> 16 };
      case Marker.xml:
        return { type: 'xml', text: this.#text(this.#u32()) };
      case Marker.amf3:
        return this.#amf3();
      default:
        return this.#container(marker, depth + 1);
    }
  }

  #container(marker: number, depth: number): AmfValue {
    if (depth > this.#limits.amfDepth) throw amf0Errors.protocol('DEPTH', { limit: this.#limits.amfDepth });
    switch (marker) {
      case Marker.object:
        return this.#properties(depth);
      case Marker.ecmaArray:
        // The count is a hint (§2.10): encoders write 0 or a wrong one.
        this.#u32();
        return { type: 'ecma', entries: this.#properties(depth, true) };
      case Marker.typedObject:
        return { type: 'typed', className: this.#name(), entries: this.#properties(depth) };
      case Marker.strictArray:
        return this.#elements(this.#u32(), depth);
      default:
        throw amf0Errors.protocol('MARKER', { marker, offset: this.#reader.offset - 1 });
    }
  }

  /** @param openEnd the end marker may be missing at the end of the message, as SRS accepts it in ECMA arrays. */
  #properties(depth: number, openEnd = false): AmfMap {
    const entries = new Map<string, AmfValue>();
    while (!(openEnd && this.left === 0)) {
      const name = this.#name();
      if (name === '' && this.left > 0 && this.#reader.bytes[this.#reader.offset] === Marker.objectEnd) {
        this.#reader.skip(1);
        break;
      }
      entries.set(name, this.value(depth));
    }
    return entries;
  }

  /** Each element takes at least one byte and counts against `amfValues`, so a lying count ends soon. */
  #elements(count: number, depth: number): AmfValue[] {
    const elements: AmfValue[] = [];
    for (let i = 0; i < count; i++) elements.push(this.value(depth));
    return elements;
  }

  /** AMF3 §3.2 to §3.8. Objects need trait and reference tables, which no RTMP client was seen to use here. */
  #amf3(): AmfValue {
    const marker = this.#u8();
    switch (marker) {
      case 0x00:
        return undefined;
      case 0x01:
        return null;
      case 0x02:
        return false;
      case 0x03:
        return true;
      case 0x04:
        return (this.#u29() << 3) >> 3;
      case 0x05:
        return this.#f64();
      case 0x06: {
        const head = this.#u29();
        // The lowest bit is 0 for a reference to an earlier string.
        if ((head & 1) === 1) return this.#text(head >>> 1);
        throw amf0Errors.protocol('AMF3', { marker });
      }
      default:
        throw amf0Errors.protocol('AMF3', { marker });
    }
  }

  /** AMF3 §1.3.1: 7 bits in each of the first three bytes, 8 in the fourth. */
  #u29(): number {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const byte = this.#u8();
      value = (value << 7) | (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return (value << 8) | this.#u8();
  }

  #name(): string {
    const size = this.#u16();
    if (size > NAME_BYTES) throw amf0Errors.protocol('NAME', { size, limit: NAME_BYTES });
    return this.#text(size);
  }

  #text(size: number): string {
    this.#need(size);
    return decoder.decode(this.#reader.take(size));
  }

  #u8(): number {
    this.#need(1);
    return this.#reader.u8();
  }

  #u16(): number {
    this.#need(2);
    return this.#reader.u16();
  }

  #u32(): number {
    this.#need(4);
    return this.#reader.u32();
  }

  #f64(): number {
    this.#need(8);
    return this.#reader.f64();
  }

  #need(wanted: number): void {
    const { left, offset } = this.#reader;
    if (left < wanted) throw amf0Errors.protocol('SHORT', { wanted, offset, left });
  }
}
