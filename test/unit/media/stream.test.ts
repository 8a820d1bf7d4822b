// Streams and the hub: who may publish, who stays, what late players and taps get, and when a name is free.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../src/core/base/limits.ts';
import { fromMs } from '../../../src/core/base/time.ts';
import type { MediaEvent } from '../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import { Hub } from '../../../src/core/media/hub.ts';
import type { Format } from '../../../src/core/media/muxer.ts';
import { packet } from '../../../src/core/media/packet.ts';
import { Settler } from '../../../src/core/media/settle.ts';
import { aacTrack, audio, h264Track, live, video } from '../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../tools/fakes.ts';

const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };
const text: Format = {
  key: 'text',
  make: () => ({
    header: (tracks) => [packet('config', 0, [utf8(`H${tracks.length} `)])],
    retrack: (tracks) => [packet('config', 0, [utf8(`R${tracks.length} `)])],
    write: ({ dts, key }) => [packet(key ? 'join' : 'more', dts, [utf8(`${key ? 'K' : 'v'}${dts / 1000} `)])],
  }),
};
const evicted: string[] = [];
const refuse = { policy: 'refuse', onEvicted: () => undefined } as const;

function setUp({ gopCache = true, limits = {} } = {}) {
  const clock = new VirtualClock();
  return new Hub({ clock, limits: { ...defaultLimits, ...limits }, gopCache, mergeWindow: 0 });
}

const read = (link: FakeLink): string => new TextDecoder().decode(link.bytes);

