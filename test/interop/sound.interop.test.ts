// Sound in another codec through real FFmpeg: the times stay, and little is waited for.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { silentLog } from '../../src/core/base/log.ts';
import { fromMs, fromSeconds, type Micros, toMs } from '../../src/core/base/time.ts';
import { ffmpegTranscoders, type SoundCodec } from '../../src/core/control/sound/index.ts';
import { TsDemuxer, TsMuxer } from '../../src/core/format/ts/index.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Track } from '../../src/core/media/track.ts';
import { createChildren, RealClock } from '../../src/core/net/index.ts';
import { aacTrack } from '../tools/builders.ts';
import { describeWith, ended, scratchFolder, start, until } from '../tools/interop.ts';
import { opusTrack } from '../unit/format/ts/media.ts';

const folder = await scratchFolder();

/** Silence for 1.5 s, then a tone up to 4 s. */
async function tone(name: string, args: readonly string[]): Promise<{ track: Track; frames: Frame[] }> {
  const path = join(folder, name);
  const source = 'aevalsrc=if(gte(t\\,1.5)\\,sin(2*PI*440*t)/2\\,0):s=48000:d=4';
  await ended(start('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...args, '-f', 'mpegts', path]));
  const demuxer = new TsDemuxer(defaultLimits);
  const frames = [...demuxer.push(await readFile(path)), ...demuxer.end()].flatMap((event) =>
    event.type === 'frame' ? [event.frame] : [],
  );
  return { track: (frames[0] as Frame).track, frames };
}

/** When the silence ends, by the time stamps of the file, as FFmpeg decodes it. */
async function onset(track: Track, frames: readonly Frame[], name: string): Promise<number> {
  const muxer = new TsMuxer({ audioSpan: 0 });
  muxer.header([track]);
  const path = join(folder, name);
  await writeFile(path, concat(frames.flatMap((frame) => muxer.write(frame)).flatMap(({ chunks }) => chunks)));
  const child = start('ffmpeg', ['-copyts', '-i', path, '-af', 'silencedetect=noise=-40dB:d=0.3', '-f', 'null', '-']);
  const text = String((await child).all);
  return Number(/silence_end: ([\d.]+)/.exec(text)?.[1]);
}

/** Frames at their own pace through FFmpeg; what came, and when after the first one went in. */
async function transcode(track: Track, to: SoundCodec, frames: readonly Frame[]) {
  const clock = new RealClock();
  const got: { frame: Frame; at: Micros }[] = [];
  const failures: string[] = [];
  const options = { children: createChildren(clock), log: silentLog, limits: defaultLimits, program: 'ffmpeg' };
  const begin = clock.now();
  const transcoders = ffmpegTranscoders({ ...options, bitrateBps: () => 64_000 });
  const events = {
    frame: (frame: Frame) => void got.push({ frame, at: clock.now() - begin }),
    failed: (why: string) => void failures.push(why),
  };
  const name = { vhost: 'v', app: 'live', stream: 's' };
  const transcoder = transcoders.start(track, to === 'opus' ? opusTrack : aac48, events, name);
  const first = frames[0]!.dts;
  let next = 0;
  await until('all sound is through', () => {
    while (next < frames.length && frames[next]!.dts - first <= clock.now() - begin) transcoder.write(frames[next++]!);
    const last = got.at(-1)?.frame.dts ?? 0;
    return failures.length > 0 || last > frames.at(-1)!.dts - fromMs(150);
  });
  transcoder.close();
  expect(failures).toEqual([]);
  /** How far the sound is behind what went in at that moment. */
  const lags = got.map(({ frame, at }) => toMs(at - (frame.dts - first)));
  return { got: got.map(({ frame }) => frame), lags };
}

const aac48: Track = { ...aacTrack, config: Uint8Array.of(0x11, 0x90) };

describeWith(['ffmpeg'], 'sound through FFmpeg', () => {
  it.each([
    ['AAC of 44.1 kHz', 'opus', 'in.aac.ts', ['-ar', '44100', '-c:a', 'aac', '-b:a', '96k'], 20],
    ['MP3', 'opus', 'in.mp3.ts', ['-c:a', 'libmp3lame', '-b:a', '96k'], 20],
    ['Opus', 'aac', 'in.opus.ts', ['-ac', '2', '-c:a', 'libopus', '-b:a', '64k'], 21.333],
  ] as const)('%s becomes %s with the times it had', async (_, to, name, args, stepMs) => {
    const { track, frames } = await tone(name, args);

    const { got, lags } = await transcode(track, to, frames);

    const steps = got.slice(1).map(({ dts }, i) => (dts - got[i]!.dts) / fromMs(1));
    for (const step of steps) expect(Math.abs(step - stepMs)).toBeLessThan(1.1);
    // What FFmpeg looked at to know the codec is not decoded.
    expect(Math.abs(got[0]!.dts - frames[0]!.dts)).toBeLessThan(fromMs(150));
    const before = await onset(track, frames, `${name}.before.ts`);
    const after = await onset(got[0]!.track, got, `${name}.after.ts`);
    expect(Math.abs(after - before)).toBeLessThan(0.03);
    const settled = lags.slice(-50).sort((a, b) => a - b);
    console.log(
      `${name} -> ${to}: first after ${Math.round(lags[0]!)} ms, then ${settled[25]} ms, onset ${before} -> ${after}`,
    );
    expect(settled[25]).toBeLessThan(150);
    expect(lags[0]).toBeLessThan(3000);
  });

  it('goes on when it was fed faster than time passes', async () => {
    const { track, frames } = await tone('burst.ts', ['-c:a', 'aac']);
    const burst = frames.map((frame) => ({ ...frame, dts: frame.dts / 20 }));
    const { got } = await transcode(track, 'opus', burst);

    expect(got.length).toBeGreaterThan(0);
    expect(got.at(-1)!.dts).toBeLessThan(fromSeconds(4));
  });
});
