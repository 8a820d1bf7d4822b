// The 201 and the answer in it (RFC 9725 §4.2, §4.4; RFC 9429 §5.3.1).
import { parseSdp, type SessionDescription } from '../../wire/sdp/index.ts';
import { type Check, isStatus, type Outcome, shown, skip, verdict } from './check.ts';
import type { EndpointClient, EndpointSession } from './client.ts';

/** What the answer says. */
export const answerChecks: readonly Check[] = [
  {
    id: 'created',
    section: '4.2',
    level: 'must',
    title: 'an offer is answered with 201, Content-Type: application/sdp',
    advice: 'Answer 201 Created with the answer as its body.',
    run: async (client) => {
      const answer = await client.post(client.offer());
      const type = answer.header('content-type') ?? '';
      const isSdp = /^application\/sdp\s*(;|$)/i.test(type);
      return verdict(answer.status === 201 && isSdp, `${shown(answer)}, Content-Type: ${type || 'missing'}`);
    },
  },
  {
    id: 'location',
    section: '4.2',
    level: 'must',
    title: 'Location is the URL of the session',
    advice: 'Name it with every 201; it may be relative.',
    run: async (client) => {
      const location = (await client.post(client.offer())).header('location');
      return verdict(location !== undefined && URL.canParse(location, client.url.href), location ?? 'missing');
    },
  },
  {
    id: 'etag',
    section: '4.3.1',
    level: 'must',
    title: 'an endpoint that restarts ICE gives a strong ETag',
    advice: 'Send ETag: "…" with the 201, another for each ICE session.',
    run: async (client) => {
      const { etag } = await client.session();
      if (etag === undefined) return skip('none: it does not restart ICE');
      return verdict(/^"[^"]+"$/.test(etag), etag);
    },
  },
  {
    id: 'answer-order',
    section: '4.2',
    level: 'must',
    title: 'the answer has the sections of the offer, in its order, with its mids',
    advice: 'Answer each section in its place (RFC 9429 §5.3.1).',
    run: (client) =>
      judge(client, ({ sections }, offer) => {
        const names = (all: SessionDescription['sections']): string =>
          all.map(({ kind, mid }) => `${kind} ${mid}`).join();
        return verdict(names(sections) === names(offer.sections), names(sections));
      }),
  },
  {
    id: 'answer-direction',
    section: '4.2',
    level: 'must',
    title: 'media goes one way only: recvonly in the answer of WHIP, sendonly in that of WHEP',
    advice: 'Write the direction of the endpoint into every section.',
    run: (client) => judge(client, (answer) => oneWay(client, answer)),
  },
  {
    id: 'answer-both-ways',
    section: '4.2',
    level: 'must',
    title: 'an offer of sendrecv is answered one way too',
    advice: 'Clients may offer sendrecv; the answer still says recvonly (WHIP) or sendonly (WHEP).',
    run: async (client) => oneWay(client, answerOf(await client.session({ direction: 'sendrecv' }))),
  },
  {
    id: 'answer-candidates',
    section: '4.3.2',
    level: 'must',
    title: 'the answer has all candidates of the server',
    advice: 'Gather them before the answer: there is no way to send them later.',
    run: async (client) => {
      const { created } = await client.session();
      const count = created.text.match(/^a=candidate:/gm)?.length ?? 0;
      return verdict(count > 0, `${count} candidates`);
    },
  },
  {
    id: 'answer-bundle',
    section: '4.4.1',
    level: 'must',
    title: 'the answer bundles every section, with rtcp-mux',
    advice: 'Name every mid in a=group:BUNDLE and write a=rtcp-mux into every section.',
    run: (client) =>
      judge(client, ({ bundle, sections }) => {
        const bundled = sections.every(({ mid, rtcpMux }) => rtcpMux && bundle.includes(mid));
        return verdict(
          bundled,
          `bundle ${bundle.join(' ') || 'none'}, rtcp-mux ${sections.map(({ rtcpMux }) => rtcpMux)}`,
        );
      }),
  },
  {
    id: 'answer-msid',
    section: { whip: '4.4.2', whep: '4.5.2' },
    level: 'must',
    title: 'all sections belong to one MediaStream, which a=msid names',
    advice: 'Write the same first word of a=msid into every section that sends.',
    only: 'whep',
    run: async (client) => {
      const { sections, text } = sectionsOf(await client.session());
      const streams = new Set(text.match(/^a=msid:\S+/gm) ?? []);
      const count = text.match(/^a=msid:/gm)?.length ?? 0;
      return verdict(
        streams.size === 1 && count === sections,
        `${count} of ${sections}: ${[...streams].join() || 'none'}`,
      );
    },
  },
  {
    id: 'answer-ice',
    section: '4.2',
    level: 'must',
    title: 'the answer has ICE credentials of full length and a fingerprint (RFC 8839 §5.4, RFC 8122 §5)',
    advice: 'At least 4 characters of ufrag, 22 of password, sha-256 or better.',
    run: (client) =>
      judge(client, ({ sections }) => {
        const good = sections.every(
          ({ ice, fingerprint }) =>
            (ice?.ufrag.length ?? 0) >= 4 &&
            (ice?.pwd.length ?? 0) >= 22 &&
            /^sha-(256|384|512)$/.test(fingerprint?.hash ?? ''),
        );
        return verdict(good, sections.map(({ fingerprint }) => fingerprint?.hash ?? 'no fingerprint').join());
      }),
  },
  {
    id: 'answer-setup',
    section: 'RFC 8842 §5.3',
    level: 'must',
    title: 'the answer to actpass chooses a role of DTLS',
    advice: 'Answer active or passive, never actpass.',
    run: (client) =>
      judge(client, ({ sections }) => {
        const setups = sections.map(({ setup }) => setup);
        return verdict(
          setups.every((setup) => setup === 'active' || setup === 'passive'),
          setups.join(),
        );
      }),
  },
  {
    id: 'setup-active',
    section: '4.4.4',
    level: 'should',
    title: 'a client that can only be the client of DTLS is answered passive, or refused with 422 or 400',
    advice: 'Be the server of DTLS for setup:active.',
    only: 'whip',
    run: async (client) => {
      const answer = await client.post(client.offer({ setup: 'active' }));
      if (answer.status !== 201) return isStatus(answer, 422, 400);
      const setups = parseSdp(answer.text).sections.map(({ setup }) => setup);
      return verdict(
        setups.every((setup) => setup === 'passive'),
        setups.join(),
      );
    },
  },
];

/** Throws SDP_DECODE. */
const answerOf = ({ created }: EndpointSession): SessionDescription => parseSdp(created.text);

/** Sections that are not refused; the text for what no parser of ours keeps. */
function sectionsOf({ created }: EndpointSession): { readonly sections: number; readonly text: string } {
  return { sections: parseSdp(created.text).sections.filter(({ port }) => port !== 0).length, text: created.text };
}

async function judge(
  client: EndpointClient,
  look: (answer: SessionDescription, offer: SessionDescription) => Outcome,
): Promise<Outcome> {
  const session = await client.session();
  return look(answerOf(session), parseSdp(session.offer));
}

function oneWay({ kind }: EndpointClient, { sections }: SessionDescription): Outcome {
  const wanted = kind === 'whip' ? 'recvonly' : 'sendonly';
  const directions = sections.map(({ direction }) => direction);
  return verdict(
    directions.every((direction) => direction === wanted),
    directions.join(),
  );
}
