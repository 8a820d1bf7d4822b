// Codes of transport streams over UDP.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const errors = defineErrors('UDP', {
  SILENT: { srs: 1011, text: 'no datagram came for {seconds} s', advice: 'Look whether the sender runs.' },
  NO_MEDIA: {
    srs: 4013,
    text: 'no frame came within {seconds} s',
    advice: 'Send H.264 or H.265 with AAC, MP3 or Opus as a transport stream.',
  },
  URL: { text: '{url} is not udp://host:port', advice: 'For instance: udp://127.0.0.1:8935.' },
  STOPPED: { text: 'the server stops', advice: 'Try again in a moment.' },
});
