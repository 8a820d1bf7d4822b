// The codes of DTLS.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const dtlsErrors = defineErrors('DTLS', {
  MESSAGE: { text: 'a DTLS handshake message is damaged: {why}', advice: 'The peer is damaged or hostile.' },
  STATE: { text: 'a DTLS handshake message came at the wrong time: {why}', advice: 'The peer is damaged or hostile.' },
  NO_COMMON: {
    text: 'there is no common {what}',
    advice: 'The peer must speak DTLS 1.2 with ECDHE on P-256, AES-128-GCM and SRTP, as RFC 8827 asks of all.',
  },
  FINGERPRINT: {
    text: 'the certificate has another fingerprint than the one that was signalled',
    advice: 'Somebody is between the peer and this server, or the peer changed its certificate after its offer.',
  },
  PROOF: {
    text: 'the peer does not prove that it has the key of its certificate',
    advice: 'Somebody uses the certificate of another, or packets were changed on their way.',
  },
  TIMEOUT: {
    text: 'the DTLS handshake did not end within {seconds} s{alert}',
    advice: 'A firewall lets STUN through and DTLS not, or the peer refused; its own log says why.',
  },
  ALERT: { text: 'the peer ended the DTLS connection by alert {alert}', advice: 'The log of the peer says why.' },
});
