// Sound in another codec through real FFmpeg: the times stay, and little is waited for.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { silentLog } from '../../src/core/base/log.ts';
import { fromMs, fromSeconds, type Micros, toMs } from '../../src/core/base/time.ts';
import { g711 } from '../../src/core/codec/index.ts';
import { ffmpegTranscoders, SoundBridges, type SoundCodec } from '../../src/core/control/sound/index.ts';
import { TsDemuxer, TsMuxer } from '../../src/core/format/ts/index.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import { Hub } from '../../src/core/media/hub.ts';
import type { Track } from '../../src/core/media/track.ts';
import { createChildren, RealClock } from '../../src/core/net/index.ts';
import { aacTrack } from '../tools/builders.ts';
import { describeWith, ended, scratchFolder, start, until } from '../tools/interop.ts';
import { childrenOf } from '../tools/processes.ts';
import { opusTrack } from '../unit/format/ts/media.ts';

const folder = await scratchFolder();

/** Silence for 1.5 s, then a tone. */
async function tone(name: string, args: readonly string[], seconds = 4): Promise<{ track: Track; frames: Frame[] }> {
  const path = join(folder, name);
  const source = `aevalsrc=if(gte(t\\,1.5)\\,sin(2*PI*440*t)/2\\,0):s=48000:d=${seconds}`;
  await ended(start('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...args, '-f', 'mpegts', path]));
  const demuxer = new TsDemuxer(defaultLimits);
  const frames = [...demuxer.push(await readFile(path)), ...demuxer.end()].flatMap((event) =>
    event.type === 'frame' ? [event.frame] : [],
  );
  return { track: (frames[0] as Frame).track, frames };
}

/**
 * When the silence ends, by the time stamps of the file, as FFmpeg decodes it, how loud everything is, and how loud without its tone
 * of 440 Hz.
 */
async function heard(track: Track, frames: readonly Frame[], name: string) {
  const muxer = new TsMuxer({ audioSpan: 0 });
  muxer.header([track]);
  const path = join(folder, name);
  await writeFile(path, concat(frames.flatMap((frame) => muxer.write(frame)).flatMap(({ chunks }) => chunks)));
  const measure = async (filter: string, what: RegExp): Promise<number> => {
    const child = start('ffmpeg', ['-copyts', '-i', path, '-af', filter, '-f', 'null', '-']);
    return Number(what.exec(String((await child).all))?.[1]);
  };
  const volume = /mean_volume: (-?[\d.]+) dB/;
  return {
    onset: await measure('silencedetect=noise=-40dB:d=0.3', /silence_end: ([\d.]+)/),
    level: await measure('volumedetect', volume),
    rest: await measure(`${'bandreject=f=440:width_type=h:w=100,'.repeat(3)}volumedetect`, volume),
  };
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
    ['AAC of 44.1 kHz', 'opus', 'in.aac.ts', ['-ar', '44100', '-ac', '2', '-c:a', 'aac', '-b:a', '96k'], 20, 10],
    ['MP3', 'opus', 'in.mp3.ts', ['-ac', '2', '-c:a', 'libmp3lame', '-b:a', '96k'], 20, 4],
    ['Opus', 'aac', 'in.opus.ts', ['-ac', '2', '-c:a', 'libopus', '-b:a', '64k'], 21.333, 4],
  ] as const)('%s becomes %s with the times it had', async (_, to, name, args, stepMs, seconds) => {
    const { track, frames } = await tone(name, args, seconds);

    const { got, lags } = await transcode(track, to, frames);

    const steps = got.slice(1).map(({ dts }, i) => (dts - got[i]!.dts) / fromMs(1));
    for (const step of steps) expect(Math.abs(step - stepMs)).toBeLessThan(1.1);
    // What FFmpeg looked at to know the codec is not decoded.
    expect(Math.abs(got[0]!.dts - frames[0]!.dts)).toBeLessThan(fromMs(150));
    // No drift: as many frames as there was time.
    const span = toMs(got.at(-1)!.dts - got[0]!.dts);
    expect(Math.abs(span - (got.length - 1) * stepMs)).toBeLessThan(stepMs);
    const before = await heard(track, frames, `${name}.before.ts`);
    const after = await heard(got[0]!.track, got, `${name}.after.ts`);
    expect(Math.abs(after.onset - before.onset)).toBeLessThan(0.02);
    expect(Math.abs(after.level - before.level)).toBeLessThan(1);
    expect(after.rest).toBeLessThan(after.level - 20);
    const settled = lags.slice(-50).sort((a, b) => a - b);
    console.log(`${name} -> ${to}: first after ${Math.round(lags[0]!)} ms, then ${settled[25]} ms`, before, after);
    expect(settled[25]).toBeLessThan(150);
    expect(lags[0]).toBeLessThan(3000);
  });

  it.each(['pcma', 'pcmu'] as const)('%s becomes opus', async (codec) => {
    const samples = Int16Array.from({ length: 8000 * 3 }, (_, i) =>
      i < 12_000 ? 0 : Math.round(16_000 * Math.sin((2 * Math.PI * 440 * i) / 8000)),
    );
    const bytes = (codec === 'pcma' ? g711.encodeAlaw : g711.encodeUlaw)(samples);
    const track: Track = { ...aacTrack, codec, config: new Uint8Array(0) };
    const frames = Array.from({ length: 150 }, (_, i): Frame => {
      const data = bytes.subarray(i * 160, (i + 1) * 160);
      return { track, dts: fromMs(700_000 + i * 20), cts: 0, key: true, data };
    });

    const { got } = await transcode(track, 'opus', frames);

    // Behind a time of 1 s and what the transport stream begins with.
    const after = await heard(
      got[0]!.track,
      got.map((frame) => ({ ...frame, dts: frame.dts - fromSeconds(700) })),
      `${codec}.ts`,
    );
    expect(Math.abs(after.onset - 2.5)).toBeLessThan(0.03);
    expect(after.rest).toBeLessThan(after.level - 20);
  });

  it('is back within two seconds when its program is killed, and leaves none behind', async () => {
    const clock = new RealClock();
    const common = { clock, log: silentLog, limits: defaultLimits };
    const transcoders = ffmpegTranscoders({
      ...{ ...common, children: createChildren(clock), program: 'ffmpeg', bitrateBps: () => 48_000 },
    });
    const bridges = new SoundBridges({ ...common, transcoders });
    const source = new Hub({ ...common, gopCache: true, mergeWindow: 0 }).stream({ vhost: 'v', app: 'a', stream: 's' });
    const { track, frames } = await tone('long.ts', ['-c:a', 'aac'], 30);
    const publication = source.publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack([track]);
    const leases = [bridges.acquire(source, 'opus'), bridges.acquire(source, 'opus')];
    let heardAt = 0;
    leases[1]!.stream.tap((event) => {
      if (event.type === 'frame') heardAt = clock.now();
    });
    const begin = clock.now();
    let next = 0;
    const feed = (): void => {
      const first = frames[0]!.dts;
      while (next < frames.length && frames[next]!.dts - first <= clock.now() - begin)
        publication.write(frames[next++]!);
    };
    const programs = (): number[] => childrenOf(process.pid, 'ffmpeg');
    const feeding = async (what: string, condition: () => boolean): Promise<void> =>
      until(what, () => {
        feed();
        return condition();
      });
    await feeding('sound', () => heardAt > 0);
    const [pid, ...others] = programs();
    expect(others).toEqual([]);

    process.kill(pid as number, 'SIGKILL');
    const killedAt = clock.now();
    await feeding('the program to be gone', () => !programs().includes(pid as number));
    const goneAt = clock.now();
    await feeding('sound again', () => heardAt > goneAt + fromMs(50));
    expect(heardAt - killedAt).toBeLessThan(fromSeconds(2));
    console.log(`sound again ${Math.round(toMs(heardAt - killedAt))} ms after kill -9`);

    leases[0]!.release();
    leases[1]!.release();
    expect(programs()).toHaveLength(1);
    await feeding('no program', () => programs().length === 0);
    expect(bridges.size).toBe(0);
  });

  it('goes on when it was fed faster than time passes', async () => {
    const { track, frames } = await tone('burst.ts', ['-c:a', 'aac']);
    const burst = frames.map((frame) => ({ ...frame, dts: frame.dts / 20 }));
    const { got } = await transcode(track, 'opus', burst);

    expect(got.length).toBeGreaterThan(0);
    expect(got.at(-1)!.dts).toBeLessThan(fromSeconds(4));
  });
});
