// The player page in a real browser: the demo stream by HTTP-FLV and by WebSocket-FLV. With SRSX_SCREENSHOT set to a file
// name, a picture of the page is written there.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoSample, playerPages } from '../../src/cli/assets.ts';
import { launchBrowser } from '../tools/browser.ts';
import { describeWith, type TestServer, testServer } from '../tools/interop.ts';

describeWith(['chromium'], 'the player page in Chromium', () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    server = await testServer({ pages: playerPages(), demo: { sample: demoSample } });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  });

  afterAll(() => browser?.close());

  /** Frames painted and the time of the video, as the browser counts them. */
  const state = () =>
    page.evaluate<{ time: number; frames: number; width: number; paused: boolean }>(`(() => {
      const video = document.querySelector('video');
      const { totalVideoFrames: frames } = video.getVideoPlaybackQuality();
      return { time: video.currentTime, frames, width: video.videoWidth, paused: video.paused };
    })()`);

  const plays = async (): Promise<void> => {
    await expect.poll(async () => (await state()).time, { timeout: 20_000 }).toBeGreaterThan(0.2);
    const before = await state();
    await expect.poll(async () => (await state()).time, { timeout: 20_000 }).toBeGreaterThan(before.time + 2);
    const after = await state();
    expect(after.frames - before.frames).toBeGreaterThan(30);
    expect(after).toMatchObject({ width: 640, paused: false });
  };

  it('plays the demo stream by HTTP-FLV', async () => {
    // The API of a test has a port of its own.
    await page.goto(`${server.http}/?api=${new URL(server.api).port}&rtmp=${new URL(server.rtmp).port}`);

    await plays();
    const picture = process.env['SRSX_SCREENSHOT'];
    if (picture !== undefined) await page.screenshot({ path: picture });

    expect(problems).toEqual([]);
  });

  it('plays it by WebSocket-FLV when that is chosen', async () => {
    const socket = page.waitForEvent('websocket');
    await page.getByText('WebSocket-FLV').click();

    expect((await socket).url()).toMatch(/^ws:.*\/live\/demo\.flv/);
    await plays();

    expect(problems).toEqual([]);
  });

  it('says what is wrong with a stream that is not there', async () => {
    await page.getByLabel('Play another stream').fill('live/nothing');
    await page.getByRole('button', { name: 'Play', exact: true }).click();

    await expect.poll(() => page.locator('#badge').getAttribute('data-state'), { timeout: 60_000 }).not.toBe('playing');
  });
});
