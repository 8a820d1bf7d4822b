/// <reference lib="dom" />
// VOD at the HTTP port with other people's players: they seek by ranges, by offsets and by times.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { launchBrowser } from '../tools/browser.ts';
import { confServer } from '../tools/conf-server.ts';
import { copiedFrames, describeWith, parseFrameMd5, run, scratchFolder, sources } from '../tools/interop.ts';

const folder = await scratchFolder();
let at = '';

beforeAll(async () => {
  const text = `http_server { enabled on; listen 127.0.0.1:0; dir ${folder}; } vhost __defaultVhost__ { hls { enabled on; } }`;
  const server = await confServer(text);
  at = server.http;
});

const copy = (source: string, ...args: string[]) =>
  run('ffmpeg', ['-v', 'error', '-y', '-i', source, '-c', 'copy', ...args]);

describeWith(['ffmpeg', 'ffprobe'], 'ffmpeg', () => {
  it('reads an MP4 with its index at the end, and seeks in it by ranges', async () => {
    const file = join(folder, 'end.mp4');
    await copy(await sources.bFrames(), file);
    const url = `${at}/end.mp4`;

    expect(await copiedFrames(url)).toEqual(await copiedFrames(file));
    const seek = ['-v', 'error', '-ss', '4.1', '-i', url, '-map', '0:v', '-frames:v', '1', '-f', 'framemd5', '-'];
    const local = seek.map((arg) => (arg === url ? file : arg));
    expect(parseFrameMd5(await run('ffmpeg', seek))).toEqual(parseFrameMd5(await run('ffmpeg', local)));
  });

  it('reads an FLV from an offset', async () => {
    const file = join(folder, 'movie.flv');
    await copyFile(await sources.h264Aac(), file);
    const [all, part] = [await copiedFrames(file), await copiedFrames(`${at}/movie.flv?start=120000`)];

    expect(part.length).toBeGreaterThan(100);
    const hashes = part.filter(({ stream }) => stream === 1).map(({ hash }) => hash);
    expect(
      all
        .filter(({ stream }) => stream === 1)
        .map(({ hash }) => hash)
        .slice(-hashes.length),
    ).toEqual(hashes);
  });

  it('reads an MP4 from a time: the key frame before it', async () => {
    const file = join(folder, 'time.mp4');
    await copy(await sources.bFrames(), '-movflags', 'faststart', file);
    const [all, part] = [await copiedFrames(file), await copiedFrames(`${at}/time.mp4?start=3`)];
    const pictures = (frames: typeof all): string[] =>
      frames.filter(({ stream }) => stream === 0).map(({ hash }) => hash);

    // A key frame each two seconds of 25 pictures.
    expect(pictures(part)).toEqual(pictures(all).slice(50));
    expect(Math.min(...part.map(({ dtsMs }) => dtsMs))).toBeLessThan(100);
  });

  it('reads HLS from the disk, without a session', async () => {
    await mkdir(join(folder, 'vod'));
    const list = join(folder, 'vod/index.m3u8');
    await copy(await sources.bFrames(), '-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'vod', list);

    expect(await copiedFrames(`${at}/vod/index.m3u8`)).toEqual(await copiedFrames(list));
    expect(await (await fetch(`${at}/vod/index.m3u8`)).text()).not.toContain('hls_ctx');
  });
});

describeWith(['chromium', 'ffmpeg'], 'Chromium', () => {
  it('plays an MP4 and seeks in it by ranges, forwards and backwards', async () => {
    const long = ['-stream_loop', '20'];
    await run('ffmpeg', [
      '-v',
      'error',
      '-y',
      ...long,
      '-i',
      await sources.h264Aac(),
      '-c',
      'copy',
      join(folder, 'long.mp4'),
    ]);
    await writeFile(
      join(folder, 'page.html'),
      '<!doctype html><video src="/long.mp4" muted autoplay preload="metadata"></video>',
    );
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const statuses: number[] = [];
      page.on('response', (response) => response.url().endsWith('.mp4') && statuses.push(response.status()));
      await page.goto(`${at}/page.html`);
      const seek = (time: number) =>
        page.evaluate(async (wanted) => {
          const video = document.querySelector('video') as HTMLVideoElement;
          if (video.readyState === 0) await new Promise((done) => video.addEventListener('loadedmetadata', done));
          const shown = new Promise((done) => video.requestVideoFrameCallback(done));
          video.currentTime = wanted;
          await shown;
          return { time: video.currentTime, length: video.duration, error: video.error?.message };
        }, time);

      for (const time of [100, 20, 60]) {
        const state = await seek(time);
        expect(state.error).toBeUndefined();
        expect(Math.abs(state.time - time)).toBeLessThan(1);
      }
      expect(new Set(statuses)).toEqual(new Set([206]));
    } finally {
      await browser.close();
    }
  });
});
