// From the file's form of configurations and samples to the canonical one of docs/codecs.md.
import { equalBytes } from '../../base/bytes.ts';
import { ProtocolError } from '../../base/errors.ts';
import * as av1 from '../../codec/av1/index.ts';
import * as h264 from '../../codec/h264/index.ts';
import * as h265 from '../../codec/h265/index.ts';
import { type LengthSize, splitLengthPrefixed, widenLengths } from '../../codec/nal.ts';
import * as vp9 from '../../codec/vp9/index.ts';
import type { Track } from '../../media/track.ts';
import type { Description } from './description.ts';
import { fmp4Errors } from './errors.ts';

/** How the samples of one track become frames. */
export interface Canonical {
  /** The configuration in canonical form. */
  readonly config: Uint8Array;
  /** Frame bytes out of sample bytes; returns the argument itself where the form is the same. */
  readonly frame: (sample: Uint8Array) => Uint8Array;
  /** Parameters that only the frames have (avc3, hev1): a configuration out of a frame, undefined without any. */
  readonly discover?: (frame: Uint8Array) => Uint8Array | undefined;
}

const same = (sample: Uint8Array): Uint8Array => sample;

/** Errors: FMP4_CONFIG for a configuration that cannot be read. */
export function canonical({ codec, config }: Description): Canonical {
  try {
    switch (codec) {
      case 'h264': {
        const { lengthSize, sps } = h264.parseConfig(config);
        const form = lengthForm(config, 4, lengthSize);
        return sps.length > 0 ? form : { ...form, discover: (data) => h264.configOf(splitLengthPrefixed(data)) };
      }
      case 'h265': {
        const record = h265.parseConfig(config);
        const form = lengthForm(config, 21, record.lengthSize);
        const hasSps = h265.parameterSets(record).sps.length > 0;
        return hasSps ? form : { ...form, discover: (data) => h265.configOf(splitLengthPrefixed(data)) };
      }
      case 'av1':
        av1.parseConfig(config);
        return { config, frame: av1.toCanonical };
      case 'vp9':
        return { config: vp9.writeConfig(vp9.parseConfig(config)), frame: same };
      default:
        return { config, frame: same };
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw fmp4Errors.protocol('CONFIG', { codec, why: error.message }, error);
  }
}

/** @param at offset of the byte whose low two bits are lengthSizeMinusOne. */
function lengthForm(config: Uint8Array, at: number, lengthSize: LengthSize): Canonical {
  const wide = config.slice();
  wide[at] = (wide[at] as number) | 3;
  return { config: wide, frame: (sample) => widenLengths(sample, lengthSize) };
}

/** A frame's track: a new epoch when its frame brings parameters that the track did not have. */
export function discovered(track: Track, form: Canonical, frame: Uint8Array): Track {
  const config = form.discover?.(frame);
  if (config === undefined || equalBytes(config, track.config)) return track;
  return { ...track, config, epoch: track.epoch + 1 };
}
