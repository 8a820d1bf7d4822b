// Promises that every session of every protocol keeps, whatever its state.
import { describe, expect, it } from 'vitest';
import { BugError } from '../../src/core/base/errors.ts';
import { guard, type Session } from '../../src/core/base/session.ts';
import { fromSeconds, type Micros } from '../../src/core/base/time.ts';
import { type FakeLink, SeedRng, type VirtualClock } from '../tools/fakes.ts';

export interface SessionSubject {
  readonly session: Session;
  readonly link: FakeLink;
  readonly clock: VirtualClock;
}

export interface SessionSuite {
  readonly name: string;
  /** All states of its diagram but the last. */
  readonly states: readonly string[];
  /** A new session in that state. */
  readonly reach: (state: string) => Promise<SessionSubject>;
  /** States in which a silent peer may stay, with the reason. */
  readonly patient?: Readonly<Record<string, string>>;
  readonly skip?: readonly { readonly test: string; readonly reason: string }[];
}

/** No state waits longer than this for a silent peer; SRS's longest time-out is 180 s. */
const LONGEST_WAIT: Micros = fromSeconds(600);
/** What a wheel does, in steps that are coarse enough to be quick. */
const STEP: Micros = fromSeconds(0.5);

export function sessionSuite({ name, states, reach, patient = {}, skip = [] }: SessionSuite): void {
  const promise = (test: string, body: (state: string) => Promise<void>): void => {
    const skipped = skip.find((entry) => entry.test === test);
    if (skipped === undefined) it.each(states)(`${test} in state %s`, body);
    else it.skip(`${test} (${skipped.reason})`);
  };

  describe(`the ${name} session`, () => {
    promise('is in the state that the test is about', async (state) => {
      const { link } = await reach(state);

      expect(link.closed).toBe(false);
    });

    promise('ends when it is closed, and once', async (state) => {
      const { session, link, clock } = await reach(state);
      session.close(undefined, clock.now());
      const sent = link.bytes.length;

      session.close(undefined, clock.now());
      session.receive(Uint8Array.of(1, 2, 3), clock.now());
      session.tick(clock.now() + fromSeconds(3600));

      expect(link.closed).toBe(true);
      expect(link.bytes.length).toBe(sent);
      expect(session.deadline).toBe(Number.POSITIVE_INFINITY);
    });

    promise('leaves no timer behind', async (state) => {
      const { session, clock } = await reach(state);

      session.close(undefined, clock.now());

      expect(clock.pending).toBe(0);
    });

    promise('ends or stays sound when garbage comes, and never blames itself', async (state) => {
      for (let seed = 0; seed < 50; seed++) {
        const { session, link, clock } = await reach(state);
        const rng = new SeedRng(seed);
        for (let i = 0; i < 20 && !link.closed; i++) {
          const bytes = rng.bytes(1 + rng.below(2000));
          guard(session, clock.now(), () => session.receive(bytes, clock.now()));
          // The array belongs to the network: whoever kept a view of it reads this.
          bytes.fill(0xee);
        }
        expect(link.reason).not.toBeInstanceOf(BugError);
        session.close(undefined, clock.now());
        expect(link.closed).toBe(true);
      }
    });

    promise('does not wait for ever for a silent peer', async (state) => {
      const { session, link, clock } = await reach(state);
      for (let waited = 0; waited < LONGEST_WAIT && !link.closed; waited += STEP) {
        clock.advance(STEP);
        if (session.deadline <= clock.now()) guard(session, clock.now(), () => session.tick(clock.now()));
      }

      expect(link.closed).toBe(patient[state] === undefined);
      expect(link.reason === undefined, 'whoever is sent away is told why').toBe(!link.closed);
      session.close(undefined, clock.now());
    });
  });
}
