// Whether sound and picture stay together on the way to a browser: a picture that shows its media time and a beep at each whole
// second of it, by ffmpeg over RTMP and by a page over WHIP, heard and seen by a page that plays by WHEP. That both have the same
// time by the sender reports is in webrtc-peers; here it is what a browser makes of them.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeWith, start, type TestServer, testServer, until } from '../tools/interop.ts';
import { launchPeer, peerPage, play, stateOf } from '../tools/rtc-browser.ts';

/** The media time in the picture: units of 8 ms, 14 bits, as a row of white and black blocks. */
const BITS = 14;
const BLOCK = 40;
const UNIT_MS = 8;

/** Paints the time of the sound's clock, and beeps for 100 ms at each of its seconds. */
const painter = `
window.paint = async (url) => {
  const context = new AudioContext();
  const sink = context.createMediaStreamDestination();
  const [tone, gate] = [context.createOscillator(), context.createGain()];
  gate.gain.value = 0;
  for (let second = 1; second < 120; second++) {
    gate.gain.setValueAtTime(0.8, second);
    gate.gain.setValueAtTime(0, second + 0.1);
  }
  tone.frequency.value = 1000;
  tone.connect(gate).connect(sink);
  tone.start();
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const pen = canvas.getContext('2d');
  const draw = () => {
    const code = Math.floor(context.currentTime * 1000 / ${UNIT_MS});
    pen.fillStyle = 'gray';
    pen.fillRect(0, 0, 640, 360);
    for (let bit = 0; bit < ${BITS}; bit++) {
      pen.fillStyle = Math.floor(code / 2 ** bit) % 2 ? 'white' : 'black';
      pen.fillRect(bit * ${BLOCK}, 0, ${BLOCK}, ${BLOCK});
    }
  };
  setInterval(draw, 8);
  const media = new MediaStream([...sink.stream.getTracks(), ...canvas.captureStream(30).getTracks()]);
  const pc = window.pc = new RTCPeerConnection();
  for (const track of media.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [media] });
  await exchange(pc, url);
};`;

/** In the thread of the sound: when each beep begins, by the wall clock. */
const onsets = `registerProcessor('onsets', class extends AudioWorkletProcessor {
  quiet = 0;
  process([[samples = []]]) {
    const now = Date.now();
    for (let i = 0; i < samples.length; i++) {
      if (Math.abs(samples[i]) < 0.1) { this.quiet++; continue; }
      if (this.quiet > sampleRate / 4) this.port.postMessage(now + i / sampleRate * 1000);
      this.quiet = 0;
    }
    return true;
  }
});`;

/** Collects beeps, and the pictures with the time that they show and when they are shown, in ms of the wall clock. */
const watcher = `
window.seen = { beeps: [], pictures: [], played: [] };
window.watch = async () => {
  const video = document.querySelector('video');
  const context = new AudioContext();
  const module = new Blob([${JSON.stringify(onsets)}], { type: 'text/javascript' });
  await context.audioWorklet.addModule(URL.createObjectURL(module));
  const node = new AudioWorkletNode(context, 'onsets');
  node.port.onmessage = ({ data }) => window.seen.beeps.push(data);
  context.createMediaStreamSource(video.srcObject).connect(node).connect(context.destination);
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: ${BLOCK} });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const look = (_, { expectedDisplayTime }) => {
    pen.drawImage(video, 0, 0, 640, ${BLOCK}, 0, 0, 640, ${BLOCK});
    const { data } = pen.getImageData(0, ${BLOCK / 2}, 640, 1);
    let code = 0;
    for (let bit = 0; bit < ${BITS}; bit++) if (data[(bit * ${BLOCK} + ${BLOCK / 2}) * 4] > 128) code += 2 ** bit;
    window.seen.pictures.push([code * ${UNIT_MS}, performance.timeOrigin + expectedDisplayTime]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  setInterval(async () => {
    const found = [...(await pc.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
    const at = (kind) => found.find((one) => one.kind === kind)?.estimatedPlayoutTimestamp;
    window.seen.played.push(at('video') - at('audio'));
  }, 250);
};`;

