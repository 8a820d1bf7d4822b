// The SRT server between real clients: every frame from SRT to HTTP and SRT, from RTMP to SRT, and refusals with their codes.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { srt as protocol } from '../../src/core/protocols/srt/index.ts';
import { expectSameFrames } from '../tools/compare.ts';
import { confServer } from '../tools/conf-server.ts';
import {
  copiedFrames,
  describeWith,
  ended,
  made,
  nameOf,
  parseFrameMd5,
  scratchFolder,
  sources,
  start,
  type TestServer,
  until,
} from '../tools/interop.ts';

const engine = createEngine({ log: silentLog });
afterAll(() => engine.close());
const folder = await scratchFolder();
const { signal } = new AbortController();
let server: TestServer;
let count = 0;
const fresh = (): string => `s${count++}`;

beforeAll(async () => {
  // A machine that is busy with other tests holds packets up for longer than the usual 120 ms.
  const text = `srt_server { enabled on; listen 127.0.0.1:0; latency 1000; }
    vhost __defaultVhost__ { play { mw_latency 0; } srt { enabled on; } }`;
  server = await confServer(text);
});

const portOf = ({ listeners }: TestServer): number => listeners.find(({ name }) => name === 'srt')?.address.port ?? 0;

/** `m` is publish or request. */
const srt = (stream: string, m: string, more = ''): string =>
  `srt://127.0.0.1:${portOf(server)}?streamid=#!::r=live/${stream},m=${m}${more}`;

const players = (stream: string): number =>
  [...server.host.sessions.list()].filter(({ info }) => info.name.stream === stream && !info.publish).length;

/** ffmpeg as a player; what it got is the list of its frames. */
const play = (url: string, filters: readonly string[]) =>
  start('ffmpeg', [
    '-loglevel',
    'error',
    '-i',
    url,
    '-map',
    '0:v',
    '-map',
    '0:a?',
    '-c',
    'copy',
    ...filters,
    '-f',
    'framemd5',
    '-',
  ]);

const fromFile = ['-bsf:v', 'h264_mp4toannexb,filter_units=remove_types=7-9'];
const fromTs = ['-bsf:v', 'filter_units=remove_types=7-9', '-bsf:a', 'aac_adtstoasc'];

const publishTs = (source: string, to: string) =>
  start('ffmpeg', ['-loglevel', 'error', '-re', '-i', source, '-c', 'copy', '-f', 'mpegts', `${to}&linger=5`]);

/** Waits for a player's end and compares all that it got. */
async function expectAll(player: ReturnType<typeof start>, source: string): Promise<void> {
  await ended(player, 15_000);
  const got = parseFrameMd5((await player).stdout);
  expectSameFrames(got, await copiedFrames(source, fromFile), { withinMs: 2 });
}

