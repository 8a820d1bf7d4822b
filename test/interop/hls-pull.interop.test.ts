// HLS as a client: our relay reads what our server, and what ffmpeg's packager, write; every frame arrives once.
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, probe, protocols, relay, silentLog } from '../../src/core/index.ts';
import { confServer } from '../tools/conf-server.ts';
import {
  copiedFrames,
  describeWith,
  ended,
  published,
  run,
  scratchFolder,
  sources,
  start,
  until,
} from '../tools/interop.ts';

const folder = await scratchFolder();
const engine = createEngine({ log: silentLog });
afterAll(() => engine.close());

/** A file server that knows ranges, and counts what is asked for. */
const asked: string[] = [];
let files: HttpServer;
let base = '';
beforeAll(async () => {
  files = createServer(async (request, response) => {
    const path = join(folder, decodeURIComponent(request.url ?? '/').split('?')[0] ?? '');
    asked.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined) return response.writeHead(404).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (first === undefined) return response.end(bytes);
    return response.writeHead(206).end(bytes.subarray(Number(first), Number(last) + 1));
  });
  await new Promise<void>((done) => files.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
});
afterAll(() => files.close());

const hashes = async (file: string, more: readonly string[] = []): Promise<string[][]> => {
  const frames = await copiedFrames(file, more);
  return [0, 1].map((stream) => frames.filter((frame) => frame.stream === stream).map(({ hash }) => hash));
};
/** Start codes and parameter sets are the container's. */
const plain = ['-bsf:v', 'h264_mp4toannexb,filter_units=remove_types=6|7|8|9'];

async function pulled(url: string, name: string): Promise<string> {
  const to = join(folder, name);
  await relay(engine.host, protocols, { from: url, to, signal: new AbortController().signal });
  return to;
}

const packagings = [
  ['MPEG-TS', '-hls_segment_type mpegts'],
  ['fMP4', '-hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4'],
  ['one file with ranges', '-hls_flags single_file'],
  ['one fMP4 file with ranges', '-hls_segment_type fmp4 -hls_flags single_file'],
] as const;

describeWith(['ffmpeg'], 'what ffmpeg packages', () => {
  it.each(packagings)('is read whole: %s', { timeout: 30_000 }, async (name, args) => {
    const source = await sources.bFrames();
    const at = name.replaceAll(' ', '-');
    await run('mkdir', ['-p', join(folder, at)]);
    const hls = ['-c', 'copy', '-f', 'hls', '-hls_time', '2', '-hls_list_size', '0', '-hls_playlist_type', 'vod'];
    await run('ffmpeg', ['-v', 'error', '-i', source, ...hls, ...args.split(' '), join(folder, at, 'a.m3u8')]);

    const got = await hashes(await pulled(`${base}/${at}/a.m3u8`, `${at}.mp4`), plain);

    expect(got).toEqual(await hashes(source, plain));
    if (name.includes('ranges')) expect(asked.filter((line) => line.includes('bytes=')).length).toBeGreaterThan(2);
  });

  it('is read whole with AES-128, with and without an IV', { timeout: 30_000 }, async () => {
    const source = await sources.h264Aac();
    const at = join(folder, 'aes');
    await run('mkdir', ['-p', at]);
    await run('sh', ['-c', `head -c 16 /dev/urandom > ${at}/k && printf 'k\\n${at}/k\\n' > ${at}/info`]);
    const hls = [
      '-c',
      'copy',
      '-f',
      'hls',
      '-hls_time',
      '2',
      '-hls_list_size',
      '0',
      '-hls_key_info_file',
      `${at}/info`,
    ];
    await run('ffmpeg', ['-v', 'error', '-i', source, ...hls, join(at, 'a.m3u8')]);
    expect(await readFile(join(at, 'a.m3u8'), 'utf8')).toContain('METHOD=AES-128');

    expect(await hashes(await pulled(`${base}/aes/a.m3u8`, 'aes.mp4'), plain)).toEqual(await hashes(source, plain));
  });

  it('is read from the variant with the most bits, with the sound of its own playlist', {
    timeout: 30_000,
  }, async () => {
    const source = await sources.h264Aac();
    const at = join(folder, 'master');
    await run('mkdir', ['-p', at]);
    const maps = ['-map', '0:v', '-map', '0:v', '-map', '0:a', '-c:a', 'copy', '-b:a', '64k', '-g', '50'];
    const low = ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v:0', '50k', '-s:v:0', '160x90', '-b:v:1', '400k'];
    const hls = ['-f', 'hls', '-hls_time', '2', '-hls_list_size', '0', '-master_pl_name', 'all.m3u8'];
    const streams = ['-var_stream_map', 'v:0,agroup:s v:1,agroup:s a:0,agroup:s,default:yes'];
    await run('ffmpeg', ['-v', 'error', '-i', source, ...maps, ...low, ...hls, ...streams, join(at, 'v%v.m3u8')]);

    const [pictures, sounds] = await hashes(await pulled(`${base}/master/all.m3u8`, 'master.mp4'), plain);

    expect(pictures).toEqual((await hashes(join(at, 'v1.m3u8'), plain))[0]);
    expect(sounds).toEqual((await hashes(source, plain))[1]);
    expect(asked.filter((line) => /^\/master\/v\d+\.m3u8/.test(line)).toSorted()).toEqual([
      '/master/v1.m3u8',
      '/master/v2.m3u8',
    ]);
  });
});

