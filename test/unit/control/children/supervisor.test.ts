import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../../src/core/base/log.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { Supervisor } from '../../../../src/core/control/children/supervisor.ts';
import { FakeChildren } from '../../../tools/fake-children.ts';
import { VirtualClock } from '../../../tools/fakes.ts';

function supervised(budget = Number.POSITIVE_INFINITY) {
  const clock = new VirtualClock();
  const children = new FakeChildren();
  const command = { program: 'ffmpeg', args: ['-i', 'x'] };
  const supervisor = new Supervisor({ children, clock, log: silentLog, title: 'one', command, budget });
  return { clock, children, supervisor };
}

describe('Supervisor', () => {
  it('starts a program again 3 s after its end, and later each time', () => {
    const { clock, children } = supervised();
    const starts: number[] = [];
    for (let i = 0; i < 6; i++) {
      children.all.at(-1)?.end({ code: 1 });
      const count = children.all.length;
      let waited = 0;
      while (children.all.length === count) {
        clock.advance(fromSeconds(1));
        waited++;
      }
      starts.push(waited);
    }

    expect(starts).toEqual([3, 6, 12, 24, 48, 60]);
  });

  it('forgets old failures when the program has lasted', () => {
    const { clock, children } = supervised();
    for (let i = 0; i < 3; i++) {
      children.all.at(-1)?.end();
      clock.advance(fromSeconds(60));
    }
    children.all.at(-1)?.end();
    clock.advance(fromSeconds(3));

    // It had lasted for more than 30 s before each of these ends.
    expect(children.all).toHaveLength(5);
  });

  it('gives up when its budget is spent, and says so', () => {
    const { clock, children, supervisor } = supervised(2);
    for (let i = 0; i < 3; i++) {
      children.all.at(-1)?.end({ code: undefined, signal: 'SIGKILL' });
      clock.advance(fromSeconds(20));
    }

    expect(children.all).toHaveLength(3);
    expect(supervisor.describe()).toMatchObject({ state: 'failed', restarts: 2, last_end: 'signal SIGKILL' });
    expect(clock.pending).toBe(0);
  });

  it('stops for good while it runs and while it waits', () => {
    const { clock, children, supervisor } = supervised();
    supervisor.stop();
    supervisor.stop();
    children.all[0]?.end();
    clock.advance(fromSeconds(100));

    expect(children.all).toHaveLength(1);
    expect(children.all[0]?.stopped).toBe(true);

    const other = supervised();
    other.children.all[0]?.end();
    other.supervisor.stop();
    other.clock.advance(fromSeconds(100));

    expect(other.children.all).toHaveLength(1);
    expect(other.supervisor.describe()).toMatchObject({ state: 'stopped', pid: null });
  });

  it('keeps the newest lines of standard error, and no more', () => {
    const { children, supervisor } = supervised();
    for (let i = 0; i < 1000; i++) children.all[0]?.say(`line ${i}`);

    const { stderr } = supervisor.describe() as { stderr: string[] };
    expect(stderr).toHaveLength(40);
    expect(stderr.at(-1)).toBe('line 999');
  });
});
