// Codes of the program stream.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const psErrors = defineErrors('PS', {
  SYNC: {
    srs: 4048,
    text: 'no pack header of a program stream in {bytes} bytes',
    advice: 'This is not a program stream, or it is encrypted.',
  },
});
