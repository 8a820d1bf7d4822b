// HEVC and AV1 by Enhanced RTMP, which ffmpeg 5.1 cannot send: our own client publishes a file that ffmpeg made, players of
// ours write what they get into files, and ffmpeg compares these with the first.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { expectSameFrames } from '../tools/compare.ts';
import {
  codecsOf,
  copiedFrames,
  describeWith,
  run,
  scratchFolder,
  sources,
  type TestServer,
  testServer,
  until,
} from '../tools/interop.ts';

const engine = createEngine({ log: silentLog });
afterAll(() => engine.close());
const folder = await scratchFolder();
let server: TestServer;
beforeAll(async () => {
  server = await testServer({ mergeWindowMs: 100 });
});

const sessionsOf = (stream: string) =>
  [...server.host.sessions.list()].filter(({ info }) => info.name.stream === stream);

/** Publishes the file while players of ours record; the recordings. */
async function record(stream: string, source: string): Promise<ReadonlyMap<string, string>> {
  const rtmp = `${server.rtmp}/live/${stream}`;
  const urls = {
    RTMP: rtmp,
    'HTTP-FLV': `${server.http}/live/${stream}.flv`,
    'WebSocket-FLV': `${server.http.replace('http', 'ws')}/live/${stream}.flv`,
  };
  const files = new Map<string, string>();
  const stop = new AbortController();
  const players = Object.entries(urls).map(([name, from]) => {
    const to = join(folder, `${stream}-${name}.mp4`);
    files.set(name, to);
    return relay(engine.host, protocols, { from, to, signal: stop.signal });
  });
  await until('the players are there', () => sessionsOf(stream).length === players.length);

  const published = await relay(engine.host, protocols, { from: source, to: rtmp, signal: stop.signal });
  expect(published).toMatchObject({ endedBy: 'end', dropped: 0 });
  // RTMP players would wait for the next publisher, as they do with SRS.
  await until('HTTP players have got their end', () => sessionsOf(stream).length === 1);
  for (const { id } of sessionsOf(stream)) server.host.sessions.kick(id);
  for (const played of await Promise.all(players)) expect(played.dropped).toBe(0);
  return files;
}

describeWith(['ffmpeg', 'ffprobe'], 'a stream published by us with Enhanced RTMP', () => {
  it.each([
    ['HEVC and AAC', 'hevc', sources.hevcAac, ['aac', 'hevc']],
    ['AV1 and Opus', 'av1', sources.av1Opus, ['av1', 'opus']],
  ] as const)('with %s reaches every player frame for frame', async (_, stream, source, wanted) => {
    const original = await source();

    const files = await record(stream, original);

    for (const [name, file] of files) {
      expect(await codecsOf(file), name).toEqual(wanted);
      expectSameFrames(await copiedFrames(file), await copiedFrames(original));
      // And they can be decoded: the parameters arrived too.
      await run('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
    }
  });
});
