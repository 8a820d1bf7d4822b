// The feed: what every player gets, at once, late, slow and across changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../src/core/base/time.ts';
import { Feed } from '../../../src/core/media/feed.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import type { Format, Muxer } from '../../../src/core/media/muxer.ts';
import { packet } from '../../../src/core/media/packet.ts';
import type { Track } from '../../../src/core/media/track.ts';
import { aacTrack, audio, h264Track, live, video } from '../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../tools/fakes.ts';

/** Writes each frame as text, such as `K40 ` for a key frame at 40 ms, so that tests read what players got. */
class TextMuxer implements Muxer {
  header(tracks: readonly Track[]) {
    return [packet('config', 0, [utf8(`H${tracks[0]?.epoch} `)])];
  }

  retrack(tracks: readonly Track[]) {
    return [packet('config', 0, [utf8(`R${tracks[0]?.epoch} `)])];
  }

  write(frame: Frame) {
    const join = frame.key && frame.track.kind === 'video';
    const letter = frame.track.kind === 'audio' ? 'a' : join ? 'K' : 'v';
    return [packet(join ? 'join' : 'more', frame.dts, [utf8(`${letter}${frame.dts / 1000} `)])];
  }
}

const text: Format = { key: 'text', make: () => new TextMuxer() };

function setUp({ mergeWindow = 0, feedSpan = fromSeconds(30), feedBytes = 1e9, messages = 0, interval = 0 } = {}) {
  const clock = new VirtualClock();
  const feed = new Feed(text, {
    ...{ clock, mergeWindow, limits: { feedSpan, feedBytes }, pacing: { messages, interval } },
    onSent: () => undefined,
  });
  return { clock, feed };
}

const read = (link: FakeLink): string => new TextDecoder().decode(link.bytes);

