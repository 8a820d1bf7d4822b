// Our own endpoints before the conformance suite of WHIP and WHEP; every check passes or is listed here with its reason.
import { beforeAll, describe, expect, it } from 'vitest';
import { checkConformance, createEngine, silentLog } from '../../src/core/index.ts';
import { type TestServer, testServer } from '../tools/interop.ts';

/** Checks that our server does not pass. */
const known: Readonly<Record<string, string>> = {
  'trickle-etag': 'the 204 to candidates repeats the ETag, which has not changed',
  'patch-malformed': 'a lite agent does not read candidates, so a body without any is no candidate either',
  partial: 'as SRS: what cannot be used is refused by its section, and the rest is published',
  'two-videos': 'as SRS: the second picture is refused by its section',
};

describe('the conformance suite', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await testServer({ rtc: ['127.0.0.1:0'] });
  });

  const check = async (kind: 'whip' | 'whep', path: string) => {
    const engine = createEngine({ log: silentLog });
    const source = `${kind}://${new URL(server.http).host}${path}`;
    const report = await checkConformance(engine.host, { source, signal: new AbortController().signal });
    engine.close();
    return report;
  };

  it.each(['whip', 'whep'] as const)('%s: what fails is known, and what is known fails', async (kind) => {
    const report = await check(kind, `/rtc/v1/${kind}/?app=live&stream=conformance-${kind}`);

    const failed = report.checks.filter(({ verdict }) => verdict === 'fail');
    expect(failed.filter(({ id }) => !(id in known))).toEqual([]);
    expect(
      Object.keys(known).filter((id) => report.checks.some((one) => one.id === id && one.verdict !== 'fail')),
    ).toEqual([]);
    expect(report.passed).toBeGreaterThan(30);
    expect([...server.host.sessions.list()]).toHaveLength(0);
  });

  it('finds fault with a page that is no endpoint', async () => {
    const report = await check('whip', '/players/nothing.html');

    expect(report.failed).toBeGreaterThan(20);
  });
});
