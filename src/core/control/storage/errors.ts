// Codes of files that the server writes by itself: segments, playlists, recordings.
import { defineErrors } from '../../base/errors.ts';

/** Codes `STORAGE_*`. */
export const storageErrors = defineErrors('STORAGE', {
  PATH: {
    text: 'the path {path} is not allowed: {why}',
    advice: 'Correct the template: a path below the base directory, without .., with names of at most 255 bytes.',
  },
  SLOW: {
    srs: 3005,
    text: 'the disk does not keep up: {bytes} bytes wait for {root}',
    advice: 'Use a faster disk, or fewer streams on it.',
  },
});
