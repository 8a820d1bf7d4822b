// WebRTC with peers that are no browser: werift in this process, and GStreamer's webrtcbin.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fromSeconds } from '../../src/core/base/time.ts';
import { obuType, splitObus } from '../../src/core/codec/av1/index.ts';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import {
  type Child,
  copiedFrames,
  describeWith,
  ended,
  made,
  nameOf,
  parseFrameMd5,
  run,
  scratchFolder,
  sources,
  start,
  type TestServer,
  testServer,
  until,
} from '../tools/interop.ts';
import {
  dubbed,
  ntpMsOf,
  type Picture,
  readClip,
  readIvf,
  weriftPlayer,
  weriftPublisher,
} from '../tools/rtc-werift.ts';

const picture = '-f lavfi -i testsrc2=size=320x180:rate=25';
const sound = '-f lavfi -i sine=frequency=440:sample_rate=48000';
/** 20 ms at 48 kHz, and what RTMP's clock of milliseconds may shift it. */
const OPUS_TICKS = 960;
const ONE_MS = 48;
const VIDEO_TICKS = 90;

const nearest = (times: readonly number[], at: number): number =>
  times.reduce((best, time) => (Math.abs(time - at) < Math.abs(best - at) ? time : best), Number.POSITIVE_INFINITY);

/** Whether a picture of H.264 in start codes is one that a decoder may begin with (RFC 6184 §1.3: type 5). */
const hasIdr = (frame: Uint8Array): boolean =>
  frame.some((byte, i) => byte === 1 && frame[i - 1] === 0 && frame[i - 2] === 0 && ((frame[i + 1] ?? 0) & 31) === 5);
const opus = '-c:a libopus -b:a 64k -ac 2 -strict -2';

const h264 = async () =>
  readClip(
    await made(
      'rtc-h264-opus.mp4',
      `${picture} ${sound} -t 6 -c:v libx264 -preset veryfast -tune zerolatency -g 25 -pix_fmt yuv420p ${opus}`,
    ),
  );
const libvpx = '-deadline realtime -cpu-used 8 -lag-in-frames 0 -auto-alt-ref 0 -g 25 -b:v 500k';
const ivfFile = (codec: string, encoder: string): Promise<string> =>
  made(`rtc-${codec}.ivf`, `${picture} -t 6 ${encoder} -pix_fmt yuv420p`);
const av1File = (): Promise<string> =>
  ivfFile('av1', '-c:v libaom-av1 -usage realtime -cpu-used 8 -lag-in-frames 0 -g 25 -b:v 500k');
const ivf = (codec: 'vp8' | 'vp9' | 'av1', file: () => Promise<string>) => async () =>
  dubbed(await readIvf(await file(), codec), await h264());
const clips = {
  h264,
  vp8: ivf('vp8', () => ivfFile('vp8', `-c:v libvpx ${libvpx}`)),
  vp9: ivf('vp9', () => ivfFile('vp9', `-c:v libvpx-vp9 ${libvpx}`)),
  av1: ivf('av1', av1File),
} as const;

/** What a decoder makes a picture of: VP8 and VP9 as they are, of AV1 what is in its frames, without sizes and headers. */
function essence(codec: Picture, data: Uint8Array): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  if (codec !== 'av1') return hex(data);
  const frames = splitObus(data).filter(({ type }) => type === obuType.frame || type === obuType.frameHeader);
  return frames.map(({ payload }) => hex(payload)).join();
}

