// The depacketiser of each codec.
import type { Codec } from '../../media/track.ts';
import { AacDepacketiser, type AacTerms } from './aac.ts';
import { Av1Depacketiser } from './av1.ts';
import { NalDepacketiser } from './nal-depacketiser.ts';
import type { Depacketiser, MediaUnit, Payload } from './unit.ts';
import { VpxDepacketiser } from './vpx.ts';

/** What came beside the payloads (RTSP: in the SDP). */
export interface OutOfBand {
  /** Parameter sets of H.264 and H.265, which some cameras do not send again. */
  readonly sets?: readonly Uint8Array[];
  /** AAC has no payloads without it. */
  readonly aac?: AacTerms;
}

/** Undefined for codecs that do not come by RTP here. Throws the errors of the parsers of what came beside. */
export function makeDepacketiser(codec: Codec, { sets, aac }: OutOfBand = {}): Depacketiser | undefined {
  switch (codec) {
    case 'h264':
    case 'h265':
      return new NalDepacketiser(codec, sets);
    case 'aac':
      return aac === undefined ? undefined : new AacDepacketiser(aac);
    case 'vp8':
    case 'vp9':
      return new VpxDepacketiser(codec);
    case 'av1':
      return new Av1Depacketiser();
    case 'opus':
    case 'pcma':
    case 'pcmu':
      return new SoundDepacketiser();
    default:
      return undefined;
  }
}

/** A payload is a frame of sound. */
class SoundDepacketiser implements Depacketiser {
  readonly needsKey = false;

  push({ bytes, ticks }: Payload): MediaUnit[] {
    return bytes.length === 0 ? [] : [{ data: new Uint8Array(bytes), key: true, ticks }];
  }

  lost(): void {
    // Decoders conceal it.
  }
}
