// VLC without a screen: what it demuxes of each live form and of VOD is written down as it plays, and is the source's.
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { confServer } from '../tools/conf-server.ts';
import { describeWith, ended, parseFrameMd5, run, sources, start } from '../tools/interop.ts';

const SECONDS = 4;

describeWith(['cvlc', 'setpriv', 'ffmpeg'], 'VLC', () => {
  const engine = createEngine({ log: silentLog });
  const stop = new AbortController();
  let folder = '';
  let http = '';
  let publishing: Promise<unknown> = Promise.resolve();
  let wanted: { readonly sounds: readonly string[]; readonly pictures: readonly string[] };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'srsx-vlc-'));
    // VLC does not run as root, where containers do.
    await chmod(folder, 0o777);
    const server = await confServer(`http_server { enabled on; listen 127.0.0.1:0; dir ${folder}; }
      vhost __defaultVhost__ { hls { enabled on; hls_fragment 2; hls_disk off; } }`);
    ({ http } = server);
    const source = await sources.h264Aac();
    wanted = { sounds: await sounds(source), pictures: await pictures(source) };
    await copyFile(source, join(folder, 'vod.flv'));
    await run('ffmpeg', ['-v', 'error', '-i', source, '-c', 'copy', join(folder, 'vod.mp4')]);
    const to = `${server.rtmp}/live/a`;
    const options = { from: source, to, signal: stop.signal, pace: 'realtime', loop: true } as const;
    publishing = relay(engine.host, protocols, options);
  });

  afterAll(async () => {
    stop.abort();
    await publishing;
    engine.close();
    await rm(folder, { recursive: true });
  });

  /** Hashes of the frames of sound, which TS carries as they are. */
  async function sounds(file: string): Promise<string[]> {
    const bits = file.endsWith('.ts') ? ['-bsf:a', 'aac_adtstoasc'] : [];
    const args = ['-v', 'error', '-i', file, '-map', '0:a', '-c', 'copy', ...bits, '-f', 'framemd5', '-'];
    return parseFrameMd5(await run('ffmpeg', args)).map(({ hash }) => hash);
  }

  /** Hashes of the pictures behind their decoder: VLC begins wherever it joins, a decoder at the first key frame. */
  async function pictures(file: string): Promise<string[]> {
    const args = ['-v', 'error', '-i', file, '-map', '0:v', '-pix_fmt', 'yuv420p', '-f', 'framemd5', '-'];
    return parseFrameMd5(await run('ffmpeg', args)).map(({ hash }) => hash);
  }

  /** A piece of two rounds of the source, which is played again and again. VLC may leave out the first and last one. */
  function expectPiece(got: readonly string[], source: readonly string[], least: number): void {
    expect(got.length).toBeGreaterThan(least);
    expect([...source, ...source].join()).toContain(got.slice(2, -2).join());
  }

  it.each(['live/a.flv', 'live/a.ts', 'live/a.m3u8', 'vod.flv', 'vod.mp4'])(
    'plays %s, every frame in order',
    async (path) => {
      const out = join(folder, `${path.replace(/\W/g, '-')}.ts`);
      const user = ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', `HOME=${folder}`];
      const sout = `#std{access=file,mux=ts,dst=${out}}`;
      const options = ['--intf', 'dummy', '--quiet', `--run-time=${SECONDS}`, '--sout', sout];
      await ended(start('setpriv', [...user, 'cvlc', ...options, `${http}/${path}`, 'vlc://quit']), 20_000);

      expectPiece(await pictures(out), wanted.pictures, 25 * (SECONDS - 2));
      expectPiece(await sounds(out), wanted.sounds, 43 * (SECONDS - 2));
    },
  );
});
