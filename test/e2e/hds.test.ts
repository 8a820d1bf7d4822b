// HDS as a player has it: manifest, bootstrap and fragments from the HTTP server, which finds them on the disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoSample } from '../../src/cli/assets.ts';
import { createEngine, type Engine, loadConfig, type Server, silentLog } from '../../src/core/index.ts';
import { until } from '../tools/interop.ts';
import { readBootstrap } from '../unit/format/hds/read.ts';

let directory: string;
let engine: Engine;
let server: Server;
let base: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'srsx-hds-'));
  engine = createEngine({ log: silentLog });
  const text = `listen 127.0.0.1:0; http_server { enabled on; listen 127.0.0.1:0; dir "${directory}"; }
    vhost __defaultVhost__ { hds { enabled on; hds_fragment 1; hds_path "${directory}"; } }`;
  const config = loadConfig({ text, file: 'srs.conf', read: () => '' });
  server = await engine.serve({ config, demo: { sample: demoSample } });
  const { port = 0 } = server.listeners.find(({ name }) => name === 'http')?.address ?? {};
  base = `http://127.0.0.1:${port}/live/`;
});

afterAll(async () => {
  await server.close();
  engine.close();
  rmSync(directory, { recursive: true });
});

it('a manifest leads to its bootstrap, and that to fragments', async () => {
  await until('a manifest', async () => (await fetch(`${base}demo.f4m`)).ok);
  const answer = await fetch(`${base}demo.f4m`);
  const manifest = await answer.text();
  const named = (pattern: RegExp): string => pattern.exec(manifest)?.[1] ?? '';

  const bootstrap = await fetch(base + named(/<bootstrapInfo .*url="([^"]+)"/));
  const { runs } = readBootstrap(new Uint8Array(await bootstrap.arrayBuffer()));
  const fragment = await fetch(`${base}${named(/<media .*url="([^"]+)"/)}Seg1-Frag${runs.at(-1)?.[0]}`);
  const bytes = new Uint8Array(await fragment.arrayBuffer());

  expect([answer, bootstrap].map(({ headers }) => [headers.get('content-type'), headers.get('cache-control')])).toEqual(
    [
      ['application/f4m+xml', 'no-cache'],
      ['video/abst', 'no-cache'],
    ],
  );
  expect(fragment.status).toBe(200);
  expect(new TextDecoder().decode(bytes.subarray(4, 8))).toBe('mdat');
  expect(bytes.length).toBeGreaterThan(10_000);
});
