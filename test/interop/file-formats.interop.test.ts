// Files of every container, written by us and read by ffmpeg, and the other way round: no frame is lost, changed or moved.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, probe, protocols, relay, silentLog } from '../../src/core/index.ts';
import { expectSameFrames } from '../tools/compare.ts';
import { copiedFrames, describeWith, made, run, scratchFolder, sources } from '../tools/interop.ts';

const engine = createEngine({ log: silentLog });
afterAll(() => engine.close());
const folder = await scratchFolder();
const { signal } = new AbortController();
let count = 0;
const fresh = (ending: string): string => join(folder, `${count++}.${ending}`);

const convert = async (from: string, ending: string): Promise<string> => {
  const to = fresh(ending);
  const result = await relay(engine.host, protocols, { from, to, signal });
  expect(result, from).toMatchObject({ endedBy: 'end', dropped: 0 });
  return to;
};

/** The same packets in another container by ffmpeg. */
const remux = async (from: string, ending: string, more: readonly string[] = []): Promise<string> => {
  const to = fresh(ending);
  await run('ffmpeg', ['-loglevel', 'error', '-i', from, '-map', '0', '-c', 'copy', ...more, to]);
  return to;
};

const opus = (): Promise<string> =>
  made('opus.mp4', '-f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=48000 -t 6 -c:a libopus -b:a 64k -strict -2');
const mp3 = (): Promise<string> =>
  made('sound.mp3', '-f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=44100 -t 6 -c:a libmp3lame -write_xing 0');

const extras: Readonly<Record<string, readonly string[]>> = { mp4: ['-strict', '-2'], mp3: ['-write_xing', '0'] };

interface Case {
  readonly name: string;
  readonly source: () => Promise<string>;
  readonly codec?: 'h264' | 'hevc' | 'av1';
  readonly sound?: 'aac' | 'mp3' | 'opus';
  readonly endings: readonly string[];
}

const cases: readonly Case[] = [
  { name: 'H.264 and AAC', source: sources.h264Aac, codec: 'h264', sound: 'aac', endings: ['flv', 'ts', 'mp4'] },
  { name: 'B-frames', source: sources.bFrames, codec: 'h264', sound: 'aac', endings: ['flv', 'ts', 'mp4'] },
  { name: 'HEVC and AAC', source: sources.hevcAac, codec: 'hevc', sound: 'aac', endings: ['ts', 'mp4'] },
  { name: 'AV1 and Opus', source: sources.av1Opus, codec: 'av1', sound: 'opus', endings: ['mp4'] },
  { name: 'H.264 and MP3', source: sources.h264Mp3, codec: 'h264', sound: 'mp3', endings: ['flv', 'ts', 'mp4'] },
  { name: 'H.264 alone', source: sources.videoOnly, codec: 'h264', endings: ['flv', 'ts', 'mp4'] },
  { name: 'AAC alone', source: sources.audioOnly, sound: 'aac', endings: ['flv', 'ts', 'mp4', 'aac'] },
  { name: 'Opus alone', source: opus, sound: 'opus', endings: ['ts', 'mp4'] },
  { name: 'MP3 alone', source: mp3, sound: 'mp3', endings: ['ts', 'mp4', 'mp3'] },
];

/**
 * Start codes and headers of TS and ADTS are of the container, not of the frame: both files are read as ffmpeg would
 * write them into a transport stream, without delimiters and what x265 puts into the parameter sets (its SEI among them),
 * and as raw AAC.
 */
function frames(file: string, { codec, sound }: Case) {
  const wire = /\.(ts|m2ts|aac)$/.test(file);
  const filters: string[] = [];
  if (codec === 'h264' || codec === 'hevc') {
    const types = codec === 'h264' ? '7-9' : '32-35|39';
    filters.push('-bsf:v', `${wire ? '' : `${codec}_mp4toannexb,`}filter_units=remove_types=${types}`);
  }
  if (wire && sound === 'aac') filters.push('-bsf:a', 'aac_adtstoasc');
  return copiedFrames(file, filters);
}

describeWith(['ffmpeg'], 'files of ours, read by ffmpeg', () => {
  for (const one of cases) {
    it.each(one.endings)(`have every frame of ${one.name}: .%s`, async (ending) => {
      const source = await one.source();

      const written = await convert(source, ending);

      // FLV rounds each sound to a millisecond; in a transport stream several share one exact time.
      const withinMs = ending === 'ts' ? 2 : 1;
      expectSameFrames(await frames(written, one), await frames(source, one), { withinMs });
    });
  }
});

describeWith(['ffmpeg'], 'files of ffmpeg, read by us', () => {
  for (const one of cases) {
    it.each(one.endings)(`have every frame of ${one.name}: .%s`, async (ending) => {
      const source = await one.source();
      const theirs = await remux(source, ending, extras[ending]);

      const written = await convert(theirs, 'mp4');

      expectSameFrames(await frames(written, one), await frames(theirs, one));
    });
  }

  it.each([
    ['fragmented', ['-movflags', '+frag_keyframe+empty_moov+default_base_moof']],
    ['with its index in front', ['-movflags', '+faststart']],
  ])('are taken as MP4 %s, also from a pipe', async (_, flags) => {
    const source = await sources.bFrames();
    const theirs = await remux(source, 'mp4', flags);

    const written = await convert(theirs, 'flv');
    const piped = fresh('flv');
    await run('sh', ['-c', `cat ${theirs} | node ${join(import.meta.dirname, '../../bin/dev.js')} relay - ${piped}`]);

    expectSameFrames(await copiedFrames(written), await copiedFrames(theirs));
    expectSameFrames(await copiedFrames(piped), await copiedFrames(theirs));
  });

  it('are M2TS with time stamps in front of the packets', async () => {
    const one: Case = { name: 'B-frames and AC-3', source: sources.bFrames, codec: 'h264', endings: [] };
    const theirs = await remux(await one.source(), 'm2ts', '-c:a ac3 -mpegts_m2ts_mode 1'.split(' '));

    expectSameFrames(await frames(await convert(theirs, 'mp4'), one), await frames(theirs, one), { withinMs: 2 });
  });
});

describe('there and back', () => {
  describeWith(['ffmpeg'], 'through a transport stream', () => {
    it.each([
      ['H.264 with B-frames', sources.bFrames, 'flv'],
      ['HEVC', sources.hevcAac, 'mp4'],
    ] as const)('%s is what it was, byte for byte', async (_, make, ending) => {
      const source = await make();

      const back = await convert(await convert(source, 'ts'), ending);

      expectSameFrames(await copiedFrames(back), await copiedFrames(source));
      await rm(back);
    });
  });
});

describeWith(['ffmpeg'], 'probe', () => {
  it.each([
    ['mp4', sources.hevcAac, ['h265', 'aac']],
    ['mp4', sources.av1Opus, ['av1', 'opus']],
    ['ts', sources.bFrames, ['h264', 'aac']],
    ['aac', sources.audioOnly, ['aac']],
    ['mp3', mp3, ['mp3']],
  ] as const)('knows the tracks of .%s', async (ending, make, codecs) => {
    const source = await make();
    const file = source.endsWith(ending) ? source : await remux(source, ending);

    const report = await probe(engine.host, protocols, { source: file, signal, duration: 0 });

    expect(report.tracks.map((track) => track.codec)).toEqual(codecs);
    expect(report.findings.filter((finding) => finding.severity === 'must')).toEqual([]);
    expect(report.mediaMs).toBeGreaterThan(5800);
  });
});
