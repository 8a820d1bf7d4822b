// SDP: offers of any text, and what is negotiated out of those that can be read.

import { utf8 } from '../../src/core/base/bytes.ts';
import { RefusedError } from '../../src/core/base/errors.ts';
import { negotiate } from '../../src/core/protocols/webrtc/negotiate.ts';
import { everyCodec, writeOffer } from '../../src/core/protocols/webrtc/offer.ts';
import { parseFragment, parseSdp, writeSdp } from '../../src/core/wire/sdp/index.ts';
import { refuses } from './tools.ts';

export const name = 'sdp';

const ice = { ufrag: 'abcd', pwd: '0123456789012345678901' };
const fingerprint = { hash: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') };
const offer = writeOffer({ ice, fingerprint, sessionId: 1, direction: 'sendonly', ...everyCodec });

export const seeds = [
  offer,
  offer.replaceAll('sendonly', 'recvonly'),
  offer.replaceAll('sendonly', 'sendrecv\r\na=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l'),
  offer.replaceAll('a=mid:1', 'a=mid:0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=ssrc:1 cname:x'),
].map(utf8);

/** Every text is read or refused; what is read is negotiated both ways or refused; what is answered can be read again. */
export function run(bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes);
  refuses(() => parseFragment(text));
  refuses(() => {
    const description = parseSdp(text);
    for (const action of ['publish', 'play'] as const) {
      try {
        const wishes = { action, video: undefined, audio: undefined, nack: true, twcc: true };
        const { sections } = negotiate(description, wishes);
        const answer = { origin: '-', name: '-', sessionId: 1, ice, fingerprint, candidates: [], lite: true };
        const again = parseSdp(writeSdp({ ...answer, setup: 'passive', sections }));
        if (again.sections.length !== sections.length) throw new Error('an answer has other sections than its offer');
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
      }
    }
  });
}
