import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.ts';
import { demoSample } from '../../src/cli/assets.ts';
import { until } from '../tools/interop.ts';
import { type Running, start } from './run.ts';

beforeAll(() => {
  if (!existsSync(join(root, 'oclif.manifest.json'))) throw new Error('not built: npm run build');
});

const ports = ['rtmp', 'http', 'api', 'rtc'].flatMap((name) => [`--${name}-listen`, '127.0.0.1:0']);

interface Places {
  readonly listeners: readonly { readonly name: string; readonly address: { readonly port: number } }[];
}

/** A served demo and its ports by name; it is ended whatever happens. */
async function withServer(use: (port: (name: string) => number, server: Running) => Promise<void>): Promise<void> {
  const server = start(['serve', '--demo', '--json', ...ports]);
  const { listeners } = JSON.parse(await server.firstLine) as Places;
  const port = (name: string): number => listeners.find((listener) => listener.name === name)?.address.port ?? 0;
  try {
    await use(port, server);
  } finally {
    server.signal('SIGINT');
    await server.ended;
  }
}

describe('the built program', () => {
  it('serves a demo, is probed and benched, and ends with ctrl-C', async () => {
    await withServer(async (port, server) => {
      const rtmp = `rtmp://127.0.0.1:${port('rtmp')}/live`;
      const http = `http://127.0.0.1:${port('http')}`;

      const probe = await start(['probe', `${rtmp}/demo`, '--duration', '1s', '--json']).ended;
      const play = await start(['bench', 'play', `${http}/live/demo.flv`, '-n', '3', '-d', '1s', '--json']).ended;
      const publish = await start(['bench', 'publish', `${rtmp}/b%d`, '-n', '3', '-d', '1s', '--json']).ended;
      const broken = await start(['bench', 'play', `${rtmp}/demo`, '-n', '1', '-d', '1s', '--fail-if', 'served>0'])
        .ended;
      const page = await fetch(`${http}/`);
      const library = await fetch(`${http}/assets/mpegts.js`);
      const busy = await start(['serve', ...ports.slice(2), '--rtmp-listen', `127.0.0.1:${port('rtmp')}`]).ended;
      server.signal('SIGINT');
      const { code } = await server.ended;

      expect(probe.code).toBe(0);
      expect(JSON.parse(probe.stdout)).toMatchObject({ live: true });
      expect(JSON.parse(play.stdout)).toMatchObject({ clients: { served: 3, failed: 0 } });
      expect(JSON.parse(publish.stdout)).toMatchObject({ clients: { served: 3, failed: 0 } });
      expect(broken.code).toBe(99);
      expect(await page.text()).toContain('<title>srsx player</title>');
      expect(library.status).toBe(200);
      expect(busy.code).toBe(5);
      expect(busy.stderr).toContain('--rtmp-listen');
      expect(code).toBe(0);
    });
  });

  it('ends an interrupted relay in order, with 130', async () => {
    await withServer(async (port) => {
      const from = `rtmp://127.0.0.1:${port('rtmp')}/live/demo`;
      const relay = start(['relay', from, join(tmpdir(), `srsx-interrupted-${process.pid}.flv`)]);
      await relay.firstLine;

      relay.signal('SIGINT');
      const { code, stdout } = await relay.ended;

      expect(code).toBe(130);
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ endedBy: 'signal' });
    });
  });

  it('gives a snapshot up at ctrl-C, with 130', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'srsx-snapshot-'));
    const [ffmpeg, begun] = [join(folder, 'ffmpeg'), join(folder, 'begun')];
    // A stream of which no picture comes.
    await writeFile(ffmpeg, `#!/bin/sh\ntouch '${begun}'\nexec sleep 60\n`, { mode: 0o755 });
    const snapshot = start(['snapshot', 'rtmp://127.0.0.1/live/a', join(folder, 'a.jpg'), '--ffmpeg', ffmpeg]);
    await until('FFmpeg runs', () => existsSync(begun));

    snapshot.signal('SIGINT');
    const { code, stderr } = await snapshot.ended;
    await rm(folder, { recursive: true });

    expect(stderr).toContain('SNAPSHOT_GIVEN_UP');
    expect(code).toBe(130);
  });

  it('writes media to standard output and nothing else', async () => {
    const { code, stdout, stderr } = await start(['relay', demoSample, '-', '--duration', '1s', '--json']).ended;

    expect(code).toBe(0);
    expect(stdout.startsWith('FLV')).toBe(true);
    expect(JSON.parse(stderr)).toMatchObject({ endedBy: 'duration' });
  });

  it('shows the help of a command without the core', async () => {
    const count = `data:text/javascript,${encodeURIComponent(
      `import { registerHooks } from 'node:module'; const names = [];
       registerHooks({ load: (url, context, next) => (names.push(url), next(url, context)) });
       process.on('exit', () => process.stderr.write(JSON.stringify(names)));`,
    )}`;
    const manifest = JSON.parse(await readFile(join(root, 'oclif.manifest.json'), 'utf8')) as { commands: object };
    for (const command of Object.keys(manifest.commands)) {
      const { stderr, stdout } = await start([...command.split(':'), '--help'], { nodeArgs: ['--import', count] })
        .ended;
      const modules = JSON.parse(stderr) as string[];

      expect(stdout, command).toContain('USAGE');
      expect(modules.some((url) => url.endsWith('/bin/run.js'))).toBe(true);
      expect(
        modules.filter((url) => url.endsWith('/dist/core/index.js')),
        command,
      ).toEqual([]);
    }
  });

  describe('on a Node that is too old', () => {
    // The check reads process.versions; a real old Node is not on every machine.
    const pretend = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.0.0"}})`;
    const nodeArgs = ['--import', pretend];

    it('goes on with the one that came with the package', async () => {
      const { code, stdout } = await start(['--version'], { nodeArgs }).ended;

      expect(code).toBe(0);
      expect(stdout).toMatch(/^srsx\/\d/);
    });

    it('says in one line what is needed when there is none', async () => {
      const { code, stdout, stderr } = await start(['serve'], { nodeArgs, env: { SRSX_RESTARTED: '1' } }).ended;

      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^srsx needs Node\.js 22\.12 or newer\. [^\n]*\n$/);
    });
  });
});
