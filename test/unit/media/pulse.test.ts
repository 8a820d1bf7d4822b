// Health of a stream out of its frames: groups of pictures, the distance of sound and picture, the first frame.
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/core/base/limits.ts';
import { fromMs } from '../../../src/core/base/time.ts';
import { Hub } from '../../../src/core/media/hub.ts';
import { Pulse } from '../../../src/core/media/pulse.ts';
import type { Publication, Stream } from '../../../src/core/media/stream.ts';
import { aacTrack, audio, h264Track, video } from '../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../tools/fakes.ts';

describe('the pulse of frames', () => {
  it('knows a group of pictures when the next one begins', () => {
    const pulse = new Pulse();
    for (let i = 0; i < 26; i++) pulse.note(video({ at: i * 40, key: i % 25 === 0 }));

    expect(pulse.gopFrames).toBe(25);
    expect(pulse.gopTime).toBe(fromMs(1000));
  });

  it('says how far the picture is ahead of the sound', () => {
    const pulse = new Pulse();
    for (let i = 0; i < 200; i++) {
      pulse.note(audio({ at: i * 20 }));
      pulse.note(video({ at: i * 20 + 300, key: i === 0 }));
    }

    expect(pulse.offset).toBe(fromMs(300));
    pulse.restart(0);
    expect(pulse.offset).toBe(0);
  });
});

describe('a stream', () => {
  let clock: VirtualClock;
  let stream: Stream;
  let publication: Publication;
  const format = {
    key: 'test',
    make: () => ({
      header: () => [],
      retrack: () => [],
      write: (frame: ReturnType<typeof video>) => [
        {
          chunks: [frame.data],
          dts: frame.dts,
          size: frame.data.length,
          kind: frame.key ? ('join' as const) : ('more' as const),
        },
      ],
    }),
  };

  beforeEach(() => {
    clock = new VirtualClock();
    const limits = { ...defaultLimits, feedSpan: fromMs(2000) };
    const hub = new Hub({ clock, limits, gopCache: true, mergeWindow: 0 });
    stream = hub.stream({ vhost: '__defaultVhost__', app: 'live', stream: 'a' });
    publication = stream.publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack([h264Track, aacTrack]);
  });

  it('knows how long the first frame and the first picture of a player took', () => {
    clock.advance(fromMs(250));
    const link = new FakeLink();
    stream.play(format, link, 0);
    clock.advance(fromMs(150));
    publication.write(video({ at: 0, key: true }));
    clock.advance(fromMs(40));
    publication.write(video({ at: 40 }));

    expect(stream.pulse.firstFrame).toBe(fromMs(400));
    expect(stream.starts).toEqual({ count: 1, time: fromMs(150) });
  });

  it('knows how much its slowest player lags behind, and what it lost', () => {
    const slow = new FakeLink(1);
    stream.play(format, slow, 0);
    stream.play(format, new FakeLink(), 0);
    for (let i = 0; i < 25; i++) publication.write(video({ at: i * 40, key: i === 0 }));

    expect(stream.lag).toBe(fromMs(24 * 40 - 40));

    for (let i = 25; i < 200; i++) publication.write(video({ at: i * 40, key: i % 25 === 0 }));
    slow.capacity = Number.POSITIVE_INFINITY;
    slow.drain();

    expect(stream.droppedPackets).toBeGreaterThan(100);
    expect(stream.lag).toBe(0);
  });
});