describeWith(['ffmpeg'], 'werift', () => {
  let server: TestServer;
  let folder: string;
  const open: { close(): unknown }[] = [];

  beforeAll(async () => {
    server = await testServer({ rtc: ['127.0.0.1:0'] });
    folder = await scratchFolder();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  const whip = (stream: string): string => `${server.http}/rtc/v1/whip/?app=live&stream=${stream}`;
  const whep = (stream: string): string => `${server.http}/rtc/v1/whep/?app=live&stream=${stream}`;

  const play = async (stream: string, codec?: Picture) => {
    const player = await weriftPlayer(whep(stream), codec);
    open.push(player.peer);
    return player;
  };
  const publish = async (stream: string, codec: Picture) => {
    const clip = await clips[codec]();
    const publisher = await weriftPublisher(whip(stream), clip, codec);
    open.push(publisher.peer);
    return { clip, publisher };
  };

  it('plays by WHEP what our relay publishes by RTMP: every packet, every picture, and its sound as Opus', async () => {
    const engine = createEngine({ log: silentLog });
    const stop = new AbortController();
    open.push(engine, { close: () => stop.abort() });
    const options = {
      from: await sources.h264Aac(),
      to: `${server.rtmp}/live/relayed`,
      loop: true,
      signal: stop.signal,
    };
    const relayed = relay(engine.host, protocols, options);
    await until('the stream', () => server.host.hub.find(nameOf('relayed'))?.published === true);

    const player = await play('relayed');
    await until('three seconds', () => player.video.frames.length > 75 && player.audio.packets > 100);

    expect(player.video.lost).toBe(0);
    expect(player.audio.lost).toBe(0);
    expect(player.video.packets).toBeGreaterThan(player.video.frames.length);
    const { timestamps } = player.audio;
    const steps = timestamps.slice(1).map((at, i) => at - (timestamps[i] as number));
    expect(steps.filter((step) => Math.abs(step - OPUS_TICKS) > ONE_MS)).toEqual([]);
    stop.abort();
    await relayed;
  });

  it('plays a flash and a beep of one moment as one moment, by the sender reports', async () => {
    const flash = "color=black:size=320x180:rate=25,format=yuv420p,drawbox=t=fill:c=white:enable='lt(mod(t,1),0.1)'";
    const beep = "aevalsrc='if(lt(mod(t,1),0.1),0.8*sin(2*PI*1000*t),0)':s=48000";
    const publisher = start('ffmpeg', [
      ...['-v', 'error', '-re', '-f', 'lavfi', '-i', flash, '-re', '-f', 'lavfi', '-i', beep],
      // A key frame is a flash: both are at whole seconds.
      ...'-c:v libx264 -preset ultrafast -tune zerolatency -sc_threshold 0 -g 25 -c:a aac -b:a 128k'.split(' '),
      ...['-flush_packets', '1', '-f', 'flv', `${server.rtmp}/live/flash`],
    ]);
    await until('the stream', () => (server.host.hub.find(nameOf('flash'))?.frames.video ?? 0) > 25);
    const { video, audio } = await play('flash');
    await until('six seconds', () => audio.packets > 300);

    const flashes = video.frames.flatMap((frame, i) =>
      hasIdr(frame) ? [ntpMsOf(video, video.timestamps[i] as number, VIDEO_TICKS)] : [],
    );
    // Opus says silence in some bytes.
    const isLoud = (i: number): boolean => (audio.frames[i]?.length ?? 0) > 60;
    const beeps = audio.timestamps.flatMap((at, i) =>
      isLoud(i) && i > 1 && !isLoud(i - 1) && !isLoud(i - 2) ? [ntpMsOf(audio, at, ONE_MS)] : [],
    );
    const skews = beeps.map((at) => at - nearest(flashes, at));
    console.log(`beeps behind flashes: ${skews.map(Math.round).join(' ')} ms`);
    expect(skews.length).toBeGreaterThan(3);
    // The packet that a beep begins in has begun up to 20 ms before; its encoder looks 6.5 ms ahead.
    for (const skew of skews) expect(skew > -27 && skew < 10, String(skew)).toBe(true);
    publisher.kill('SIGINT');
    await publisher;
  });

  it.each(['h264', 'vp8', 'vp9', 'av1'] as const)(
    'publishes %s and Opus by WHIP, and another of it gets the same frames by WHEP',
    async (codec) => {
      const player = await play(`peer-${codec}`, codec);
      const { clip, publisher } = await publish(`peer-${codec}`, codec);
      await publisher.done;
      await until('the last frames', () => player.video.frames.length > 100);

      const sent = clip.frames.filter(({ track }) => track.kind === 'video').map(({ data }) => data.length);
      expect(player.video.lost).toBe(0);
      expect(sent.length - player.video.frames.length).toBeLessThan(40);
      expect(player.audio.packets).toBeGreaterThan(150);
      const sound = new Set(clip.frames.map(({ data }) => Buffer.from(data).toString('hex')));
      const made = player.audio.frames.slice(-50).filter((frame) => !sound.has(Buffer.from(frame).toString('hex')));
      expect(made.length, 'sound that was made anew').toBe(0);
      if (codec !== 'h264') {
        const mine = player.video.frames.map((data) => essence(codec, data));
        const pictures = clip.frames.filter(({ track }) => track.kind === 'video');
        const all = pictures.map(({ data }) => essence(codec, data));
        const from = all.indexOf(mine[0] ?? '');
        expect(from).toBeGreaterThanOrEqual(0);
        expect(mine).toEqual(all.slice(from, from + mine.length));
        return;
      }
      // Start codes and parameter sets are the peer's.
      const bytes = sent.slice(-50).reduce((sum, size) => sum + size, 0);
      const got = player.video.frames.slice(-50).reduce((sum, frame) => sum + frame.length, 0);
      expect(Math.abs(got - bytes)).toBeLessThan(bytes * 0.02);
    },
  );

  // FFmpeg of Debian 12 knows no Opus in FLV: our relay writes what comes into a file that it does read.
  it('publishes H.264 and Opus by WHIP, and both come by HTTP-FLV', async () => {
    const engine = createEngine({ log: silentLog });
    open.push(engine);
    const { publisher } = await publish('toflv', 'h264');
    await until('both tracks', () => server.host.hub.find(nameOf('toflv'))?.tracks.length === 2);
    const to = join(folder, 'toflv.mp4');
    const { signal } = new AbortController();
    const options = { from: `${server.http}/live/toflv.flv`, to, signal, duration: fromSeconds(2) };

    await relay(engine.host, protocols, options);

    const frames = await copiedFrames(to);
    const times = (stream: number): number[] => frames.filter((one) => one.stream === stream).map(({ ptsMs }) => ptsMs);
    expect(times(0).length).toBeGreaterThan(40);
    expect(times(1).length).toBeGreaterThan(75);
    expect(Math.abs((times(0)[0] as number) - (times(1)[0] as number))).toBeLessThan(1000);
    await publisher.done;
  });

  it('ends its session by DELETE, and the server forgets it', async () => {
    const { publisher } = await publish('ended', 'h264');
    await until('the connection', () => publisher.peer.connectionState === 'connected');

    expect((await fetch(publisher.resource, { method: 'DELETE' })).status).toBe(200);

    expect(server.host.hub.find(nameOf('ended'))?.published ?? false).toBe(false);
    expect((await fetch(publisher.resource, { method: 'DELETE' })).status).toBe(404);
  });
});

const script = fileURLToPath(new URL('../tools/webrtcbin.py', import.meta.url));

/** Python with the bindings is that of the system, whatever comes first in PATH. */
const python = '/usr/bin/python3';
/** Elements of GStreamer that are not here; undefined: not even Python's bindings are. */
function missing(...elements: string[]): string | undefined {
  const child = existsSync(python)
    ? spawnSync(python, [script, 'check', ...elements], { encoding: 'utf8' })
    : undefined;
  return child?.status === 0 || child?.stdout ? child.stdout.trim() : undefined;
}
const hasWebrtcbin = missing() === '';

/** What each codec takes. AV1 in RTP is the script's own work: GStreamer has it in Rust, which Debian 12 does not have. */
const elements = {
  h264: ['x264enc', 'rtph264pay', 'rtph264depay', 'avdec_h264'],
  vp8: ['vp8enc', 'rtpvp8pay', 'rtpvp8depay', 'vp8dec'],
  vp9: ['vp9enc', 'rtpvp9pay', 'rtpvp9depay', 'vp9dec'],
  av1: ['appsrc', 'appsink'],
} as const;

interface GstReport {
  readonly state: string;
  readonly video: number;
  readonly audio: number;
}

const MOST_SECONDS = 25;

const webrtcbin = (action: 'publish' | 'play', url: string, codec: Picture, more: readonly string[] = []): Child =>
  start(python, [script, action, url, codec, String(MOST_SECONDS), ...more]);

/** What it said at its end. */
async function reportOf(child: Child): Promise<GstReport> {
  await ended(child, (MOST_SECONDS + 10) * 1000);
  const text = String((await child).all);
  const line = text.split('\n').findLast((one) => one.startsWith('{'));
  if (line === undefined) throw new Error(text);
  return JSON.parse(line) as GstReport;
}

/** Hashes of what a decoder makes of the pictures in a file or at a URL; `more` are output arguments. */
async function picturesOf(from: string, more: readonly string[] = []): Promise<string[]> {
  const decoding = ['-v', 'error', '-i', from, '-map', '0:v', '-fps_mode', 'passthrough', ...more];
  return parseFrameMd5(await run('ffmpeg', [...decoding, '-f', 'framemd5', '-'])).map(({ hash }) => hash);
}

/** That many of `all`, from where `some` begin. */
const runIn = (all: readonly string[], some: readonly string[]): readonly string[] => {
  const from = all.indexOf(some[0] ?? '');
  return from < 0 ? [] : all.slice(from, from + some.length);
};

describe.skipIf(!hasWebrtcbin)(`GStreamer's webrtcbin${hasWebrtcbin ? '' : ' (not with Python here)'}`, () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await testServer({ rtc: ['127.0.0.1:0'] });
  });

  const whip = (stream: string): string => `${server.http}/rtc/v1/whip/?app=live&stream=${stream}`;
  const whep = (stream: string): string => `${server.http}/rtc/v1/whep/?app=live&stream=${stream}`;

  const codecs = (['h264', 'vp8', 'vp9', 'av1'] as const).map((codec) => ({
    codec,
    lacks: missing(...elements[codec]),
  }));
  const usable = codecs.filter(({ lacks }) => lacks === '');

  for (const { codec, lacks } of codecs) {
    if (lacks !== '') it.skip(`publishes ${codec} (GStreamer here has no ${lacks}; werift and Chromium do it)`);
  }

  it.each(usable.filter(({ codec }) => codec !== 'av1'))(
    'publishes $codec and Opus, and another webrtcbin decodes both',
    async ({ codec }) => {
      const publisher = webrtcbin('publish', whip(`gst-${codec}`), codec);
      await until('both tracks', () => server.host.hub.find(nameOf(`gst-${codec}`))?.tracks.length === 2);

      const played = await reportOf(webrtcbin('play', whep(`gst-${codec}`), codec));
      publisher.kill('SIGINT');

      expect(played).toMatchObject({ state: 'connected' });
      expect(played.video).toBeGreaterThan(60);
      expect(played.audio).toBeGreaterThan(100);
      expect((await reportOf(publisher)).state).toBe('connected');
      expect(server.host.hub.find(nameOf(`gst-${codec}`))?.published ?? false).toBe(false);
    },
  );

  describe.runIf(usable.some(({ codec }) => codec === 'av1'))('with AV1', () => {
    let folder: string;

    beforeAll(async () => {
      folder = await scratchFolder();
    });

    it('publishes pictures and Opus, and another webrtcbin has all of them, HTTP a part', async () => {
      const file = await av1File();
      const pictures = await picturesOf(file);
      const to = join(folder, 'published.ivf');
      const player = webrtcbin('play', whep('gst-av1'), 'av1', [to, String(pictures.length)]);
      await until('the player', () =>
        [...server.host.sessions.list()].some(({ info }) => info.describe?.()['connected'] === true),
      );
      const publisher = webrtcbin('publish', whip('gst-av1'), 'av1', [file]);
      await until('both tracks', () => server.host.hub.find(nameOf('gst-av1'))?.tracks.length === 2);

      const asFile = await picturesOf(`${server.http}/live/gst-av1.mp4`, ['-frames:v', '50']);
      const played = await reportOf(player);
      publisher.kill('SIGINT');

      expect(played).toMatchObject({ state: 'connected', lost: 0 });
      expect(played.audio).toBeGreaterThan(100);
      expect(await picturesOf(to)).toEqual(pictures);
      expect(asFile).toHaveLength(50);
      expect(asFile).toEqual(runIn(pictures, asFile));
      expect(await reportOf(publisher)).toMatchObject({ state: 'connected', video: pictures.length });
    });

    it('decodes what our relay publishes by RTMP, of an encoder that looks ahead', async () => {
      const engine = createEngine({ log: silentLog });
      const stop = new AbortController();
      const from = await sources.av1Opus();
      const options = { from, to: `${server.rtmp}/live/gst-relayed`, loop: true, signal: stop.signal };
      const relayed = relay(engine.host, protocols, options);
      await until('pictures', () => (server.host.hub.find(nameOf('gst-relayed'))?.frames.video ?? 0) > 10);
      const to = join(folder, 'relayed.ivf');

      const played = await reportOf(webrtcbin('play', whep('gst-relayed'), 'av1', [to, '75']));

      stop.abort();
      await relayed;
      engine.close();
      expect(played).toMatchObject({ state: 'connected', lost: 0 });
      const mine = await picturesOf(to);
      expect(mine.length).toBeGreaterThanOrEqual(75);
      const once = await picturesOf(from);
      expect(mine).toEqual(runIn([...once, ...once], mine));
    });
  });

  it('decodes what ffmpeg publishes by RTMP, its sound as Opus', async () => {
    const publisher = start('ffmpeg', [
      ...`-v error -re ${picture} ${sound} -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p`.split(
        ' ',
      ),
      ...`-c:a aac -f flv ${server.rtmp}/live/gst-rtmp`.split(' '),
    ]);
    await until('pictures', () => (server.host.hub.find(nameOf('gst-rtmp'))?.frames.video ?? 0) > 25);

    const played = await reportOf(webrtcbin('play', whep('gst-rtmp'), 'h264'));

    expect(played).toMatchObject({ state: 'connected' });
    expect(played.video).toBeGreaterThan(60);
    expect(played.audio).toBeGreaterThan(100);
    publisher.kill('SIGINT');
    await publisher;
  });
});
