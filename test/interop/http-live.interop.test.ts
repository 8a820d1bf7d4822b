// Live streams as TS, fMP4, AAC and MP3 over HTTP, in the hands of others: ffmpeg and GStreamer get every frame, and a
// browser plays the fragments; ffmpeg publishes a transport stream by POST.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseTs, tsFaults } from '../../src/core/format/ts/index.ts';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { expectSameFrames } from '../tools/compare.ts';
import {
  copiedFrames,
  describeWith,
  ended,
  parseFrameMd5,
  scratchFolder,
  sources,
  start,
  type TestServer,
  testServer,
  until,
} from '../tools/interop.ts';

const engine = createEngine({ log: silentLog });
afterAll(() => engine.close());
const folder = await scratchFolder();
const { signal } = new AbortController();
let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await testServer({ mergeWindowMs: 100 });
});

const sessionsOf = (stream: string) =>
  [...server.host.sessions.list()].filter(({ info }) => info.name.stream === stream);
const fresh = (): string => `h${count++}`;

/** Publishes a file by our own client in real time, once all players are there. */
async function publish(stream: string, source: string, players: number): Promise<void> {
  await until(`${players} players`, () => sessionsOf(stream).length === players);
  const to = `${server.rtmp}/live/${stream}`;
  const result = await relay(engine.host, protocols, { from: source, to, signal });
  expect(result).toMatchObject({ endedBy: 'end', dropped: 0 });
}

type Codec = 'h264' | 'hevc' | 'av1' | undefined;
const filters = (codec: Codec, wire: boolean): string[] => {
  if (codec === undefined || codec === 'av1') return [];
  const types = codec === 'h264' ? '7-9' : '32-35|39';
  return ['-bsf:v', `${wire ? '' : `${codec}_mp4toannexb,`}filter_units=remove_types=${types}`];
};
const raw = (wire: boolean, sound: string): string[] => (wire && sound === 'aac' ? ['-bsf:a', 'aac_adtstoasc'] : []);

interface Case {
  readonly name: string;
  readonly source: () => Promise<string>;
  readonly codec: Codec;
  readonly sound: string;
  readonly endings: readonly string[];
}

const cases: readonly Case[] = [
  { name: 'H.264 with B-frames and AAC', source: sources.bFrames, codec: 'h264', sound: 'aac', endings: ['ts', 'mp4'] },
  { name: 'HEVC and AAC', source: sources.hevcAac, codec: 'hevc', sound: 'aac', endings: ['ts', 'mp4'] },
  { name: 'AV1 and Opus', source: sources.av1Opus, codec: 'av1', sound: 'opus', endings: ['mp4'] },
  { name: 'H.264 and MP3', source: sources.h264Mp3, codec: 'h264', sound: 'mp3', endings: ['ts', 'mp4'] },
  { name: 'AAC alone', source: sources.audioOnly, codec: undefined, sound: 'aac', endings: ['ts', 'mp4', 'aac'] },
];

describeWith(['ffmpeg'], 'ffmpeg plays', () => {
  it.each(cases)('$name as $endings, frame for frame', async ({ source, codec, sound, endings }) => {
    const stream = fresh();
    const original = await source();
    const players = endings.map((ending) => {
      const wire = ending !== 'mp4';
      const output = ['-map', '0', '-c', 'copy', ...filters(codec, wire), ...raw(wire, sound), '-f', 'framemd5', '-'];
      const url = `${server.http}/live/${stream}.${ending}`;
      return { ending, child: start('ffmpeg', ['-loglevel', 'error', '-i', url, ...output]) };
    });

    await publish(stream, original, players.length);

    for (const { ending, child } of players) {
      await ended(child);
      const got = parseFrameMd5((await child).stdout);
      const wanted = await copiedFrames(original, filters(codec, false));
      expect(got.length, ending).toBeGreaterThan(0);
      expectSameFrames(got, wanted, { withinMs: 2 });
    }
  });

  it('the MP3 of a stream with a picture', async () => {
    const stream = fresh();
    const original = await sources.h264Mp3();
    const child = start('ffmpeg', [
      ...`-loglevel error -i ${server.http}/live/${stream}.mp3 -map 0 -c copy -f framemd5 -`.split(' '),
    ]);

    await publish(stream, original, 1);
    await ended(child);

    const wanted = (await copiedFrames(original, ['-map', '-0:v'])).map(({ hash }) => hash);
    expect(parseFrameMd5((await child).stdout).map(({ hash }) => hash)).toEqual(wanted);
  });
});

