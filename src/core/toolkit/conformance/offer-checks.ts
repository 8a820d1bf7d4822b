// Offers that WHIP and WHEP do not allow (RFC 9725 §4.2, §4.4).
import { type Check, isRefused, isStatus, type Outcome } from './check.ts';
import type { Answer } from './client.ts';

/** Of what is understood and cannot be done; drafts before 15 wanted 406, which HTTP has for something else (RFC 9110 §15.5.7). */
const isUnusable = (answer: Answer): Outcome => isStatus(answer, 422, 400, 406);

/** Each changes one thing of a good offer. */
export const offerChecks: readonly Check[] = [
  {
    id: 'wrong-way',
    section: '4.2',
    level: 'should',
    title: 'an offer whose media goes the other way is refused',
    advice: 'Refuse recvonly at a WHIP endpoint and sendonly at a WHEP endpoint.',
    run: async (client) =>
      isRefused(await client.post(client.offer({ direction: client.kind === 'whip' ? 'recvonly' : 'sendonly' }))),
  },
  {
    id: 'inactive',
    section: '4.2',
    level: 'should',
    title: 'an offer in which nothing flows is refused',
    advice: 'Refuse inactive sections.',
    run: async (client) => isRefused(await client.post(client.offer({ direction: 'inactive' }))),
  },
  {
    id: 'no-bundle',
    section: '4.4.1',
    level: 'must',
    title: 'an offer without a BUNDLE group is refused',
    advice: 'Every section must be in one group; a media server has one port.',
    run: async (client) => isRefused(await client.post(client.offer({ without: ['a=group:BUNDLE'] }))),
  },
  {
    id: 'no-rtcp-mux',
    section: '4.4.1',
    level: 'must',
    title: 'an offer without rtcp-mux is refused',
    advice: 'RTP and RTCP share one transport.',
    run: async (client) => isRefused(await client.post(client.offer({ without: ['a=rtcp-mux'] }))),
  },
  {
    id: 'no-ice',
    section: 'RFC 8839 §5.4',
    level: 'must',
    title: 'an offer without ICE credentials is refused',
    advice: 'Nothing could ever be authenticated.',
    run: async (client) => isRefused(await client.post(client.offer({ without: ['a=ice-ufrag', 'a=ice-pwd'] }))),
  },
  {
    id: 'no-fingerprint',
    section: 'RFC 8827 §6.5',
    level: 'must',
    title: 'an offer without a fingerprint is refused',
    advice: 'Without it anybody on the way could be the peer.',
    run: async (client) => isRefused(await client.post(client.offer({ without: ['a=fingerprint'] }))),
  },
  {
    id: 'no-codec',
    section: { whip: '4.4.3', whep: '4.2' },
    level: 'should',
    title: 'an offer without a codec that both have is refused with 422 or 400',
    advice: 'Answer 422 Unprocessable Content.',
    run: async (client) =>
      isUnusable(await client.post(client.offer({ video: 'X-NONE/90000', audio: 'X-NONE/48000' }))),
  },
  {
    id: 'partial',
    section: '4.4.3',
    level: 'should',
    title: 'an offer of which one section cannot be used is refused with 422 or 400, not answered in part',
    advice: 'A publisher without its sound misleads; refuse the whole offer.',
    only: 'whip',
    run: async (client) => isUnusable(await client.post(client.offer({ audio: 'X-NONE/48000' }))),
  },
  {
    id: 'two-videos',
    section: '4.4.2',
    level: 'must',
    title: 'an offer with two tracks of pictures is refused with 422 or 400 unless both are taken',
    advice: 'Answer 422 Unprocessable Content when several tracks of a kind are not supported.',
    only: 'whip',
    run: async (client) => {
      const answer = await client.post(client.offer({ secondVideo: true }));
      const refused = answer.text.match(/^m=\w+ 0 /gm)?.length ?? 0;
      return answer.status === 201 && refused === 0 ? { verdict: 'pass', found: 'both are taken' } : isUnusable(answer);
    },
  },
];
