// Sampling frequencies and channel configurations of MPEG-4 audio (ISO 14496-3, tables 1.18 and 1.19).
import { codecErrors } from '../errors.ts';

/** By samplingFrequencyIndex; 13 and 14 are reserved, 15 says that the frequency is written out. */
export const sampleRates: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/** Errors: CODEC_RESERVED. */
export function sampleRateOf(index: number): number {
  const rate = sampleRates[index];
  if (rate === undefined) throw reserved('samplingFrequencyIndex', index);
  return rate;
}

/** Channels by channelConfiguration; 0 says that a program config element has them. Errors: CODEC_RESERVED. */
export function channelsOf(channelConfig: number): number {
  const channels = channelCounts[channelConfig];
  if (channels === undefined) throw reserved('channelConfiguration', channelConfig);
  return channels;
}

const channelCounts: Readonly<Record<number, number>> = {
  1: 1,
  2: 2,
  3: 3,
  4: 4,
  5: 5,
  6: 6,
  7: 8,
  11: 7,
  12: 8,
  13: 24,
  14: 8,
};

/** CODEC_RESERVED of an aac field. */
export const reserved = (field: string, value: number) =>
  codecErrors.protocol('RESERVED', { codec: 'aac', field, value });
