// Whether a decoder may start at a frame, for every codec of the program.
import { isKeyFrame as isAv1Key } from './av1/index.ts';
import { isKeyFrame as isH264Key } from './h264/index.ts';
import { isKeyFrame as isH265Key } from './h265/index.ts';
import { isKeyFrame as isVp8Key } from './vp8/index.ts';
import { isKeyFrame as isVp9Key } from './vp9/index.ts';

/**
 * Whether a decoder may start at this frame, given as canonical data (docs/codecs.md). True for audio and for codecs
 * that are not known here, as nothing says otherwise.
 *
 * Errors: CODEC_UNIT, and for h264 BITS_SHORT, BITS_GOLOMB, CODEC_RANGE, when the data in front of the picture is
 * damaged.
 */
export function isKeyFrame(codec: string, data: Uint8Array): boolean {
  switch (codec) {
    case 'h264':
      return isH264Key(data);
    case 'h265':
      return isH265Key(data);
    case 'av1':
      return isAv1Key(data);
    case 'vp8':
      return isVp8Key(data);
    case 'vp9':
      return isVp9Key(data);
    default:
      return true;
  }
}
