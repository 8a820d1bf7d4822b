// Codes of the media core.
import { defineErrors } from '../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const streamErrors = defineErrors('STREAM', {
  BUSY: {
    srs: 1028,
    text: 'stream {stream} is already being published',
    advice: 'Stop the other publisher, use another name, or set the publisher policy to takeover.',
  },
  TAKEN: {
    text: 'another publisher took over stream {stream}',
    advice: 'The publisher policy is takeover and a newer publisher came.',
  },
  ENDED: { text: 'the publication of {stream} is over', advice: 'The publisher has left.' },
  COUNT: { text: 'the limit of {limit} streams is reached', advice: 'Raise limits.streams or end unused streams.' },
  TRACKS: { text: '{count} tracks are more than the limit of {limit}', advice: 'Raise limits.tracks.' },
});

/** Codes with their texts and advice; docs/errors.md has all. */
export const playErrors = defineErrors('PLAYER', {
  TOO_SLOW: {
    text: 'the player took nothing for {seconds} s',
    advice: 'Its network or decoder is too slow for the bitrate of the stream.',
  },
});
