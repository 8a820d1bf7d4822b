// The conformance suite of WHIP and WHEP against endpoints in memory: what it asks, and what it makes of bad answers.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import type { HttpRequestOptions } from '../../../src/core/control/host.ts';
import { checkConformance } from '../../../src/core/toolkit/conformance.ts';
import type { HttpResponse } from '../../../src/core/wire/http/exchange.ts';
import { FakeLink } from '../../tools/fakes.ts';
import { fakeHost, runUntil, turn } from './fake-host.ts';

interface Asked extends HttpRequestOptions {
  readonly url: URL;
}

/** An endpoint that answers everything with one status and body. */
const run = (source: string, status: number, body: string | undefined, token?: string) =>
  runAgainst(source, () => ({ status, body }), token);

interface Given {
  readonly status: number;
  readonly body: string | undefined;
  readonly location?: string;
  readonly link?: string;
}

function runAgainst(source: string, give: (asked: Asked) => Given, token?: string, { signal } = new AbortController()) {
  const asked: Asked[] = [];
  const host = fakeHost();
  const request = async (url: URL, options: HttpRequestOptions): Promise<HttpResponse> => {
    asked.push({ ...options, url });
    options.signal.throwIfAborted();
    options.upload?.(new FakeLink());
    const { status, body, location, link: links } = give({ ...options, url });
    const link = new FakeLink();
    // Bodies come when somebody listens, as from a real socket.
    void turn().then(() => {
      if (body === undefined) return;
      link.onData(utf8(body));
      link.onClose(undefined);
    });
    return { status, header: (name) => ({ location, link: links })[name], body: link };
  };
  const report = checkConformance({ ...host, net: { ...host.net, request } }, { source, signal, token });
  return { asked, report: runUntil(host.clock, report) };
}

describe('the conformance suite', () => {
  it('maps whip:// to http:// and wheps:// to https://, and sends the token', async () => {
    const plain = run('whip://host:1985/rtc/v1/whip/?app=a&stream=b', 404, 'no', 'secret');
    await plain.report;
    const safe = run('wheps://host/x', 404, 'no');
    await safe.report;

    expect(plain.asked[0]?.url.href).toBe('http://host:1985/rtc/v1/whip/?app=a&stream=b');
    expect(plain.asked[0]?.headers['Authorization']).toBe('Bearer secret');
    expect(safe.asked[0]?.url.href).toBe('https://host/x');
  });

  it('refuses what is no endpoint', async () => {
    await expect(run('http://host/x', 200, '').report).rejects.toMatchObject({ code: 'CONFORMANCE_URL' });
  });

  it('names the sections of the specification that holds', async () => {
    const { checks } = await run('whep://host/x', 404, 'no').report;

    expect(checks.find(({ id }) => id === 'trickle')?.section).toBe('draft-ietf-wish-whep §4.4.2');
    expect(checks.find(({ id }) => id === 'delete')?.section).toBe('draft-ietf-wish-whep §4.3');
    expect(checks.some(({ id }) => id === 'partial')).toBe(false);
  });

  it('fails the checks of sessions when a good offer gives none', async () => {
    const { checks } = await run('whip://host/x', 404, 'no').report;

    const check = checks.find(({ id }) => id === 'delete');
    expect(check).toMatchObject({ verdict: 'fail', found: expect.stringContaining('CONFORMANCE_SESSION') });
  });

  /** Gives sessions to everybody, and counts those that nobody ended. */
  function generous(onSession = (): void => undefined) {
    const open = new Set<string>();
    let made = 0;
    const give = ({ method, url }: Asked): Given => {
      if (method === 'DELETE') return { status: open.delete(url.pathname) ? 200 : 404, body: '' };
      if (method !== 'POST') return { status: 405, body: '' };
      const location = `/session/${made++}`;
      open.add(location);
      onSession();
      return { status: 201, body: '', location };
    };
    return { open, give };
  }

  it('ends the session of an endpoint that asks for no token', async () => {
    const { open, give } = generous();

    const { asked, report } = runAgainst('whip://host/x', give, 'secret');
    const { checks } = await report;

    expect(checks.find(({ id }) => id === 'token-missing')).toMatchObject({ verdict: 'skip' });
    expect(asked.some(({ method, headers }) => method === 'POST' && headers['Authorization'] === undefined)).toBe(true);
    expect(open).toEqual(new Set());
  });

  it.each([
    ['<stun:a.example:3478>; rel="ice-server"', ['pass', 'skip', 'pass']],
    ['<turn:a?transport=udp>; rel=ice-server; username="u"; credential="a, b"', ['pass', 'pass', 'pass']],
    ['<https://a>; rel="ice-server"', ['fail', 'skip', 'pass']],
    ['<stun:a?transport=udp>; rel="ice-server"', ['fail', 'skip', 'pass']],
    ['<turn:a>; rel="ice-server"', ['pass', 'fail', 'pass']],
    ['<turn:a>; rel="ice-server"; username="u"; credential="c"; credential-type="oauth"', ['pass', 'fail', 'pass']],
    ['<https://a>; rel="urn:ietf:params:whip:ext:x"', ['skip', 'skip', 'skip']],
  ])('looks at the servers of %s', async (link, wanted) => {
    const { give } = generous();
    const told = (asked: Asked): Given => ({ ...give(asked), ...(asked.method === 'POST' && { link }) });

    const { checks } = await runAgainst('whip://host/x', told).report;

    const found = checks.filter(({ id }) => id.startsWith('ice-servers')).map(({ verdict }) => verdict);
    expect(found).toEqual(wanted);
  });

  it('finds fault with servers that are told in a preflight', async () => {
    const { give } = generous();
    const told = (asked: Asked): Given => ({ ...give(asked), link: '<stun:a>; rel="ice-server"' });

    const { checks } = await runAgainst('whip://host/x', told).report;

    expect(checks.find(({ id }) => id === 'ice-servers-preflight')).toMatchObject({ verdict: 'fail', found: 'stun:a' });
  });

  it('ends the session of a check that the operator interrupts', async () => {
    const operator = new AbortController();
    const { open, give } = generous(() => operator.abort());

    await runAgainst('whip://host/x', give, undefined, operator).report;

    expect(open).toEqual(new Set());
  });

  it.each([
    ['that does not end', undefined],
    ['that is too long', 'x'.repeat(300_000)],
  ])('does not wait for a body %s', async (_, body) => {
    await expect(run('whip://host/x', 200, body).report).rejects.toMatchObject({ code: 'CONFORMANCE_BODY' });
  });
});