describe('a feed', () => {
  it('starts a late player with the header and everything since the newest key frame', () => {
    const { feed } = setUp();
    feed.retrack([h264Track]);
    for (const at of [0, 40, 80, 120]) feed.write(video({ at, key: at === 0 || at === 80 }));
    const link = new FakeLink();

    feed.attach(link);

    expect(read(link)).toBe('H0 K80 v120 ');
  });

  it.each([
    ['at once, when the next batch would come too late', 300, 0],
    ['with those of the next batch, when that comes in time', 50, 60],
  ])('sends what a batch of its publisher brought %s', (_, next, after) => {
    const { clock, feed } = setUp({ mergeWindow: fromMs(350) });
    const link = new FakeLink();
    feed.attach(link);
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    clock.advance(fromMs(350));
    const before = link.sends;
    for (let ms = 0; ms < after; ms += next) {
      feed.write(video({ at: 40 + ms, key: false }));
      feed.batch(fromMs(next));
      expect(link.sends).toBe(before);
      clock.advance(fromMs(next));
    }

    feed.write(video({ at: 400, key: false }));
    feed.batch(fromMs(300));

    expect(link.sends).toBe(before + 1);
    clock.advance(fromMs(350));
    expect(link.sends).toBe(before + 1);
  });

  it('gives a player that came before the publisher the header with the first frames', () => {
    const { feed } = setUp();
    const link = new FakeLink();
    feed.attach(link);
    expect(read(link)).toBe('');

    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));

    expect(read(link)).toBe('H0 K0 ');
  });

  it('gives a player that waited everything from the first join point, also when several come in one merge window', () => {
    const { feed, clock } = setUp({ mergeWindow: fromMs(350) });
    const link = new FakeLink();
    feed.attach(link);
    feed.retrack([h264Track]);

    for (const at of [0, 40, 80, 120]) feed.write(video({ at, key: at % 80 === 0 }));
    clock.advance(fromMs(350));

    expect(read(link)).toBe('H0 K0 v40 K80 v120 ');
  });

  it('lets a player wait for a key frame when there is none to start from', () => {
    const { feed } = setUp();
    feed.retrack([h264Track]);
    feed.write(video({ at: 0 }));
    const link = new FakeLink();
    feed.attach(link);
    feed.write(video({ at: 40 }));
    expect(read(link)).toBe('H0 ');

    feed.write(video({ at: 80, key: true }));
    feed.write(video({ at: 120 }));

    expect(read(link)).toBe('H0 K80 v120 ');
  });

  it('sends one run of bytes in a merge window, the same array to every player', () => {
    const { feed, clock } = setUp({ mergeWindow: fromMs(350) });
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    const links = [new FakeLink(), new FakeLink(), new FakeLink()];
    for (const link of links) feed.attach(link);
    for (const link of links) link.takeSent();
    const before = links.map((link) => link.sends);

    for (let at = 40; at <= 320; at += 40) feed.write(video({ at }));
    expect(links.map((link) => link.sends)).toEqual(before);
    clock.advance(fromMs(350));

    expect(links.map((link) => link.sends)).toEqual(before.map((count) => count + 1));
    expect(links[1]?.sent[0]).toBe(links[0]?.sent[0]);
    expect(links[2]?.sent[0]).toBe(links[0]?.sent[0]);
  });

  it('gives a player that joins within a merge window no packet twice', () => {
    const { feed, clock } = setUp({ mergeWindow: fromMs(350) });
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    feed.write(video({ at: 40 }));
    const early = new FakeLink();
    feed.attach(early);
    feed.write(video({ at: 80 }));
    const late = new FakeLink();

    feed.attach(late);
    feed.write(video({ at: 120 }));
    clock.advance(fromMs(350));

    expect(read(early)).toBe('H0 K0 v40 v80 v120 ');
    expect(read(late)).toBe('H0 K0 v40 v80 v120 ');
  });

  it('gives changed parameters to players in the stream, and starts new ones behind the change', () => {
    const { feed } = setUp();
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    const old = new FakeLink();
    feed.attach(old);

    feed.retrack([{ ...h264Track, epoch: 1 }]);
    const fresh = new FakeLink();
    feed.attach(fresh);
    feed.write(video({ at: 40 }));
    feed.write(video({ at: 80, key: true }));

    expect(read(old)).toBe('H0 K0 R1 v40 K80 ');
    expect(read(fresh)).toBe('H1 K80 ');
  });

  it('gives a player that waits the parameters that came meanwhile, in front of the key frame, once', () => {
    const { feed } = setUp();
    feed.retrack([h264Track]);
    const link = new FakeLink();
    feed.attach(link);
    feed.retrack([{ ...h264Track, epoch: 1 }]);
    feed.write(video({ at: 0, key: false }));
    feed.retrack([{ ...h264Track, epoch: 2 }]);
    for (const at of [40, 80]) feed.write(video({ at, key: true }));

    expect(read(link)).toBe('H0 R2 K40 K80 ');
  });

  it('keeps the join point when only metadata changed', () => {
    const { feed } = setUp();
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));

    feed.retrack([h264Track], false);
    const link = new FakeLink();
    feed.attach(link);

    expect(read(link)).toMatch(/^H0 K0 /);
  });

  it('keeps the place of a full player and goes on from there when it drains', () => {
    const { feed } = setUp();
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    const link = new FakeLink(1);
    const cursor = feed.attach(link);
    expect(cursor.full).toBe(true);

    for (const at of [40, 80]) feed.write(video({ at }));
    expect(read(link)).toBe('H0 ');
    link.capacity = 1000;
    link.drain();

    expect(read(link)).toBe('H0 K0 v40 v80 ');
    expect(cursor.dropped).toBe(0);
  });

  it('moves a player whose place left the window to the newest key frame, with the parameters again', () => {
    const { feed } = setUp({ feedSpan: fromSeconds(2) });
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    const link = new FakeLink(1);
    const cursor = feed.attach(link);
    for (let at = 40; at <= 10_000; at += 40) feed.write(video({ at, key: at % 1000 === 0 }));

    link.capacity = 1e6;
    link.drain();
    feed.write(video({ at: 10_040 }));

    expect(read(link)).toBe('H0 R0 K10000 v10040 ');
    expect(cursor.jumps).toBe(1);
    expect(cursor.dropped).toBeGreaterThan(200);
  });

  it('gives no more to a player that is full again with the parameters alone', () => {
    const { feed } = setUp({ feedSpan: fromSeconds(2) });
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    const link = new FakeLink(1);
    feed.attach(link);
    for (let at = 40; at <= 10_000; at += 40) feed.write(video({ at, key: at % 1000 === 0 }));

    link.drain();
    expect(read(link)).toBe('H0 R0 ');
    link.capacity = 1e6;
    link.drain();

    expect(read(link)).toBe('H0 R0 K10000 ');
  });

  it('bounds its window whatever a player does', () => {
    const { feed } = setUp({ feedSpan: fromSeconds(5), feedBytes: 2000 });
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    feed.attach(new FakeLink(1));

    for (let at = 40; at <= 60_000; at += 40) feed.write(video({ at, key: at % 2000 === 0 }));

    expect(feed.bytes).toBeLessThan(2000 + 64 * 8);
  });

  it('bounds its window in bytes too when the packets are few and big', () => {
    const { feed } = setUp({ feedBytes: 400 });
    feed.retrack([h264Track]);
    feed.attach(new FakeLink());
    feed.write(video({ at: 0, key: true }));
    let most = 0;
    for (let i = 1; i <= 60; i++) {
      // The text of a time of so many digits has 15 bytes.
      feed.write(video({ at: 1_000_000_000_000 + i, key: false }));
      most = Math.max(most, feed.bytes);
    }

    expect(most).toBeLessThan(500);
  });

  it('forgets what everybody has and nobody can join from', () => {
    const { feed } = setUp();
    feed.retrack([h264Track]);
    feed.attach(new FakeLink());

    for (let at = 0; at <= 600_000; at += 40) feed.write(video({ at, key: at % 1000 === 0 }));

    expect(feed.head - feed.base).toBeLessThan(128);
  });

  it('stops its timer when the last player leaves', () => {
    const { feed, clock } = setUp({ mergeWindow: fromMs(350) });
    feed.retrack([h264Track]);
    const cursor = feed.attach(new FakeLink());
    feed.write(video({ at: 0, key: true }));

    cursor.close();

    expect(clock.pending).toBe(0);
  });

  it('puts the envelope around each run', () => {
    const clock = new VirtualClock();
    const boxed: Format = { ...text, envelope: (size) => ({ head: utf8(`<${size}:`), tail: utf8('>') }) };
    const options = { clock, limits: { feedSpan: 1e9, feedBytes: 1e9 }, mergeWindow: 0, onSent: () => undefined };
    const feed = new Feed(boxed, options);
    feed.retrack([h264Track]);
    feed.write(video({ at: 0, key: true }));
    feed.write(video({ at: 40 }));
    const link = new FakeLink();

    feed.attach(link);

    expect(read(link)).toBe('<3:H0 ><7:K0 v40 >');
  });

  it('gives every player a header, then from a key frame on each packet once and in order, gaps ending at key frames', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.constant('write' as const) },
      { weight: 2, arbitrary: fc.constant('join' as const) },
      { weight: 3, arbitrary: fc.constant('drain' as const) },
      { weight: 1, arbitrary: fc.constant('leave' as const) },
      { weight: 2, arbitrary: fc.constant('time' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, size: 'max', maxLength: 400 }), fc.integer(), (steps, seed) => {
        const { feed, clock } = setUp({ mergeWindow: seed % 2 === 0 ? 0 : fromMs(100), feedSpan: fromMs(800) });
        const frames = live({ seconds: 20, gop: 10 });
        feed.retrack([h264Track, aacTrack]);
        const gone: FakeLink[] = [];
        const players: { link: FakeLink; close: () => void }[] = [];
        let at = 0;
        for (const what of steps) {
          if (what === 'write') for (let i = 0; i < 5; i++) feed.write(frames[at++] ?? audio({ at: 99_999 }));
          else if (what === 'join') {
            const link = new FakeLink(players.length % 2 === 0 ? 1e9 : 40);
            const cursor = feed.attach(link);
            players.push({ link, close: () => cursor.close() });
          } else if (what === 'drain') for (const { link } of players) link.drain();
          else if (what === 'leave') {
            const player = players.shift();
            player?.close();
            if (player !== undefined) gone.push(player.link);
          } else clock.advance(fromMs(100));
        }
        for (const link of [...gone, ...players.map((player) => player.link)]) expectWhole(read(link), frames);
      }),
      { numRuns: 60 },
    );
  });
});

