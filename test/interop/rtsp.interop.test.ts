// RTSP with those who speak it: ffmpeg and GStreamer play and publish, and every frame is the one that was sent.
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, loadConfig, protocols, relay, silentLog } from '../../src/core/index.ts';
import { expectSameFrames } from '../tools/compare.ts';
import {
  copiedFrames,
  copyToMd5,
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
const { signal } = new AbortController();
const nameOf = (stream: string) => ({ vhost: '__defaultVhost__', app: 'live', stream });
let server: TestServer;
let count = 0;
const fresh = (): string => `r${count++}`;

beforeAll(async () => {
  const text = `listen 127.0.0.1:0; http_server { enabled on; listen 127.0.0.1:0; }
    rtsp_server { enabled on; listen 127.0.0.1:0; udp_port ${await freePair()}; }
    vhost __defaultVhost__ { play { mw_latency 0; } rtsp { enabled on; rtmp_to_rtsp on; } }`;
  server = await testServer({ config: loadConfig({ file: 'srs.conf', read: () => '', text }) });
});

const rtsp = (stream: string): string => {
  const port = server.listeners.find(({ name }) => name === 'rtsp')?.address.port;
  return `rtsp://127.0.0.1:${port}/live/${stream}`;
};
const players = (stream: string): number =>
  [...server.host.sessions.list()].filter(({ info }) => info.name.stream === stream && !info.publish).length;
const mediaOf = (stream: string): number => server.host.hub.find(nameOf(stream))?.newest ?? 0;

/** Publishes in real time, its first frame held back until `begin`, so that nobody misses it. */
function publish(stream: string, from: string) {
  return relay(engine.host, protocols, { from, to: `${server.rtmp}/live/${stream}`, signal, pace: 'realtime' });
}

/** Without parameter sets, which RTP repeats in front of each key frame. */
const avc = ['-bsf:v', 'h264_mp4toannexb,filter_units=remove_types=7-9'];
// x265 tells of itself in the parameters, which files keep beside the frames.
const hevc = ['-bsf:v', 'hevc_mp4toannexb,filter_units=remove_types=32-35|39'];
const avcStream = ['-bsf:v', 'filter_units=remove_types=7-9'];
const hevcStream = ['-bsf:v', 'filter_units=remove_types=32-35|39'];

const play = (url: string, filters: readonly string[], input: readonly string[] = ['-rtsp_transport', 'tcp']) =>
  start('ffmpeg', ['-loglevel', 'error', ...input, '-i', url, ...filters, ...copyToMd5]);

const shown = (frames: ReturnType<typeof parseFrameMd5>) => frames.map((one) => ({ ...one, dtsMs: one.ptsMs }));

/** The frames from the first one that was seen on, of each track apart: a player of a live stream came in the middle. */
function expectTail(
  got: ReturnType<typeof parseFrameMd5>,
  wanted: ReturnType<typeof parseFrameMd5>,
  least: number,
): void {
  for (const stream of [0, 1]) {
    const hashes = got.filter((frame) => frame.stream === stream).map(({ hash }) => hash);
    const all = wanted.filter((frame) => frame.stream === stream).map(({ hash }) => hash);
    const begin = all.indexOf(hashes[0] ?? '');
    expect(begin, `the first frame of track ${stream}`).toBeGreaterThanOrEqual(0);
    expect(hashes).toEqual(all.slice(begin, begin + hashes.length));
    expect(hashes.length).toBeGreaterThan(least);
    expect(begin + hashes.length).toBeGreaterThanOrEqual(all.length - 1);
  }
}

describeWith(['ffmpeg'], 'RTSP with ffmpeg', () => {
  it.each([
    ['H.264 with B-frames and AAC', sources.bFrames, avcStream, avc],
    ['HEVC and AAC', sources.hevcAac, hevcStream, hevc],
  ] as const)('is played frame for frame: %s', async (_, source, filters, fromFile) => {
    const stream = fresh();
    const file = await source();
    const publishing = publish(stream, file);
    await until('the stream', () => mediaOf(stream) > 0);
    const player = play(rtsp(stream), filters);
    await publishing;

    await ended(player, 15_000);
    const got = parseFrameMd5((await player).stdout);
    expectTail(got, await copiedFrames(file, fromFile), 60);
  });

  it('is played over UDP, which ffmpeg tries first', async () => {
    const stream = fresh();
    const file = await sources.bFrames();
    const publishing = publish(stream, file);
    await until('the stream', () => mediaOf(stream) > 0);
    const player = play(rtsp(stream), avcStream, []);
    await until('it plays', () => players(stream) === 1);
    await until('five seconds of it', () => mediaOf(stream) > 5_000_000);
    const [entry] = [...server.host.sessions.list()].filter(({ info }) => info.name.stream === stream && !info.publish);
    expect(entry?.info.describe?.()).toMatchObject({ setups: [{ lower: 'udp' }, { lower: 'udp' }] });
    player.kill('SIGINT');
    await publishing;

    const got = parseFrameMd5((await player).stdout);
    const wanted = await copiedFrames(file, avc);
    for (const track of [0, 1]) {
      const hashes = (frames: typeof got): string =>
        frames.flatMap(({ stream: of, hash }) => (of === track ? [hash] : [])).join();
      expect(hashes(got).length).toBeGreaterThan(1000);
      expect(hashes(wanted)).toContain(hashes(got));
    }
  });

  it.each([
    ['H.264 with B-frames and AAC', sources.bFrames, avc, avc],
    ['HEVC and AAC', sources.hevcAac, hevc, hevc],
  ] as const)(
    'publishes, and every frame comes out by HTTP-FLV at its time: %s',
    async (_, source, filters, fromFile) => {
      const stream = fresh();
      const file = await source();
      const url = rtsp(stream);
      const flv = `${server.http}/live/${stream}.${filters === avc ? 'flv' : 'mp4'}`;
      const player = play(flv, filters, []);
      await until('the player', () => players(stream) === 1);
      const publisher = start('ffmpeg', [
        ...['-loglevel', 'error', '-re', '-i', file, '-c', 'copy', '-f', 'rtsp', '-rtsp_transport', 'tcp', url],
      ]);
      await ended(publisher, 20_000);

      await until('the name is free', () => server.host.hub.find(nameOf(stream))?.published !== true);
      // It ends with the stream; a signal would cut off what it has not read yet.
      await ended(player, 15_000);
      const got = parseFrameMd5((await player).stdout);
      // RTP has no decode times: those of the first frames are not the source's.
      const wanted = await copiedFrames(file, fromFile);
      // Of sound, ffmpeg keeps the last units for a packet that is never full.
      expectSameFrames(shown(got), shown(wanted), { withinMs: 3, endsBefore: 5 });
      const pictures = (frames: typeof got): number => frames.filter((frame) => frame.stream === 0).length;
      expect(pictures(got)).toBe(pictures(wanted));
      expect((await publisher).exitCode).toBe(0);
    },
  );
});

/** Debian's, which has the bindings of its GStreamer. */
const python = '/usr/bin/python3';
const bindings = spawnSync(python, ['-c', 'import gi']).status === 0 ? [] : ['python3-gi'];

describeWith(['gst-launch-1.0', 'ffmpeg', ...bindings], 'RTSP with GStreamer', () => {
  const script = fileURLToPath(new URL('../tools/rtspsrc.py', import.meta.url));
  it.each(['tcp', 'udp'])('is played over %s, every picture and sound', async (lower) => {
    const stream = fresh();
    const file = await sources.h264Aac();
    const folder = await scratchFolder();
    const publishing = publish(stream, file);
    await until('the stream', () => mediaOf(stream) > 0);
    const out = join(folder, 'out.mkv');
    const player = start(python, [script, rtsp(stream), lower, out]);
    await publishing;
    await ended(player, 15_000);

    const got = await copiedFrames(out, avc);
    expect(got.filter((one) => one.stream === 0).length, (await player).all).toBeGreaterThan(100);
    expectTail(got, await copiedFrames(file, avc), 100);
  });
});

describeWith(['ffmpeg'], 'RTSP with ffmpeg as the server', () => {
  it('takes what is pushed, frame for frame', async () => {
    const file = await sources.bFrames();
    const url = `rtsp://127.0.0.1:${await freePort()}/live/a`;
    const listener = play(url, avcStream, ['-rtsp_flags', 'listen']);
    const retry = { attempts: 20 };
    await relay(engine.host, protocols, { from: file, to: url, signal, pace: 'realtime', retry });
    await ended(listener, 15_000);

    expectTail(parseFrameMd5((await listener).stdout), await copiedFrames(file, avc), 140);
  });
});

/** Two ports of UDP behind each other, the first one even. */
async function freePair(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = await bound(0);
    const { port } = first.address();
    const second = port % 2 === 0 ? await bound(port + 1).catch(() => undefined) : undefined;
    await Promise.all(
      [first, second].map((socket) => new Promise<void>((done) => (socket ? socket.close(done) : done()))),
    );
    if (second !== undefined) return port;
  }
  throw new Error('no two ports behind each other are free');
}

function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => resolve(socket));
  });
}

/** For a server that cannot be asked which one it got. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
