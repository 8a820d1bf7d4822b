// ADTS headers on the way out: one template for a track, into which the size of each frame is written.
import { type AacConfig, adtsHeaderSize, maxAdtsFrameSize, parseConfig, writeAdts } from '../../codec/aac/index.ts';

/** Largest raw frame behind a header. */
export const maxAdtsPayload = maxAdtsFrameSize - adtsHeaderSize;

export interface AdtsTemplate {
  readonly header: Uint8Array;
  readonly config: AacConfig;
}

/**
 * The template of a track with this AudioSpecificConfig; undefined when ADTS cannot say it: object types above 4
 * (USAC, low delay), 960 samples, a program config element, more than 7.1 channels.
 *
 * Errors: those of `parseConfig`; CODEC_RANGE for a sampling rate without an index.
 */
export function adtsTemplate(bytes: Uint8Array): AdtsTemplate | undefined {
  const config = parseConfig(bytes);
  const { objectType, channelConfig, frameLength } = config;
  if (objectType > 4 || frameLength !== 1024 || channelConfig === 0 || channelConfig > 7) return undefined;
  return { header: writeAdts(config, 0), config };
}

/** Writes aac_frame_length for a raw frame of `payloadBytes` (at most `maxAdtsPayload`) into a header. */
export function setAdtsSize(header: Uint8Array, payloadBytes: number): void {
  const size = payloadBytes + adtsHeaderSize;
  header[3] = ((header[3] as number) & 0xfc) | (size >> 11);
  header[4] = size >> 3;
  header[5] = ((size & 7) << 5) | 0x1f;
}
