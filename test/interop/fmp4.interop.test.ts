import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { concat, equalBytes } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { fromMs, fromSeconds } from '../../src/core/base/time.ts';
import { describe as describeCodec } from '../../src/core/codec/index.ts';
import { FlvDemuxer } from '../../src/core/format/flv/index.ts';
import { Fmp4Muxer, finishMp4, Mp4File, Mp4Writer, type RandomAccess } from '../../src/core/format/fmp4/index.ts';
import type { MediaEvent } from '../../src/core/media/demuxer.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Track } from '../../src/core/media/track.ts';
import { launchBrowser } from '../tools/browser.ts';
import { codecsOf, copiedFrames, describeWith, made, run, scratchFolder, sources } from '../tools/interop.ts';

const folder = await scratchFolder();

const vp9Opus = (): Promise<string> =>
  made(
    'vp9-opus.mp4',
    '-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=48000 -t 6 ' +
      '-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 50 -c:a libopus -b:a 64k',
  );

const inMemory = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read: async (offset, size) => bytes.slice(offset, offset + size),
});

interface Media {
  readonly tracks: readonly Track[];
  readonly frames: readonly Frame[];
}

/** The media of a file, a second later, as a stream has it. */
async function mediaOf(file: string): Promise<Media> {
  const bytes = await readFile(file);
  const events: MediaEvent[] = [];
  if (file.endsWith('.flv')) {
    const demuxer = new FlvDemuxer(defaultLimits);
    events.push(...demuxer.push(bytes), ...demuxer.end());
  } else {
    for await (const event of (await Mp4File.open(inMemory(bytes))).events()) events.push(event);
  }
  let tracks: readonly Track[] = [];
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === 'tracks') tracks = event.tracks.filter(({ kind }) => kind !== 'data');
    else if (event.frame.track.kind !== 'data') frames.push({ ...event.frame, dts: event.frame.dts + fromSeconds(1) });
  }
  return { tracks, frames };
}

function streamed({ tracks, frames }: Media, fragmentTime: number): Uint8Array {
  const muxer = new Fmp4Muxer({ fragmentTime });
  const packets = [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame)), ...muxer.flush()];
  return concat(packets.flatMap(({ chunks }) => chunks));
}

function recorded({ tracks, frames }: Media): Uint8Array {
  const writer = new Mp4Writer(tracks);
  return concat([...frames.flatMap((frame) => writer.write(frame)), ...writer.end()]);
}

async function finished(media: Media, index: 'first' | 'last'): Promise<Uint8Array> {
  const out: Uint8Array[] = [];
  await finishMp4(inMemory(recorded(media)), async (bytes) => void out.push(bytes), { index });
  return concat(out);
}

const forms: Readonly<Record<string, (media: Media) => Uint8Array | Promise<Uint8Array>>> = {
  'one fragment a frame': (media) => streamed(media, 0),
  'fragments of 500 ms': (media) => streamed(media, fromMs(500)),
  recording: recorded,
  'finished, index first': (media) => finished(media, 'first'),
  'finished, index last': (media) => finished(media, 'last'),
};

const kinds = [
  { name: 'H.264 and AAC', source: sources.h264Aac, codecs: ['h264', 'aac'] },
  { name: 'H.264 with B-frames and AAC', source: sources.bFrames, codecs: ['h264', 'aac'] },
  { name: 'H.264 and MP3', source: sources.h264Mp3, codecs: ['h264', 'mp3'] },
  { name: 'H.265 and AAC', source: sources.hevcAac, codecs: ['hevc', 'aac'] },
  { name: 'AV1 and Opus', source: sources.av1Opus, codecs: ['av1', 'opus'] },
  { name: 'VP9 and Opus', source: vp9Opus, codecs: ['vp9', 'opus'] },
  { name: 'H.264 alone', source: sources.videoOnly, codecs: ['h264'] },
  { name: 'AAC alone', source: sources.audioOnly, codecs: ['aac'] },
] as const;

/** Streams by number: FLV and MP4 may have them in another order. */
async function framesByStream(file: string): Promise<Map<string, { dtsMs: number; ptsMs: number; hash: string }[]>> {
  const types = (
    await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', file])
  ).split('\n');
  const streams = new Map<string, { dtsMs: number; ptsMs: number; hash: string }[]>();
  for (const { stream, ...frame } of await copiedFrames(file)) {
    const type = types[stream]?.replace(/,.*/, '').trim() ?? '';
    streams.set(type, [...(streams.get(type) ?? []), frame]);
  }
  return streams;
}

