// Transport streams between our muxer and demuxer and ffmpeg, ffprobe and GStreamer; the media comes from ffmpeg.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { FlvDemuxer } from '../../src/core/format/flv/index.ts';
import { analyseTs, TsDemuxer, TsMuxer, tsFaults } from '../../src/core/format/ts/index.ts';
import type { Demuxer } from '../../src/core/media/demuxer.ts';
import type { Packet } from '../../src/core/media/packet.ts';
import { codecsOf, describeWith, made, parseFrameMd5, run, scratchFolder, sources } from '../tools/interop.ts';

/** The tracks and frames of a file through our muxer. */
async function remux(file: string, to: string, demuxer: Demuxer): Promise<void> {
  const events = [...demuxer.push(await readFile(file)), ...demuxer.end()];
  const tracks = events.findLast((event) => event.type === 'tracks');
  const muxer = new TsMuxer();
  const packets: Packet[] = muxer.header(tracks?.type === 'tracks' ? tracks.tracks : []);
  for (const event of events) if (event.type === 'frame') packets.push(...muxer.write(event.frame));
  packets.push(...muxer.flush());
  await writeFile(to, concat(packets.flatMap(({ chunks }) => chunks)));
}

/** Units that each side writes where it likes are left out; what remains is split and joined by ffmpeg's own hand. */
const bare = {
  h264: 'filter_units=remove_types=7|8|9',
  hevc: 'filter_units=remove_types=32|33|34|35',
} as const;
const toByteStream = { h264: 'h264_mp4toannexb,', hevc: 'hevc_mp4toannexb,' } as const;

interface Seen {
  readonly hash: string;
  readonly dtsMs: number;
  readonly ptsMs: number;
}

/** Bytes and times of all packets as ffmpeg copies them, by codec. `raw`: the file has lengths and no ADTS. */
async function frames(file: string, raw: boolean): Promise<Map<string, readonly Seen[]>> {
  const found = new Map<string, readonly Seen[]>();
  for (const codec of await codecsOf(file)) {
    const kind = codec === 'h264' || codec === 'hevc' ? 'v' : 'a';
    const video = kind === 'v' ? `${raw ? toByteStream[codec as 'h264'] : ''}${bare[codec as 'h264']}` : undefined;
    const filter = video ?? (codec === 'aac' && !raw ? 'aac_adtstoasc' : 'null');
    const args = ['-v', 'error', '-copyts', '-i', file, '-map', `0:${kind}`, '-c', 'copy', `-bsf:${kind}`, filter];
    const text = await run('ffmpeg', [...args, '-f', 'framemd5', '-']);
    found.set(
      codec,
      parseFrameMd5(text).map(({ hash, dtsMs, ptsMs }) => ({ hash, dtsMs, ptsMs })),
    );
  }
  return found;
}

const hevcAac = (): Promise<string> =>
  made(
    'hevc-aac.ts',
    '-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=44100 -t 4 -c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=50:bframes=3 -c:a aac -b:a 64k',
  );
const sound = (codec: string, name: string) => (): Promise<string> =>
  made(`${name}.ts`, `-f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=48000 -t 4 -ac 2 -c:a ${codec} -b:a 96k`);

const cases = [
  { name: 'H.264 and AAC', source: sources.h264Aac, ts: false },
  { name: 'H.264 with B-frames and AAC', source: sources.bFrames, ts: false },
  { name: 'H.264 and MP3', source: sources.h264Mp3, ts: false },
  { name: 'H.264 alone', source: sources.videoOnly, ts: false },
  { name: 'AAC alone', source: sources.audioOnly, ts: false },
  { name: 'HEVC with B-frames and AAC', source: hevcAac, ts: true },
  { name: 'Opus', source: sound('libopus', 'opus'), ts: true },
  { name: 'MP3', source: sound('libmp3lame', 'mp3'), ts: true },
  { name: 'AC-3', source: sound('ac3', 'ac3'), ts: true },
  { name: 'E-AC-3', source: sound('eac3', 'eac3'), ts: true },
] as const;

const folder = await scratchFolder();