describeWith(['ffmpeg'], 'probe', () => {
  it('has a finding for each rule that a playlist breaks', { timeout: 20_000 }, async () => {
    const source = await sources.h264Aac();
    const at = join(folder, 'bad');
    await run('mkdir', ['-p', at]);
    const hls = ['-c', 'copy', '-f', 'hls', '-hls_time', '2', '-hls_list_size', '0'];
    await run('ffmpeg', ['-v', 'error', '-i', source, ...hls, join(at, 'a.m3u8')]);
    const text = await readFile(join(at, 'a.m3u8'), 'utf8');
    await writeFile(
      join(at, 'bad.m3u8'),
      text.replace(/TARGETDURATION:\d+/, 'TARGETDURATION:1').replace('VERSION:3', 'VERSION:1'),
    );

    const signal = new AbortController().signal;
    const report = await probe(engine.host, protocols, { source: `${base}/bad/bad.m3u8`, signal, duration: 0 });

    expect(report.frames).toBeGreaterThan(300);
    const found = report.findings
      .filter(({ id }) => id.startsWith('playlist'))
      .map(({ id, severity }) => [id, severity]);
    expect(found).toEqual([
      ['playlist-version', 'must'],
      ['playlist-segment-too-long', 'must'],
    ]);
  });
});

const forms = [
  ['TS', 'a.m3u8', ''],
  ['encrypted fMP4', 'a.m3u8', 'hls_use_fmp4 on; hls_keys on; hls_fragments_per_key 2;'],
  ['low latency', 'a.ll.m3u8', 'hls_ll on;'],
] as const;

describeWith(['ffmpeg'], 'our own server, live,', () => {
  describe.each(forms)('%s', (name, path, more) => {
    it('gives every frame from where the player joins', { timeout: 40_000 }, async () => {
      const hls = `hls { enabled on; hls_fragment 2; hls_disk off; ${more} }`;
      const server = await confServer(`vhost __defaultVhost__ { ${hls} }`);
      const source = await sources.h264Aac();
      const args = ['-loglevel', 'error', '-re', '-i', source, '-c', 'copy', '-f', 'flv', `${server.rtmp}/live/a`];
      const publisher = start('ffmpeg', args);
      await until('the stream', () => published(server, 'a'));
      const stop = new AbortController();
      const file = join(folder, `${name.replaceAll(' ', '-')}.mp4`);
      // The playlist has no end, so we say when it is enough: when four tellings of the relay have brought nothing.
      let [frames, idle] = [0, 0];
      const from = `${server.http}/live/${path}`;
      const reading = relay(engine.host, protocols, { from, to: file, signal: stop.signal }, (now) => {
        idle = now.frames.video === frames ? idle + 1 : 0;
        frames = now.frames.video;
      });
      await ended(publisher, 20_000);
      idle = 0;
      await until('nothing more comes', () => idle >= 4);
      stop.abort();
      await reading;

      const [got, sent] = [await hashes(file, plain), await hashes(source, plain)];
      for (const stream of [0, 1]) {
        const mine = got[stream] ?? [];
        const first = sent[stream]?.indexOf(mine[0] ?? '') ?? -1;
        expect(first).toBeGreaterThanOrEqual(0);
        expect(mine.length).toBeGreaterThan(90);
        expect(mine).toEqual(sent[stream]?.slice(first));
      }
    });
  });

  it('has no finding by the rules of playlists', { timeout: 40_000 }, async () => {
    const server = await confServer(
      `vhost __defaultVhost__ { hls { enabled on; hls_fragment 2; hls_disk off; hls_ll on; } }`,
    );
    const source = await sources.h264Aac();
    const publisher = start('ffmpeg', [
      '-loglevel',
      'error',
      '-re',
      '-stream_loop',
      '2',
      '-i',
      source,
      '-c',
      'copy',
      '-f',
      'flv',
      `${server.rtmp}/live/a`,
    ]);
    await until('the stream', () => published(server, 'a'));
    const signal = new AbortController().signal;
    const reports = await Promise.all(
      ['a.ll.m3u8', 'a.m3u8'].map((path) =>
        probe(engine.host, protocols, { source: `${server.http}/live/${path}`, signal, duration: 4_000_000 }),
      ),
    );
    publisher.kill('SIGKILL');

    for (const { findings, tracks, protocol, transport } of reports) {
      expect(protocol).toBe('hls');
      expect(transport?.pcrJitterMs ?? null).toBeNull();
      expect(tracks.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
      expect(findings.filter(({ id }) => id.startsWith('playlist'))).toEqual([]);
    }
  });
});
