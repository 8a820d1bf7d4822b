// Codes of playlists that cannot be read.
import { defineErrors } from '../../base/errors.ts';

export const playlistErrors = defineErrors('PLAYLIST', {
  HEAD: { text: 'the first line is not #EXTM3U', advice: 'The URL does not give a playlist.' },
  SIZE: { text: 'a playlist of {size} {unit} is above the limit of {limit}', advice: 'Is this a playlist?' },
  LINE: { text: 'line {line}: {why}', advice: 'See RFC 8216bis §4.4.' },
  MIXED: {
    text: 'line {line}: {tag} belongs to the other kind of playlist',
    advice: 'A playlist names variants or segments, not both (RFC 8216bis §4.1).',
  },
});
