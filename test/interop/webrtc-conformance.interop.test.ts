// Our own endpoints before the conformance suite of WHIP and WHEP: every check passes.
import { beforeAll, describe, expect, it } from 'vitest';
import { checkConformance, createEngine, silentLog } from '../../src/core/index.ts';
import { confServer } from '../tools/conf-server.ts';
import { type TestServer, testServer } from '../tools/interop.ts';

/** What an endpoint need not have: servers of STUN and TURN for the client (§4.6), and a token (§4.7.1). */
const optional = ['ice-servers', 'ice-servers-turn', 'ice-servers-preflight', 'token-missing'];

describe('the conformance suite', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await testServer({ rtc: ['127.0.0.1:0'] });
  });

  const check = async (kind: 'whip' | 'whep', path: string, { http } = server) => {
    const engine = createEngine({ log: silentLog });
    const source = `${kind}://${new URL(http).host}${path}`;
    const report = await checkConformance(engine.host, { source, signal: new AbortController().signal });
    engine.close();
    return report;
  };

  it.each(['whip', 'whep'] as const)('%s: nothing fails', async (kind) => {
    const report = await check(kind, `/rtc/v1/${kind}/?app=live&stream=conformance-${kind}`);

    expect(report.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(report.checks.filter(({ verdict }) => verdict === 'skip').map(({ id }) => id)).toEqual(optional);
    expect(report.passed).toBeGreaterThan(40);
    expect([...server.host.sessions.list()]).toHaveLength(0);
  });

  it.each(['whip', 'whep'] as const)('%s with servers of STUN and TURN: nothing fails', async (kind) => {
    const other = await confServer(
      `rtc_server { enabled on; listen 127.0.0.1:0; ice_servers stun:127.0.0.1:3478 turn:127.0.0.1?transport=udp user pass; }
       vhost __defaultVhost__ { rtc { enabled on; } }`,
    );

    const report = await check(kind, `/rtc/v1/${kind}/?app=live&stream=conformance-${kind}`, other);

    expect(report.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(report.checks.filter(({ verdict }) => verdict === 'skip').map(({ id }) => id)).toEqual(['token-missing']);
  });

  it('finds fault with a page that is no endpoint', async () => {
    const report = await check('whip', '/players/nothing.html');

    expect(report.failed).toBeGreaterThan(20);
  });
});
