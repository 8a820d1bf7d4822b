// Trickled candidates and ICE restarts by PATCH (RFC 9725 §4.3).
import { type Check, isRefused, isStatus, type Outcome, shown, skip, verdict } from './check.ts';
import { type Answer, type EndpointClient, type EndpointSession, FRAGMENT } from './client.ts';
import { ufragOf } from './offer.ts';

/** Some tag when the endpoint has none: it then need not compare. */
const tagOf = ({ etag }: EndpointSession): string => etag ?? '"none"';

/** Left out where the endpoint has neither. */
export const patchChecks: readonly Check[] = [
  {
    id: 'trickle',
    section: '4.3.2',
    level: 'must',
    title: 'candidates of the ICE session are taken with 204',
    advice: 'Answer 204 No Content, also when none of the candidates can be used.',
    run: (client) => withTrickle(client, (answer) => isStatus(answer, 204)),
  },
  {
    id: 'trickle-unusable',
    section: '4.3.2',
    level: 'must',
    title: 'candidates that cannot be used are left out in silence',
    advice: 'Answer 204: a transport that is not known, or a name that cannot be found, is no fault of the fragment.',
    run: (client) => withTrickle(client, (answer) => isStatus(answer, 204), unusable),
  },
  {
    id: 'trickle-etag',
    section: '4.3.2',
    level: 'must',
    title: 'the answer to candidates has neither a body nor an ETag',
    advice: 'Send ETag only when the ICE session is another one: with 201, and with the 200 of a restart.',
    run: (client) =>
      withTrickle(client, ({ header, text }) => {
        const tag = header('etag');
        return verdict(tag === undefined && text === '', tag === undefined ? `${text.length} bytes` : `ETag: ${tag}`);
      }),
  },
  {
    id: 'patch-type',
    section: '4.3.1',
    level: 'must',
    title: 'a fragment with another content type is refused',
    advice: 'Answer 415 unless the type is application/trickle-ice-sdpfrag.',
    run: async (client) => {
      const session = await client.session();
      return isRefused(await client.patch(session, tagOf(session), client.fragment(), 'application/sdp'));
    },
  },
  {
    id: 'patch-malformed',
    section: '4.3.1',
    level: 'must',
    title: 'a body that is no fragment is refused',
    advice: 'Answer 400.',
    run: async (client) => {
      const session = await client.session();
      return isRefused(await client.patch(session, tagOf(session), 'this is no fragment\r\n'));
    },
  },
  {
    id: 'no-etag',
    section: '4.3.1',
    level: 'must',
    title: 'candidates without If-Match are refused with 428',
    advice: 'Answer 428 Precondition Required.',
    run: (client) => withTag(client, (session) => client.patch(session, undefined, trickled(client, session)), 428),
  },
  {
    id: 'other-etag',
    section: '4.3.1',
    level: 'must',
    title: 'candidates of another ICE session are refused with 412',
    advice: 'Answer 412 Precondition Failed when If-Match is not the newest ETag.',
    run: (client) => withTag(client, (session) => client.patch(session, '"another"', trickled(client, session)), 412),
  },
  {
    id: 'restart',
    section: '4.3.3',
    level: 'must',
    title: 'an ICE restart is answered with 200, new credentials and another ETag',
    advice: 'Answer the new ufrag and password as application/trickle-ice-sdpfrag.',
    run: (client) =>
      withRestart(client, (answer, session) => {
        const type = answer.header('content-type') ?? '';
        const tag = answer.header('etag');
        const ufrag = ufragOf(answer.text);
        const isNew =
          ufrag !== '' && ufrag !== ufragOf(session.created.text) && tag !== undefined && tag !== session.etag;
        if (session.etag === undefined) return verdict(false, 'the 201 had no ETag');
        return verdict(
          answer.status === 200 && type.startsWith(FRAGMENT) && isNew,
          `${shown(answer)}, ${type}, ETag: ${tag}`,
        );
      }),
  },
  {
    id: 'restart-candidates',
    section: '4.3.3',
    level: 'must',
    title: 'the answer to a restart has the candidates of the server, and ice-lite as the answer had it',
    advice: 'Send them again: the client forgets all candidates of the ICE session before.',
    run: (client) =>
      withRestart(client, ({ text }, { created }) => {
        const count = text.match(/^a=candidate:/gm)?.length ?? 0;
        const isLite = (sdp: string): boolean => /^a=ice-lite\s*$/m.test(sdp);
        const [before, after] = [isLite(created.text), isLite(text)];
        return verdict(count > 0 && before === after, `${count} candidates, ice-lite ${before}, then ${after}`);
      }),
  },
  {
    id: 'restart-etag',
    section: '4.3.3',
    level: 'must',
    title: 'behind a restart the old ETag is refused with 412 and the new one holds',
    advice: 'Compare with the newest tag only.',
    run: (client) =>
      withRestart(client, async (answer, session, restart) => {
        const fragment = client.fragment(ufragOf(restart));
        const old = await client.patch(session, tagOf(session), fragment);
        const good = await client.patch(session, answer.header('etag'), fragment);
        return verdict(old.status === 412 && good.status === 204, `${old.status}, then ${good.status}`);
      }),
  },
  {
    id: 'patch-gone',
    section: '4.2',
    level: 'must',
    title: 'PATCH of a session that has ended is refused with 404 or 410',
    advice: 'Forget the URL with the session.',
    run: async (client) => {
      const session = await client.session();
      await client.ask('DELETE', session.url);
      return isStatus(await client.patch(session, tagOf(session), client.fragment()), 404, 410);
    },
  },
];

/** A transport that nobody has, and a name that is kept from being one (RFC 6761 §6.4). */
const unusable = (fragment: string): string =>
  fragment
    .replace(/ udp (\d+) \S+ /, ' sctp $1 192.0.2.1 ')
    .replace(/^(a=candidate:.*)$/m, '$1\r\na=candidate:2 1 udp 1 no.invalid 9 typ host');

const trickled = (client: EndpointClient, { offer }: EndpointSession): string => client.fragment(ufragOf(offer));

/** Neither trickle ICE (422, 501, 405) nor restarts must be there. */
const isUnsupported = ({ status }: Answer): boolean => status === 422 || status === 501 || status === 405;

async function withTrickle(
  client: EndpointClient,
  look: (answer: Answer) => Outcome,
  change = (fragment: string): string => fragment,
): Promise<Outcome> {
  const session = await client.session();
  const answer = await client.patch(session, session.etag, change(trickled(client, session)));
  return isUnsupported(answer) ? skip(`${answer.status}: no trickle ICE`) : look(answer);
}

async function withTag(
  client: EndpointClient,
  ask: (session: EndpointSession) => Promise<Answer>,
  wanted: number,
): Promise<Outcome> {
  const session = await client.session();
  if (session.etag === undefined) return skip('it has no ETag: there is one ICE session only');
  const answer = await ask(session);
  return isUnsupported(answer) ? skip(`${answer.status}: no trickle ICE`) : isStatus(answer, wanted);
}

async function withRestart(
  client: EndpointClient,
  look: (answer: Answer, session: EndpointSession, fragment: string) => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  const session = await client.session();
  const fragment = client.fragment();
  const answer = await client.patch(session, '*', fragment);
  return isUnsupported(answer) ? skip(`${answer.status}: no ICE restarts`) : look(answer, session, fragment);
}