describe('a stream', () => {
  it('refuses a second publisher and is free again when the first ends', () => {
    const stream = setUp().stream(name);
    const first = stream.publish(refuse);

    expect(() => stream.publish(refuse)).toThrow(expect.objectContaining({ code: 'STREAM_BUSY', srs: 1028 }));
    first.end();

    expect(() => stream.publish(refuse)).not.toThrow();
  });

  it('shows nothing of the last publisher to who comes before the next one, also when somebody waits already', () => {
    const stream = setUp().stream(name);
    const publish = (at: number): void => {
      const publication = stream.publish(refuse);
      publication.retrack([h264Track]);
      publication.write(video({ at, key: true }));
      publication.end();
    };
    const waiting = new FakeLink();
    stream.play(text, waiting);
    publish(0);
    const between = new FakeLink();
    stream.play(text, between);
    expect(read(between)).toBe('H1 ');
    publish(40);

    expect(read(waiting)).toBe('H1 K0 R1 K10 ');
    expect(read(between)).toBe('H1 R1 K10 ');
  });

  it('lets a newcomer take over by policy: the first is told, and what it still writes is ignored', () => {
    const stream = setUp().stream(name);
    const first = stream.publish({ policy: 'refuse', onEvicted: (reason) => evicted.push(reason.code) });
    first.retrack([h264Track]);

    const second = stream.publish({ ...refuse, policy: 'takeover' });
    first.write(video({ at: 0, key: true }));
    first.end();

    expect(evicted).toEqual(['STREAM_TAKEN']);
    expect(stream.frames.video).toBe(0);
    expect(stream.published).toBe(true);
    second.end();
    expect(stream.published).toBe(false);
  });

  it('keeps players over a republish, on one growing timeline', () => {
    const stream = setUp().stream(name);
    const link = new FakeLink();
    stream.play(text, link);
    for (let round = 0; round < 2; round++) {
      const publication = stream.publish(refuse);
      publication.retrack([{ ...h264Track, epoch: round }]);
      publication.write(video({ at: 0, key: true }));
      publication.write(video({ at: 40 }));
      publication.end();
    }

    expect(read(link)).toBe('H1 K0 v40 R1 K50 v90 ');
  });

  it('shares one feed between players of a format and another for another merge window', () => {
    const stream = setUp().stream(name);
    let made = 0;
    const counting: Format = {
      ...text,
      make: () => {
        made++;
        return text.make();
      },
    };

    stream.play(counting, new FakeLink());
    stream.play(counting, new FakeLink());
    stream.play(counting, new FakeLink(), fromMs(100));

    expect(made).toBe(2);
    expect(stream.players).toBe(3);
  });

  it('gives a tap the tracks and, when it wants them, the cached frames', () => {
    const stream = setUp().stream(name);
    const publication = stream.publish(refuse);
    publication.retrack([h264Track, aacTrack]);
    publication.write(video({ at: 0, key: true }));
    publication.write(audio({ at: 10 }));
    const plain: MediaEvent[] = [];
    const cached: MediaEvent[] = [];

    stream.tap((event) => plain.push(event));
    stream.tap((event) => cached.push(event), { fromGop: true });
    publication.write(video({ at: 40 }));

    expect(plain.map((event) => event.type)).toEqual(['tracks', 'frame']);
    expect(cached.map((event) => event.type)).toEqual(['tracks', 'frame', 'frame', 'frame']);
  });

  it('starts players at the next key frame when the GOP cache is off', () => {
    const stream = setUp({ gopCache: false }).stream(name);
    const publication = stream.publish(refuse);
    publication.retrack([h264Track]);
    publication.write(video({ at: 0, key: true }));
    const link = new FakeLink();

    stream.play(text, link);
    publication.write(video({ at: 40 }));
    publication.write(video({ at: 80, key: true }));

    expect(read(link)).toBe('H1 K80 ');
  });

  it('empties a GOP cache that outgrows its limits until the next key frame', () => {
    const stream = setUp({ limits: { gopFrames: 5 } }).stream(name);
    const publication = stream.publish(refuse);
    publication.retrack([h264Track]);
    for (let at = 0; at < 400; at += 40) publication.write(video({ at, key: at === 0 }));
    const link = new FakeLink();
    stream.play(text, link);
    expect(read(link)).toBe('H1 ');

    publication.write(video({ at: 400, key: true }));

    expect(read(link)).toBe('H1 K400 ');
  });

  it('begins with a key frame when a publisher comes in the middle of its group of pictures', () => {
    const stream = setUp().stream(name);
    const link = new FakeLink();
    stream.play(text, link);
    const publication = stream.publish(refuse);
    publication.retrack([h264Track]);

    for (const at of [0, 40, 80]) publication.write(video({ at, key: at === 80 }));

    expect(read(link)).toBe('H1 K80 ');
    expect(stream.headless).toBe(2);
  });

  it('refuses more tracks than the limit', () => {
    const publication = setUp({ limits: { tracks: 1 } })
      .stream(name)
      .publish(refuse);

    expect(() => publication.retrack([h264Track, aacTrack])).toThrow(
      expect.objectContaining({ code: 'STREAM_TRACKS' }),
    );
  });

  it('can wait as long as the most impatient of those who watch', () => {
    const hub = new Hub({ clock: new VirtualClock(), limits: defaultLimits, gopCache: true, mergeWindow: fromMs(350) });
    const stream = hub.stream(name);
    const publication = stream.publish(refuse);
    publication.retrack([h264Track]);
    expect(publication.patience()).toBe(fromMs(350));

    const players = [500, 100].map((ms) => stream.play(text, new FakeLink(), fromMs(ms)));
    expect(publication.patience()).toBe(fromMs(100));
    players[1]?.close();
    expect(publication.patience()).toBe(fromMs(350));

    const tap = stream.tap(() => undefined);
    expect(publication.patience()).toBe(0);
    tap.close();
    expect(publication.patience()).toBe(fromMs(350));

    let patience = fromMs(200);
    stream.tap(() => undefined, { fromGop: false, patience: () => patience });
    expect(publication.patience()).toBe(fromMs(200));
    patience = fromMs(400);
    expect(publication.patience()).toBe(fromMs(350));
  });
});

