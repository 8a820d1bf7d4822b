// Codes of GB28181; those of SIP and of the program stream are theirs.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const errors = defineErrors('GB', {
  ID: {
    srs: 4046,
    text: 'a device cannot be called {id}',
    advice: 'Give the device an id of 20 digits; 1 to 64 letters, digits, _ and - are taken.',
  },
  BUSY: {
    srs: 1028,
    text: 'the device {id} or the SSRC {ssrc} is expected already',
    advice: 'Wait until its media is over, or ask with others.',
  },
  REQUEST: {
    srs: 3008,
    text: 'the request cannot be read: {why}',
    advice: 'Send {"id":"34020000001320000001","ssrc":"1234567890"}.',
  },
  SSRC: {
    srs: 4051,
    text: 'no SSRC is free for {id}',
    advice: 'Give the server an id whose digits 4 to 8 are its own.',
  },
  TIMEOUT: {
    srs: 4053,
    text: '{id} sent no media within {seconds} s',
    advice: 'Look whether the camera reaches the address of sip.candidate and the media port.',
  },
  STRANGER: {
    srs: 4053,
    text: 'no media of a known SSRC came within {seconds} s',
    advice: 'The sender uses another SSRC than it was told, or nobody has invited it.',
  },
  TAKEN: {
    srs: 1028,
    text: 'another connection sends the SSRC {ssrc}',
    advice: 'Two cameras have the same id, or a proxy sends twice.',
  },
  NO_MEDIA: {
    srs: 4050,
    text: 'no frame came within {seconds} s',
    advice: 'Send H.264 or H.265 with AAC, MP3 or G.711 as a program stream.',
  },
  SILENT: { srs: 4053, text: 'nothing came for {seconds} s', advice: 'The camera or its network hangs.' },
  LATE: { text: 'too much media waits for the admission', advice: 'The hooks take too long.' },
  GONE: { text: 'the device has left', advice: 'It said BYE, or unregistered.' },
  STOPPED: { text: 'the server stops', advice: 'Try again in a moment.' },
});
