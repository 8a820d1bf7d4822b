// Sequence headers between the wire and the canonical form of docs/codecs.md.
import { concat, fromHex, utf8 } from '../../base/bytes.ts';
import type { Codec } from '../../media/track.ts';
import { type ParameterRecord, readAvcRecord, readHevcRecord } from './nal-units.ts';

/**
 * The parameters of a video sequence header, copied; undefined when they are damaged.
 *
 * @param fromTs the header is an MPEG-2 TS descriptor (E-RTMP Mpeg2TsSequenceStart), which only AV1 has.
 */
export function readVideoConfig(codec: Codec, bytes: Uint8Array, fromTs: boolean): ParameterRecord | undefined {
  if (fromTs) return codec === 'av1' ? readAv1Descriptor(bytes) : undefined;
  switch (codec) {
    case 'h264':
      return readAvcRecord(bytes);
    case 'h265':
      return readHevcRecord(bytes);
    case 'av1':
      // av1C (AV1 in ISOBMFF §2.3.3): marker 1, version 1.
      return bytes.length >= 4 && bytes[0] === 0x81 ? { config: bytes.slice(), lengthSize: 4 } : undefined;
    case 'vp9':
      return readVp9Record(bytes);
    default:
      // E-RTMP has one for VP8 too, which says nothing that its key frames do not.
      return { config: new Uint8Array(0), lengthSize: 4 };
  }
}

/** vpcC (VP Codec ISO Media File Format Binding §2.2); some writers keep the version and flags of the box in front. */
function readVp9Record(bytes: Uint8Array): ParameterRecord | undefined {
  const boxed = bytes[0] === 1 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0;
  const config = bytes.slice(boxed ? 4 : 0);
  return config.length >= VPCC_BYTES ? { config, lengthSize: 4 } : undefined;
}

const VPCC_BYTES = 8;

/**
 * AV1 video descriptor (Carriage of AV1 in MPEG-2 TS §2.2): tag 0x80, size, then the fields of av1C, where the bits that
 * are reserved in av1C say the kind of HDR.
 */
function readAv1Descriptor(bytes: Uint8Array): ParameterRecord | undefined {
  if (bytes.length < 6 || bytes[0] !== 0x80 || bytes[2] !== 0x81) return undefined;
  const config = bytes.slice(2, 6);
  config[3] = (config[3] as number) & 0x1f;
  return { config, lengthSize: 4 };
}

/** `fLaC` and the head of a STREAMINFO block that is the last one (RFC 9639 §6, §8.1). */
const FLAC_HEAD = fromHex('664c6143 80000022');
const STREAMINFO_BYTES = 34;
const OPUS_MAGIC = utf8('OpusHead');

/** The parameters of an audio sequence header, copied; undefined when they are damaged. */
export function readAudioConfig(codec: Codec, bytes: Uint8Array): Uint8Array | undefined {
  switch (codec) {
    case 'aac':
      return bytes.length >= 2 ? bytes.slice() : undefined;
    case 'opus':
      // RFC 7845 §5.1.
      return bytes.length >= 19 && startsWith(bytes, OPUS_MAGIC) ? bytes.slice() : undefined;
    case 'flac': {
      const start = startsWith(bytes, FLAC_HEAD.subarray(0, 4)) ? FLAC_HEAD.length : 0;
      return bytes.length >= start + STREAMINFO_BYTES ? bytes.slice(start, start + STREAMINFO_BYTES) : undefined;
    }
    default:
      // The others have none; E-RTMP does not forbid an empty one.
      return new Uint8Array(0);
  }
}

/** A configuration as E-RTMP and FLV carry it; undefined when the codec has no sequence header. */
export function wireConfig(codec: Codec, config: Uint8Array): Uint8Array | undefined {
  if (config.length === 0) return undefined;
  return codec === 'flac' ? concat([FLAC_HEAD, config]) : config;
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean =>
  prefix.every((byte, index) => bytes[index] === byte);