describeWith(['ffmpeg', 'ffprobe'], 'ffmpeg and our MP4', () => {
  it.each(kinds)('agree about $name, frame by frame, in every form', async ({ name, source, codecs }) => {
    const original = await source();
    const media = await mediaOf(original);
    const want = await framesByStream(original);
    for (const [form, write] of Object.entries(forms)) {
      const copy = join(folder, `${name}-${form}.mp4`);
      await writeFile(copy, await write(media));

      expect(await codecsOf(copy)).toEqual(codecs.toSorted());
      const got = await framesByStream(copy);
      // Everything begins when the first track does; that it is the same for both tracks is told by `skew`.
      let skew: number | undefined;
      for (const [type, frames] of want) {
        const back = got.get(type) ?? [];
        expect(
          back.map(({ hash }) => hash),
          `${form}, ${type}`,
        ).toEqual(frames.map(({ hash }) => hash));
        for (const [i, { dtsMs, ptsMs }] of back.entries()) {
          const shift = ptsMs - (frames[i]?.ptsMs ?? 0);
          skew ??= shift;
          expect(Math.abs(shift - skew), `${form}, ${type}, frame ${i}`).toBeLessThanOrEqual(4);
          expect(Math.abs(dtsMs - (frames[i]?.dtsMs ?? 0) - skew)).toBeLessThanOrEqual(4);
        }
      }
    }
  });

  it('decode a finished file without a word', async () => {
    const copy = join(folder, 'decode.mp4');
    await writeFile(copy, await finished(await mediaOf(await sources.bFrames()), 'first'));

    expect(await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', copy, '-f', 'null', '-'])).toBe('');
  });
});

describeWith(['ffmpeg', 'gst-launch-1.0'], 'GStreamer and our MP4', () => {
  it.each(kinds)('qtdemux gives every byte of $name', async ({ name, source }) => {
    const media = await mediaOf(await source());
    for (const [form, write] of Object.entries(forms)) {
      const copy = join(folder, `gst-${name}-${form}.mp4`.replaceAll(' ', '-'));
      await writeFile(copy, await write(media));
      const pads = media.tracks.map(({ kind }) => `d.${kind}_0 ! queue ! filesink location=${copy}.${kind}`);

      await run('gst-launch-1.0', `-q filesrc location=${copy} ! qtdemux name=d ${pads.join(' ')}`.split(' '));

      for (const track of media.tracks) {
        const sent = concat(media.frames.filter((frame) => frame.track.id === track.id).map(({ data }) => data));
        const got = new Uint8Array(await readFile(`${copy}.${track.kind}`));
        expect(equalBytes(got, sent), `${form}, ${track.kind}: ${got.length} of ${sent.length} bytes`).toBe(true);
      }
    }
  });
});

interface Played {
  readonly error: string | undefined;
  readonly ranges: readonly (readonly [number, number])[];
  readonly time: number;
  readonly pictures: number;
  readonly width: number;
}

/** Plays two seconds in a page: of pieces appended to a SourceBuffer, or of all of them as one file. */
async function playInChromium(how: 'pieces' | 'file', type: string, pieces: readonly Uint8Array[]): Promise<Played> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.setContent('<video muted></video>');
    const base64 = pieces.map((piece) => Buffer.from(piece).toString('base64'));
    return (await page.evaluate(`(${inPage.toString()})(${JSON.stringify([how, type, base64])})`)) as Played;
  } finally {
    await browser.close();
  }
}

