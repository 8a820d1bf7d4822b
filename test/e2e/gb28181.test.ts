// Cameras of our own over loopback: SIP and media by real sockets, into everything that plays.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { FlvDemuxer } from '../../src/core/format/flv/index.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Track } from '../../src/core/media/track.ts';
import { FrameReader } from '../../src/core/wire/rtp/index.ts';
import { parseSip, type SipMessage, SipReader, type SipRequest } from '../../src/core/wire/sip/index.ts';
import { aacTrack, audio, h264Track } from '../tools/builders.ts';
import { type ConfServer, confServer } from '../tools/conf-server.ts';
import { Camera, cameraId, invited, RtpWriter } from '../tools/gb-camera.ts';
import { atEnd, until } from '../tools/interop.ts';
import { freePort } from '../tools/ports.ts';
import { both, framesOf, ofTrack, payload, picture, program } from '../unit/format/ts/media.ts';

const secondId = '34020000001320000002';
const streams = ({ host }: ConfServer): string[] =>
  [...host.hub.streams()]
    .filter(({ published }) => published)
    .map(({ name }) => name.stream)
    .toSorted();

async function site(more = '', sipMore = '') {
  const [media, sip] = [await freePort(), await freePort()];
  const server = await confServer(
    `${more} stream_caster { enabled on; caster gb28181; output rtmp://127.0.0.1/live/[stream]; listen ${media};
     sip { listen ${sip}; reinvite 1; ${sipMore} } } vhost __defaultVhost__ { http_remux { enabled on; mount [vhost]/[app]/[stream].flv; } }`,
  );
  return { server, media, sip };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  atEnd(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** A camera with its SIP connection. */
async function camera(sip: number, id: string) {
  const own = new Camera(id);
  const socket = await dial(sip);
  const reader = new SipReader();
  const received: SipMessage[] = [];
  socket.on('data', (bytes) => reader.push(bytes, (one) => received.push(parseSip(one))));
  const invites = (): SipRequest[] =>
    received.filter((one): one is SipRequest => one.kind === 'request' && one.method === 'INVITE');
  const said = (method: string): boolean => received.some((one) => one.kind === 'request' && one.method === method);
  socket.write(concat([own.register(), own.keepalive()]));
  await until('it is invited', () => invites().length > 0);
  socket.write(own.answer(invites()[0] as SipRequest));
  await until('it is acknowledged', () => said('ACK'));
  const { ssrc, port, host } = invited(invites()[0] as SipRequest);
  expect(host).toBe('127.0.0.1');
  return { own, socket, invites, said, ssrc, port };
}

const bytesOf = (frames: readonly Frame[], tracks: readonly Track[], rtp: RtpWriter): Uint8Array =>
  concat(frames.map((frame) => rtp.frame(frame, tracks)));

/** Frames of an FLV that was played, as text. */
async function playedFrames(answer: Promise<ArrayBuffer>): Promise<Frame[]> {
  const demuxer = new FlvDemuxer(defaultLimits, { onBad: () => undefined });
  return framesOf(demuxer.push(new Uint8Array(await answer)));
}

const pictures = (frames: readonly Frame[]): string[] => ofTrack(frames, h264Track.id).map(({ data }) => toHex(data));

describe('cameras of GB28181', () => {
  it('publish by TCP, two at once, are shown by the API, and end when they leave', async () => {
    const { server, media, sip } = await site();
    const [one, two] = [await camera(sip, cameraId), await camera(sip, secondId)];
    expect([one.port, two.port]).toEqual([media, media]);
    const [first, second] = [await dial(media), await dial(media)];
    const [rtp, other] = [new RtpWriter(one.ssrc), new RtpWriter(two.ssrc)];
    const frames = program({ seconds: 4 });
    const [begin, rest] = [frames.slice(0, 40), frames.slice(40)];
    first.write(bytesOf(begin, both, rtp));
    second.write(bytesOf(begin, both, other));
    await until('both are there', () => streams(server).length === 2);
    const played = fetch(`${server.http}/live/${cameraId}.flv`).then((answer) => answer.arrayBuffer());
    await until('it is played', () => server.host.sessions.size === 3);

    const clients = (await (await fetch(`${server.api}/api/v1/clients/`)).json()) as {
      clients: { type: string; name: string; publish: boolean; ip: string }[];
    };
    const publishers = clients.clients.filter(({ publish }) => publish);
    expect(publishers.map(({ type, name, ip }) => `${type} ${name} ${ip}`).toSorted()).toEqual([
      `flash-publish ${cameraId} 127.0.0.1`,
      `flash-publish ${secondId} 127.0.0.1`,
    ]);

    first.write(bytesOf(rest, both, rtp));
    await until('it has been sent', () => first.writableLength === 0);
    first.end();
    expect(pictures(await playedFrames(played))).toEqual(pictures(frames));
    await until('one is left', () => streams(server).join() === secondId);
    await until('it hears BYE', () => one.said('BYE'));
    await until('it is invited again', () => one.invites().length === 2);
    two.socket.write(two.own.register(0));
    await until('nobody is left', () => streams(server).length === 0);
  });

  it('with sound in G.711 are played with it', async () => {
    const { server, sip } = await site();
    const { ssrc, port } = await camera(sip, cameraId);
    const pcma: Track = { ...aacTrack, codec: 'pcma', config: new Uint8Array(0) };
    const frames = Array.from({ length: 50 }, (_, i) => [
      picture({ at: i * 40, key: i % 25 === 0 }),
      audio({ at: i * 40, track: pcma, data: payload([0xd5], i, 320) }),
    ]).flat();
    const media = await dial(port);
    media.write(bytesOf(frames, [h264Track, pcma], new RtpWriter(ssrc)));
    await until('it is there', () => streams(server).length === 1);

    await until('both tracks are there', () => {
      const [stream] = [...server.host.hub.streams()];
      return stream?.tracks.map(({ codec }) => codec).join() === 'h264,pcma';
    });
  });

  it('register by UDP too', async () => {
    const { server, sip } = await site();
    const socket = createSocket('udp4');
    atEnd(() => socket.close());
    const own = new Camera(cameraId, 'UDP');
    const received: SipMessage[] = [];
    socket.on('message', (datagram) => received.push(parseSip(datagram)));
    for (const bytes of [own.register(), own.keepalive()]) socket.send(bytes, sip, '127.0.0.1');
    const find = (): SipRequest | undefined =>
      received.find((one): one is SipRequest => one.kind === 'request' && one.method === 'INVITE');
    await until('it is invited', () => find() !== undefined);
    const invite = find() as SipRequest;
    socket.send(own.answer(invite), sip, '127.0.0.1');
    const { ssrc, port, host } = invited(invite);
    expect(host).toBe('127.0.0.1');
    const media = await dial(port);
    media.write(bytesOf(program({ seconds: 1 }), both, new RtpWriter(ssrc)));

    await until('it is there', () => streams(server).length === 1);
  });

  it('may send their media by UDP', async () => {
    const { server, sip } = await site();
    const { ssrc, port } = await camera(sip, cameraId);
    const socket = createSocket('udp4');
    atEnd(() => socket.close());
    const rtp = new RtpWriter(ssrc);
    const framed = bytesOf(program({ seconds: 1 }), both, rtp);
    for (const datagram of new FrameReader(65_535).push(framed)) socket.send(datagram, port, '127.0.0.1');

    await until('it is there', () => streams(server).join() === cameraId);
  });

  it('that are refused by the vhost hear BYE', async () => {
    const { server, sip } = await site('', 'timeout 5;');
    await server.change(`vhost __defaultVhost__ { security { enabled on; deny publish all; } }`);
    const { ssrc, port, said } = await camera(sip, cameraId);
    const media = await dial(port);
    const closed = once(media, 'close');
    media.write(bytesOf(program({ seconds: 1 }), both, new RtpWriter(ssrc)));
    media.resume();
    await closed;

    await until('it hears BYE', () => said('BYE'));
    expect(streams(server)).toEqual([]);
  });
});

describe('the API to publish', () => {
  const ask = (base: string, headers: Record<string, string> = {}, ssrc = '4294967295'): Promise<Response> =>
    fetch(`${base}/gb/v1/publish/`, { method: 'POST', headers, body: JSON.stringify({ id: cameraId, ssrc }) });

  it('is at the address of the API alone, and opens a stream', async () => {
    const { server, media } = await site('', 'enabled off;');
    expect((await ask(server.http)).status).toBe(404);
    const answer = await ask(server.api);
    expect(await answer.json()).toEqual({ code: 0, port: media, is_tcp: true });
    expect(await (await ask(server.api)).json()).toEqual({ code: 1028, desc: 'StreamBusy' });

    const socket = await dial(media);
    socket.write(bytesOf(program({ seconds: 1 }), both, new RtpWriter(4294967295)));
    await until('it is there', () => streams(server).join() === cameraId);
    socket.end();
    await until('it is over', () => streams(server).length === 0);
  });

  it('wants the credential of the API, and nothing of pages of other sites', async () => {
    const api = 'http_api { enabled on; listen 127.0.0.1:0; auth { enabled on; token s3cret; } }';
    const { server } = await site(api, 'enabled off;');

    expect((await ask(server.api)).status).toBe(401);
    expect(await (await ask(server.api, { authorization: 'Bearer s3cret' })).json()).toMatchObject({ code: 0 });
    const open = await site('', 'enabled off;');
    expect((await ask(open.server.api, { origin: 'http://evil.example' })).status).toBe(403);
  });

  it('is not there without a caster', async () => {
    const server = await confServer('vhost __defaultVhost__ { }');

    expect((await ask(server.api)).status).toBe(405);
  });
});
