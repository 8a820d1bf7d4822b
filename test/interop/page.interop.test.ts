// The player page in a real browser: the demo stream by HTTP-FLV, by WebSocket-FLV and by WebRTC. With SRSX_SCREENSHOT set to
// a file name, a picture of the page is written there.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoSample, playerPages } from '../../src/cli/assets.ts';
import { launchBrowser } from '../tools/browser.ts';
import { confServer } from '../tools/conf-server.ts';
import { describeWith, nameOf, type TestServer, testServer, until } from '../tools/interop.ts';
import { launchPeer } from '../tools/rtc-browser.ts';

/** Type, length and cookie of RFC 8489 §5. */
const stunRequest = /^0001....2112a442$/;

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

  it('offers nothing of WebRTC, which this server does not have', async () => {
    const looked = page.waitForResponse((answer) => answer.request().method() === 'OPTIONS');
    await page.reload();
    await looked;
    await until('the addresses', async () => (await page.locator('#urls .kind').count()) > 0);

    expect(await page.locator('#urls .kind').allTextContents()).toEqual(['RTMP', 'HTTP-FLV', 'WS-FLV']);
    expect(await page.getByText('WebRTC').isVisible()).toBe(false);
    expect(await page.getByText('Publish from this browser').isVisible()).toBe(false);
    expect(problems).toEqual([]);
  });

  it('says what is wrong with a stream that is not there', async () => {
    await page.getByLabel('Play another stream').fill('live/nothing');
    await page.getByRole('button', { name: 'Play', exact: true }).click();

    await expect.poll(() => page.locator('#badge').getAttribute('data-state'), { timeout: 60_000 }).not.toBe('playing');
  });

  describe('with WebRTC', () => {
    const stun = createSocket('udp4');
    let other: TestServer;
    let peer: Browser;

    beforeAll(async () => {
      stun.bind(0, '127.0.0.1');
      await once(stun, 'listening');
      const servers = `stun:127.0.0.1:${stun.address().port} turn:127.0.0.1:1?transport=tcp u p`;
      other = await confServer(
        `rtc_server { enabled on; listen 127.0.0.1:0; ice_servers ${servers}; }
         vhost __defaultVhost__ { rtc { enabled on; rtmp_to_rtc on; rtc_to_rtmp on; } }`,
        { pages: playerPages(), demo: { sample: demoSample } },
      );
      peer = await launchPeer();
    });

    afterAll(async () => {
      stun.close();
      await peer?.close();
    });

    const asked = async (): Promise<string> => ((await once(stun, 'message')) as [Buffer])[0].toString('hex', 0, 8);

    it('plays it, and asks the STUN server that the answer names', async () => {
      const question = asked();
      page = await peer.newPage();

      await page.goto(`${other.http}/?stream=live/demo&transport=rtc&api=${new URL(other.api).port}`);

      await plays();
      expect(await question).toMatch(stunRequest);
      expect(await page.locator('#urls .kind').allTextContents()).toContain('WHEP');
      expect(await page.getByText('WebRTC').isVisible()).toBe(true);
      expect(await page.getByText('Publish from this browser').isVisible()).toBe(true);
    });

    it('publishes from the other page, which asks too', async () => {
      const question = asked();
      page = await peer.newPage();
      await page.goto(`${other.http}/publish.html?stream=live/camera&codec=VP8`);

      await page.getByRole('button', { name: 'Publish', exact: true }).click();

      await until('pictures', () => (other.host.hub.find(nameOf('camera'))?.frames.video ?? 0) > 30);
      expect(other.host.hub.find(nameOf('camera'))?.tracks.map(({ codec }) => codec)).toContain('vp8');
      expect(await question).toMatch(stunRequest);
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await until('the end', () => other.host.hub.find(nameOf('camera'))?.published !== true);
    });
  });
});
