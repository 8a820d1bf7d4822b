// H.264 and AAC that ffmpeg publishes by SRT, at the outputs for browsers: HLS frame for frame, and WebRTC in Chromium.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectSameFrames } from '../tools/compare.ts';
import { type ConfServer, confServer } from '../tools/conf-server.ts';
import {
  copiedFrames,
  describeWith,
  ended,
  nameOf,
  parseFrameMd5,
  run,
  sources,
  start,
  until,
} from '../tools/interop.ts';
import { launchPeer, peerPage, play, stateOf } from '../tools/rtc-browser.ts';

const pictures = ['-bsf:v', 'h264_mp4toannexb,filter_units=remove_types=7-9'];
let server: ConfServer;

beforeAll(async () => {
  // A machine that is busy with other tests holds packets up for longer than the usual 120 ms.
  server = await confServer(`srt_server { enabled on; listen 127.0.0.1:0; latency 1000; }
    rtc_server { enabled on; listen 127.0.0.1:0; }
    vhost __defaultVhost__ { srt { enabled on; } rtc { enabled on; rtmp_to_rtc on; }
      hls { enabled on; hls_fragment 2; hls_window 60; hls_disk off; } }`);
});

/** ffmpeg as an encoder with SRT; `more` are its input arguments. */
const publish = (source: string, stream: string, more = '') => {
  const port = server.listeners.find(({ name }) => name === 'srt')?.address.port;
  const to = `srt://127.0.0.1:${port}?streamid=#!::r=live/${stream},m=publish&linger=5`;
  const args = `-v error -re ${more} -i ${source} -map 0 -c copy -f mpegts ${to}`;
  return start('ffmpeg', args.split(' ').filter(Boolean));
};

describeWith(['ffmpeg'], 'HLS', () => {
  it('has every frame of an SRT publisher', { timeout: 60_000 }, async () => {
    const source = await sources.h264Aac();
    await ended(publish(source, 'hls'), 20_000);
    await until('the publisher has left', () => server.host.hub.find(nameOf('hls'))?.published !== true);

    const url = `${server.http}/live/hls.m3u8`;
    // From the oldest segment; it is over when the playlist has not changed three times.
    const input = `-v error -copyts -live_start_index 0 -m3u8_hold_counters 3 -i ${url} -map 0:v -map 0:a -c copy`;
    const form = '-bsf:v filter_units=remove_types=7-9 -bsf:a aac_adtstoasc -f framemd5 -';
    const got = parseFrameMd5(await run('ffmpeg', `${input} ${form}`.split(' ')));

    expectSameFrames(got, await copiedFrames(source, pictures), { withinMs: 2 });
  });
});

describeWith(['chromium', 'ffmpeg'], 'Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchPeer();
  });
  afterAll(() => browser?.close());

  it('plays an SRT publisher by WHEP, the sound as Opus', { timeout: 60_000 }, async () => {
    const publisher = publish(await sources.h264Aac(), 'rtc', '-stream_loop -1');
    await until('the stream is there', () => server.host.hub.find(nameOf('rtc'))?.tracks.length === 2);
    const page = await peerPage(browser, server.http);

    await play(page, `${server.http}/rtc/v1/whep/?app=live&stream=rtc`);
    await until('the first picture', async () => (await stateOf(page)).time > 0);
    const before = await stateOf(page);
    await until('picture and sound for three seconds', async () => {
      const { time, audioSamples } = await stateOf(page);
      return time > before.time + 3 && audioSamples > before.audioSamples + 2 * 48_000;
    });
    const after = await stateOf(page);
    publisher.kill('SIGTERM');

    expect(after.codecs).toEqual(expect.arrayContaining(['video/H264', 'audio/opus']));
    expect(after.width).toBe(320);
    expect(after.frames - before.frames).toBeGreaterThan(3 * 25 - 15);
  });
});
