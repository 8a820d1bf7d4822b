// Codes of playlists that cannot be read.
import { defineErrors } from '../../base/errors.ts';

/** Codes `PLAYLIST_*`. */
export const playlistErrors = defineErrors('PLAYLIST', {
  HEAD: { text: 'the first line is not #EXTM3U', advice: 'The URL does not give a playlist.' },
  SIZE: { text: 'a playlist of {size} {unit} is above the limit of {limit}', advice: 'Is this a playlist?' },
  LINE: { text: 'line {line}: {why}', advice: 'See RFC 8216bis §4.4.' },
  DECRYPT: {
    text: 'a segment of {bytes} bytes cannot be decrypted',
    advice: 'The key file is not the one that the segment was encrypted with.',
  },
  MIXED: {
    text: 'line {line}: {tag} belongs to the other kind of playlist',
    advice: 'A playlist names variants or segments, not both (RFC 8216bis §4.1).',
  },
});