/** Runs in the page, which has types that we do not. */
async function inPage([how, type, pieces]: ['pieces' | 'file', string, string[]]): Promise<Played> {
  // biome-ignore lint/suspicious/noExplicitAny: the page's own globals
  const page = globalThis as any;
  const video = page.document.querySelector('video');
  const failure = (error: string): Played => ({ error, ranges: [], time: 0, pictures: 0, width: 0 });
  const arrays = pieces.map((piece) => Uint8Array.from(page.atob(piece), (char: string) => char.charCodeAt(0)));
  const event = (
    target: { addEventListener: (name: string, on: () => void) => void },
    names: string[],
  ): Promise<void> =>
    new Promise((done) => {
      for (const name of names) target.addEventListener(name, done);
    });
  if (how === 'file') {
    video.src = page.URL.createObjectURL(new page.Blob(arrays, { type }));
    await event(video, ['canplaythrough', 'error']);
  } else {
    if (!page.MediaSource.isTypeSupported(type)) return failure(`${type} is not supported`);
    const source = new page.MediaSource();
    video.src = page.URL.createObjectURL(source);
    await event(source, ['sourceopen']);
    const buffer = source.addSourceBuffer(type);
    for (const bytes of arrays) {
      buffer.appendBuffer(bytes);
      await event(buffer, ['updateend']);
      if (video.error !== null) break;
    }
  }
  if (video.error !== null) return failure(video.error.message);
  const ranges: [number, number][] = [];
  for (let i = 0; i < video.buffered.length; i++) ranges.push([video.buffered.start(i), video.buffered.end(i)]);
  const start = ranges[0]?.[0] ?? 0;
  video.currentTime = start;
  await video.play();
  await new Promise<void>((done) => {
    const look = (): void => (video.currentTime > start + 2 ? done() : void page.requestAnimationFrame(look));
    look();
  });
  const pictures = video.getVideoPlaybackQuality().totalVideoFrames;
  return { error: video.error?.message, ranges, time: video.currentTime - start, pictures, width: video.videoWidth };
}

const typeOf = ({ tracks, frames }: Media): string => {
  const strings = tracks.map(({ id, codec, config }) => {
    const sample = frames.find(({ track }) => track.id === id)?.data;
    return describeCodec(codec, config, sample)?.codecString;
  });
  return `${tracks.some(({ kind }) => kind === 'video') ? 'video' : 'audio'}/mp4; codecs="${strings.join(',')}"`;
};

describeWith(['ffmpeg', 'chromium'], 'Chromium and our fMP4', () => {
  it.each([
    { name: 'H.264 and AAC', source: sources.h264Aac },
    { name: 'H.264 with B-frames and AAC', source: sources.bFrames },
    { name: 'AV1 and Opus', source: sources.av1Opus },
    { name: 'VP9 and Opus', source: vp9Opus },
  ])('play $name through Media Source Extensions, fragment by fragment', async ({ source }) => {
    const media = await mediaOf(await source());
    const muxer = new Fmp4Muxer();
    const packets = [
      ...muxer.header(media.tracks),
      ...media.frames.flatMap((frame) => muxer.write(frame)),
      ...muxer.flush(),
    ];

    const played = await playInChromium(
      'pieces',
      typeOf(media),
      packets.map(({ chunks }) => concat(chunks)),
    );

    expect(played.error).toBeUndefined();
    expect(played.width).toBe(320);
    // One range: no gap between any two fragments.
    expect(played.ranges.length).toBe(1);
    const [start, end] = played.ranges[0] ?? [0, 0];
    expect(start).toBeCloseTo(1, 0);
    expect(end - start).toBeGreaterThan(5.8);
    expect(played.time).toBeGreaterThan(2);
    expect(played.pictures).toBeGreaterThan(40);
  });

  it('go on through new parameters in mid-stream', async () => {
    const first = await mediaOf(await sources.h264Aac());
    const second = await mediaOf(await sources.bFrames());
    const muxer = new Fmp4Muxer({ fragmentTime: fromMs(500) });
    const later = second.frames.map((frame) => ({ ...frame, dts: frame.dts + fromSeconds(6) }));
    const packets = [
      ...muxer.header(first.tracks),
      ...first.frames.flatMap((frame) => muxer.write(frame)),
      ...muxer.retrack(second.tracks),
      ...later.flatMap((frame) => muxer.write(frame)),
      ...muxer.flush(),
    ];

    const played = await playInChromium(
      'pieces',
      typeOf(first),
      packets.map(({ chunks }) => concat(chunks)),
    );

    expect(played.error).toBeUndefined();
    expect(played.ranges.at(-1)?.[1]).toBeGreaterThan(12.5);
  });

  // Its Media Source Extensions do not take MP3 in MP4.
  it.each(['recording', 'finished, index first', 'finished, index last'])(
    'play H.264 and MP3 as a file: %s',
    async (form) => {
      const media = await mediaOf(await sources.h264Mp3());
      const file = (await forms[form]?.(media)) ?? new Uint8Array(0);

      const played = await playInChromium('file', 'video/mp4', [file]);

      expect(played.error).toBeUndefined();
      expect(played.time).toBeGreaterThan(2);
      expect(played.pictures).toBeGreaterThan(40);
    },
  );
});
