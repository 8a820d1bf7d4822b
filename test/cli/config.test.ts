import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { srsx } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'srsx-config-'));
const file = join(folder, 'srs.conf');
writeFileSync(file, 'listen 127.0.0.1:0;\nfirst_wait_for_qlv 9;\nvhost __defaultVhost__ {\n  gop_cache off;\n}\n');
const wrong = join(folder, 'wrong.conf');
writeFileSync(wrong, 'listen 1935;\nvhost v {\n  hls { hls_fragmnt 2; }\n}\n');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

describe('config', () => {
  it.each(['config check', 'config show', 'config explain'])('%s explains itself', async (command) => {
    const { code, stdout } = await srsx(...command.split(' '), '--help');

    expect(code).toBe(0);
    expect(stdout).toContain(`$ srsx ${command}`);
  });

  it('check: says what has no effect', async () => {
    const { code, stdout } = await srsx('config', 'check', '-c', file);

    expect(code).toBe(0);
    expect(stdout).toContain(`${file} is right. 1 remark:`);
    expect(stdout).toContain(`${file}:2: first_wait_for_qlv has no effect`);
  });

  it('check: names file, line, directive and the nearest known name of an error', async () => {
    const { code, stderr } = await srsx('config', 'check', wrong);

    expect(code).toBe(3);
    expect(stderr).toContain(`${wrong}:3: "hls_fragmnt" is not a directive of vhost.hls (CONFIG_UNKNOWN)`);
    expect(stderr).toContain('Did you mean hls_fragment?');
  });

  it('show: lists what is set, each with its origin', async () => {
    const { stdout } = await srsx('config', 'show', file, '--json');

    expect(JSON.parse(stdout)).toEqual({
      values: [
        { directive: 'first_wait_for_qlv', vhost: '', value: '9', from: `${file}:2` },
        { directive: 'rtmp.listen', vhost: '', value: '127.0.0.1:0', from: `${file}:1` },
        { directive: 'vhost.play.gop_cache', vhost: '__defaultVhost__', value: 'off', from: `${file}:4` },
      ],
    });
  });

  it('explain: tells all about one directive', async () => {
    const { stdout } = await srsx('config', 'explain', 'gop_cache', '-c', file);

    expect(stdout).toMatch(/Value +off/);
    expect(stdout).toContain(`${file}:4`);
    expect(stdout).toContain('SRS_VHOST_PLAY_GOP_CACHE');
  });
});

describe('serve by a configuration', () => {
  it.each([['-t', '-c', file], ['-tc', file], ['-c', file, '--test'], [`-tc${file}`]])(
    'only checks it with -t: %s %s %s',
    async (...args) => {
      const { code, stdout } = await srsx('serve', ...args.filter((arg) => arg !== undefined));

      expect(code).toBe(0);
      expect(stdout).toBe('The configuration is right.\n');
    },
  );

  it('exits with 3 for a wrong one', async () => {
    const { code, stderr } = await srsx('serve', '-c', wrong);

    expect(code).toBe(3);
    expect(stderr).toContain('CONFIG_UNKNOWN');
  });

  it('does not take flags beside it that it speaks of', async () => {
    const { code, stderr } = await srsx('serve', '-c', file, '--merge-window', '0');

    expect(code).toBe(2);
    expect(stderr).toContain('--merge-window does not go with a configuration');
  });

  it('takes addresses beside it, which stand above it', async () => {
    const { code, stderr } = await srsx('serve', '-t', '-c', file, '-p', '1985', '--api-listen', '1985');

    expect(code).toBe(0);
    expect(stderr).not.toContain('does not go with');
  });

  it('leaves the variables to the configuration', async () => {
    vi.stubEnv('SRS_ENV_ONLY', 'yes');
    vi.stubEnv('SRS_RTMPS_LISTEN', '127.0.0.1:0');
    vi.stubEnv('SRS_VHOST_PLAY_MW_LATENCY', '350');

    const { code } = await srsx('serve', '-t');

    vi.stubEnv('SRS_HTTP_API_LISTEN', 'nowhere');
    const wrongOne = await srsx('serve', '-t');

    expect(code).toBe(0);
    expect(wrongOne.stderr).toContain('SRS_HTTP_API_LISTEN');
    expect(wrongOne.code).toBe(3);
  });
});
