// What the server says about its listeners: each under its own name, which `serve` prints and the flags have.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { scratchFolder, sources, testServer } from '../tools/interop.ts';

it('names plain and TLS listeners, and takes a stream at each', async () => {
  const folder = await scratchFolder();
  const tls = { cert: join(folder, 'a.crt'), key: join(folder, 'a.key') };
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost';
  execFileSync('openssl', [...request.split(' '), '-out', tls.cert, '-keyout', tls.key], { stdio: 'ignore' });
  const both = { listen: ['127.0.0.1:0'], tls: { ...tls, listen: ['127.0.0.1:0'] } };
  const server = await testServer({ rtmp: both, http: both });

  expect(server.listeners.map(({ name }) => name)).toEqual(['rtmp', 'rtmps', 'http', 'https', 'api']);

  const at = server.listeners.find(({ name }) => name === 'rtmps')?.address.port;
  const engine = createEngine({ log: silentLog });
  const to = `rtmps://127.0.0.1:${at}/live/secure`;
  const { signal } = new AbortController();
  const result = await relay(engine.host, protocols, {
    ...{ from: await sources.h264Aac(), to, signal, insecure: true, pace: 'none' },
  });
  engine.close();
  expect(result).toMatchObject({ endedBy: 'end', dropped: 0 });
});
