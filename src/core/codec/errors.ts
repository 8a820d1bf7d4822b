// The codes of everything that parses codec bytes; the details name the codec and the field.
import { defineErrors } from '../base/errors.ts';

/** Codes CODEC_*; most share them, since the details name codec and field. */
export const codecErrors = defineErrors('CODEC', {
  VERSION: {
    text: 'the {codec} configuration has version {version}',
    advice: 'The encoder or file writes a record that is not the one of the specification.',
  },
  DIMENSION: {
    text: 'a {codec} picture of {width}x{height} is empty or above {limit} pixels a side',
    advice: 'The parameter set is damaged, or the encoder crops more than the picture has.',
  },
  RANGE: {
    text: '{field} of {codec} is {value}, allowed are {least} to {most}',
    advice: 'The parameter set or header is damaged.',
  },
  RESERVED: {
    text: '{field} of {codec} has the reserved value {value}',
    advice: 'The header is damaged, or uses a later edition of the specification.',
  },
  MISSING: {
    text: 'the {codec} input has no {what}',
    advice: 'The encoder must send its parameter sets before the first picture.',
  },
  UNIT: {
    text: 'a {codec} unit is damaged: {what}',
    advice: 'The publisher cut or mixed up its units; packets may have been lost on the way.',
  },
  SYNC: {
    text: 'a {codec} frame does not begin with its sync word but with {found}',
    advice: 'The frame is cut, or the track is not {codec}.',
  },
});
