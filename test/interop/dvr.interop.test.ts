// DVR with other people's programs: ffmpeg publishes, ffprobe and ffmpeg read every recording, during and after.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RecordedFile } from '../../src/core/control/record/index.ts';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { confServer } from '../tools/conf-server.ts';
import {
  atEnd,
  type CopiedFrame,
  copiedFrames,
  describeWith,
  ended,
  parseFrameMd5,
  run,
  scratchFolder,
  sources,
  start,
  until,
} from '../tools/interop.ts';

const folder = await scratchFolder();
let count = 0;
const never = new AbortController();
const engine = createEngine({ log: silentLog });
atEnd(() => engine.close());

async function dvrServer(dvr: string) {
  const conf = `vhost __defaultVhost__ { play { mw_latency 0; } dvr { enabled on; ${dvr} } }`;
  const server = await confServer(conf);
  const told: RecordedFile[] = [];
  server.recordings.watch((file) => told.push(file));
  const publish = (source: string, stream: string, paced = false) => {
    const input = [...(paced ? ['-re'] : []), '-i', source, '-map', '0', '-c', 'copy'];
    return start('ffmpeg', ['-v', 'error', ...input, '-f', 'flv', `${server.rtmp}/live/${stream}`]);
  };
  /** Publishes a whole file; resolves with what was told of `files` recordings. Not every ffmpeg has Enhanced RTMP. */
  const record = async (source: string, files = 1): Promise<readonly string[]> => {
    const before = told.length;
    const to = `${server.rtmp}/live/s${count++}`;
    if (source.endsWith('.flv')) await ended(publish(source, `s${count}`), 20_000);
    else await relay(engine.host, protocols, { from: source, to, signal: never.signal, pace: 'none' });
    await until('the recording is complete', () => told.length >= before + files);
    return told.slice(before).map(({ file }) => file);
  };
  return { server, told, publish, record };
}

/** Packets without parameter sets and behind start codes, as each container has them in the end. */
async function plainFrames(file: string): Promise<string[]> {
  const all: string[] = [];
  const filters = { v: 'h264_mp4toannexb,filter_units=remove_types=6|7|8|9', a: 'null' };
  for (const [kind, filter] of Object.entries(filters)) {
    const sound = kind === 'a' && file.endsWith('.ts') ? 'aac_adtstoasc' : filter;
    const args = ['-v', 'error', '-i', file, '-map', `0:${kind}`, '-c', 'copy', `-bsf:${kind}`, sound];
    const text = await run('ffmpeg', [...args, '-f', 'framemd5', '-']);
    all.push(...parseFrameMd5(text).map(({ hash }) => `${kind} ${hash}`));
  }
  return all;
}

const hashes = (frames: readonly CopiedFrame[], stream: number): string[] =>
  frames.filter((frame) => frame.stream === stream).map(({ hash }) => hash);

/** Distance of sound and picture to the first picture, in milliseconds. */
function times(frames: readonly CopiedFrame[]): number[] {
  const first = frames.find(({ stream }) => stream === 0)?.dtsMs ?? 0;
  return frames.map(({ dtsMs }) => dtsMs - first);
}

