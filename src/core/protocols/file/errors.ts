// Codes of the file protocol. What the machine says about files (missing, directory, full disk) comes from the net
// layer in its own words and passes through.
import { defineErrors, SrsxError } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const fileErrors = defineErrors('FILE', {
  FAILED: { text: '{path}: {why}', advice: 'Check the disk, or what is at the other end of the pipe.' },
  CLOSED: { text: 'the reader of {path} has gone', advice: 'What it had not taken is lost.' },
  EMPTY: { text: '{path} is empty', advice: 'Whoever wrote it failed; for `-`, nothing came on standard input.' },
  CONTENT: {
    text: '{path} is not a media file that srsx reads (it begins with {head}); known: {known}',
    advice: 'Convert it first, for instance: ffmpeg -i FILE -c copy out.flv',
  },
  FORMAT: {
    text: 'no container is known for {path}; known: {known}',
    advice: 'Use a known file name ending. For standard output, file:///?path=-&format=flv names it.',
  },
});

/** Anything that a link or the net layer gave as reason, as one of ours. */
export function fileFault(path: string, error: unknown): SrsxError {
  if (error instanceof SrsxError) return error;
  return fileErrors.system('FAILED', { path, why: error instanceof Error ? error.message : String(error) }, error);
}
