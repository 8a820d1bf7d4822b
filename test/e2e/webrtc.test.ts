// WebRTC over real sockets: our own client through `relay`, and werift as a peer that nobody here has written.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from 'werift';
import { demoSample } from '../../src/cli/assets.ts';
import { createEngine, silentLog } from '../../src/core/index.ts';
import { protocols } from '../../src/core/protocols.ts';
import { probe } from '../../src/core/toolkit/probe.ts';
import { relay } from '../../src/core/toolkit/relay.ts';
import { confServer } from '../tools/conf-server.ts';
import { atEnd, nameOf, scratchFolder, testServer } from '../tools/interop.ts';

const engine = createEngine({ log: silentLog });
const server = await testServer({ rtc: ['127.0.0.1:0'], demo: { sample: demoSample } });
const http = new URL(server.http).host;
const folder = await scratchFolder();
atEnd(() => engine.close());

const seen = (condition: () => boolean) => expect.poll(condition, { timeout: 15_000 }).toBe(true);

it('relay: RTMP to WHIP, and WHEP to a file, which has every picture in order', async () => {
  const stop = new AbortController();
  const file = join(folder, 'whep.flv');
  const from = `${server.rtmp}/live/demo`;
  const to = `whip://${http}/rtc/v1/whip/?app=live&stream=b`;
  const push = relay(engine.host, protocols, { from, to, signal: stop.signal }, () => undefined);
  await seen(() => (server.host.hub.find(nameOf('b'))?.frames.video ?? 0) > 30);
  const whep = `whep://${http}/rtc/v1/whep/?app=live&stream=b`;
  const pull = relay(engine.host, protocols, { from: whep, to: file, signal: stop.signal }, () => undefined);
  await seen(() => (server.host.hub.find(nameOf('b'))?.players ?? 0) === 1);
  const before = server.host.hub.find(nameOf('b'))?.frames.video as number;
  await seen(() => (server.host.hub.find(nameOf('b'))?.frames.video as number) > before + 60);

  stop.abort();
  const [, got] = await Promise.all([push, pull]);

  expect(got.frames.video).toBeGreaterThan(40);
  await seen(() => server.host.sessions.size <= 1);
});

it('probe reads a stream by WHEP', async () => {
  const stop = new AbortController();
  const source = `webrtc://${http}/live/demo`;
  const report = await probe(engine.host, protocols, { source, signal: stop.signal, duration: 1_500_000 });

  expect(report.tracks.map(({ codec }) => codec)).toContain('h264');
});

it('werift plays by WHEP what is published by RTMP', async () => {
  const pc = new RTCPeerConnection({ codecs: { video: [h264], audio: [] } });
  let packets = 0;
  pc.onTrack.subscribe((track) => track.onReceiveRtp.subscribe(() => packets++));
  pc.addTransceiver('video', { direction: 'recvonly' });
  const resource = await exchange(pc, `http://${http}/rtc/v1/whep/?app=live&stream=demo`);

  await seen(() => packets > 100);

  expect((await fetch(resource, { method: 'DELETE' })).status).toBe(200);
  await pc.close();
});

it('werift publishes by WHIP', async () => {
  const pc = new RTCPeerConnection({ codecs: { video: [], audio: [opus] } });
  const track = new MediaStreamTrack({ kind: 'audio' });
  pc.addTransceiver(track, { direction: 'sendonly' });
  await exchange(pc, `http://${http}/rtc/v1/whip/?app=live&stream=w`);
  await pc.connectionStateChange.watch((state) => state === 'connected');

  const timer = setInterval(() => track.writeRtp(soundPacket()), 20);
  const frames = () => [...server.host.sessions.list()].find(({ info }) => info.name.stream === 'w')?.info.describe?.();
  await seen(() => Number(frames()?.['frames']) > 20);
  clearInterval(timer);

  expect(frames()?.['streams']).toMatchObject([{ kind: 'audio', codec: 'opus', lost: 0 }]);
  await pc.close();
});

it('tells of servers of STUN and TURN, after a reload of others, and no credential to log or API', async () => {
  const rtc = (servers: string): string =>
    `rtc_server { enabled on; listen 127.0.0.1:0; ice_servers ${servers}; } vhost __defaultVhost__ { rtc { enabled on; } }`;
  const other = await confServer(rtc('stun:a.example turn:b.example user s3cret'));
  const links = async (): Promise<string | null> =>
    (await fetch(`${other.http}/rtc/v1/whip/?app=live&stream=x`, { method: 'OPTIONS' })).headers.get('link');

  expect(await links()).toBe(
    '<stun:a.example>; rel="ice-server", <turn:b.example>; rel="ice-server"; username="user"; credential="s3cret"; credential-type="password"',
  );
  const changes = await other.change(rtc('turn:c.example user s3cret2'));
  expect(await links()).toMatch(/^<turn:c\.example>; .*"s3cret2"; [^,]*$/);

  const shown = await (await fetch(`${other.api}/api/srsx/v1/settings/?all`)).text();
  expect(shown).toContain('turn:c.example user ***');
  expect(shown + JSON.stringify(changes)).not.toContain('s3cret');
});

const h264 = new RTCRtpCodecParameters({
  mimeType: 'video/H264',
  clockRate: 90_000,
  rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'goog-remb' }],
  parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
});
const opus = new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2 });

async function exchange(pc: RTCPeerConnection, url: string): Promise<URL> {
  await pc.setLocalDescription(await pc.createOffer());
  const body = pc.localDescription?.sdp as string;
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body });
  const sdp = await answer.text();
  expect([answer.status, sdp.slice(0, 3)]).toEqual([201, 'v=0']);
  await pc.setRemoteDescription({ type: 'answer', sdp });
  return new URL(answer.headers.get('location') as string, url);
}

let sent = 0;

/** 20 ms of Opus. */
function soundPacket(): Buffer {
  const packet = Buffer.alloc(20);
  packet[0] = 0x80;
  packet[1] = 96;
  packet.writeUInt16BE(sent & 0xffff, 2);
  packet.writeUInt32BE((sent * 960) >>> 0, 4);
  packet.writeUInt32BE(1234, 8);
  packet[12] = 0x78;
  sent++;
  return packet;
}
