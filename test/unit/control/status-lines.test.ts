// Lines of the log for sessions that go on: their words, their turns, and that they can be switched off.
import { expect, it } from 'vitest';
import { Log, type LogLine } from '../../../src/core/base/log.ts';
import { fromSeconds } from '../../../src/core/base/time.ts';
import { settingsOf } from '../../../src/core/control/config/settings.ts';
import { Sessions } from '../../../src/core/control/sessions.ts';
import { StatusLines } from '../../../src/core/control/status-lines.ts';
import { SeedRng, VirtualClock } from '../../tools/fakes.ts';

function setUp(directives = '') {
  const clock = new VirtualClock();
  const sessions = new Sessions(clock, new SeedRng(), 1000);
  const lines: LogLine[] = [];
  const settings = settingsOf(`${directives} vhost __defaultVhost__ { play { mw_latency 200; } }`);
  const status = new StatusLines({ sessions, settings, log: new Log((line) => lines.push(line)) });
  const open = (type: string, stream = 's') =>
    sessions.open(
      {
        ...{ protocol: 'x', type, publish: type.endsWith('publish'), peer: { host: '10.0.0.7', port: 4000 } },
        ...{ name: { vhost: '__defaultVhost__', app: 'live', stream }, shownName: stream },
        ...{ tcUrl: '', pageUrl: '', swfUrl: '', end: () => undefined },
      },
      {},
    );
  /** Seconds, one by one; `each` before each tick. */
  const run = (seconds: number, each: () => void = () => undefined): string[] => {
    lines.splice(0);
    for (let i = 0; i < seconds; i++) {
      each();
      clock.advance(fromSeconds(1));
      sessions.tick(clock.now());
      status.tick(clock.now());
    }
    return lines.map(({ text }) => text);
  };
  return { open, run, lines, sessions, settings };
}

it('have the rates of the session, of 30 s and of five minutes, in the words of SRS', () => {
  const { open, run, lines } = setUp();
  const publisher = open('fmle-publish');

  // 800 kbit/s for five minutes, then 80 kbit/s for five more.
  run(300, () => publisher.received.add(100_000));
  const last = run(300, () => publisher.received.add(10_000)).at(-1);

  expect(last).toMatch(/^<- CPB time=59\d000, okbps=0,0,0, ikbps=4\d\d,8\d,\d+, mr=0\/350, p1stpt=20000, pnt=5000$/);
  const long = Number(last?.match(/ikbps=\d+,\d+,(\d+)/)?.[1]);
  expect(long).toBeGreaterThanOrEqual(79);
  expect(long).toBeLessThan(160);
  expect(lines.at(-1)).toMatchObject({
    ...{ level: 'info', topic: 'status' },
    fields: { session: publisher.id, peer: '10.0.0.7:4000', stream: '/live/s' },
  });
});

it('of players say what is merged', () => {
  const { open, run } = setUp();
  const player = open('rtmp-play');

  expect(run(11, () => player.sent.add(125_000))).toEqual([
    expect.stringMatching(/^-> PLA time=1\d000, okbps=\d+,\d+,\d+, ikbps=0,0,0, mw=200\/8$/),
  ]);
});

it('are one for each kind in each interval, however many there are, and all take turns', () => {
  const { open, run, lines } = setUp('pithy_print_ms 2000;');
  for (let i = 0; i < 5; i++) open('rtmp-play', `p${i}`);
  open('srt-publish');
  open('rtc-play');
  open('flv-play');

  const texts = run(22);

  const kinds = Map.groupBy(texts, (text) => text.split(' ').slice(0, 2).join(' '));
  expect([...kinds.keys()].toSorted()).toEqual(['-> HTS', '-> PLA', '-> RTC', '<- SRT_CPB']);
  for (const list of kinds.values()) expect(list.length).toBe(10);
  const players = lines.filter(({ text }) => text.startsWith('-> PLA')).map(({ fields }) => fields['stream']);
  expect(new Set(players).size).toBe(5);
});

it('are not there without sessions, and not when they are switched off', () => {
  const { run } = setUp();
  const off = setUp('pithy_print_ms 0;');
  off.open('rtmp-play');

  expect([run(60), off.run(60)]).toEqual([[], []]);
});

it('follow a reload', () => {
  const { open, run, settings } = setUp('pithy_print_ms 0;');
  open('rtmp-play');
  run(10);

  settings.replace(settingsOf('pithy_print_ms 1000; vhost __defaultVhost__ {}').config);

  expect(run(4)).toHaveLength(3);
});
