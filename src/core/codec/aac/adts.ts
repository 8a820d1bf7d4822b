// The ADTS header (ISO 13818-7 §6.2, ISO 14496-3 §1.A.2.2) in front of each AAC frame in TS, files and HTTP streams.
import { ByteReader } from '../../base/bytes.ts';
import { within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';
import { type AacConfig, writeConfig } from './config.ts';
import { channelsOf, sampleRateOf, sampleRates } from './rates.ts';

/** What an ADTS header says of its frame. */
export interface AdtsHeader {
  readonly objectType: number;
  readonly sampleRate: number;
  /** 0: a program config element in the frame says it. */
  readonly channelConfig: number;
  /** 7, or 9 with a checksum. */
  readonly headerSize: number;
  /** Header and payload in bytes, as aac_frame_length says. */
  readonly frameSize: number;
  /** Raw data blocks of 1024 samples, 1 to 4; nearly always 1. */
  readonly blocks: number;
}

/** Bytes of a header without a checksum. */
export const adtsHeaderSize = 7;

/** What aac_frame_length can hold. */
export const maxAdtsFrameSize = 0x1fff;

/** Whether an ADTS sync word, with layer 0, is at `at`. */
export const isAdtsSync = (data: Uint8Array, at = 0): boolean =>
  data[at] === 0xff && ((data[at + 1] ?? 0) & 0xf6) === 0xf0;

/** Errors: BYTES_SHORT, CODEC_SYNC, CODEC_RESERVED, CODEC_RANGE (a frame shorter than its header). */
export function parseAdts(data: Uint8Array, at = 0): AdtsHeader {
  const reader = new ByteReader(data, at);
  const sync = reader.u16();
  if ((sync & 0xfff6) !== 0xfff0) throw codecErrors.protocol('SYNC', { codec: 'aac', found: sync.toString(16) });
  const headerSize = (sync & 1) === 1 ? 7 : 9; // protection_absent
  const profile = reader.u16();
  const size = reader.u24();
  const channelConfig = (profile >> 6) & 7;
  return {
    objectType: 1 + (profile >> 14),
    sampleRate: sampleRateOf((profile >> 10) & 15),
    channelConfig,
    headerSize,
    frameSize: within('aac', 'aac_frame_length', ((profile & 3) << 11) | (size >> 13), headerSize, maxAdtsFrameSize),
    blocks: 1 + (size & 3),
  };
}

/**
 * A header without a checksum for a payload of one raw data block. HE-AAC is written as its core, as everybody does.
 *
 * Errors: CODEC_RANGE for what ADTS cannot say: an object type above 4, a payload above 8184 bytes, other rates,
 * channel configurations above 7.
 */
export function writeAdts(
  config: Pick<AacConfig, 'objectType' | 'sampleRate' | 'channelConfig'>,
  payloadSize: number,
): Uint8Array {
  const profile = within('aac', 'audioObjectType', config.objectType, 1, 4) - 1;
  const index = within('aac', 'samplingFrequencyIndex', sampleRates.indexOf(config.sampleRate), 0, 12);
  const channels = within('aac', 'channelConfiguration', config.channelConfig, 0, 7);
  const size = within('aac', 'aac_frame_length', payloadSize + adtsHeaderSize, adtsHeaderSize, maxAdtsFrameSize);
  return Uint8Array.of(
    0xff,
    0xf1, // MPEG-4, layer 0, no checksum
    (profile << 6) | (index << 2) | (channels >> 2),
    ((channels & 3) << 6) | (size >> 11),
    size >> 3,
    ((size & 7) << 5) | 0x1f, // adts_buffer_fullness 0x7ff: variable rate
    0xfc,
  );
}

/**
 * The AudioSpecificConfig of an ADTS stream.
 *
 * Errors: CODEC_RESERVED for channel configuration 0, whose program config element is in the frames.
 */
export const configOf = (header: AdtsHeader): Uint8Array => {
  channelsOf(header.channelConfig);
  return writeConfig(header);
};