describeWith(['ffmpeg', 'ffprobe'], 'DVR', () => {
  it.each([
    ['h264Aac', 'flv'],
    ['h264Aac', 'mp4'],
    ['bFrames', 'flv'],
    ['bFrames', 'mp4'],
    ['h264Mp3', 'mp4'],
    ['hevcAac', 'mp4'],
    ['av1Opus', 'mp4'],
  ] as const)('of %s as %s has every frame of the source, at its time', async (source, ending) => {
    const { record } = await dvrServer(`dvr_path ${folder}/[app]/[stream].${ending};`);
    const [file = ''] = await record(await sources[source]());
    const [found, wanted] = [await copiedFrames(file), await copiedFrames(await sources[source]())];

    expect(hashes(found, 0)).toEqual(hashes(wanted, 0));
    expect(hashes(found, 1)).toEqual(hashes(wanted, 1));
    // ffmpeg orders packets of sound and picture that are near each other as it likes.
    const [a, b] = [times(found).sort((x, y) => x - y), times(wanted).sort((x, y) => x - y)];
    expect(Math.max(...a.map((time, index) => Math.abs(time - (b[index] ?? 0))))).toBeLessThan(30);
    expect(await run('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'])).toBe('');
    expect(existsSync(`${file}.tmp`)).toBe(false);
  });

  it('as TS has every frame of the source', async () => {
    const { record } = await dvrServer(`dvr_path ${folder}/[app]/[stream].ts;`);
    const [file = ''] = await record(await sources.bFrames());

    expect(await plainFrames(file)).toEqual(await plainFrames(await sources.bFrames()));
  });

  it('as MP4 plays while it is written, and is a plain file with its index first at the end', async () => {
    const { publish, told } = await dvrServer(`dvr_path ${folder}/during/[stream].mp4;`);
    const publisher = publish(await sources.bFrames(), 'a', true);
    const file = join(folder, 'during/a.mp4');
    const lengths: number[] = [];
    await until('it plays and grows', async () => {
      if (!existsSync(`${file}.tmp`)) return false;
      const text = await run('ffprobe', [
        '-v',
        'error',
        '-show_entries',
        'packet=dts_time',
        '-of',
        'csv=p=0',
        `${file}.tmp`,
      ]).catch(() => '');
      const length = text.split('\n').filter((line) => /\d/.test(line)).length;
      if (length > (lengths.at(-1) ?? 0)) lengths.push(length);
      return lengths.length >= 3;
    });
    await ended(publisher, 15_000);
    await until('the recording is complete', () => told.length === 1);

    const trace = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=nb_frames', '-of', 'csv=p=0', file]);
    expect(trace.trim().split('\n').map(Number)).toEqual([150, 260]);
    expect(told).toMatchObject([{ cwd: process.cwd(), file, name: { app: 'live', stream: 'a' } }]);
  });

  it('in segments loses nothing at the cuts, and each begins with a key frame', async () => {
    const { record } = await dvrServer(`dvr_plan segment; dvr_duration 2; dvr_path ${folder}/seg/[stream].mp4;`);
    const files = await record(await sources.bFrames(), 3);
    const found = await Promise.all(files.map((file) => copiedFrames(file)));
    const wanted = await copiedFrames(await sources.bFrames());

    expect(files).toHaveLength(3);
    expect(found.flatMap((frames) => hashes(frames, 0))).toEqual(hashes(wanted, 0));
    expect(found.flatMap((frames) => hashes(frames, 1))).toEqual(hashes(wanted, 1));
    for (const file of files) expect(await run('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'])).toBe('');
  });

  it('of a source with a gap keeps the gap', async () => {
    const source = await sources.h264Aac();
    const gap = join(folder, 'gap.flv');
    // The pictures from 2 to 4 s are missing: two groups of pictures, one of which is left out.
    await run('ffmpeg', [
      '-v',
      'error',
      '-y',
      '-i',
      source,
      '-map',
      '0',
      '-c',
      'copy',
      '-bsf:v',
      'noise=drop=between(pts*tb\\,2\\,3.99)',
      gap,
    ]);
    const { record } = await dvrServer(`dvr_path ${folder}/[app]/[stream].mp4;`);
    const [file = ''] = await record(gap);
    const [found, wanted] = [await copiedFrames(file), await copiedFrames(gap)];

    expect(hashes(found, 0)).toEqual(hashes(wanted, 0));
    const [a, b] = [found, wanted].map((frames) =>
      frames.filter(({ stream }) => stream === 0).map(({ dtsMs }) => dtsMs),
    );
    const widest = (list: readonly number[] = []) =>
      Math.max(...list.slice(1).map((time, index) => time - (list[index] ?? 0)));
    expect(widest(b)).toBeGreaterThan(1900);
    expect(Math.abs(widest(a) - widest(b))).toBeLessThan(5);
  });
});
