// The elementary stream descriptor of MPEG-4 audio (ISO 14496-1 §7.2.6.5, ISO 14496-14 §5.6).
import { ByteReader, totalSize } from '../../base/bytes.ts';
import { fields, fullBox } from './wire.ts';

/** What the descriptor says of a track. */
export interface ElementaryStream {
  /** objectTypeIndication: 0x40 AAC, 0x67 AAC of MPEG-2, 0x69 MP3 of MPEG-2, 0x6b MP3. */
  readonly objectType: number;
  /** DecoderSpecificInfo: the AudioSpecificConfig; empty for MP3. */
  readonly config: Uint8Array;
}

/** Descriptor tags of §7.2.2.1. */
const Tag = { es: 3, decoderConfig: 4, decoderSpecific: 5, slConfig: 6 } as const;

/** The whole esds box. */
export function esds({ objectType, config }: ElementaryStream): Uint8Array {
  const specific = config.length === 0 ? [] : [descriptor(Tag.decoderSpecific, config)];
  const decoder = descriptor(
    Tag.decoderConfig,
    // Audio stream, upStream 0, reserved 1; no buffer size and bit rates: 0 says "unknown".
    fields((w) => w.u8(objectType).u8(0x15).u24(0).u32(0).u32(0)),
    ...specific,
  );
  const stream = descriptor(
    Tag.es,
    fields((w) => w.u16(0).u8(0)),
    decoder,
    descriptor(Tag.slConfig, Uint8Array.of(2)),
  );
  return fullBox('esds', 0, 0, stream);
}

/** A descriptor with the four-byte size that all writers use. */
function descriptor(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = totalSize(parts);
  return fields((w) => {
    w.u8(tag);
    w.u8(0x80 | (size >>> 21))
      .u8(0x80 | (size >>> 14))
      .u8(0x80 | (size >>> 7))
      .u8(size & 0x7f);
    for (const part of parts) w.put(part);
  });
}

/** Reads the content of an esds box, behind version and flags. Errors: BYTES_SHORT. */
export function parseEsds(reader: ByteReader): ElementaryStream {
  const stream = openDescriptor(reader, Tag.es);
  stream.skip(2);
  const flags = stream.u8();
  if ((flags & 0x80) !== 0) stream.skip(2);
  if ((flags & 0x40) !== 0) stream.skip(stream.u8());
  if ((flags & 0x20) !== 0) stream.skip(2);
  const decoder = openDescriptor(stream, Tag.decoderConfig);
  const objectType = decoder.u8();
  decoder.skip(12);
  if (decoder.left === 0) return { objectType, config: new Uint8Array(0) };
  return { objectType, config: openDescriptor(decoder, Tag.decoderSpecific).rest().slice() };
}

/** The content of the next descriptor of a tag; others before it are skipped, each takes at least two bytes. */
function openDescriptor(reader: ByteReader, wanted: number): ByteReader {
  for (;;) {
    const tag = reader.u8();
    let size = 0;
    for (let i = 0; i < 4; i++) {
      const byte = reader.u8();
      size = (size << 7) | (byte & 0x7f);
      if ((byte & 0x80) === 0) break;
    }
    const content = reader.take(size);
    if (tag === wanted) return new ByteReader(content);
  }
}
