// Settings of one stream, and which streams there are.
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/core/base/limits.ts';
import { fromMs } from '../../../src/core/base/time.ts';
import { flvFormat } from '../../../src/core/format/flv/index.ts';
import { streamErrors } from '../../../src/core/media/errors.ts';
import { Hub, type StreamSettings } from '../../../src/core/media/hub.ts';
import { h264Track, video } from '../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../tools/fakes.ts';

/** Frames that somebody who comes late gets from the cache. */
function cachedFrames(own: StreamSettings): number {
  const settingsFor = ({ stream }: { stream: string }): StreamSettings => (stream === 'own' ? own : {});
  const hub = new Hub({
    clock: new VirtualClock(),
    limits: defaultLimits,
    gopCache: true,
    mergeWindow: 0,
    settingsFor,
  });
  const stream = hub.stream({ vhost: 'v', app: 'live', stream: 'own' });
  const publication = stream.publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track]);
  for (let i = 0; i < 20; i++) publication.write(video({ at: i * 40, key: i === 0 }));
  let frames = 0;
  stream.tap((event) => event.type === 'frame' && frames++, { fromGop: true });
  return frames;
}

describe('a stream with settings of its own', () => {
  it('has its own cache', () => {
    expect(cachedFrames({})).toBe(20);
    expect(cachedFrames({ gopCache: false })).toBe(0);
    expect(cachedFrames({ limits: { gopFrames: 20 } })).toBe(20);
    expect(cachedFrames({ limits: { gopFrames: 19 } })).toBe(0);
  });

  it('has its own merge window', () => {
    const clock = new VirtualClock();
    const settingsFor = () => ({ mergeWindow: fromMs(100) });
    const hub = new Hub({ clock, limits: defaultLimits, gopCache: false, mergeWindow: 0, settingsFor });
    const stream = hub.stream({ vhost: 'v', app: 'live', stream: 'a' });
    const publication = stream.publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack([h264Track]);
    const link = new FakeLink();
    stream.play(flvFormat, link);
    publication.write(video({ at: 0, key: true }));
    const before = link.sends;
    for (let i = 1; i < 5; i++) publication.write(video({ at: i * 10, key: false }));
    expect(link.sends).toBe(before);

    clock.advance(fromMs(100));
    expect(link.sends).toBe(before + 1);
  });
});

describe('the streams that are there', () => {
  const name = { vhost: 'v', app: 'live', stream: 'a' };
  const hubOf = (): Hub =>
    new Hub({ clock: new VirtualClock(), limits: defaultLimits, gopCache: true, mergeWindow: 0 });

  it('have the one that is taken over, also when who taps it lets go in between', () => {
    const hub = hubOf();
    const stream = hub.stream(name);
    stream.publish({ policy: 'refuse', onEvicted: () => undefined });
    // As HLS and recordings do.
    const tap = stream.tap(() => undefined);
    hub.watch({ unpublished: () => tap.close() });
    const newcomer = stream.publish({ policy: 'takeover', onEvicted: () => undefined });

    expect(hub.find(name)).toBe(stream);
    newcomer.end();
    expect(hub.size).toBe(0);
  });

  it('have the newer one of a name when the older one is told to be idle again', () => {
    const hub = hubOf();
    const older = hub.stream(name);
    let newer: unknown;
    older.publish({
      policy: 'refuse',
      // Its player, in the call: it lets go of the old stream, and publishes under the name.
      onEvicted: () => {
        tap.close();
        newer = hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined }).stream;
      },
    });
    const tap = older.tap(() => undefined);
    older.evict(streamErrors.refused('TAKEN', { stream: 'a' }));

    expect(newer).not.toBe(older);
    expect(hub.find(name)).toBe(newer);
  });
});
