// Codes of recordings. What the machine says about a disk comes from the net layer in its own words.
import { defineErrors } from '../../base/errors.ts';

/** Of the parts of recording that are not the disk itself. */
export const recordErrors = defineErrors('RECORD', {
  KIND: {
    text: 'no container is known for {path}; known: {known}',
    advice: 'Use one of the known endings.',
  },
  PLAN: {
    srs: 3083,
    text: 'dvr_plan {plan} is unknown; session is used',
    advice: 'Write session, segment or append.',
  },
  NO_TRACK: {
    text: '{container} has no place for {codecs}: nothing is recorded',
    advice: 'Record as .mp4 or .flv, which have more codecs.',
  },
  STDOUT: {
    text: 'a recording needs a file that can be read again, not standard output',
    advice: 'Use relay to write to standard output.',
  },
});