describe('the hub', () => {
  it('does not count those who want to know the tracks only as watchers, and stays for them', () => {
    const hub = setUp();
    const stream = hub.stream(name);
    const publication = stream.publish(refuse);
    const seen: MediaEvent['type'][] = [];
    const tap = stream.tap(({ type }) => seen.push(type), { fromGop: true, tracksOnly: true });
    publication.retrack([h264Track]);
    publication.write(video({ at: 0, key: true }));
    stream.tap(({ type }) => seen.push(type), { fromGop: true, tracksOnly: true }).close();
    publication.end();

    expect(seen).toEqual(['tracks', 'tracks']);
    expect([stream.watched, hub.size]).toEqual([false, 1]);
    const frames = stream.tap(() => undefined);
    expect(stream.watched).toBe(true);
    frames.close();
    const link = new FakeLink();
    const cursor = stream.play(text, link);
    expect(stream.watched).toBe(true);
    cursor.close();
    expect(stream.watched).toBe(false);
    tap.close();
    expect(hub.size).toBe(0);
  });

  it('forgets a stream when nobody publishes, plays or taps it', () => {
    const hub = setUp();
    const stream = hub.stream(name);
    const publication = stream.publish(refuse);
    const cursor = stream.play(text, new FakeLink());
    const tap = stream.tap(() => undefined);

    publication.end();
    tap.close();
    expect(hub.find(name)).toBe(stream);
    cursor.close();

    expect(hub.size).toBe(0);
  });

  it('comes back to nothing after thousands of publishers', () => {
    const hub = setUp();
    for (let i = 0; i < 5000; i++) {
      const publication = hub.stream({ ...name, stream: `s${i % 100}` }).publish(refuse);
      publication.retrack([h264Track]);
      publication.write(video({ at: 0, key: true }));
      publication.end();
    }

    expect(hub.size).toBe(0);
  });

  it('still knows a stream that was taken over while nobody played it', () => {
    const hub = setUp();
    const stream = hub.stream(name);
    stream.publish(refuse);

    const second = stream.publish({ ...refuse, policy: 'takeover' });

    expect(hub.find(name)).toBe(stream);
    second.end();
    expect(hub.size).toBe(0);
  });

  it('has a limit of streams', () => {
    const hub = setUp({ limits: { streams: 2 } });
    hub.stream(name).publish(refuse);
    hub.stream({ ...name, stream: 'b' }).publish(refuse);

    expect(() => hub.stream({ ...name, stream: 'c' })).toThrow(expect.objectContaining({ code: 'STREAM_COUNT' }));
  });

  it('tells watchers when a stream begins and ends', () => {
    const hub = setUp();
    const seen: string[] = [];
    hub.watch({
      published: (stream) => seen.push(`+${stream.name.stream}`),
      unpublished: (stream) => seen.push(`-${stream.name.stream}`),
    });

    hub.stream(name).publish(refuse).end();

    expect(seen).toEqual(['+a', '-a']);
  });
});

describe('a settler', () => {
  function collect() {
    const got: string[] = [];
    const settler = new Settler({
      retrack: (tracks) => got.push(`tracks:${tracks.map((track) => track.codec).join('+')}`),
      write: (frame) => got.push(`${frame.track.codec}@${frame.dts / 1000}`),
    });
    return { got, settler };
  }
  const tracks = (...list: (typeof h264Track)[]): MediaEvent => ({ type: 'tracks', tracks: list });
  const frame = (value: ReturnType<typeof video>): MediaEvent => ({ type: 'frame', frame: value });

  it('announces both tracks at once when both come with the first frames', () => {
    const { got, settler } = collect();
    settler.on(tracks(aacTrack));
    settler.on(frame(audio({ at: 0 })));
    settler.on(tracks(aacTrack, h264Track));
    settler.on(frame(video({ at: 0, key: true })));

    expect(got).toEqual(['tracks:aac+h264', 'aac@0', 'h264@0']);
  });

  it('waits half a second of media for a track that does not come', () => {
    const { got, settler } = collect();
    settler.on(tracks(aacTrack));
    for (let at = 0; at < 500; at += 20) settler.on(frame(audio({ at })));
    expect(got).toEqual([]);

    settler.on(frame(audio({ at: 500 })));

    expect(got).toHaveLength(27);
    expect(got[0]).toBe('tracks:aac');
  });

  it('believes metadata that promises sound only', () => {
    const { got, settler } = collect();
    settler.promise(['audio']);
    settler.on(tracks(aacTrack));
    settler.on(frame(audio({ at: 0 })));

    expect(got).toEqual(['tracks:aac', 'aac@0']);
  });

  it('gives what it holds when the input ends early', () => {
    const { got, settler } = collect();
    settler.on(tracks(h264Track));
    settler.on(frame(video({ at: 0, key: true })));

    settler.settle();

    expect(got).toEqual(['tracks:h264', 'h264@0']);
  });

  it('passes every frame of a normal stream in order', () => {
    const { got, settler } = collect();
    settler.on(tracks(h264Track, aacTrack));
    const frames = live({ seconds: 3 });
    for (const one of frames) settler.on(frame(one));

    expect(got.slice(1)).toEqual(frames.map((one) => `${one.track.codec}@${one.dts / 1000}`));
  });
});

