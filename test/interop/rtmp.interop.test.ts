// Publishers and players of others against a running server: every frame that goes in comes out, unchanged and in time.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectSameFrames } from '../tools/compare.ts';
import {
  type Child,
  copiedFrames,
  copyToMd5,
  describeWith,
  ended,
  parseFrameMd5,
  scratchFolder,
  sources,
  start,
  type TestServer,
  testServer,
  until,
} from '../tools/interop.ts';

let server: TestServer;
let folder: string;
let count = 0;

beforeAll(async () => {
  server = await testServer({ mergeWindowMs: 100 });
  folder = await scratchFolder();
});

const freshName = (): string => `s${count++}`;
const players = (stream: string): number =>
  [...server.host.sessions.list()].filter((one) => !one.info.publish && one.info.name.stream === stream).length;
const publishing = (stream: string): boolean =>
  [...server.host.sessions.list()].some((one) => one.info.publish && one.info.name.stream === stream);

const ffmpegPublish = (source: string, url: string): Child =>
  start('ffmpeg', ['-loglevel', 'error', '-re', '-i', source, '-map', '0', '-c', 'copy', '-f', 'flv', url]);

const gstPublish = (source: string, url: string, parsers: { video?: string; audio?: string }): Child =>
  start('gst-launch-1.0', [
    ...`-q flvmux name=m streamable=true ! rtmp2sink location=${url} filesrc location=${source} ! flvdemux name=d`.split(
      ' ',
    ),
    ...(parsers.video === undefined
      ? []
      : `d.video ! queue ! ${parsers.video} ! identity sync=true ! m.video`.split(' ')),
    ...(parsers.audio === undefined
      ? []
      : `d.audio ! queue ! ${parsers.audio} ! identity sync=true ! m.audio`.split(' ')),
  ]);

/** Ways to play; each gives the frames it got once the publisher is gone. */
interface Player {
  readonly name: string;
  readonly needs: readonly string[];
  start(stream: string, file: string): Child;
  frames(child: Child, file: string): Promise<ReturnType<typeof parseFrameMd5>>;
}

const ffmpegFrames = async (child: Child): Promise<ReturnType<typeof parseFrameMd5>> =>
  parseFrameMd5((await child).stdout);
const fileFrames = (_: Child, file: string): ReturnType<typeof copiedFrames> => copiedFrames(file);

const players_: readonly Player[] = [
  {
    name: 'ffmpeg by RTMP',
    needs: ['ffmpeg'],
    start: (stream) =>
      start('ffmpeg', [
        ...'-loglevel error -analyzeduration 2000000 -i'.split(' '),
        `${server.rtmp}/live/${stream}`,
        ...copyToMd5,
      ]),
    frames: ffmpegFrames,
  },
  {
    name: 'ffmpeg by HTTP-FLV',
    needs: ['ffmpeg'],
    start: (stream) => start('ffmpeg', ['-loglevel', 'error', '-i', `${server.http}/live/${stream}.flv`, ...copyToMd5]),
    frames: ffmpegFrames,
  },
  {
    name: 'rtmpdump',
    needs: ['rtmpdump'],
    start: (stream, file) => start('rtmpdump', ['-q', '--live', '-r', `${server.rtmp}/live/${stream}`, '-o', file]),
    frames: fileFrames,
  },
  {
    name: 'GStreamer rtmp2src and flvdemux',
    needs: ['gst-launch-1.0'],
    start: (stream, file) =>
      start(
        'gst-launch-1.0',
        `-q -e rtmp2src location=${server.rtmp}/live/${stream} ! filesink location=${file}`.split(' '),
      ),
    frames: fileFrames,
  },
];

/** Players first, then the publisher, so that nobody may miss the beginning; ends when all have what there is. */
async function roundTrip(source: string, publish: (source: string, url: string) => Child, which: readonly Player[]) {
  const stream = freshName();
  const running = which.map((player, index) => {
    const file = join(folder, `${stream}-${index}.flv`);
    return { player, file, child: player.start(stream, file) };
  });
  await until(`${which.length} players of ${stream}`, () => players(stream) === which.length);
  const publisher = await publish(source, `${server.rtmp}/live/${stream}`);
  expect(publisher.exitCode, publisher.all).toBe(0);
  await until('the publisher is gone', () => !publishing(stream));
  await until('the last frames have left', () =>
    [...server.host.sessions.list()].every((one) => one.info.publish || true),
  );
  // RTMP players would wait for the next publisher, as they do with SRS: the operator ends them.
  for (const { id, info } of server.host.sessions.list())
    if (info.name.stream === stream) server.host.sessions.kick(id);
  const results = new Map<string, Awaited<ReturnType<Player['frames']>>>();
  for (const { player, file, child } of running) {
    await ended(child);
    results.set(player.name, await player.frames(child, file));
  }
  return results;
}

describeWith(['ffmpeg', 'gst-launch-1.0', 'rtmpdump'], 'a stream published by ffmpeg', () => {
  describe.each([
    ['H.264 and AAC', sources.h264Aac],
    ['H.264 with B-frames and AAC', sources.bFrames],
    ['H.264 and MP3', sources.h264Mp3],
    ['H.264 alone', sources.videoOnly],
    ['AAC alone', sources.audioOnly],
  ])('with %s', (_, source) => {
    it('reaches ffmpeg, rtmpdump and GStreamer frame for frame', async () => {
      const file = await source();

      const results = await roundTrip(file, ffmpegPublish, players_);

      const wanted = await copiedFrames(file);
      for (const [name, got] of results) {
        expect(got.length, name).toBeGreaterThan(0);
        expectSameFrames(got, wanted);
      }
    });
  });
});

describeWith(['ffmpeg', 'gst-launch-1.0'], 'a stream published by GStreamer', () => {
  it('reaches the players frame for frame', async () => {
    const file = await sources.h264Aac();

    const results = await roundTrip(
      file,
      (source, url) => gstPublish(source, url, { video: 'h264parse', audio: 'aacparse' }),
      players_.slice(0, 2),
    );

    const [first, second] = [...results.values()];
    const wanted = await copiedFrames(file);
    expect(first?.length).toBeGreaterThan(0);
    // GStreamer may regroup NAL units of the first access unit; frames must reach both players alike and completely.
    expectSameFrames(second ?? [], first ?? []);
    const hashes = new Set(wanted.map((frame) => frame.hash));
    const known = (first ?? []).filter((frame) => hashes.has(frame.hash));
    expect(known.length).toBeGreaterThan(wanted.length * 0.9);
  });
});

describeWith(['ffmpeg'], 'a player that comes late', () => {
  it('starts at the last key frame at once', async () => {
    const stream = freshName();
    const file = await sources.h264Aac();
    const publisher = ffmpegPublish(file, `${server.rtmp}/live/${stream}`);
    const name = { vhost: '__defaultVhost__', app: 'live', stream };
    await until('forty frames', () => (server.host.hub.find(name)?.frames.video ?? 0) > 60);

    const late = players_[1]?.start(stream, '') as Child;
    await publisher;
    const got = await ffmpegFrames(late);

    expectSameFrames(got, await copiedFrames(file), { lateBy: 140 });
  });
});
