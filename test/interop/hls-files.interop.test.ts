/// <reference lib="dom" />
// HLS as a configuration has it: files on the disk, AES-128, classic fMP4, by ffmpeg and by hls.js in Chromium.
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/index.ts';
import {
  describeWith,
  ended,
  made,
  parseFrameMd5,
  run,
  scratchFolder,
  sources,
  start,
  testServer,
  until,
} from '../tools/interop.ts';

const folder = await scratchFolder();
const library = createRequire(import.meta.url).resolve('hls.js/dist/hls.js');
const forms = {
  ts: '',
  fmp4: 'hls_use_fmp4 on;',
  'ts.keys': 'hls_keys on; hls_fragments_per_key 2;',
  'fmp4.keys': 'hls_keys on; hls_fragments_per_key 2; hls_use_fmp4 on;',
} as const;
type Form = keyof typeof forms;

/** A server of each form on ports and a directory of its own. */
const serverOf = async (form: Form) => {
  const hls = `hls { enabled on; hls_fragment 2; hls_path ${join(folder, form)}; hls_ctx off; ${forms[form]} }`;
  const text = `rtmp { listen 127.0.0.1:0; } http_server { enabled on; listen 127.0.0.1:0; } vhost __defaultVhost__ { ${hls} }`;
  const pages = { '/hls.html': join(folder, 'hls.html'), '/page.js': join(folder, 'page.js'), '/hls.js': library };
  return testServer({ config: loadConfig({ text, file: 'srs.conf', read: () => '' }), pages });
};
const page = '<!doctype html><meta charset="utf-8"><title>hls.js</title><video muted autoplay playsinline></video>';
await writeFile(join(folder, 'hls.html'), `${page}<script src="/hls.js"></script><script src="/page.js"></script>`);
await writeFile(
  join(folder, 'page.js'),
  `globalThis.errors = [];
const hls = new Hls({ enableWorker: false });
hls.on(Hls.Events.ERROR, (_, { details }) => errors.push(details));
hls.loadSource(new URLSearchParams(location.search).get('url'));
hls.attachMedia(document.querySelector('video'));
`,
);

const flv = (source: string, url: string): string[] => [
  '-loglevel',
  'error',
  '-re',
  '-i',
  source,
  '-map',
  '0',
  '-c',
  'copy',
  '-f',
  'flv',
  url,
];

/** Pictures and sounds, without what containers add. */
async function hashes(input: readonly string[], kind: 'v' | 'a'): Promise<string[]> {
  const args = ['-v', 'error', ...input, '-map', `0:${kind}`, '-f', 'framemd5', '-'];
  return parseFrameMd5(await run('ffmpeg', args)).map(({ hash }) => hash);
}

const live = ['-allowed_extensions', 'ALL', '-live_start_index', '0', '-m3u8_hold_counters', '3'];

describeWith(['ffmpeg'], 'ffmpeg', () => {
  it.each(Object.keys(forms) as Form[])('plays %s from memory and from the disk', { timeout: 60_000 }, async (form) => {
    const server = await serverOf(form);
    const source = await sources.bFrames();
    await ended(start('ffmpeg', flv(source, `${server.rtmp}/live/a`)), 20_000);

    const file = join(folder, form, 'live/a.m3u8');
    await until(
      'three segments on the disk',
      async () => ((await readFile(file, 'utf8')).match(/EXTINF/g) ?? []).length === 3,
    );
    const sent = await hashes(['-i', source], 'v');
    for (const input of [`${server.http}/live/a.m3u8`, file]) {
      expect(await hashes([...live, '-i', input], 'v'), input).toEqual(sent);
    }
  });
});

describeWith(['chromium', 'ffmpeg'], 'hls.js in Chromium', () => {
  describe.each(['fmp4', 'ts.keys'] as Form[])('%s', (form) => {
    it('plays without an error', { timeout: 60_000 }, async () => {
      const server = await serverOf(form);
      const source = await made(
        'hls-js.flv',
        '-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440:sample_rate=44100 -t 90 -c:v libx264 -preset veryfast -g 50 -bf 0 -pix_fmt yuv420p -c:a aac -b:a 64k',
      );
      const publisher = start('ffmpeg', flv(source, `${server.rtmp}/live/a`));
      const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
      const browser = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: [...args, '--autoplay-policy=no-user-gesture-required'],
      });
      try {
        // A player that finds too little to begin with stalls until there is more, and says so.
        const playlist = join(folder, form, 'live/a.m3u8');
        const listed = async (): Promise<number> =>
          (await readFile(playlist, 'utf8').catch(() => '')).match(/EXTINF/g)?.length ?? 0;
        await until('five segments', async () => (await listed()) >= 5, 30_000);
        const tab = await browser.newPage();
        await tab.goto(`${server.http}/hls.html?url=${encodeURIComponent(`${server.http}/live/a.m3u8`)}`);
        const pictures = (): Promise<number> =>
          tab.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0);
        await until('four seconds of pictures', async () => (await pictures()) > 100, 40_000);
        const errors = await tab.evaluate(() => (globalThis as unknown as { errors: string[] }).errors);
        expect(errors).toEqual([]);
      } finally {
        await browser.close();
        publisher.kill('SIGKILL');
      }
    });
  });
});
