// FFmpeg as a transcoder: what it is given, what is taken of it, and how it may end.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { Log } from '../../../../src/core/base/log.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { ffmpegTranscoders, type SoundCodec } from '../../../../src/core/control/sound/index.ts';
import { FlvDemuxer } from '../../../../src/core/format/flv/index.ts';
import { TsDemuxer, TsMuxer } from '../../../../src/core/format/ts/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, audio } from '../../../tools/builders.ts';
import { FakeChildren } from '../../../tools/fake-children.ts';
import { aacFrame, framesOf, opusFrame, opusTrack } from '../../format/ts/media.ts';

const pcmaTrack: Track = { ...aacTrack, codec: 'pcma', config: new Uint8Array(0) };
/** 20 ms. */
const pcmaFrame = (at: number): Frame => audio({ at, track: pcmaTrack, size: 160 });

describe('FFmpeg as a transcoder', () => {
  function start(to: SoundCodec, from: Track = to === 'opus' ? aacTrack : opusTrack) {
    const children = new FakeChildren();
    const frames: Frame[] = [];
    const failures: string[] = [];
    const options = { children, log: new Log(() => undefined), limits: defaultLimits, program: 'ffmpeg' };
    const transcoders = ffmpegTranscoders({ ...options, bitrateBps: () => 48_000 });
    const track: Track = to === 'opus' ? opusTrack : aacTrack;
    const name = { vhost: 'v', app: 'live', stream: 's' };
    const events = { frame: (frame: Frame) => frames.push(frame), failed: (why: string) => failures.push(why) };
    const transcoder = transcoders.start(from, track, events, name);
    return { children, frames, failures, transcoders, transcoder, track };
  }

  it('is given a transport stream with a frame in each packet, and times from zero', () => {
    const { children, transcoder } = start('opus');
    transcoder.write(aacFrame(100_000_020));
    transcoder.write(aacFrame(100_000_041));

    const demuxer = new TsDemuxer(defaultLimits);
    const got = framesOf([...demuxer.push(children.all[0]!.stdin.bytes), ...demuxer.end()]);

    expect(got.map(({ track, dts }) => [track.codec, dts])).toEqual([
      ['aac', fromSeconds(1)],
      ['aac', fromSeconds(1) + fromMs(21)],
    ]);
    expect(children.all[0]!.command.args.join(' ')).toContain('-c:a libopus');
  });

  it('gives frames with the times of the source, and the track that was asked for', () => {
    const { children, transcoder, frames, track } = start('opus');
    transcoder.write(aacFrame(100_000_020));
    const muxer = new TsMuxer({ audioSpan: 0 });
    muxer.header([opusTrack]);
    const packets = [0, 20, 40].flatMap((ms) => muxer.write(opusFrame(ms)));
    children.all[0]!.stdout.onData(concat(packets.flatMap(({ chunks }) => chunks)));

    expect(frames.slice(0, 2).map(({ dts, track: of }) => [dts, of])).toEqual([
      [fromMs(100_000_020), track],
      [fromMs(100_000_040), track],
    ]);
  });

  it('drops sound when the program does not take it', () => {
    const { children, transcoder } = start('opus');
    const { stdin } = children.all[0]!;
    stdin.capacity = 10_000;
    for (let i = 0; i < 1000; i++) transcoder.write(aacFrame(i * 20));
    const before = stdin.pending;
    stdin.drain();
    transcoder.write(aacFrame(20_000));

    expect(before).toBeLessThan(12_000);
    expect(stdin.pending).toBeGreaterThan(0);
  });

  it('tells with which words the program ended, once, and nothing after it was closed', () => {
    const ended = start('aac');
    ended.children.all[0]!.say('Unknown encoder');
    ended.children.all[0]!.end({ code: 1 });
    expect(ended.failures).toEqual(['ffmpeg ended with code 1: Unknown encoder']);
    expect(ended.children.all[0]!.command.args.join(' ')).toContain('-c:a aac -b:a 48000');

    const closed = start('aac');
    closed.transcoder.close();
    closed.transcoder.close();
    closed.children.all[0]!.end({ code: 255 });
    closed.transcoder.write(opusFrame(0));
    expect([closed.failures, closed.children.all[0]!.stopped, closed.children.all[0]!.stdin.closed]).toEqual([
      [],
      true,
      true,
    ]);
  });

  it('fails when what comes back is no transport stream', () => {
    const { children, transcoder, failures } = start('aac');
    transcoder.write(opusFrame(0));
    for (let i = 0; i < 40; i++) children.all[0]!.stdout.onData(new Uint8Array(65_536));

    expect(failures).toHaveLength(1);
    expect(children.all[0]!.stopped).toBe(true);
  });

  it('is given G.711 as FLV', () => {
    const { children, transcoder } = start('opus', pcmaTrack);
    transcoder.write(pcmaFrame(5000));
    // FLV has no time before its first.
    transcoder.write(pcmaFrame(4990));
    transcoder.write(pcmaFrame(5020));

    const demuxer = new FlvDemuxer(defaultLimits);
    const got = framesOf([...demuxer.push(children.all[0]!.stdin.bytes), ...demuxer.end()]);

    expect(got.map(({ track, dts }) => [track.codec, dts])).toEqual([
      ['pcma', 0],
      ['pcma', fromMs(20)],
    ]);
    expect(children.all[0]!.command.args.join(' ')).toContain('-f flv -i pipe:0');
  });

  it('is ready while the program is in PATH', () => {
    const { children, transcoders } = start('aac');
    expect(transcoders.ready()).toBe(true);
    children.installed.clear();

    expect(transcoders.ready()).toBe(false);
  });
});
