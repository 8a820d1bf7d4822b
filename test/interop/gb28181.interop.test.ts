// A SIP stack that is not ours registers and is invited, and program streams that ffmpeg has made are published.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ConfServer, confServer } from '../tools/conf-server.ts';
import { cameraId, RtpWriter } from '../tools/gb-camera.ts';
import {
  atEnd,
  type CopiedFrame,
  copiedFrames,
  describeWith,
  ended,
  made,
  run,
  scratchFolder,
  sources,
  until,
} from '../tools/interop.ts';
import { freePort, freeUdpPort } from '../tools/ports.ts';
import { type Sipp, sippCamera } from '../tools/sipp.ts';

interface Site {
  readonly server: ConfServer;
  readonly sip: number;
  readonly media: number;
}

async function site(): Promise<Site> {
  const [media, sip] = [await freePort(), await freePort()];
  const server = await confServer(
    `stream_caster { enabled on; caster gb28181; output rtmp://127.0.0.1/live/[stream]; listen ${media};
     sip { listen ${sip}; reinvite 1; } } vhost __defaultVhost__ { http_remux { enabled on; mount [vhost]/[app]/[stream].flv; } }`,
  );
  return { server, sip, media };
}

/** The INVITEs that SIPp has received. */
async function invitations(sipp: Sipp): Promise<{ readonly ssrc: number; readonly port: number }[]> {
  const bodies = (await sipp.messages()).split('INVITE sip:').slice(1);
  return bodies.flatMap((text) => {
    const [, port] = /m=video (\d+) TCP\/RTP\/AVP 96/.exec(text) ?? [];
    const [, ssrc] = /y=(\d{10})/.exec(text) ?? [];
    return port === undefined || ssrc === undefined ? [] : [{ ssrc: Number(ssrc), port: Number(port) }];
  });
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  atEnd(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const published = ({ host }: ConfServer): boolean =>
  [...host.hub.streams()].some(({ name, published: on }) => name.stream === cameraId && on);

/** Sends the first part, starts the player, and sends the rest: what the player gets is all that was sent. */
async function publishAndPlay({ server }: Site, port: number, ssrc: number, file: string, extension: string) {
  const bytes = await readFile(file);
  const rtp = new RtpWriter(ssrc);
  const socket = await dial(port);
  const half = Math.floor(bytes.length / 8);
  socket.write(rtp.write(bytes.subarray(0, half), 0));
  await until('it is published', () => published(server));
  const answer = await fetch(`${server.http}/live/${cameraId}.${extension}`);
  const body = answer.arrayBuffer();
  // At the pace of a camera, about: a player that cannot keep up would jump.
  for (let at = half; at < bytes.length; at += half) {
    socket.write(rtp.write(bytes.subarray(at, at + half), at));
    await until('it has been taken', () => socket.writableLength === 0);
  }
  socket.end();
  const played = join(await scratchFolder(), `played.${extension}`);
  await writeFile(played, Buffer.from(await body));
  return played;
}

const hashes = (frames: readonly CopiedFrame[], stream: number): string[] =>
  frames.filter((frame) => frame.stream === stream).map(({ hash }) => hash);

/** Times from the first frame of the stream on. */
const times = (frames: readonly CopiedFrame[], stream: number): number[] => {
  const own = frames.filter((frame) => frame.stream === stream);
  return own.map(({ dtsMs }) => dtsMs - (own[0]?.dtsMs ?? 0));
};

/** Every picture, and all sound but what came before the first picture: a player joins there. */
function expectSame(played: readonly CopiedFrame[], sent: readonly CopiedFrame[]): void {
  expect(hashes(played, 0)).toEqual(hashes(sent, 0));
  const [sound, all] = [hashes(played, 1), hashes(sent, 1)];
  expect(sound.length).toBeGreaterThan(all.length - 25);
  expect(sound).toEqual(all.slice(-sound.length));
  // ffmpeg gives a picture that begins with its packet the time of the next one; a frame of FLV is rounded to 1 ms.
  const [now, before] = [times(played, 0), times(sent, 0)];
  const wrong = now.filter((time, index) => Math.abs(time - (before[index] ?? 0)) > 2);
  expect(wrong.length).toBeLessThan(5);
  for (const [index, time] of now.entries()) expect(Math.abs(time - (before[index] ?? 0))).toBeLessThanOrEqual(41);
}

describeWith(['sipp', 'ffmpeg'], 'a camera made of SIPp and ffmpeg', () => {
  it.each([
    { transport: 'TCP', format: 'vob' },
    { transport: 'UDP', format: 'mpeg' },
  ] as const)(
    'registers by $transport, is invited, and publishes a stream of the kind $format',
    async ({ transport, format }) => {
      const here = await site();
      const sipp = await sippCamera(transport, here.sip, transport === 'TCP' ? await freePort() : await freeUdpPort());
      await until('it is invited', async () => (await invitations(sipp)).length > 0);
      const [invitation] = await invitations(sipp);
      expect(invitation?.port).toBe(here.media);
      const source = await sources.h264Mp3();
      const file = await made(`h264-mp3.${format}`, `-i ${source} -c copy -bsf:v h264_mp4toannexb -f ${format}`);

      const played = await publishAndPlay(here, here.media, invitation?.ssrc ?? 0, file, 'flv');

      expectSame(await copiedFrames(played), await copiedFrames(source));
      await until('the call is ended', async () => /BYE sip:/.test(await sipp.messages()));
      await until('it is invited again', async () => (await invitations(sipp)).length > 1);
      const said = await sipp.messages();
      expect(said).toMatch(/ACK sip:/);
      const [, second] = await invitations(sipp);
      expect(second).toEqual(invitation);
      sipp.child.kill('SIGTERM');
      await ended(sipp.child);
    },
  );
});

describeWith(['ffmpeg', 'ffprobe'], 'a program stream of ffmpeg, announced by the API', () => {
  it('with H.265 and B-frames', async () => {
    const here = await site();
    const body = JSON.stringify({ id: cameraId, ssrc: '4000000001' });
    const answer = await fetch(`${here.server.api}/gb/v1/publish/`, { method: 'POST', body });
    expect(await answer.json()).toEqual({ code: 0, port: here.media, is_tcp: true });
    const source = await sources.hevcAac();
    const file = await made('hevc.vob', `-i ${source} -an -c copy -bsf:v hevc_mp4toannexb -f vob`);

    const played = await publishAndPlay(here, here.media, 4_000_000_001, file, 'mp4');

    // Without parameter sets and the message of the encoder, which ffmpeg writes before each key frame.
    const plain = ['-an', '-bsf:v', 'hevc_mp4toannexb,filter_units=remove_types=32-35|39'];
    expect(hashes(await copiedFrames(played, plain), 0)).toEqual(hashes(await copiedFrames(source, plain), 0));
    expect(
      await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', played]),
    ).toContain('hevc');
  });
});
