// A server as it is installed, without flags and without a configuration: what listens, and what each address gives to
// somebody in the network who has no credential. In a network namespace of its own, where SRS's ports are free.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.ts';

/** TEST-NET-1 (RFC 5737): an address that is not the loopback's. */
const NETWORK = '192.0.2.1';
const prepare = `ip link set lo up && ip addr add ${NETWORK}/32 dev lo`;

const canUnshare = ((): boolean => {
  try {
    execFileSync('unshare', ['-rn', 'sh', '-c', prepare], { stdio: 'ignore' });
    return true;
  } catch {
    // Not on this system, or not for this user.
    return false;
  }
})();

interface Shown {
  readonly listening: readonly string[];
  /** `METHOD host:port/path` to what came. */
  readonly answers: Readonly<Record<string, string>>;
  readonly said: string;
}

describe.skipIf(!canUnshare)('a default install (needs unshare and ip)', () => {
  let shown: Shown;
  const folder = mkdtempSync(join(tmpdir(), 'srsx-default-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(() => {
    const probe = [process.execPath, join(root, 'test/tools/default-install.ts'), join(root, 'bin/run.js')];
    const script = `${prepare} && exec "$@"`;
    const args = ['-rn', 'sh', '-c', script, 'sh', ...probe, NETWORK, folder];
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SRS_')));
    shown = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8', env })) as Shown;
  });

  const asked = (place: string): [string, string][] =>
    Object.entries(shown.answers).filter(([what]) => what.includes(` ${place}/`));

  it('listens for RTMP and HTTP on all addresses, for the API on this machine, and nowhere else', () => {
    expect(shown.listening, shown.said).toEqual(['tcp 0.0.0.0:1935', 'tcp 0.0.0.0:8080', 'tcp 127.0.0.1:1985']);
  });

  it('has no API, exporter or console for the network', () => {
    const answers = asked(`${NETWORK}:1985`);

    expect(answers.length).toBeGreaterThan(10);
    for (const [what, came] of answers) expect([what, came]).toEqual([what, 'ECONNREFUSED']);
  });

  it('tells the network its version at the port of streams, and takes no order there', () => {
    const open = asked(`${NETWORK}:8080`).filter(([, came]) => !came.startsWith('404'));

    expect(open.map(([what]) => what)).toEqual([`GET ${NETWORK}:8080/api/v1/versions`]);
  });

  it('shows the API to this machine', () => {
    expect(shown.answers['GET 127.0.0.1:1985/api/v1/streams/']).toContain('"streams":[]');
    // Reload is off, as in SRS; settings want a file that is named for them.
    expect(shown.answers['GET 127.0.0.1:1985/api/v1/raw?rpc=reload']).toBe('200 {"code":1061}');
    expect(shown.answers['PUT 127.0.0.1:1985/api/srsx/v1/settings/vhost.hls.hls_fragment']).toMatch(/^40[03]/);
  });
});
