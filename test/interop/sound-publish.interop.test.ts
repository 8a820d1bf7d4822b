// A publisher of Opus, as a browser is, heard as AAC by those who play its stream by other protocols.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultLimits } from '../../src/core/base/limits.ts';
import type { Micros } from '../../src/core/base/time.ts';
import { TsDemuxer } from '../../src/core/format/ts/index.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import { RealClock } from '../../src/core/net/index.ts';
import { codecsOf, describeWith, ended, scratchFolder, start, testServer, until } from '../tools/interop.ts';
import { childrenOf } from '../tools/processes.ts';

const folder = await scratchFolder();

/** Each second dark and silent in its first half, bright with a tone in its second. */
async function beats(): Promise<Frame[]> {
  const path = join(folder, 'beats.ts');
  const picture = 'color=black:s=160x90:r=50,drawbox=t=fill:color=white:enable=gte(mod(t\\,1)\\,0.5)';
  const sound = 'aevalsrc=if(gte(mod(t\\,1)\\,0.5)\\,sin(2*PI*440*t)/2\\,0):s=48000';
  const encode = '-c:v libx264 -preset ultrafast -tune zerolatency -g 50 -pix_fmt yuv420p -ac 2 -c:a libopus -b:a 64k';
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound];
  await ended(start('ffmpeg', ['-v', 'error', ...inputs, '-t', '30', ...encode.split(' '), path]), 20_000);
  const demuxer = new TsDemuxer(defaultLimits);
  const events = [...demuxer.push(await readFile(path)), ...demuxer.end()];
  return events.flatMap((event) => (event.type === 'frame' ? [event.frame] : [])).sort((a, b) => a.dts - b.dts);
}

/** Ends of darkness and of silence in a file, in seconds of its own times. */
async function onsets(file: string): Promise<{ light: number[]; tone: number[] }> {
  const filters = ['-vf', 'blackdetect=d=0.2:pic_th=0.9', '-af', 'silencedetect=noise=-35dB:d=0.2'];
  const text = String((await start('ffmpeg', ['-copyts', '-i', file, ...filters, '-f', 'null', '-'])).all);
  const all = (what: RegExp): number[] => [...text.matchAll(what)].map(([, at]) => Number(at));
  return { light: all(/black_end:([\d.]+)/g), tone: all(/silence_end: ([\d.]+)/g) };
}

describeWith(['ffmpeg', 'ffprobe'], 'a publisher of Opus', () => {
  it('is heard as AAC, in step with its picture, and costs a program only then', async () => {
    const server = await testServer();
    const { hub, sound } = server.host;
    const name = { vhost: '__defaultVhost__', app: 'live', stream: 'beats' };
    const frames = await beats();
    const to = hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    const publication = sound!.convert(to, 'aac');
    publication.retrack([...new Set(frames.map(({ track }) => track))]);
    const own = sound!.acquire(to.stream, 'opus');
    const clock = new RealClock();
    const begin: Micros = clock.now();
    let next = 0;
    const feed = (): void => {
      const first = frames[0]!.dts;
      while (next < frames.length && frames[next]!.dts - first <= clock.now() - begin)
        publication.write(frames[next++]!);
    };
    const feeding = (what: string, condition: () => boolean): Promise<void> =>
      until(what, () => {
        feed();
        return condition();
      });
    const programs = (): number => childrenOf(process.pid, 'ffmpeg').length;
    await feeding('pictures', () => to.stream.frames.video > 50);
    expect([programs(), to.stream.frames.audio]).toEqual([0, 0]);
    expect(own.stream.frames.audio).toBeGreaterThan(20);

    const file = join(folder, 'played.flv');
    const player = start('ffmpeg', [
      ...['-v', 'error', '-t', '7', '-i', `${server.http}/live/beats.flv`, '-c', 'copy', '-copyts', file],
    ]);
    let over = false;
    void player.then(() => {
      over = true;
    });
    await feeding('the player to have enough', () => over);
    const { exitCode, all } = await player;
    expect([exitCode, all]).toEqual([0, '']);
    expect(await codecsOf(file)).toEqual(['aac', 'h264']);
    const { light, tone } = await onsets(file);
    expect(tone.length).toBeGreaterThanOrEqual(4);
    const skews = tone.map((at) => Math.min(...light.map((other) => Math.abs(other - at))) * 1000);
    console.log(`sound beside picture: ${skews.map((skew) => Math.round(skew)).join(' ')} ms`);
    // The first end of a silence may be the beginning of the sound itself.
    for (const skew of skews.slice(1)) expect(skew).toBeLessThan(20);

    await feeding('the program to end', () => programs() === 0);
    publication.end();
    own.release();
    expect(to.stream.published).toBe(false);
  }, 40_000);
});
