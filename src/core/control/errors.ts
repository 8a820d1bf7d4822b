// Codes of the engine itself.
import { defineErrors } from '../base/errors.ts';

export const engineErrors = defineErrors('ENGINE', {
  ADDRESS: {
    text: '{text} is not an address to listen at',
    advice: 'Write a port (1935), or host:port (127.0.0.1:1935, [::1]:1935).',
  },
  DEMO: { text: 'the demo stream needs an RTMP port', advice: 'Give the server at least one RTMP address.' },
  NO_FILE: {
    srs: 1061,
    text: 'there is no configuration that could be read again',
    advice: 'Start the server with -c FILE, or with -e.',
  },
  STOPPED: { text: 'the server stops', advice: 'Connect again when it is back.' },
});
