// The live muxer: what a feed and its players need of it.
import { describe, expect, it } from 'vitest';
import { equalBytes, fromHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import { Fmp4Muxer, fmp4Format, fmp4FormatOf } from '../../../../src/core/format/fmp4/index.ts';
import { Feed } from '../../../../src/core/media/feed.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, audio, avcConfig, h264Track, video } from '../../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../../tools/fakes.ts';
import { hevcPicture, hevcTrack, mp3Frame, mp3Track, opusFrame, opusTrack } from '../ts/media.ts';
import { both, bytesOf, fragmented, ofTrack, packetsOf, program, read } from './media.ts';

const isInit = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(4, 8)) === 'ftyp';
const inits = (bytes: readonly Uint8Array[]): number => bytes.filter(isInit).length;

const hevc = [0, 40, 80, 120].map((at) => hevcPicture({ at, key: at === 0, cts: at === 0 ? 80 : 40 }));
const opus = [0, 20, 40, 60, 80].map((at) => opusFrame(at));
const mp3 = [0, 26.122, 52.245, 78.367].map((at) => mp3Frame(at));
const amf0Track: Track = { id: 512, kind: 'data', codec: 'amf0', config: new Uint8Array(3), epoch: 0 };
const pcmTrack: Track = { ...aacTrack, codec: 'pcma', config: new Uint8Array(0) };

