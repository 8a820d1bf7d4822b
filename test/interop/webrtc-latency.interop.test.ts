// From glass to glass: a time code in the picture, painted by a page or by ffmpeg, and read by the page that plays it.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, start, type TestServer, testServer, until } from '../tools/interop.ts';
import { launchPeer, peerPage, play, stateOf } from '../tools/rtc-browser.ts';

const BITS = 14;
const BLOCK = 40;
/** Of the time code. */
const UNIT_MS = 8;

/** Paints the wall clock as a row of black and white blocks. */
const painter = `
window.paint = async (url) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const pen = canvas.getContext('2d');
  const draw = () => {
    const code = Math.floor(Date.now() / ${UNIT_MS});
    pen.fillStyle = 'gray';
    pen.fillRect(0, 0, 640, 360);
    for (let bit = 0; bit < ${BITS}; bit++) {
      pen.fillStyle = Math.floor(code / 2 ** bit) % 2 ? 'white' : 'black';
      pen.fillRect(bit * ${BLOCK}, 0, ${BLOCK}, ${BLOCK});
    }
  };
  setInterval(draw, 8);
  const pc = window.pc = new RTCPeerConnection();
  const [track] = canvas.captureStream(30).getVideoTracks();
  pc.addTransceiver(track, { direction: 'sendonly' });
  await exchange(pc, url);
};`;

/** Collects how old each picture is when it is shown, in ms. */
const reader = `
window.ages = [];
window.watch = () => {
  const video = document.querySelector('video');
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: ${BLOCK} });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const look = () => {
    pen.drawImage(video, 0, 0, 640, ${BLOCK}, 0, 0, 640, ${BLOCK});
    const { data } = pen.getImageData(0, 0, 640, ${BLOCK});
    let code = 0;
    for (let bit = 0; bit < ${BITS}; bit++) {
      const at = (${BLOCK / 2} * 640 + bit * ${BLOCK} + ${BLOCK / 2}) * 4;
      if (data[at] > 128) code += 2 ** bit;
    }
    const now = Math.floor(Date.now() / ${UNIT_MS}) % 2 ** ${BITS};
    window.ages.push(((now - code + 2 ** ${BITS}) % 2 ** ${BITS}) * ${UNIT_MS});
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
};`;

const boxes = Array.from(
  { length: BITS },
  (_, bit) =>
    `drawbox=x=${bit * BLOCK}:y=0:w=${BLOCK}:h=${BLOCK}:t=fill:c=white:enable='mod(floor(time(0)*${1000 / UNIT_MS}/${2 ** bit})\\,2)'`,
);

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

describeWith(['chromium', 'ffmpeg'], 'glass to glass', () => {
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await testServer({ rtc: ['127.0.0.1:0'], mergeWindowMs: 0 });
    browser = await launchPeer();
  });
  afterAll(() => browser?.close());

  /** Ages of the pictures of three seconds, once the player has settled. */
  async function watch(stream: string): Promise<{ ages: number[]; page: Page }> {
    const page = await peerPage(browser, server.http);
    await page.addScriptTag({ content: reader });
    await play(page, `${server.http}/rtc/v1/whep/?app=live&stream=${stream}`);
    await until('the picture moves', async () => (await stateOf(page)).time > 2);
    await page.evaluate('watch()');
    const before = (await stateOf(page)).time;
    await until('three seconds', async () => (await stateOf(page)).time > before + 3);
    return { ages: await page.evaluate<number[]>('window.ages'), page };
  }

  it('from WebRTC to WebRTC: the median is below 300 ms', async () => {
    const painting = await peerPage(browser, server.http);
    await painting.addScriptTag({ content: painter });
    await painting.evaluate(`paint('${server.http}/rtc/v1/whip/?app=live&stream=painted')`);

    const { ages, page } = await watch('painted');

    console.log(`WebRTC to WebRTC: ${median(ages)} ms, ${ages.length} pictures`);
    expect(ages.length).toBeGreaterThan(30);
    expect(median(ages)).toBeLessThan(300);
    await Promise.all([painting.close(), page.close()]);
  });

  it('from RTMP to WebRTC: the median is below 500 ms', async () => {
    const source = `color=gray:size=640x360:rate=30,realtime,format=yuv420p,${boxes.join(',')}`;
    const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '60'];
    const child = start('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', source, ...encoder],
      ...['-flush_packets', '1', '-f', 'flv', `${server.rtmp}/live/coded`],
    ]);
    await until('the stream is there', () => {
      const stream = server.host.hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 'coded' });
      return (stream?.frames.video ?? 0) > 90;
    });

    const { ages, page } = await watch('coded');

    console.log(`RTMP to WebRTC: ${median(ages)} ms, ${ages.length} pictures`);
    expect(ages.length).toBeGreaterThan(30);
    expect(median(ages)).toBeLessThan(500);
    await page.close();
    child.kill('SIGINT');
    await child;
  });
});