interface Seen {
  /** By Chromium's own reckoning, from the sender reports: how much later than the picture the sound is played. */
  readonly played: readonly number[];
  readonly beeps: readonly number[];
  readonly pictures: readonly (readonly [media: number, shown: number])[];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** How much later than its picture each beep is heard, in ms. */
function skews({ beeps, pictures }: Seen): number[] {
  return beeps.map((heard) => {
    const near = pictures.filter(([, shown]) => Math.abs(shown - heard) < 500);
    const media = heard - median(near.map(([time, shown]) => shown - time));
    return media - Math.round(media / 1000) * 1000;
  });
}

/** Chromium begins with what comes first, and brings sound and picture together step by step. */
const SETTLING_BEEPS = 20;
const BEEPS = 15;
/** On its way to the worklet the sound passes a queue that grows when the machine is busy; nothing says how long it is. */
const MOST_FIFO_MS = 40;

const boxes = Array.from({ length: BITS }, (_, bit) => {
  const box = `drawbox=x=${bit * BLOCK}:y=0:w=${BLOCK}:h=${BLOCK}:t=fill`;
  const isSet = `mod(floor(t*${1000 / UNIT_MS}/${2 ** bit}+0.0001)\\,2)`;
  return `${box}:c=white:enable='${isSet}',${box}:c=black:enable='not(${isSet})'`;
});
const tone = "aevalsrc='if(lt(mod(t,1),0.1),0.8*sin(2*PI*1000*t),0)':s=48000";

describeWith(['chromium', 'ffmpeg'], 'sound and picture', () => {
  let server: TestServer;
  let browser: Browser;
  const pages: Page[] = [];

  beforeAll(async () => {
    server = await testServer({ rtc: ['127.0.0.1:0'], mergeWindowMs: 0 });
    browser = await launchPeer();
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.close()));
  });
  afterAll(() => browser?.close());

  const open = async (script: string): Promise<Page> => {
    const page = await peerPage(browser, server.http);
    pages.push(page);
    await page.addScriptTag({ content: script });
    return page;
  };

  /** Medians of how much later the sound is than the picture, in ms, once Chromium has settled. */
  async function measure(stream: string): Promise<{ readonly heard: number; readonly played: number }> {
    const page = await open(watcher);
    await play(page, `${server.http}/rtc/v1/whep/?app=live&stream=${stream}`);
    await until('the picture moves', async () => (await stateOf(page)).time > 1);
    await page.evaluate('watch()');
    const count = (): Promise<number> => page.evaluate('seen.beeps.length');
    await until('the beeps', async () => (await count()) >= SETTLING_BEEPS + BEEPS, 60_000);
    const seen = await page.evaluate<Seen>('seen');
    const heard = skews(seen).slice(SETTLING_BEEPS);
    const played = seen.played.slice(Math.floor((seen.played.length * SETTLING_BEEPS) / seen.beeps.length));
    console.log(
      `${stream}: the sound is heard later by ${heard.map(Math.round).join(' ')} ms, played by ${median(played)} ms`,
    );
    return { heard: median(heard), played: median(played) };
  }

  it('from RTMP with AAC to WebRTC with Opus are less than 40 ms apart', async () => {
    const picture = `color=gray:size=640x360:rate=25,format=yuv420p,${boxes.join(',')}`;
    const child = start('ffmpeg', [
      ...['-v', 'error', '-re', '-f', 'lavfi', '-i', picture, '-re', '-f', 'lavfi', '-i', tone],
      ...'-c:v libx264 -preset ultrafast -tune zerolatency -g 50 -c:a aac -b:a 128k'.split(' '),
      ...['-flush_packets', '1', '-f', 'flv', `${server.rtmp}/live/beeps`],
    ]);
    const stream = { vhost: '__defaultVhost__', app: 'live', stream: 'beeps' };
    await until('the stream', () => (server.host.hub.find(stream)?.frames.video ?? 0) > 50);

    const { heard, played } = await measure('beeps');

    expect(Math.abs(played)).toBeLessThan(40);
    expect(Math.abs(heard)).toBeLessThan(40 + MOST_FIFO_MS);
    child.kill('SIGINT');
    await child;
  });

  it('from WebRTC to WebRTC are less than 40 ms apart', async () => {
    const publisher = await open(painter);
    await publisher.evaluate(`paint('${server.http}/rtc/v1/whip/?app=live&stream=painted')`);

    const { heard, played } = await measure('painted');

    expect(Math.abs(played)).toBeLessThan(40);
    expect(Math.abs(heard)).toBeLessThan(40 + MOST_FIFO_MS);
  });
});