describe('Fmp4Muxer', () => {
  it.each([
    { name: 'H.264 with B-frames and AAC', tracks: both, frames: program({ seconds: 2, bFrames: true }) },
    { name: 'H.264 alone', tracks: [h264Track], frames: ofTrack(program({ seconds: 2 }), h264Track) },
    { name: 'AAC alone', tracks: [aacTrack], frames: ofTrack(program({ seconds: 2 }), aacTrack) },
    {
      name: 'H.265 and Opus',
      tracks: [hevcTrack, opusTrack],
      frames: [...hevc, ...opus].sort((a, b) => a.dts - b.dts),
    },
    {
      name: 'H.264 and MP3',
      tracks: [h264Track, mp3Track],
      frames: [video({ at: 0, key: true }), video({ at: 40 }), ...mp3].sort((a, b) => a.dts - b.dts),
    },
    { name: 'MP3 alone', tracks: [mp3Track], frames: mp3 },
    { name: 'H.264 with metadata', tracks: [...both, amf0Track], frames: program({ seconds: 1 }) },
    {
      name: 'H.264 with G.711, which MP4 has no place for',
      tracks: [h264Track, pcmTrack],
      frames: ofTrack(program({ seconds: 1 }), h264Track),
    },
  ])('writes $name so that its demuxer gives every frame back once and in order', ({ tracks, frames }) => {
    for (const fragmentTime of [0, fromMs(200), 'key'] as const) {
      const got = read(fragmented(tracks, frames, { fragmentTime }));

      const known = tracks.filter((track) => track !== amf0Track && track !== pcmTrack);
      expect(got.tracks.map(({ id, codec, config }) => [id, codec, config])).toEqual(
        known.map(({ id, codec, config }) => [id, codec, config]),
      );
      for (const track of known) {
        const sent = ofTrack(frames, track);
        expect(ofTrack(got.frames, track).map(({ data, key }) => [data, key])).toEqual(
          sent.map(({ data, key }) => [data, key]),
        );
        for (const [i, frame] of ofTrack(got.frames, track).entries()) {
          expect(Math.abs(frame.dts - (sent[i] as Frame).dts)).toBeLessThanOrEqual(2000);
          expect(Math.abs(frame.dts + frame.cts - (sent[i] as Frame).dts - (sent[i] as Frame).cts)).toBeLessThanOrEqual(
            2000,
          );
        }
      }
    }
  });

  it('gives each picture one frame later, and key frames at the front of join packets', () => {
    const muxer = new Fmp4Muxer();
    muxer.header(both);
    const kinds = ofTrack(program({ seconds: 1, gop: 5 }), h264Track).map((frame) =>
      muxer.write(frame).map(({ kind }) => kind),
    );

    expect(kinds.slice(0, 8)).toEqual([[], ['join'], ['more'], ['more'], ['more'], ['more'], ['join'], ['more']]);
  });

  it('makes no packet longer than asked, and lets every fragment of sound alone be a start', () => {
    const pictures = packetsOf(both, program({ seconds: 4, gop: 50 }), { fragmentTime: fromMs(500) }).slice(1);
    const sounds = packetsOf([aacTrack], ofTrack(program({ seconds: 4 }), aacTrack)).slice(1);

    expect(pictures.map(({ kind }) => kind)).toEqual([
      'join',
      'more',
      'more',
      'more',
      'more',
      'join',
      'more',
      'more',
      'more',
      'more',
    ]);
    expect(sounds.length).toBeGreaterThan(15);
    expect(sounds.length).toBeLessThan(25);
    expect(sounds.every(({ kind }) => kind === 'join')).toBe(true);
  });

  it('says the true size and time of each packet', () => {
    for (const packet of packetsOf(both, program({ seconds: 1, start: 500 })).slice(1)) {
      expect(packet.size).toBe(packet.chunks.reduce((total, chunk) => total + chunk.length, 0));
      expect(packet.dts % 40_000).toBe(20_000);
    }
  });

  it('gives every player the same header, in the middle too', () => {
    const muxer = new Fmp4Muxer();
    const first = muxer.header(both);
    for (const frame of program({ seconds: 1 })) muxer.write(frame);

    expect(muxer.header(both)).toEqual(first);
    expect(first.map(({ kind }) => kind)).toEqual(['config']);
  });

  it('changes nothing when the same parameters are told again', () => {
    const muxer = new Fmp4Muxer();
    const packets = muxer.header(both);
    for (const frame of program({ seconds: 1 })) {
      packets.push(...muxer.write(frame));
      const again = muxer.retrack(both);
      expect(again.map(({ kind }) => kind)).toEqual(['config']);
    }
    packets.push(...muxer.flush());

    expect(bytesOf(packets)).toEqual(fragmented(both, program({ seconds: 1 })));
  });

  it('ends the old parameters with their last frame and writes a new init segment', () => {
    const changed: Track = {
      ...h264Track,
      config: Uint8Array.from(avcConfig, (byte, i) => (i === 3 ? 31 : byte)),
      epoch: 1,
    };
    const muxer = new Fmp4Muxer();
    const packets = [
      ...muxer.header(both),
      ...muxer.write(video({ at: 0, key: true })),
      ...muxer.write(audio({ at: 0 })),
    ];
    const change = muxer.retrack([changed, aacTrack]);
    packets.push(...change, ...muxer.write(video({ at: 5000, key: true, track: changed })), ...muxer.flush());

    const { frames, tracks } = read(bytesOf(packets));

    expect(change.map(({ kind }) => kind)).toEqual(['join', 'config']);
    expect(frames.map((frame) => [frame.track.epoch, frame.dts])).toEqual([
      [0, 0],
      [0, 0],
      [1, 5_000_000],
    ]);
    expect(tracks[0]?.config).toEqual(changed.config);
  });

  it('goes on with the time, not from zero, after a change', () => {
    const muxer = new Fmp4Muxer();
    const packets = muxer.header([h264Track]);
    for (const frame of program({ seconds: 1, start: 100_000 }))
      if (frame.track === h264Track) packets.push(...muxer.write(frame));
    packets.push(...muxer.flush());

    expect(read(bytesOf(packets)).frames[0]?.dts).toBe(fromMs(100_000));
  });

  it('does not copy the payload and writes to no frame', () => {
    const frames = program({ seconds: 1 });
    const before = frames.map((frame) => frame.data.slice());

    const chunks = new Set(packetsOf(both, frames).flatMap((packet) => packet.chunks));

    expect(frames.every((frame) => chunks.has(frame.data))).toBe(true);
    expect(frames.every((frame, i) => equalBytes(frame.data, before[i] as Uint8Array))).toBe(true);
  });

  it('puts the init segment in front of every join packet when a track can only describe itself (MP3)', () => {
    const muxer = new Fmp4Muxer({ fragmentTime: 'key' });
    expect(muxer.header([h264Track, mp3Track])).toEqual([]);
    const frames = [...[0, 40, 80, 120, 160].map((at) => video({ at, key: at % 80 === 0 })), ...mp3].sort(
      (a, b) => a.dts - b.dts,
    );

    const packets = [...frames.flatMap((frame) => muxer.write(frame)), ...muxer.flush()];

    expect(packets.map((packet) => [packet.kind, inits(packet.chunks)])).toEqual([
      ['join', 1],
      ['join', 1],
      ['join', 1],
    ]);
    expect(read(bytesOf(packets.slice(1))).tracks.map(({ codec }) => codec)).toEqual(['h264', 'mp3']);
  });

  it('waits a second for a track that describes itself and does not come, then leaves it out', () => {
    const frames = ofTrack(program({ seconds: 3 }), h264Track);

    const muxer = new Fmp4Muxer();
    muxer.header([h264Track, mp3Track]);
    const counts = frames.map((frame) => muxer.write(frame).length);
    const { tracks, frames: got } = read(fragmented([h264Track, mp3Track], frames));

    expect(counts.findIndex((count) => count > 0)).toBe(25);
    expect(counts[25]).toBe(25);

    expect(tracks.map(({ codec }) => codec)).toEqual(['h264']);
    expect(got.length).toBe(frames.length);
  });

  it('leaves out a track whose parameters are damaged', () => {
    const broken: Track = { ...h264Track, config: fromHex('01ff') };

    const { tracks } = read(fragmented([broken, aacTrack], ofTrack(program({ seconds: 1 }), aacTrack)));

    expect(tracks.map(({ codec }) => codec)).toEqual(['aac']);
  });

  it('has a key for each length of fragments', () => {
    expect(fmp4Format.key).toBe('fmp4');
    expect(fmp4FormatOf({ fragmentTime: 'key' }).key).toBe('fmp4/key');
    expect(fmp4FormatOf({ fragmentTime: fromMs(500) }).make()).toBeInstanceOf(Fmp4Muxer);
  });
});

