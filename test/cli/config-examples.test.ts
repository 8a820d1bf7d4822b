// Configurations as SRS's users have them, each read by `config check`; and one file with every directive that there is.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.ts';
import { schema, settingAt } from '../../src/core/control/config/schema/index.ts';
import { srsx } from './run.ts';

const examples = join(root, 'test/fixtures/srs-conf');
const folder = mkdtempSync(join(tmpdir(), 'srsx-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an example', () => {
  it.each(readdirSync(examples).toSorted())('%s is right', async (name) => {
    const { code, stdout, stderr } = await srsx('config', 'check', '-c', join(examples, name));

    expect(stderr).toBe('');
    expect(stdout).toContain(`${name} is right`);
    expect(code).toBe(0);
  });

  it('in the form of earlier releases means what the newer form does', async () => {
    const { stdout } = await srsx('config', 'show', '-c', join(examples, 'old-forms.conf'), '--json');

    const { values } = JSON.parse(stdout) as { values: { directive: string; value: string }[] };
    const value = (path: string): string | undefined => values.find(({ directive }) => directive === path)?.value;
    expect(value('http_server.listen')).toBe('8080');
    expect(value('vhost.refer.publish')).toBe('d.example.com');
    expect(value('vhost.forward.destination')).toBe('192.0.2.4:1935');
    expect(value('vhost.rtc.keep_bframe')).toBe('on');
    expect(value('vhost.rtc.rtmp_to_rtc')).toBe('on');
    expect(value('srt_server.tlpktdrop')).toBe('on');
  });
});

/** A tree of blocks; a leaf is its words. */
interface Block {
  [name: string]: Block | string;
}

/** A word that every kind takes; a switch stays off, so that no two parts contradict each other. */
function wordOf(path: string): string {
  const kind = settingAt(path)?.kind ?? 'text';
  if (kind === 'on only for on' || kind === 'off only for off') return 'off';
  if (kind === 'rules') return 'publish all';
  if (path.endsWith('.ice_servers')) return 'stun:127.0.0.1:3478 turn:127.0.0.1?transport=udp user credential';
  if (kind === 'endpoints' || path.endsWith('listen')) return '0';
  return kind === 'int' || kind === 'float' ? '1' : '/x';
}

function everything(): Block {
  const tree: Block = {};
  for (const path of Object.keys(schema)) {
    if (path === 'include' || path === 'stats.network') continue;
    const steps = path.split('.');
    const name = steps.pop() ?? '';
    let at = tree;
    for (const step of steps) at = (at[step] = typeof at[step] === 'object' ? at[step] : {}) as Block;
    if (settingAt(path)?.kind === 'block') at[name] = typeof at[name] === 'object' ? at[name] : {};
    else at[name] = wordOf(path);
  }
  return tree;
}

function write(tree: Block): string {
  const lines = Object.entries(tree).map(([name, what]) =>
    typeof what === 'string' ? `${name} ${what};` : `${name}${named.includes(name) ? ' x' : ''} {\n${write(what)}\n}`,
  );
  return lines.join('\n');
}

const named = ['vhost', 'ingest', 'transcode', 'engine'];

it('a file with every directive is read, and what it says is found again', async () => {
  const file = join(folder, 'every.conf');
  writeFileSync(file, write(everything()));

  const { code, stderr } = await srsx('config', 'check', '-c', file);
  const shown = await srsx('config', 'show', '-c', file, '--json');

  expect(stderr).toBe('');
  expect(code).toBe(0);
  const { values } = JSON.parse(shown.stdout) as { values: { directive: string; from: string }[] };
  // Root forms that were moved to `rtmp` and engines of two parents are shown once.
  expect(values.filter(({ from }) => from.startsWith(file)).length).toBeGreaterThan(280);
});
