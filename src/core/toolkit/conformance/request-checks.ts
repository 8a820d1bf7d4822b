// Methods, types and bodies at the endpoint, and the life of a session's URL (RFC 9725 §4.1, §4.2, §4.6, §4.7).

import { type HttpLink, parseLinks } from '../../wire/http/link-header.ts';
import type { Outcome } from './check.ts';
import { type Check, isRefused, isStatus, shown, skip, verdict } from './check.ts';
import type { Answer, EndpointClient } from './client.ts';

/** WHEP says how a session ends, and of OPTIONS, in a section of its own. */
const END = { whip: '4.2', whep: '4.3' } as const;

/** What is asked and refused by HTTP alone. */
export const requestChecks: readonly Check[] = [
  {
    id: 'get',
    section: '4.1',
    level: 'must',
    title: 'GET of the endpoint is a success without content',
    advice: 'Answer 204 to GET; it must not begin a session or give a page. Drafts before 13 wanted 405.',
    run: async (client) => isEmpty(await client.ask('GET', client.url)),
  },
  {
    id: 'get-session',
    section: '4.1',
    level: 'must',
    title: 'GET of a session is a success without content',
    advice: 'Answer 204 to GET. Drafts before 13 wanted 405.',
    run: async (client) => isEmpty(await client.ask('GET', (await client.session()).url)),
  },
  {
    id: 'put',
    section: 'RFC 9110 §9.1',
    level: 'should',
    title: 'PUT of the endpoint is refused with 405',
    advice: 'Refuse methods that the specification does not use: later versions of it may.',
    run: async (client) => isStatus(await client.ask('PUT', client.url, {}, ''), 405, 501),
  },
  {
    id: 'allow',
    section: 'RFC 9110 §15.5.6',
    level: 'must',
    title: '405 names the methods that are allowed',
    advice: 'Send Allow: OPTIONS, POST with every 405.',
    run: async (client) => {
      const answer = await client.ask('PUT', client.url, {}, '');
      if (answer.status !== 405) return skip(shown(answer));
      const allow = answer.header('allow') ?? '';
      return verdict(/\bPOST\b/i.test(allow), `Allow: ${allow || 'missing'}`);
    },
  },
  {
    id: 'options',
    section: END,
    level: 'must',
    title: 'OPTIONS is a success, as CORS wants',
    advice: 'Answer 200 or 204 to OPTIONS, without asking for a token.',
    run: async (client) => isStatus(await client.ask('OPTIONS', client.url, PREFLIGHT, undefined, ''), 200, 204),
  },
  {
    id: 'accept-post',
    section: END,
    level: 'should',
    title: 'OPTIONS says Accept-Post: application/sdp',
    advice: 'Send the header with each answer to OPTIONS.',
    run: async (client) => {
      const value = (await client.ask('OPTIONS', client.url)).header('accept-post') ?? '';
      return verdict(value.includes('application/sdp'), `Accept-Post: ${value || 'missing'}`);
    },
  },
  {
    id: 'cors',
    section: END,
    level: 'must',
    title: 'a page of another origin may post an offer and send a token',
    advice: 'Allow the origin, POST, Content-Type and Authorization in the answer to the preflight.',
    run: async (client) => allowsPages(await client.ask('OPTIONS', client.url, PREFLIGHT, undefined, '')),
  },
  {
    id: 'cors-location',
    section: END,
    level: 'should',
    title: 'a page of another origin may read Location, ETag and Link of the answer',
    advice: 'Send Access-Control-Expose-Headers with the 201: without Location a page cannot end its session.',
    run: async (client) => {
      const { status, header } = await client.post(client.offer(), { Origin: ORIGIN });
      const exposed = header('access-control-expose-headers') ?? '';
      return verdict(
        status === 201 && (exposed === '*' || /\blocation\b/i.test(exposed)),
        `exposed: ${exposed || 'none'}`,
      );
    },
  },
  {
    id: 'type',
    section: '4.2',
    level: 'must',
    title: 'an offer with another content type is refused',
    advice: 'Answer 415 unless the type is application/sdp.',
    run: async (client) => isRefused(await client.post(client.offer(), { 'Content-Type': 'text/plain' })),
  },
  {
    id: 'type-parameter',
    section: 'RFC 9110 §8.3.1',
    level: 'should',
    title: 'application/sdp with a parameter, in any case, is the same type',
    advice: 'Compare the type without its parameters, letters of any case.',
    run: async (client) =>
      isStatus(await client.post(client.offer(), { 'Content-Type': 'Application/SDP; charset=utf-8' }), 201),
  },
  {
    id: 'empty',
    section: '4.2',
    level: 'must',
    title: 'an empty body is refused',
    advice: 'Answer 400.',
    run: async (client) => isRefused(await client.post('')),
  },
  {
    id: 'malformed',
    section: '4.2',
    level: 'must',
    title: 'a body that is no SDP is refused',
    advice: 'Answer 400, never 500.',
    run: async (client) => isRefused(await client.post('this is no session description\r\n')),
  },
  {
    id: 'no-sections',
    section: '4.2',
    level: 'must',
    title: 'an offer without a section is refused',
    advice: 'Answer 400: there is nothing to answer.',
    run: async (client) => isRefused(await client.post('v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n')),
  },
  {
    id: 'delete',
    section: END,
    level: 'must',
    title: 'DELETE of the session ends it with 200',
    advice: 'Answer 200 and free the session at once.',
    run: async (client) => isStatus(await client.ask('DELETE', (await client.session()).url), 200, 204),
  },
  {
    id: 'delete-again',
    section: END,
    level: 'must',
    title: 'a session that has ended is gone: DELETE is refused with 404 or 410',
    advice: 'Forget the URL with the session.',
    run: async (client) => {
      const { url } = await client.session();
      await client.ask('DELETE', url);
      return isStatus(await client.ask('DELETE', url), 404, 410);
    },
  },
  {
    id: 'delete-frees',
    section: END,
    level: 'must',
    title: 'the next session may begin at once',
    advice: 'Free the stream name before DELETE is answered.',
    run: async (client) => {
      await client.ask('DELETE', (await client.session()).url);
      return isStatus(await client.post(client.offer()), 201);
    },
  },
  {
    id: 'delete-etag',
    section: '4.3.1',
    level: 'must',
    title: 'DELETE does not look at If-Match',
    advice: 'Ignore entity tags where no ICE session is meant.',
    run: async (client) => {
      const { url } = await client.session();
      return isStatus(await client.ask('DELETE', url, { 'If-Match': '"another"' }), 200, 204);
    },
  },
  {
    id: 'guessed-url',
    section: '5',
    level: 'should',
    title: 'the URL of a session cannot be guessed from another one, nor without its secret',
    advice: 'Put at least 64 random bits into it, and compare all of them.',
    run: guessedUrl,
  },
  {
    id: 'ice-servers',
    section: '4.6',
    level: 'must',
    title: 'Link headers of rel="ice-server" are URIs of STUN or TURN',
    advice: 'Write <turn:host?transport=udp>; rel="ice-server"; username="…"; credential="…".',
    run: iceServers,
  },
  {
    id: 'ice-servers-turn',
    section: '4.6',
    level: 'must',
    title: 'Link headers of TURN have what browsers want: a user name and a credential of type password',
    advice: 'Send username and credential; browsers refuse all servers when TURN is without them.',
    run: turnServers,
  },
  {
    id: 'ice-servers-preflight',
    section: '4.6',
    level: 'should',
    title: 'the answer to a preflight has no Link headers of rel="ice-server"',
    advice: 'Leave them out when Access-Control-Request-Method is there: it may be asked by anybody, and often.',
    run: async (client) => {
      if ((await iceLinksOf(client)).length === 0) return skip('none');
      const links = iceLinksIn(await client.ask('OPTIONS', client.url, PREFLIGHT, undefined, ''));
      return verdict(links.length === 0, links.map(({ target }) => target).join(', ') || 'none');
    },
  },
  {
    id: 'token-missing',
    section: '4.7.1',
    level: 'must',
    title: 'without its token a client is refused with 401',
    advice: 'Answer 401 with WWW-Authenticate: Bearer (RFC 6750 §3).',
    run: async (client) => {
      if (!client.hasToken) return skip('no token was given');
      const answer = await client.post(client.offer(), {}, '');
      if (answer.status === 201) return skip('the endpoint does not ask for one');
      return isStatus(answer, 401);
    },
  },
];

