// Chromium as a peer of WebRTC: a page that publishes its fake camera by WHIP, and one that plays by WHEP.
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';

/** With a camera that needs no person, and addresses that are not hidden. */
export const launchPeer = (): Promise<Browser> =>
  launchBrowser([
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection',
    // A page that the test makes up has no address, and would not be let in to this machine.
    '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks',
  ]);

/** What a page says of its connection and its picture. */
export interface PeerState {
  readonly connection: string;
  readonly time: number;
  readonly frames: number;
  readonly width: number;
  /** `framesEncoded` of a publisher; 0 for a player. */
  readonly encoded: number;
  readonly codecs: readonly string[];
  readonly audioSamples: number;
  readonly lost: number;
  readonly bitrateBps: number;
}

const helpers = `
window.exchange = async (pc, url, headers) => {
  await pc.setLocalDescription();
  await new Promise((done) => {
    if (pc.iceGatheringState === 'complete') return done();
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done();
    setTimeout(done, 1000);
  });
  const answer = await fetch(url, {
    method: 'POST', headers: { 'Content-Type': 'application/sdp', ...headers }, body: pc.localDescription.sdp,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(answer.status + ' ' + text);
  // Another way to the server, when the test says so, at a rate that its losses and delays do not push down: Chromium comes to
  // think of 30 kbit/s, between two of its own pages too, and leaves out pictures behind each key frame.
  const moved = text.replace(/\\S+ \\d+ typ host/g, '127.0.0.1 ' + window.mediaPort + ' typ host');
  const sdp = window.mediaPort ? moved.replace(/^(a=fmtp:.*profile-level-id.*)$/gm, '$1;x-google-min-bitrate=400') : text;
  await pc.setRemoteDescription({ type: 'answer', sdp });
  window.resource = new URL(answer.headers.get('location'), url).href;
  window.answer = sdp;
};
window.publish = async (url, { video = true, audio = true, codec, width = 640, height = 360, rids } = {}) => {
  const pc = window.pc = new RTCPeerConnection();
  const media = await navigator.mediaDevices.getUserMedia({ video: video && { width, height, frameRate: 30 }, audio });
  for (const track of media.getTracks()) {
    const sendEncodings = track.kind === 'video' && rids ? rids.map((rid, i) => ({ rid, scaleResolutionDownBy: 2 ** i })) : [{}];
    const transceiver = pc.addTransceiver(track, { direction: 'sendonly', streams: [media], sendEncodings });
    if (codec && track.kind === 'video') {
      const all = RTCRtpSender.getCapabilities('video').codecs;
      const mime = 'video/' + codec;
      transceiver.setCodecPreferences(all.filter(({ mimeType }) => mimeType === mime || mimeType === 'video/rtx'));
    }
  }
  await exchange(pc, url);
};
window.play = async (url) => {
  const pc = window.pc = new RTCPeerConnection();
  const stream = new MediaStream();
  const video = document.querySelector('video');
  pc.ontrack = ({ track }) => { stream.addTrack(track); video.srcObject = stream; video.play(); };
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.addTransceiver('video', { direction: 'recvonly' });
  await exchange(pc, url);
};
window.state = async () => {
  const video = document.querySelector('video');
  const found = [...(await pc.getStats()).values()];
  const codecOf = (id) => found.find((one) => one.id === id)?.mimeType;
  const media = found.filter(({ type }) => type === 'inbound-rtp' || type === 'outbound-rtp');
  const sum = (key) => media.reduce((total, one) => total + (one[key] ?? 0), 0);
  return {
    connection: pc.connectionState, time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames, width: video.videoWidth,
    encoded: sum('framesEncoded'), codecs: media.map(({ codecId }) => codecOf(codecId)).filter(Boolean),
    audioSamples: sum('totalSamplesReceived'), lost: sum('packetsLost'),
    bitrateBps: found.find(({ type, nominated }) => type === 'candidate-pair' && nominated)?.availableOutgoingBitrate ?? 0,
  };
};`;

/** A page of its own, on the server's origin, since cameras are only given to real origins. */
export async function peerPage(browser: Browser, origin: string): Promise<Page> {
  const page = await browser.newPage();
  await page.route(`${origin}/peer`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<video muted autoplay playsinline></video>' }),
  );
  await page.goto(`${origin}/peer`);
  await page.addScriptTag({ content: helpers });
  return page;
}

export const publish = (page: Page, url: string, options: Record<string, unknown> = {}): Promise<void> =>
  page.evaluate(`publish(${JSON.stringify(url)}, ${JSON.stringify(options)})`);

/** All media of the page that is negotiated from now on goes to this port of loopback, whatever the server says. */
export const sendTo = (page: Page, port: number): Promise<void> => page.evaluate(`void (window.mediaPort = ${port})`);

export const play = (page: Page, url: string): Promise<void> => page.evaluate(`play(${JSON.stringify(url)})`);

export const stateOf = (page: Page): Promise<PeerState> => page.evaluate<PeerState>('state()');