describe('what a vhost says of time', () => {
  const tracks = [h264Track, aacTrack];
  const seen = (
    options: { timeline?: 'full' | 'zero' | 'raw'; interleave?: boolean },
    frames: readonly Frame[],
  ): string[] => {
    const hub = new Hub({
      clock: new VirtualClock(),
      limits: defaultLimits,
      gopCache: true,
      mergeWindow: 0,
      settingsFor: () => options,
    });
    const stream = hub.stream({ vhost: 'v', app: 'a', stream: 's' });
    const got: string[] = [];
    stream.tap((event) => event.type === 'frame' && got.push(`${event.frame.track.kind[0]}${event.frame.dts / 1000}`));
    const publication = stream.publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack(tracks);
    for (const frame of frames) publication.write(frame);
    publication.end();
    return got;
  };
  const wall = [video({ at: 100_000, key: true }), video({ at: 100_040 })];

  it.each([
    ['full', ['v1000', 'v1040']],
    ['zero', ['v0', 'v40']],
    ['raw', ['v100000', 'v100040']],
  ] as const)('%s', (timeline, times) => {
    expect(seen({ timeline }, wall)).toEqual(times);
  });

  it('interleave: sound that comes late is put in its place, and nothing is lost at the end', () => {
    const frames = [
      video({ at: 0, key: true }),
      video({ at: 40 }),
      video({ at: 80 }),
      audio({ at: 10 }),
      audio({ at: 50 }),
    ];

    expect(seen({ interleave: true }, frames)).toEqual(['v0', 'a10', 'v40', 'a50', 'v80']);
    expect(seen({}, frames)).toEqual(['v0', 'v40', 'v80', 'a10', 'a50']);
  });

  it('interleave: what is held back comes before the parameters that follow it', () => {
    const hub = new Hub({
      clock: new VirtualClock(),
      limits: defaultLimits,
      gopCache: true,
      mergeWindow: 0,
      settingsFor: () => ({ interleave: true }),
    });
    const stream = hub.stream(name);
    const got: string[] = [];
    stream.tap((event) => got.push(event.type === 'frame' ? `${event.frame.dts / 1000}` : `${event.tracks.length}`));
    const publication = stream.publish(refuse);
    const other = { ...h264Track, config: Uint8Array.of(...h264Track.config, 0) };
    publication.retrack(tracks);
    publication.write(video({ at: 0, key: true }));
    publication.write(video({ at: 40 }));
    publication.retrack([...tracks]);
    expect(got, 'nothing has changed').toEqual(['2', '2']);
    publication.retrack([other]);

    expect(got).toEqual(['2', '2', '0', '40', '1']);
  });
});

describe('players of sound alone (fast_cache)', () => {
  const sound: Format = { ...text, key: 'sound', soundOnly: true };

  function begun(soundCache: number, first = false): string {
    const clock = new VirtualClock();
    const hub = new Hub({
      clock,
      limits: defaultLimits,
      gopCache: true,
      mergeWindow: 0,
      settingsFor: () => ({ soundCache }),
    });
    const stream = hub.stream(name);
    const early = new FakeLink();
    if (first) stream.play(sound, early);
    const publication = stream.publish(refuse);
    publication.retrack([aacTrack]);
    for (let at = 0; at < 1000; at += 100) publication.write(audio({ at }));
    const link = new FakeLink();
    stream.play(sound, link);
    return read(link);
  }

  it.each([false, true])('begin with the sound of the last seconds, another one being there: %s', (first) => {
    expect(begun(fromMs(300), first)).toBe('H1 K600 K700 K800 K900 ');
    expect(begun(fromMs(0), first)).toBe(first ? 'H1 K900 ' : 'H1 ');
    expect(begun(fromMs(5000), first)).toContain('H1 K0 ');
  });

  it('begin in the past of a feed that has let go of what is older', () => {
    const clock = new VirtualClock();
    const settingsFor = () => ({ soundCache: fromMs(1000) });
    const hub = new Hub({ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0, settingsFor });
    const stream = hub.stream(name);
    stream.play(sound, new FakeLink());
    const publication = stream.publish(refuse);
    publication.retrack([aacTrack]);
    for (let at = 0; at < 5000; at += 10) publication.write(audio({ at }));
    const late = new FakeLink();
    stream.play(sound, late);

    expect(read(late)).toMatch(/^H1 K3990 K4000 .* K4990 $/);
  });

  it('get nothing of a publisher that has left', () => {
    const clock = new VirtualClock();
    const limits = defaultLimits;
    const hub = new Hub({
      clock,
      limits,
      gopCache: true,
      mergeWindow: 0,
      settingsFor: () => ({ soundCache: fromMs(9000) }),
    });
    const stream = hub.stream(name);
    stream.tap(() => undefined);
    const publication = stream.publish(refuse);
    publication.retrack([aacTrack]);
    publication.write(audio({ at: 0 }));
    publication.end();
    const link = new FakeLink();
    stream.play(sound, link);

    expect(read(link)).not.toContain('K');
  });
});
