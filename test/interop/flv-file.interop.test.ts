// Files of our FLV muxer, read by ffmpeg and ffprobe; the media comes from files that ffmpeg made.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { FlvDemuxer, FlvMuxer } from '../../src/core/format/flv/index.ts';
import type { Track } from '../../src/core/media/track.ts';
import { copiedFrames, describeWith, made, run, scratchFolder, sources } from '../tools/interop.ts';

/** The same media, written by our muxer; without the metadata when `bare`. */
async function rewrite(file: string, to: string, bare: boolean): Promise<void> {
  const bytes = await readFile(file);
  const demuxer = new FlvDemuxer(defaultLimits);
  const events = [...demuxer.push(bytes), ...demuxer.end()];
  let tracks: readonly Track[] = [];
  for (const event of events) if (event.type === 'tracks') tracks = event.tracks;
  const muxer = new FlvMuxer();
  const packets = muxer.header(bare ? tracks.filter((track) => track.kind !== 'data') : tracks);
  for (const event of events) if (event.type === 'frame') packets.push(...muxer.write(event.frame));
  await writeFile(to, concat(packets.flatMap((packet) => packet.chunks)));
}

interface Probed {
  readonly streams: readonly {
    readonly codec_name: string;
    readonly codec_type: string;
    readonly width?: number;
    readonly height?: number;
    readonly r_frame_rate: string;
    readonly sample_rate?: string;
    readonly channels?: number;
  }[];
  readonly format: {
    readonly format_name: string;
    readonly probe_score: number;
    readonly tags?: Record<string, string>;
  };
}

async function probe(file: string): Promise<Probed> {
  return JSON.parse(
    await run('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', file]),
  ) as Probed;
}

const picture = { codec_type: 'video', codec_name: 'h264', width: 320, height: 180, r_frame_rate: '25/1' };
const sound = { codec_type: 'audio', codec_name: 'aac', sample_rate: '44100', channels: 1 };

const g711 = (): Promise<string> =>
  made('alaw.flv', '-f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=8000 -t 3 -c:a pcm_alaw -ac 1');

const folder = await scratchFolder();

describeWith(['ffmpeg', 'ffprobe'], 'ffprobe and files of our FLV muxer', () => {
  it.each([
    { name: 'H.264 and AAC', source: sources.h264Aac, streams: [picture, sound] },
    { name: 'H.264 with B-frames and AAC', source: sources.bFrames, streams: [picture, sound] },
    { name: 'H.264 and MP3', source: sources.h264Mp3, streams: [picture, { ...sound, codec_name: 'mp3' }] },
    { name: 'H.264 alone', source: sources.videoOnly, streams: [picture] },
    { name: 'AAC alone', source: sources.audioOnly, streams: [sound] },
    { name: 'G.711 alone', source: g711, streams: [{ ...sound, codec_name: 'pcm_alaw', sample_rate: '8000' }] },
  ])('agree about $name, frame by frame', async ({ name, source, streams }) => {
    const original = await source();
    for (const bare of [false, true]) {
      const copy = join(folder, `${name}-${bare}.flv`);
      await rewrite(original, copy, bare);

      const probed = await probe(copy);
      expect(probed.format.format_name).toBe('flv');
      const byType = [...probed.streams].sort((a, b) => b.codec_type.localeCompare(a.codec_type));
      expect(byType).toMatchObject(streams);
      expect(await copiedFrames(copy)).toEqual(await copiedFrames(original));
    }
  });

  it('agree that a live stream has no duration', async () => {
    const copy = join(folder, 'live.flv');
    await rewrite(await sources.h264Aac(), copy, false);

    const text = (await readFile(copy)).toString('latin1');

    expect(text).toContain('onMetaData');
    expect(text).not.toContain('duration');
    expect(text).not.toContain('filesize');
  });
});
