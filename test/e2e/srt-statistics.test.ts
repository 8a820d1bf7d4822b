// Statistics of SRT in what relay and probe tell, for dashboards that read those of srt-live-transmit.
import { afterAll, expect, it } from 'vitest';
import { demoSample } from '../../src/cli/assets.ts';
import { createEngine, silentLog } from '../../src/core/index.ts';
import { protocols } from '../../src/core/protocols.ts';
import { probe } from '../../src/core/toolkit/probe.ts';
import { type RelayProgress, relay } from '../../src/core/toolkit/relay.ts';

const engine = createEngine({ log: silentLog });
const at = { listen: ['127.0.0.1:0'] };
const server = await engine.serve({ rtmp: at, http: at, api: at, srt: ['127.0.0.1:0'] });
const port = server.listeners.find(({ name }) => name === 'srt')?.address.port as number;
const stop = new AbortController();

afterAll(async () => {
  stop.abort();
  await server.close();
  engine.close();
});

type Block = Readonly<Record<'window' | 'link' | 'send' | 'recv', Readonly<Record<string, number>>>>;

/** All keys of the blocks are compared in the unit tests of SRT. */
function blocksOf(statistics: unknown): Block {
  expect(Object.keys(statistics as Block)).toEqual(['sid', 'timepoint', 'time', 'window', 'link', 'send', 'recv']);
  return statistics as Block;
}

it('relay has those of its output, while it runs and in the result; probe has those of its source', async () => {
  const told: RelayProgress[] = [];
  const to = `srt://127.0.0.1:${port}?streamid=#!::r=live/a,m=publish`;
  const options = { from: demoSample, to, signal: stop.signal, loop: true };
  const relayed = relay(engine.host, protocols, options, (progress) => told.push(progress));
  await expect.poll(() => server.host.sessions.size).toBe(1);
  const source = `srt://127.0.0.1:${port}?streamid=#!::r=live/a,m=request`;
  const report = await probe(engine.host, protocols, { source, signal: stop.signal, duration: 1_000_000 });
  stop.abort();
  const result = await relayed;

  expect(blocksOf(report.statistics).recv['packetsUnique']).toBeGreaterThan(10);
  expect(Object.keys(result.statistics ?? {})).toEqual(['output']);
  expect(blocksOf(result.statistics?.output).send['packets']).toBeGreaterThan(10);
  expect(blocksOf(told.at(-2)?.statistics?.output).link['rtt']).toBeGreaterThan(0);
});