describeWith(['ffmpeg', 'srt-live-transmit'], 'SRT at the server', () => {
  it('a publisher is played by HTTP-FLV, HTTP-TS and SRT, frame for frame', async () => {
    const stream = fresh();
    const source = await sources.bFrames();
    const all = [
      play(`${server.http}/live/${stream}.flv`, fromFile),
      play(`${server.http}/live/${stream}.ts`, fromTs),
      play(srt(stream, 'request'), fromTs),
    ];
    await until('three players', () => players(stream) === 3);

    await ended(publishTs(source, srt(stream, 'publish')), 15_000);

    for (const player of all) await expectAll(player, source);
    await until('the name is free', () => server.host.hub.find(nameOf(stream)) === undefined);
  });

  it('a publisher by RTMP is played by SRT, and a late player begins with a picture', async () => {
    const stream = fresh();
    const source = await sources.bFrames();
    const early = play(srt(stream, 'request'), fromTs);
    await until('a player', () => players(stream) === 1);

    const publishing = relay(engine.host, protocols, { from: source, to: `${server.rtmp}/live/${stream}`, signal });
    await until('two seconds of it', () => (server.host.hub.find(nameOf(stream))?.newest ?? 0) > 2_500_000);
    const late = play(srt(stream, 'request'), fromTs);
    await publishing;

    await expectAll(early, source);
    await ended(late, 15_000);
    const frames = parseFrameMd5((await late).stdout);
    const wanted = await copiedFrames(source, fromFile);
    const first = wanted.find(({ hash }) => hash === frames[0]?.hash);
    // The group of pictures is two seconds.
    expect(first?.dtsMs).toBeGreaterThanOrEqual(1900);
    expect(frames.length).toBeGreaterThan(100);
  });

  it('libsrt passes through unchanged what libsrt publishes', async () => {
    const stream = fresh();
    const ts = await made('srt-passage.ts', '-f lavfi -i testsrc2=size=320x180:rate=25 -t 4 -c:v libx264 -g 25');
    const out = join(folder, 'passed.ts');
    const player = start('sh', ['-c', `exec srt-live-transmit -a:no '${srt(stream, 'request')}' file://con > ${out}`]);
    await until('a player', () => players(stream) === 1);

    const paced = await relay(engine.host, protocols, { from: ts, to: srt(stream, 'publish'), signal });
    await ended(player, 15_000);

    expect(paced).toMatchObject({ endedBy: 'end', dropped: 0 });
    const got = await copiedFrames(out, fromTs.slice(0, 2));
    expectSameFrames(got, await copiedFrames(ts, fromTs.slice(0, 2)), { withinMs: 2 });
  });

  it('HEVC passes too', async () => {
    const stream = fresh();
    const source = await sources.hevcAac();
    const types = 'filter_units=remove_types=32-35|39';
    const player = play(`${server.http}/live/${stream}.ts`, ['-bsf:v', types, '-bsf:a', 'aac_adtstoasc']);
    await until('a player', () => players(stream) === 1);

    await ended(publishTs(source, srt(stream, 'publish')), 15_000);

    await ended(player, 15_000);
    const wanted = await copiedFrames(source, ['-bsf:v', `hevc_mp4toannexb,${types}`]);
    expectSameFrames(parseFrameMd5((await player).stdout), wanted, { withinMs: 2 });
  });

  it('tells libsrt that it refuses', async () => {
    const to = srt('a*b', 'publish');
    const child = start('sh', ['-c', `sleep 3 | srt-live-transmit -loglevel:debug -a:no file://con '${to}'`]);

    await ended(child, 10_000);

    expect((await child).all).toContain('Application-defined rejection reason');
  });
});

describe('our own client', () => {
  it.each([
    ['a name that is taken', 'publish', 1409],
    ['a forbidden character', 'publish', 1400],
    ['a mode that is none', 'watch', 1400],
  ])('hears for %s the code for it', async (what, mode, code) => {
    const stream = what === 'a forbidden character' ? 'a*b' : fresh();
    const name = nameOf(what === 'a name that is taken' ? stream : fresh());
    const busy = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });

    const pulled = protocol.pull(
      server.host,
      protocol.url(srt(stream, mode)),
      { on: () => undefined },
      {
        signal,
        ready: async () => undefined,
        onBytes: () => undefined,
      },
    );

    await expect(pulled).rejects.toMatchObject({ code: 'SRT_REJECTED', details: { code } });
    busy.end();
  });

  it('hears that its passphrase is wrong', async () => {
    const secret = await confServer(`srt_server { enabled on; listen 127.0.0.1:0; passphrase 0123456789; pbkeylen 32; }
          vhost __defaultVhost__ { srt { enabled on; } }`);
    const to = `srt://127.0.0.1:${portOf(secret)}?streamid=live/a&passphrase=9876543210`;

    const pulled = protocol.pull(
      secret.host,
      protocol.url(to),
      { on: () => undefined },
      {
        signal,
        ready: async () => undefined,
        onBytes: () => undefined,
      },
    );

    await expect(pulled).rejects.toMatchObject({ code: 'SRT_REJECTED', details: { code: 10 } });
  });

  it('is refused where the vhost has SRT off', async () => {
    const off = await confServer('srt_server { enabled on; listen 127.0.0.1:0; } vhost __defaultVhost__ { }');
    const from = protocol.url(`srt://127.0.0.1:${portOf(off)}?streamid=live/a`);

    const pulled = protocol.pull(
      off.host,
      from,
      { on: () => undefined },
      {
        signal,
        ready: async () => undefined,
        onBytes: () => undefined,
      },
    );

    await expect(pulled).rejects.toMatchObject({ details: { code: 1406 } });
  });
});
