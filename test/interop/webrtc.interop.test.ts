// WebRTC with Chromium: its camera by WHIP to players of every kind, and what encoders publish to its player by WHEP.
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fromSeconds } from '../../src/core/base/time.ts';
import { confServer } from '../tools/conf-server.ts';
import {
  copyToMd5,
  describeWith,
  ended,
  nameOf,
  parseFrameMd5,
  start,
  type TestServer,
  testServer,
  until,
} from '../tools/interop.ts';
import { launchPeer, peerPage, play, publish, stateOf } from '../tools/rtc-browser.ts';

const lines = (text: string): string[] => text.split(/\s+/).filter(Boolean);
const picture = '-f lavfi -i testsrc2=size=640x360:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000';
const live = '-c:v libx264 -preset ultrafast -tune zerolatency -g 60 -pix_fmt yuv420p -c:a aac -f flv';

describeWith(['chromium', 'ffmpeg'], 'Chromium', () => {
  let server: TestServer;
  let browser: Browser;
  const pages: Page[] = [];

  beforeAll(async () => {
    server = await testServer({ rtc: ['127.0.0.1:0'] });
    browser = await launchPeer();
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.close()));
  });
  afterAll(() => browser?.close());

  const open = async (): Promise<Page> => {
    const page = await peerPage(browser, server.http);
    pages.push(page);
    return page;
  };
  const whip = (stream: string, more = '', at = server.http): string =>
    `${at}/rtc/v1/whip/?app=live&stream=${stream}${more}`;
  const whep = (stream: string, more = '', at = server.http): string =>
    `${at}/rtc/v1/whep/?app=live&stream=${stream}${more}`;

  /** The picture moves for two seconds. */
  const plays = async (page: Page, seconds = 2) => {
    await until('the first picture', async () => (await stateOf(page)).time > 0);
    const before = await stateOf(page);
    await until('a picture that moves', async () => (await stateOf(page)).time > before.time + seconds);
    const after = await stateOf(page);
    expect(after.frames - before.frames).toBeGreaterThan(seconds * 8);
    return after;
  };

  describe('publishes by WHIP', () => {
    it('and another page plays H.264 and Opus by WHEP', async () => {
      const [publisher, player] = [await open(), await open()];
      await publish(publisher, whip('camera'));
      await play(player, whep('camera'));

      const state = await plays(player);

      expect(state.codecs).toEqual(expect.arrayContaining(['video/H264', 'audio/opus']));
      expect(state.audioSamples).toBeGreaterThan(48_000);
    });

    it.each(['VP8', 'VP9', 'AV1'])('%s', async (codec) => {
      const [publisher, player] = [await open(), await open()];
      await publish(publisher, whip(codec), { codec, width: 320, height: 180 });
      await play(player, whep(codec));

      expect((await plays(player)).codecs).toContain(`video/${codec}`);
    });

    it('and ffmpeg reads both tracks as MPEG-TS and MP4, in time with each other', async () => {
      const publisher = await open();
      await publish(publisher, whip('toall'));
      await until('the stream is there', () => server.host.hub.find(nameOf('toall'))?.tracks.length === 2);

      for (const extension of ['ts', 'mp4']) {
        const frames = parseFrameMd5(await read(`${server.http}/live/toall.${extension}`));
        const times = (stream: number): number[] =>
          frames.filter((one) => one.stream === stream).map(({ ptsMs }) => ptsMs);
        const [video, audio] = [times(0), times(1)];
        expect(video.length).toBeGreaterThan(20);
        expect(audio.length).toBeGreaterThan(50);
        expect(Math.abs((video[0] as number) - (audio[0] as number))).toBeLessThan(1000);
      }
    });

    it('and hls.js in another page plays the picture and the sound by HLS, as ffmpeg does', async () => {
      const hls = { classic: true, fragment: fromSeconds(2) };
      const other = await testServer({ rtc: ['127.0.0.1:0'], hls });
      const [publisher, player] = [await peerPage(browser, other.http), await peerPage(browser, other.http)];
      pages.push(publisher, player);
      await publish(publisher, whip('tohls', '', other.http));
      const playlist = `${other.http}/live/tohls.m3u8`;
      const segments = async (): Promise<string> => (await fetch(`${playlist}?hls_ctx=test`)).text();
      await until('a segment', async () => (await segments()).includes('#EXTINF'), 30_000);

      await player.addScriptTag({ path: createRequire(import.meta.url).resolve('hls.js/dist/hls.js') });
      await player.evaluate(`
        window.faults = [];
        const hls = new Hls({ enableWorker: false });
        hls.on(Hls.Events.ERROR, (_, { details, fatal }) => fatal && faults.push(details));
        hls.loadSource('${playlist}');
        hls.attachMedia(document.querySelector('video'));`);
      const shown = (): Promise<number> => player.evaluate(`document.querySelector('video').currentTime`);
      await until('a picture', async () => (await shown()) > 0, 30_000);
      const before = await shown();
      await until('five seconds', async () => (await shown()) > before + 5, 30_000);

      expect(await player.evaluate('window.faults')).toEqual([]);
      expect(
        await player.evaluate(`document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames`),
      ).toBeGreaterThan(50);
      expect(await player.evaluate(`document.querySelector('video').webkitAudioDecodedByteCount`)).toBeGreaterThan(0);
      const frames = parseFrameMd5(await read(playlist));
      for (const stream of [0, 1]) expect(frames.filter((one) => one.stream === stream).length).toBeGreaterThan(20);
    });

    it('and ffmpeg reads the picture by HTTP-FLV and RTMP', async () => {
      const publisher = await open();
      await publish(publisher, whip('toflv'), { audio: false });
      await until('the stream is there', () => server.host.hub.find(nameOf('toflv'))?.tracks.length === 1);

      for (const url of [`${server.http}/live/toflv.flv`, `${server.rtmp}/live/toflv`]) {
        expect(parseFrameMd5(await read(url)).length).toBeGreaterThan(20);
      }
    });

    it('a second publisher of the name is refused with 409, and DELETE frees it', async () => {
      const [first, second] = [await open(), await open()];
      await publish(first, whip('busy'));

      await expect(publish(second, whip('busy'))).rejects.toThrow(/409.*STREAM_BUSY/);
      const gone = await first.evaluate<number>(`fetch(resource, { method: 'DELETE' }).then(({ status }) => status)`);
      expect(gone).toBe(200);
      await publish(second, whip('busy'));
    });

    it('three layers of simulcast: the best one is published', async () => {
      const [publisher, player] = [await open(), await open()];
      await publish(publisher, whip('layers'), { rids: ['h', 'm', 'l'], width: 640, height: 360 });
      await play(player, whep('layers'));

      await plays(player);
      await until('the highest layer', async () => (await stateOf(player)).width === 640);
      expect(await publisher.evaluate('window.answer')).toContain('a=simulcast:recv h;m;l');
    });

    it('a kicked publisher is disconnected', async () => {
      const publisher = await open();
      await publish(publisher, whip('kicked'));
      await until('the stream is there', () => server.host.hub.find(nameOf('kicked'))?.published === true);

      const session = [...server.host.sessions.list()].find(({ info }) => info.name.stream === 'kicked');
      expect(session?.info.type).toBe('rtc-publish');
      server.host.sessions.kick(session?.id as string);

      await until('the peer sees it', async () =>
        ['closed', 'failed', 'disconnected'].includes((await stateOf(publisher)).connection),
      );
      await until('the name is free', () => server.host.hub.find(nameOf('kicked')) === undefined);
    });
  });

  describe('plays by WHEP', () => {
    const encoder = (stream: string, args = live) =>
      start('ffmpeg', lines(`-v error -re ${picture} ${args} ${server.rtmp}/live/${stream}`));

    it('what ffmpeg publishes by RTMP, with sound, and does not stay behind', async () => {
      const child = encoder('fromrtmp');
      const published = (): number => server.host.hub.find(nameOf('fromrtmp'))?.frames.video ?? 0;
      await until('the stream has a group of pictures', () => published() > 45);
      const player = await open();
      await play(player, whep('fromrtmp'));
      await until('the first picture', async () => (await stateOf(player)).time > 0);
      const shown = (await stateOf(player)).frames;
      const came = published();

      const state = await plays(player);

      expect(state.codecs).toEqual(expect.arrayContaining(['video/H264', 'audio/opus']));
      expect(state.lost).toBe(0);
      // Of some sixty frames that came meanwhile, less than half a second's are not shown yet.
      expect(state.frames - shown).toBeGreaterThan(published() - came - 15);
      child.kill('SIGINT');
      await child;
    });

    it('a player that came before the publisher gets the stream when it begins', async () => {
      const player = await open();
      await play(player, whep('later'));
      await until('it is connected', async () => (await stateOf(player)).connection === 'connected');
      const child = encoder('later');

      await plays(player);

      child.kill('SIGINT');
      await child;
    });

    it('by TCP alone, and at the port of the API', async () => {
      const tcp = await confServer(`
        rtc_server { enabled on; listen 127.0.0.1:0; protocol tcp; tcp { enabled on; listen 0; } }
        vhost __defaultVhost__ { rtc { enabled on; rtc_to_rtmp on; } }`);
      const page = await peerPage(browser, tcp.http);
      pages.push(page);
      const publisher = await peerPage(browser, tcp.http);
      pages.push(publisher);
      await publish(publisher, whip('tcp', '', tcp.api));
      await play(page, whep('tcp', '', tcp.api));

      await plays(page);

      expect(await page.evaluate('window.answer')).toMatch(/candidate:0 1 tcp .* tcptype passive/);
    });

    it.each([
      ['as the client of DTLS, with ECDSA', 'on', 'active'],
      ['as its server, with RSA', 'off', 'passive'],
      ['as its client, with RSA', 'off', 'active'],
    ])('%s', async (_, ecdsa, role) => {
      const other = await confServer(`
        rtc_server { enabled on; listen 127.0.0.1:0; ecdsa ${ecdsa}; }
        vhost __defaultVhost__ { rtc { enabled on; dtls_role ${role}; } }`);
      const [publisher, page] = [await peerPage(browser, other.http), await peerPage(browser, other.http)];
      pages.push(publisher, page);
      await publish(publisher, whip('role', '', other.http));
      await play(page, whep('role', '', other.http));

      await plays(page, 1);
    });

    it('pictures of many slices in merged packets, without SEI, by one of several sockets', async () => {
      const other = await confServer(`
        rtc_server { enabled on; listen 127.0.0.1:0; merge_nalus on; reuseport 3; }
        vhost __defaultVhost__ { rtc { enabled on; rtmp_to_rtc on; keep_avc_nalu_sei off; nack_no_copy off; } }`);
      const sliced = live.replace('-pix_fmt', '-x264-params slices=8 -pix_fmt');
      const child = start('ffmpeg', lines(`-v error -re ${picture} ${sliced} ${other.rtmp}/live/slices`));
      await until('the stream is there', () => other.host.hub.find(nameOf('slices'))?.published === true);
      const player = await peerPage(browser, other.http);
      pages.push(player);
      await play(player, whep('slices', '', other.http));

      const state = await plays(player);

      expect(state.codecs).toContain('video/H264');
      expect(state.lost).toBe(0);
      child.kill('SIGINT');
      await child;
    });

    it("by SRS's own API", async () => {
      const [publisher, player] = [await open(), await open()];
      await publish(publisher, whip('json'));
      const code = await player.evaluate<number>(`(async () => {
        const pc = window.pc = new RTCPeerConnection();
        pc.ontrack = ({ track }) => {
          const video = document.querySelector('video');
          video.srcObject ??= new MediaStream();
          video.srcObject.addTrack(track);
          video.play();
        };
        pc.addTransceiver('audio', { direction: 'recvonly' });
        pc.addTransceiver('video', { direction: 'recvonly' });
        await pc.setLocalDescription();
        const api = '${server.http}/rtc/v1/play/';
        const body = JSON.stringify({ api, streamurl: 'webrtc://127.0.0.1/live/json', sdp: pc.localDescription.sdp });
        const answer = await (await fetch(api, { method: 'POST', body })).json();
        await pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
        return answer.code;
      })()`);

      expect(code).toBe(0);
      await plays(player);
    });
  });
});

/** Three seconds of a stream, as a list of its packets. */
async function read(url: string): Promise<string> {
  const child = start('ffmpeg', ['-v', 'error', '-t', '3', '-i', url, ...copyToMd5]);
  await ended(child, 15_000);
  return String((await child).stdout);
}