describe('a feed of fMP4', () => {
  const play = (tracks: readonly Track[], frames: readonly Frame[], late: number): FakeLink[] => {
    const clock = new VirtualClock();
    const feed = new Feed(fmp4Format, { clock, limits: defaultLimits, mergeWindow: 0, onSent: () => undefined });
    const links = [new FakeLink(), new FakeLink()] as const;
    feed.retrack(tracks);
    feed.attach(links[0]);
    for (const [i, frame] of frames.entries()) {
      if (i === late) feed.attach(links[1]);
      feed.write(frame);
    }
    return [...links];
  };

  it('gives a player everything from the start, and a late one everything from the last key frame', () => {
    const frames = program({ seconds: 3 });
    const [first, late] = play(both, frames, 150) as [FakeLink, FakeLink];

    // One frame of each track is held.
    expect(ofTrack(read(first.bytes).frames, h264Track).length).toBe(74);
    const got = read(late.bytes).frames;
    expect(ofTrack(got, h264Track)[0]).toMatchObject({ key: true, dts: fromMs(2000) });
    expect(ofTrack(got, h264Track).length).toBe(24);
  });

  it('gives both an init segment when MP3 describes itself only in its frames', () => {
    const frames = Array.from({ length: 100 }, (_, i) => mp3Frame(i * 26.122));
    const [first, late] = play([mp3Track], frames, 50) as [FakeLink, FakeLink];

    expect(read(first.bytes).tracks.length).toBe(1);
    expect(read(late.bytes).frames.length).toBeGreaterThan(40);
  });

  it('knows the tracks from the cached frames that come before any player', () => {
    const clock = new VirtualClock();
    const feed = new Feed(fmp4Format, { clock, limits: defaultLimits, mergeWindow: 0, onSent: () => undefined });
    feed.retrack([h264Track, mp3Track]);
    feed.write(video({ at: 0, key: true }));
    feed.write(mp3Frame(0));
    feed.write(video({ at: 40 }));
    const link = new FakeLink();

    feed.attach(link);
    for (const at of [26.122, 52.244, 78.367]) feed.write(mp3Frame(at));
    for (const at of [80, 120]) feed.write(video({ at }));

    const { tracks, frames } = read(link.bytes);
    expect(tracks.map(({ codec }) => codec)).toEqual(['h264', 'mp3']);
    expect(frames.map(({ track }) => track.codec).sort()).toEqual(['h264', 'h264', 'h264', 'mp3', 'mp3', 'mp3']);
  });
});