/** Header first; then frames in the order of the source, each gap marked by parameters and ended by a key frame. */
function expectWhole(got: string, frames: readonly Frame[]): void {
  const words = got.split(' ').filter((word) => word !== '');
  if (words.length === 0) return;
  expect(words[0]).toBe('H0');
  const order = new Map(frames.map((frame, index) => [`${frame.track.kind[0]}${frame.dts / 1000}`, index]));
  let last = -2;
  let gap = true;
  for (const word of words.slice(1)) {
    if (word.startsWith('R')) {
      gap = true;
      continue;
    }
    const index = order.get(word.replace(/^K/, 'v')) ?? -1;
    if (index < 0) continue;
    if (gap) expect(word[0]).toBe('K');
    else expect(index).toBe(last + 1);
    last = index;
    gap = false;
  }
}

describe('a feed that waits for packets (mw_msgs)', () => {
  /** What a player gets of pictures every 40 ms, and when. */
  function merged(messages: number) {
    const { feed, clock } = setUp({ mergeWindow: fromMs(100), messages });
    const link = new FakeLink();
    feed.retrack([h264Track]);
    feed.attach(link);
    const sends: [ms: number, packets: number][] = [];
    for (let at = 0; at <= 800; at += 40) {
      feed.write(video({ at, key: at === 0 }));
      for (let ms = 0; ms < 40; ms += 10) {
        clock.advance(fromMs(10));
        const got = new TextDecoder().decode(link.takeSent()).match(/[Kv]/g);
        if (got !== null) sends.push([at + ms + 10, got.length]);
      }
    }
    return sends;
  }

  it('sends what is there when the window is over, and more packets than it waits for', () => {
    expect(merged(0).slice(0, 3)).toEqual([
      [100, 3],
      [220, 3],
      [340, 3],
    ]);
    expect(merged(2).slice(0, 2)).toEqual(merged(0).slice(0, 2));
  });

  it('waits beyond the window for enough', () => {
    const sends = merged(5);

    expect(sends.slice(0, 3).map(([, packets]) => packets)).toEqual([6, 6, 6]);
    expect(sends[0]?.[0]).toBe(210);
  });

  it('waits a second beyond the window and no longer', () => {
    const { feed, clock } = setUp({ mergeWindow: fromMs(100), messages: 128 });
    const link = new FakeLink();
    feed.retrack([h264Track]);
    feed.attach(link);
    feed.write(video({ at: 0, key: true }));

    clock.advance(fromMs(1090));
    const before = read(link);
    clock.advance(fromMs(20));

    expect([before, read(link)]).toEqual(['H0 ', 'H0 K0 ']);
    expect(clock.pending).toBe(0);
  });
});

