// The packetiser of each codec.
import * as aac from '../../codec/aac/index.ts';
import type { Codec, Track } from '../../media/track.ts';
import { AacPacketiser } from './aac.ts';
import { Av1Packetiser } from './av1.ts';
import { NalPacketiser, type NalShape } from './nal-packetiser.ts';
import type { Packetiser } from './unit.ts';
import { Vp8Packetiser, Vp9Packetiser } from './vpx.ts';

/** Ticks of the RTP clock in each second, by codec (RFC 6184 §5.1, RFC 7587 §4.1, RFC 3551 §6); that of AAC varies. */
export const clockRates: Partial<Record<Codec, number>> = {
  h264: 90_000,
  h265: 90_000,
  av1: 90_000,
  vp8: 90_000,
  vp9: 90_000,
  opus: 48_000,
  pcma: 8000,
  pcmu: 8000,
};

/** Ticks a second of a track: of AAC the samples of its core. Throws the errors of the configuration's parser. */
export const clockRateOf = ({ codec, config }: Track): number | undefined =>
  codec === 'aac' ? aac.parseConfig(config).sampleRate : clockRates[codec];

/** @param maxPayload bytes of the longest payload. @param shape of those made of units, H.264 and H.265. */
export function makePacketiser(track: Track, maxPayload: number, shape?: NalShape): Packetiser | undefined {
  switch (track.codec) {
    case 'h264':
    case 'h265':
      return new NalPacketiser(track.codec, track, maxPayload, shape);
    case 'vp8':
      return new Vp8Packetiser(maxPayload);
    case 'vp9':
      return new Vp9Packetiser(maxPayload);
    case 'av1':
      return new Av1Packetiser(track, maxPayload);
    case 'aac':
      return new AacPacketiser(maxPayload);
    case 'opus':
    case 'pcma':
    case 'pcmu':
      return whole;
    default:
      return undefined;
  }
}

/** A frame of sound is a payload. */
const whole: Packetiser = { packetise: (data) => (data.length === 0 ? [] : [[data]]) };