describeWith(['ffmpeg', 'ffprobe'], 'ffmpeg and our transport streams', () => {
  it.each(cases)('agree about $name: every frame once, in order, at its time', async ({ name, source, ts }) => {
    const original = await source();
    const copy = join(folder, `${name}.ts`);
    await remux(original, copy, ts ? new TsDemuxer(defaultLimits) : new FlvDemuxer(defaultLimits));

    const [got, sent] = [await frames(copy, false), await frames(original, !ts)];

    const offsets: number[] = [];
    expect([...got.keys()].sort()).toEqual([...sent.keys()].sort());
    for (const [codec, theirs] of sent) {
      const mine = got.get(codec) as readonly Seen[];
      // Compared one by one: the first that differs is what a reader of the failure wants to know.
      expect(mine.length, codec).toBe(theirs.length);
      expect(mine.findIndex(({ hash }, index) => hash !== theirs[index]?.hash)).toBe(-1);
      for (const [index, { dtsMs, ptsMs }] of mine.entries()) {
        const other = theirs[index] as Seen;
        offsets.push(ptsMs - other.ptsMs);
        expect(Math.abs(ptsMs - dtsMs - (other.ptsMs - other.dtsMs))).toBeLessThanOrEqual(1);
      }
    }
    expect(offsets.length).toBeGreaterThan(100);
    expect(Math.max(...offsets) - Math.min(...offsets)).toBeLessThanOrEqual(2);
    expect(tsFaults(analyseTs(await readFile(copy)))).toEqual([]);
  });

  it.each(cases)('decode $name without a word of complaint', async ({ name, source, ts }) => {
    const copy = join(folder, `decoded-${name}.ts`);
    await remux(await source(), copy, ts ? new TsDemuxer(defaultLimits) : new FlvDemuxer(defaultLimits));

    expect(await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', copy, '-f', 'null', '-'])).toBe('');
    const shown = await run('ffprobe', [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name,start_time',
      '-of',
      'compact=p=0',
      copy,
    ]);
    expect(shown).toMatch(/codec_name=\w+/);
  });

  it('are read by our demuxer when ffmpeg wrote them, in packets of 188 and 192 bytes', async () => {
    const flv = await sources.bFrames();
    const count = new Map<string, string>();
    for (const wide of ['0', '1']) {
      const file = join(folder, `ffmpeg-${wide}.ts`);
      await run('ffmpeg', [
        '-v',
        'error',
        '-y',
        '-i',
        flv,
        '-c',
        'copy',
        '-map',
        '0:v',
        '-f',
        'mpegts',
        '-mpegts_m2ts_mode',
        wide,
        file,
      ]);
      const demuxer = new TsDemuxer(defaultLimits);
      const events = [...demuxer.push(await readFile(file)), ...demuxer.end()];
      const got = events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));

      expect(demuxer.packetBytes).toBe(wide === '1' ? 192 : 188);
      expect(demuxer.report).toMatchObject({
        continuityErrors: 0,
        damagedPes: 0,
        damagedUnits: 0,
        crcErrors: 0,
        droppedFrames: 0,
      });
      const start = got[0]?.dts ?? 0;
      count.set(wide, got.map(({ dts, cts, key, data }) => `${dts - start} ${cts} ${key} ${data.length}`).join('\n'));
      expect(got).toHaveLength(150);
    }
    expect(count.get('1')).toBe(count.get('0'));
  });
});

describeWith(['ffmpeg', 'gst-launch-1.0'], 'GStreamer and our transport streams', () => {
  it.each([
    {
      name: 'H.264 with B-frames',
      source: sources.bFrames,
      pipe: 'd.video_0_0100 ! queue ! h264parse ! video/x-h264,alignment=au',
      count: 150,
      ts: false,
    },
    { name: 'AAC', source: sources.audioOnly, pipe: 'd. ! queue ! aacparse', count: 259, ts: false },
    {
      name: 'HEVC',
      source: hevcAac,
      pipe: 'd.video_0_0100 ! queue ! h265parse ! video/x-h265,alignment=au',
      count: 100,
      ts: true,
    },
    { name: 'Opus', source: sound('libopus', 'opus'), pipe: 'd. ! queue ! opusparse', count: 201, ts: true },
  ])('agree about the number of frames of $name', async ({ name, source, pipe, count, ts }) => {
    const copy = join(folder, `${name}.ts`);
    await remux(await source(), copy, ts ? new TsDemuxer(defaultLimits) : new FlvDemuxer(defaultLimits));
    const pipeline = `filesrc location=${JSON.stringify(copy)} ! tsdemux name=d ${pipe} ! identity silent=false ! fakesink sync=false`;

    const said = await run('sh', ['-c', `gst-launch-1.0 -v ${pipeline}`]);

    const chain = said.split('\n').filter((line) => line.includes('identity0: last-message = chain')).length;
    expect(Math.abs(chain - count)).toBeLessThanOrEqual(1);
    expect(said).not.toMatch(/ERROR|WARN/);
  });
});