describe('a feed with an interval (send_min_interval)', () => {
  it('gives each player one packet at a time, so far apart', () => {
    const { feed, clock } = setUp({ mergeWindow: fromMs(350), interval: fromMs(20) });
    feed.retrack([h264Track]);
    for (const at of [0, 1, 2, 3, 4]) feed.write(video({ at, key: at === 0 }));
    const early = new FakeLink();
    feed.attach(early);

    const seen = [read(early)];
    clock.advance(fromMs(40));
    const late = new FakeLink();
    feed.attach(late);
    clock.advance(fromMs(20));
    seen.push(read(early), read(late));
    clock.advance(fromMs(500));
    seen.push(read(early), read(late));

    expect(seen).toEqual(['H0 K0 ', 'H0 K0 v1 v2 v3 ', 'H0 K0 v1 ', 'H0 K0 v1 v2 v3 v4 ', 'H0 K0 v1 v2 v3 v4 ']);
    expect(clock.pending).toBe(0);
  });

  it('waits for a player that is full without a timer', () => {
    const { feed, clock } = setUp({ interval: fromMs(20) });
    feed.retrack([h264Track]);
    const link = new FakeLink(1);
    feed.attach(link);
    for (const at of [0, 1, 2]) feed.write(video({ at, key: at === 0 }));

    clock.advance(fromSeconds(1));
    expect([read(link), clock.pending]).toEqual(['H0 ', 0]);
    for (let i = 0; i < 3; i++) {
      link.drain();
      clock.advance(fromSeconds(1));
    }

    expect(read(link)).toBe('H0 K0 v1 v2 ');
  });
});
