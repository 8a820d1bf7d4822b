// Real senders at the stream casters.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { confServer } from '../tools/conf-server.ts';
import { codecsOf, describeWith, sources, start, type TestServer, until } from '../tools/interop.ts';
import { freePort, freeUdpPort } from '../tools/ports.ts';

const find = (server: TestServer, name: string) =>
  [...server.host.hub.streams()].find(({ name: { stream }, published }) => stream === name && published);

describeWith(['ffmpeg', 'ffprobe'], 'the caster mpegts_over_udp', () => {
  const config = (port: number): string =>
    `stream_caster { enabled on; caster mpegts_over_udp; output rtmp://127.0.0.1/live/ts; listen ${port}; } vhost __defaultVhost__ { }`;

  it('publishes what FFmpeg sends, ends when it is silent, and takes the next sender', async () => {
    const port = await freeUdpPort();
    const server = await confServer(config(port));
    const file = await sources.h264Aac();
    const send = () =>
      start('ffmpeg', ['-re', '-i', file, '-c', 'copy', '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`]);
    const first = send();
    await until('it is there', () => find(server, 'ts') !== undefined);
    expect(await codecsOf(`${server.rtmp}/live/ts`)).toEqual(['aac', 'h264']);
    const [session] = [...server.host.sessions.list()].filter(({ info }) => info.publish);
    expect(session?.info).toMatchObject({ type: 'flash-publish', protocol: 'mpegts-udp' });

    await first;
    const second = send();
    await until('the second sender has it', () => {
      const [now] = [...server.host.sessions.list()].filter(({ info }) => info.publish);
      return now !== undefined && now.id !== session?.id;
    });
    await second;
    await until('it is silent', () => find(server, 'ts') === undefined, 10_000);
  });

  it('takes H.265, and picture without sound', async () => {
    const port = await freeUdpPort();
    const server = await confServer(config(port));
    void start('ffmpeg', [
      '-re',
      '-i',
      await sources.hevcAac(),
      '-c',
      'copy',
      '-an',
      '-f',
      'mpegts',
      `udp://127.0.0.1:${port}?pkt_size=1316`,
    ]);
    await until('it is there', () => (find(server, 'ts')?.frames.video ?? 0) > 25);

    expect(find(server, 'ts')?.tracks.map(({ codec }) => codec)).toEqual(['h265']);
  });
});

describeWith(['ffmpeg', 'ffprobe'], 'the caster flv', () => {
  it('publishes what is sent in the body, by FFmpeg and in one piece', async () => {
    const port = await freePort();
    const server = await confServer(
      `stream_caster { enabled on; caster flv; output rtmp://127.0.0.1/[app]/[stream]; listen ${port}; } vhost __defaultVhost__ { }`,
    );
    const file = await sources.h264Aac();
    const publisher = start('ffmpeg', [
      '-re',
      '-i',
      file,
      '-c',
      'copy',
      '-f',
      'flv',
      `http://127.0.0.1:${port}/live/post.flv`,
    ]);
    await until('it is there', () => find(server, 'post') !== undefined);
    expect(await codecsOf(`${server.rtmp}/live/post`)).toEqual(['aac', 'h264']);
    publisher.kill('SIGTERM');
    await publisher;
    await until('it has ended', () => find(server, 'post') === undefined);

    const answer = await fetch(`http://127.0.0.1:${port}/a/b/c?token=x`, { method: 'PUT', body: await readFile(file) });
    expect(await answer.json()).toMatchObject({ code: 0 });
  });
});

describeWith(['ffmpeg'], 'udp:// as a target', () => {
  it('is read by FFmpeg', async () => {
    const port = await freeUdpPort();
    const reader = start('ffmpeg', [
      '-v',
      'error',
      '-t',
      '2',
      '-i',
      `udp://127.0.0.1:${port}?timeout=10000000`,
      '-c',
      'copy',
      '-f',
      'null',
      '-',
    ]);
    const { createEngine, protocols, relay, silentLog } = await import('../../src/core/index.ts');
    const engine = createEngine({ log: silentLog });
    const result = await relay(engine.host, protocols, {
      from: await sources.h264Aac(),
      to: `udp://127.0.0.1:${port}`,
      signal: new AbortController().signal,
    });
    engine.close();
    const { exitCode } = await reader;

    expect(result.frames.video).toBe(150);
    expect(exitCode).toBe(0);
  });
});
