// Codes of AMF0.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const amf0Errors = defineErrors('AMF0', {
  SHORT: {
    srs: 2003,
    text: 'AMF0 wants {wanted} bytes at offset {offset}, {left} left',
    advice: 'The message is cut or damaged.',
  },
  MARKER: {
    srs: 2004,
    text: 'AMF0 type marker {marker} at offset {offset} is not supported',
    advice: 'References, movie clips and record sets are not used by encoders.',
  },
  AMF3: {
    srs: 2004,
    text: 'AMF3 type marker {marker} inside AMF0 is not supported',
    advice: 'Set objectEncoding to 0 in the encoder.',
  },
  DEPTH: { srs: 2003, text: 'AMF0 objects are nested deeper than {limit}', advice: 'Raise limits.amfDepth.' },
  VALUES: { srs: 2003, text: 'an AMF0 message has more than {limit} values', advice: 'Raise limits.amfValues.' },
  NAME: {
    srs: 2003,
    text: 'an AMF0 property name of {size} bytes is longer than {limit}',
    advice: 'The message is damaged.',
  },
});
