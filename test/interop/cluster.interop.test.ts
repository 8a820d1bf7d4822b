// Edges and origin clusters with FFmpeg as publisher and player.
import { expect, it } from 'vitest';
import { confServer } from '../tools/conf-server.ts';
import {
  copiedFrames,
  copyToMd5,
  describeWith,
  parseFrameMd5,
  run,
  sources,
  start,
  type TestServer,
  until,
} from '../tools/interop.ts';

const place = ({ rtmp }: TestServer): string => rtmp.replace('rtmp://', '');
const httpPlace = ({ http }: TestServer): string => http.replace('http://', '');
const has = (server: TestServer, name: string): boolean =>
  [...server.host.hub.streams()].some(({ name: { stream }, published }) => stream === name && published);

/** In an object: a child is a promise of its own end. */
async function publish(to: string, file?: string) {
  const from = file ?? (await sources.h264Aac());
  return { child: start('ffmpeg', ['-re', '-stream_loop', '-1', '-i', from, '-c', 'copy', '-f', 'flv', to]) };
}

/** Every frame that came is one of the file, in its order and without a hole. */
async function expectFramesOf(url: string): Promise<void> {
  const file = await sources.h264Aac();
  const source = await copiedFrames(file);
  // RTMP has a stream of data as well, in which nothing comes.
  const played = parseFrameMd5(await run('ffmpeg', ['-loglevel', 'error', '-i', url, '-t', '2', ...copyToMd5]));
  for (const kind of [0, 1]) {
    const once = source.filter(({ stream }) => stream === kind).map(({ hash }) => hash);
    const hashes = [...once, ...once, ...once];
    const came = played.filter(({ stream }) => stream === kind).map(({ hash }) => hash);
    const first = hashes.indexOf(came[0] ?? '');
    expect(came.length).toBeGreaterThan(20);
    expect(came).toEqual(hashes.slice(first, first + came.length));
  }
}

describeWith(['ffmpeg'], 'an edge', () => {
  it.each(['rtmp', 'flv'])(
    'gives FFmpeg the frames of the origin, fetched over %s',
    async (protocol) => {
      const origin = await confServer('vhost __defaultVhost__ { }');
      const from = protocol === 'rtmp' ? place(origin) : httpPlace(origin);
      const edge = await confServer(
        `vhost __defaultVhost__ { cluster { mode remote; origin ${from}; protocol ${protocol}; } }`,
      );
      const { child } = await publish(`${origin.rtmp}/live/one`);
      await until('the origin has it', () => has(origin, 'one'));
      await expectFramesOf(protocol === 'rtmp' ? `${edge.http}/live/one.flv` : `${edge.rtmp}/live/one`);
      child.kill('SIGTERM');
    },
    30_000,
  );

  it('passes the frames of FFmpeg on', async () => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const edge = await confServer(`vhost __defaultVhost__ { cluster { mode remote; origin ${place(origin)}; } }`);
    const { child } = await publish(`${edge.rtmp}/live/one`);
    await until('the origin has it', () => has(origin, 'one'));
    await expectFramesOf(`${origin.rtmp}/live/one`);
    child.kill('SIGTERM');
  }, 30_000);
});

describeWith(['ffmpeg'], 'an origin cluster', () => {
  it('sends FFmpeg to the server that has the stream', async () => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const at = await confServer(
      `vhost __defaultVhost__ { cluster { origin_cluster on; coworkers ${origin.api.replace('http://', '')}; } }`,
    );
    const { child } = await publish(`${origin.rtmp}/live/one`);
    await until('the origin has it', () => has(origin, 'one'));
    await expectFramesOf(`${at.http}/live/one.flv`);

    expect(at.host.hub.size).toBe(0);
    child.kill('SIGTERM');
  }, 30_000);
});
