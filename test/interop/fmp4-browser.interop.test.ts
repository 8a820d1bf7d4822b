// HTTP-fMP4 in a real browser: by Media Source Extensions, over HTTP and WebSocket, and as the plain source of a <video>.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { launchBrowser } from '../tools/browser.ts';
import { describeWith, sources, type TestServer, testServer } from '../tools/interop.ts';

/** Runs in the page: everything that comes is appended, and a live stream is played from where it begins. */
const feedMediaSource = `async ({ url, codecs }) => {
  const video = document.createElement('video');
  document.body.replaceChildren(video);
  video.muted = true;
  const media = new MediaSource();
  video.src = URL.createObjectURL(media);
  await new Promise((open) => media.addEventListener('sourceopen', open, { once: true }));
  const buffer = media.addSourceBuffer('video/mp4; codecs="' + codecs + '"');
  const waiting = [];
  const feed = () => {
    if (!buffer.updating && waiting.length > 0) buffer.appendBuffer(waiting.shift());
  };
  buffer.addEventListener('updateend', () => {
    if (video.currentTime === 0 && video.buffered.length > 0) video.currentTime = video.buffered.start(0);
    feed();
  });
  const take = (bytes) => {
    waiting.push(bytes);
    feed();
  };
  void video.play();
  if (url.startsWith('ws')) {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => take(data);
    return;
  }
  const reader = (await fetch(url)).body.getReader();
  void (async () => {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) take(piece.value);
  })();
}`;

describeWith(['chromium', 'ffmpeg'], 'a live fMP4 stream in Chromium', () => {
  const engine = createEngine({ log: silentLog });
  const stop = new AbortController();
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  let publishing: Promise<unknown>;

  beforeAll(async () => {
    server = await testServer({ mergeWindowMs: 100 });
    const { signal } = stop;
    const publish = async (stream: string, from: string) =>
      relay(engine.host, protocols, { from, to: `${server.rtmp}/live/${stream}`, signal, loop: true });
    publishing = Promise.all([publish('avc', await sources.bFrames()), publish('av1', await sources.av1Opus())]);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    stop.abort();
    await publishing;
    engine.close();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    // Any page of the same origin does.
    await page.goto(`${server.http}/none`);
  });

  /** A second and a half of pictures, painted one after the other. */
  const plays = async (): Promise<void> => {
    const state = () =>
      page.evaluate<{ time: number; frames: number; error: string | null }>(`(() => {
        const video = document.querySelector('video');
        const { totalVideoFrames: frames } = video.getVideoPlaybackQuality();
        return { time: video.currentTime, frames, error: video.error?.message ?? null };
      })()`);
    await expect.poll(async () => (await state()).frames, { timeout: 20_000 }).toBeGreaterThan(3);
    const before = await state();
    await expect.poll(async () => (await state()).frames, { timeout: 20_000 }).toBeGreaterThan(before.frames + 37);
    const now = await state();
    expect(now.time).toBeGreaterThan(before.time + 1);
    expect(now.error).toBeNull();
  };

  it.each([
    ['H.264 and AAC over HTTP', 'avc', 'avc1.640028,mp4a.40.2', 'http'],
    ['H.264 and AAC over WebSocket', 'avc', 'avc1.640028,mp4a.40.2', 'ws'],
    ['AV1 and Opus over HTTP', 'av1', 'av01.0.00M.08,opus', 'http'],
  ])('plays by Media Source Extensions: %s', async (_, stream, codecs, scheme) => {
    const url = `${server.http.replace('http', scheme)}/live/${stream}.mp4`;

    await page.evaluate(`(${feedMediaSource})(${JSON.stringify({ url, codecs })})`);

    await plays();
  });

  it('plays as the source of a <video>', async () => {
    await page.evaluate(`(() => {
      const video = document.createElement('video');
      document.body.replaceChildren(video);
      video.muted = true;
      video.src = '${server.http}/live/avc.mp4';
      void video.play();
    })()`);

    await plays();
  });
});
