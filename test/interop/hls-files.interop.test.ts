/// <reference lib="dom" />
// HLS as a configuration has it: files on the disk, AES-128, classic fMP4, by ffmpeg and by hls.js in Chromium.
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launchBrowser } from '../tools/browser.ts';
import { confServer } from '../tools/conf-server.ts';
import {
  describeWith,
  ended,
  made,
  parseFrameMd5,
  run,
  scratchFolder,
  sources,
  start,
  until,
} from '../tools/interop.ts';

const folder = await scratchFolder();
const library = createRequire(import.meta.url).resolve('hls.js/dist/hls.js');
const forms = {
  ts: '',
  fmp4: 'hls_use_fmp4 on;',
  'ts.keys': 'hls_keys on; hls_fragments_per_key 2;',
  'fmp4.keys': 'hls_keys on; hls_fragments_per_key 2; hls_use_fmp4 on;',
  variants: 'hls_variants on; hls_ll on;',
} as const;
type Form = keyof typeof forms;

/** A server of each form on ports and a directory of its own. */
const serverOf = async (form: Form) => {
  const hls = `hls { enabled on; hls_fragment 2; hls_path ${join(folder, form)}; hls_ctx off; ${forms[form]} }`;
  const pages = { '/hls.html': join(folder, 'hls.html'), '/page.js': join(folder, 'page.js'), '/hls.js': library };
  return confServer(`vhost __defaultVhost__ { ${hls} }`, { pages });
};
const page = '<!doctype html><meta charset="utf-8"><title>hls.js</title><video muted autoplay playsinline></video>';
await writeFile(join(folder, 'hls.html'), `${page}<script src="/hls.js"></script><script src="/page.js"></script>`);
await writeFile(
  join(folder, 'page.js'),
  `globalThis.errors = [];
globalThis.hls = new Hls({ enableWorker: false });
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
  it.each(['ts', 'fmp4', 'ts.keys', 'fmp4.keys'] as Form[])(
    'plays %s from memory and from the disk',
    { timeout: 60_000 },
    async (form) => {
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
    },
  );
});

describeWith(['chromium', 'ffmpeg'], 'hls.js in Chromium', () => {
  const webSource = (): Promise<string> =>
    made(
      'hls-js.flv',
      '-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440:sample_rate=44100 -t 90 -c:v libx264 -preset veryfast -g 50 -bf 0 -pix_fmt yuv420p -c:a aac -b:a 64k',
    );

  /** Plays four seconds of pictures; gives the errors and what the playlist offered. */
  async function play(url: string, http: string): Promise<{ errors: string[]; heights: number[] }> {
    const browser = await launchBrowser();
    try {
      const tab = await browser.newPage();
      await tab.goto(`${http}/hls.html?url=${encodeURIComponent(url)}`);
      const pictures = (): Promise<number> =>
        tab.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0);
      await until('four seconds of pictures', async () => (await pictures()) > 100, 40_000);
      return await tab.evaluate(() => {
        const { errors, hls } = globalThis as unknown as { errors: string[]; hls: { levels: { height: number }[] } };
        return { errors, heights: hls.levels.map(({ height }) => height) };
      });
    } finally {
      await browser.close();
    }
  }

  const listed = async (form: string, stream: string): Promise<number> => {
    const text = await readFile(join(folder, form, `live/${stream}.m3u8`), 'utf8').catch(() => '');
    return text.match(/EXTINF/g)?.length ?? 0;
  };

  it.each(['fmp4', 'ts.keys'] as Form[])('plays %s without an error', { timeout: 60_000 }, async (form) => {
    const server = await serverOf(form);
    const publisher = start('ffmpeg', flv(await webSource(), `${server.rtmp}/live/a`));
    // A player that finds too little to begin with stalls until there is more, and says so.
    await until('five segments', async () => (await listed(form, 'a')) >= 5, 30_000);

    expect((await play(`${server.http}/live/a.m3u8`, server.http)).errors).toEqual([]);
    publisher.kill('SIGKILL');
  });

  it('plays streams of one name as variants', { timeout: 60_000 }, async () => {
    const server = await serverOf('variants');
    const publishers = [
      start('ffmpeg', flv(await webSource(), `${server.rtmp}/live/a_360p`)),
      start('ffmpeg', ['-stream_loop', '9', ...flv(await sources.h264Aac(), `${server.rtmp}/live/a_180p`)]),
    ];
    const both = async (): Promise<boolean> =>
      (await listed('variants', 'a_360p')) > 4 && (await listed('variants', 'a_180p')) > 4;
    await until('five segments of both', both, 30_000);

    for (const name of ['a.m3u8', 'a.ll.m3u8']) {
      const { errors, heights } = await play(`${server.http}/live/${name}`, server.http);
      expect(errors, name).toEqual([]);
      expect(heights.toSorted(), name).toEqual([180, 360]);
    }
    for (const publisher of publishers) publisher.kill('SIGKILL');
  });
});
