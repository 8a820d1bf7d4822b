// OpusHead (RFC 7845 §5.1), the configuration of an opus track, and its big-endian twin dOps (Opus in ISOBMFF §4.3.2).
import { ByteReader, ByteWriter, equalBytes, utf8 } from '../../base/bytes.ts';
import { within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';

/** The identification header, whichever byte order it came in. */
export interface OpusHead {
  readonly channels: number;
  /** Samples at 48 kHz that a decoder throws away at the beginning. */
  readonly preSkip: number;
  /** Of the input before encoding, in Hz; the decoder always puts out 48 kHz. 0: unknown. */
  readonly inputSampleRate: number;
  /** In 1/256 dB. */
  readonly outputGain: number;
  /** 0: mono or stereo; 1: Vorbis order, up to 8 channels; others see RFC 7845 §5.1.1. */
  readonly mappingFamily: number;
  /** Only for families above 0. */
  readonly mapping?: ChannelMapping;
}

/** RFC 7845 §5.1.1. */
export interface ChannelMapping {
  readonly streams: number;
  readonly coupled: number;
  /** For each output channel the decoded channel, 255 for silence. */
  readonly channels: Uint8Array;
}

/** Every Opus decoder's clock and output rate. */
export const opusSampleRate = 48_000;

const magic = utf8('OpusHead');

/** The mapping's channels are a view. Errors: CODEC_SYNC, CODEC_VERSION, CODEC_RANGE, BYTES_SHORT. */
export function parseHead(bytes: Uint8Array): OpusHead {
  const reader = new ByteReader(bytes);
  const found = reader.take(magic.length);
  if (!equalBytes(found, magic)) throw codecErrors.protocol('SYNC', { codec: 'opus', found: String(found) });
  const version = reader.u8();
  // Versions up to 15 are compatible (§5.1).
  if (version > 15) throw codecErrors.protocol('VERSION', { codec: 'opus', version });
  const channels = reader.u8();
  const preSkip = swap16(reader.u16());
  const inputSampleRate = reader.u32le();
  const outputGain = signed16(swap16(reader.u16()));
  return withMapping(reader, { channels, preSkip, inputSampleRate, outputGain });
}

/** Writes OpusHead. */
export function writeHead(head: OpusHead): Uint8Array {
  const writer = new ByteWriter(32)
    .put(magic)
    .u8(1)
    .u8(head.channels)
    .u16(swap16(head.preSkip))
    .u32le(head.inputSampleRate)
    .u16(swap16(head.outputGain));
  return putMapping(writer, head).done();
}

/** The content of a dOps box. Errors: CODEC_VERSION, CODEC_RANGE, BYTES_SHORT. */
export function parseDops(bytes: Uint8Array): OpusHead {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== 0) throw codecErrors.protocol('VERSION', { codec: 'opus', version });
  const channels = reader.u8();
  const preSkip = reader.u16();
  const inputSampleRate = reader.u32();
  const outputGain = signed16(reader.u16());
  return withMapping(reader, { channels, preSkip, inputSampleRate, outputGain });
}

/** Writes the content of a dOps box. */
export function writeDops(head: OpusHead): Uint8Array {
  const writer = new ByteWriter(32)
    .u8(0)
    .u8(head.channels)
    .u16(head.preSkip)
    .u32(head.inputSampleRate)
    .u16(head.outputGain);
  return putMapping(writer, head).done();
}

/** OpusHead for a publisher that sends none (WebRTC): `preSkip` 0, since nobody knows the encoder's delay. */
export const makeHead = (channels: 1 | 2, preSkip = 0): Uint8Array =>
  writeHead({ channels, preSkip, inputSampleRate: opusSampleRate, outputGain: 0, mappingFamily: 0 });

function withMapping(reader: ByteReader, head: Omit<OpusHead, 'mappingFamily' | 'mapping'>): OpusHead {
  const mappingFamily = reader.u8();
  if (mappingFamily === 0) {
    within('opus', 'channels', head.channels, 1, 2);
    return { ...head, mappingFamily };
  }
  within('opus', 'channels', head.channels, 1, 255);
  const streams = within('opus', 'stream count', reader.u8(), 1, 255);
  const coupled = within('opus', 'coupled count', reader.u8(), 0, Math.min(streams, 255 - streams));
  const channels = reader.take(head.channels);
  for (const channel of channels) if (channel !== 255) within('opus', 'mapping', channel, 0, streams + coupled - 1);
  return { ...head, mappingFamily, mapping: { streams, coupled, channels } };
}

function putMapping(writer: ByteWriter, { mappingFamily, mapping }: OpusHead): ByteWriter {
  writer.u8(mappingFamily);
  if (mapping === undefined) return writer;
  return writer.u8(mapping.streams).u8(mapping.coupled).put(mapping.channels);
}

const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >> 8) & 0xff);

const signed16 = (value: number): number => (value << 16) >> 16;