describeWith(['ffmpeg', 'gst-launch-1.0'], 'a transport stream', () => {
  it('is taken by GStreamer, and has no fault of TR 101 290', async () => {
    const stream = fresh();
    const original = await sources.bFrames();
    const mkv = join(folder, `${stream}.mkv`);
    const ts = join(folder, `${stream}.ts`);
    const pipeline = `-q -e souphttpsrc location=${server.http}/live/${stream}.ts ! tsdemux name=d matroskamux name=m ! filesink location=${mkv} d. ! queue ! h264parse ! m. d. ! queue ! aacparse ! m.`;
    const gst = start('gst-launch-1.0', pipeline.split(' '));
    const curl = start('curl', ['-sS', '-o', ts, `${server.http}/live/${stream}.ts`]);

    await publish(stream, original, 2);
    await ended(gst);
    await ended(curl);

    const bytes = await readFile(ts);
    expect(tsFaults(analyseTs(bytes))).toEqual([]);
    const wanted = await copiedFrames(original, filters('h264', false));
    const got = await copiedFrames(mkv, filters('h264', false));
    expect(new Set(got.map(({ stream }) => stream)).size).toBe(2);
    const known = new Set(got.map(({ hash }) => hash));
    const missing = wanted.filter(({ hash }) => !known.has(hash));
    // GStreamer's aacparse takes the first frame of a stream for its parameters, also from ffmpeg's files.
    expect(missing.filter(({ dtsMs }) => dtsMs > 30)).toEqual([]);
    expect(missing.length).toBeLessThanOrEqual(1);
    expect(got.length).toBe(wanted.length - missing.length);
  });

  it('is published by ffmpeg with POST', async () => {
    const stream = fresh();
    const original = await sources.bFrames();
    const to = join(folder, `${stream}.flv`);
    const player = relay(engine.host, protocols, { from: `${server.http}/live/${stream}.ts`, to, signal });
    await until('the player', () => sessionsOf(stream).length === 1);

    const url = `${server.http}/live/${stream}.ts`;
    const post = start('ffmpeg', [
      ...`-loglevel error -re -i ${original} -map 0 -c copy -f mpegts -method POST ${url}`.split(' '),
    ]);

    expect((await post).exitCode, (await post).all).toBe(0);
    await player;
    const remove = filters('h264', false);
    expectSameFrames(await copiedFrames(to, remove), await copiedFrames(original, remove), { withinMs: 2 });
  });
});

describe('our own client', () => {
  describeWith(['ffmpeg'], 'pulls and pushes', () => {
    it.each(['ts', 'mp4', 'flv'])('.%s, also by WebSocket', async (ending) => {
      const stream = fresh();
      const original = await sources.h264Aac();
      const url = `${server.http}/live/${stream}.${ending}`;
      const files = [url, url.replace('http', 'ws')].map((from, index) => {
        const to = join(folder, `${stream}-${index}.flv`);
        return { to, done: relay(engine.host, protocols, { from, to, signal }) };
      });
      await until('the players', () => sessionsOf(stream).length === 2);

      await relay(engine.host, protocols, { from: original, to: url, signal });

      for (const { to, done } of files) {
        expect(await done).toMatchObject({ endedBy: 'end', dropped: 0 });
        expectSameFrames(await copiedFrames(to), await copiedFrames(original), { withinMs: 2 });
      }
    });
  });
});
