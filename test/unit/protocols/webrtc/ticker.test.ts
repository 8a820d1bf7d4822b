// The timer of sessions: exact for those whose deadline is near, cheap for all others.
import { expect, it } from 'vitest';
import { fromMs, type Micros } from '../../../../src/core/base/time.ts';
import { Ticker } from '../../../../src/core/protocols/webrtc/ticker.ts';
import { VirtualClock } from '../../../tools/fakes.ts';

/** A session that is told of its deadlines, and counts how often it was asked. */
function waiting(clock: VirtualClock) {
  const state = { deadline: Number.POSITIVE_INFINITY as Micros, asked: 0, ticks: [] as Micros[] };
  const session = {
    get deadline() {
      state.asked++;
      return state.deadline;
    },
    receive: () => undefined,
    tick: (now: Micros) => {
      state.ticks.push(now);
      state.deadline = Number.POSITIVE_INFINITY;
    },
    close: () => undefined,
  };
  const ticker = new Ticker(clock);
  ticker.add(session);
  return { ticker, session, state };
}

it('a session that only waits is asked for its deadline twenty times a second', () => {
  const clock = new VirtualClock();
  const { state } = waiting(clock);

  clock.advance(fromMs(1000));

  expect(state.asked).toBeGreaterThanOrEqual(20);
  expect(state.asked).toBeLessThanOrEqual(22);
});

it('a deadline that nobody tells of is kept to 60 ms, one that comes nearer step by step to 10 ms', () => {
  const clock = new VirtualClock();
  const { state } = waiting(clock);
  clock.advance(fromMs(1001));

  state.deadline = clock.now() + fromMs(1);
  clock.advance(fromMs(60));
  expect(state.ticks).toHaveLength(1);
  const due = clock.now() + fromMs(333);
  state.deadline = due;
  clock.advance(fromMs(400));

  expect(state.ticks[1]).toBeGreaterThanOrEqual(due);
  expect(state.ticks[1]).toBeLessThanOrEqual(due + fromMs(10));
});

it('a session that says so is ticked within 10 ms, and one that was removed is not', () => {
  const clock = new VirtualClock();
  const { ticker, session, state } = waiting(clock);
  clock.advance(fromMs(1001));

  state.deadline = clock.now();
  ticker.soon(session);
  clock.advance(fromMs(10));
  expect(state.ticks).toHaveLength(1);
  ticker.remove(session);
  state.deadline = clock.now();
  ticker.soon(session);
  clock.advance(fromMs(1000));

  expect(state.ticks).toHaveLength(1);
});