const ORIGIN = 'https://conformance.example';
const PREFLIGHT = {
  Origin: ORIGIN,
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'authorization, content-type',
} as const;

const isEmpty = (answer: Answer): Outcome =>
  verdict(answer.status >= 200 && answer.status < 300 && answer.text === '', shown(answer));

function allowsPages({ header }: Answer): Outcome {
  const origin = header('access-control-allow-origin') ?? '';
  const allowed = (header('access-control-allow-headers') ?? '').toLowerCase();
  // The star is never meant for Authorization (Fetch §3.3.3).
  const token = /\bauthorization\b/.test(allowed);
  const type = allowed.includes('content-type') || allowed.includes('*');
  const found = `origin ${origin || 'none'}, headers ${allowed || 'none'}`;
  return verdict((origin === '*' || origin === ORIGIN) && token && type, found);
}

async function guessedUrl(client: EndpointClient): Promise<Outcome> {
  const first = await client.session();
  const tail = first.url.href.slice(client.url.origin.length);
  // Each letter or digit one further: whatever part is the secret, it is another one.
  const other = new URL(
    tail.replace(/[0-9a-z](?=[^/?&=]*$)/gi, (letter) => (letter === '0' ? '1' : '0')),
    client.url,
  );
  const guess = await client.ask('DELETE', other);
  const own = await client.ask('DELETE', first.url);
  return verdict(guess.status >= 400 && guess.status < 500 && own.status < 300, `${shown(guess)}, then ${own.status}`);
}

const iceLinksIn = ({ header }: Answer): HttpLink[] =>
  parseLinks(header('link') ?? '').filter(({ attributes }) => attributes.get('rel') === 'ice-server');

const iceLinksOf = async (client: EndpointClient): Promise<HttpLink[]> => iceLinksIn((await client.session()).created);

/** RFC 7064 §3.1, RFC 7065 §3.1. */
async function iceServers(client: EndpointClient): Promise<Outcome> {
  const servers = (await iceLinksOf(client)).map(({ target }) => target);
  if (servers.length === 0) return skip('none');
  return verdict(
    servers.every((uri) => /^(stuns?:[^/?\s]+|turns?:[^/?\s]+(\?transport=\w+)?)$/i.test(uri)),
    servers.join(', '),
  );
}

async function turnServers(client: EndpointClient): Promise<Outcome> {
  const servers = (await iceLinksOf(client)).filter(({ target }) => /^turns?:/i.test(target));
  if (servers.length === 0) return skip('none');
  const bare = servers.find(
    ({ attributes }) =>
      !attributes.get('username') ||
      !attributes.get('credential') ||
      (attributes.get('credential-type') ?? 'password') !== 'password',
  );
  return verdict(bare === undefined, bare === undefined ? `${servers.length} with credentials` : bare.target);
}
