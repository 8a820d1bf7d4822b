// When a port is read: by node at once, or by looks when much comes and somebody is patient.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromMs } from '../../../src/core/base/time.ts';
import { DatagramWatch } from '../../../src/core/net/datagram-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A socket in which `waiting` datagrams are, and node, which gives them while it reads. */
function open(patience = fromMs(3), stoppable = true) {
  const socket = { waiting: 0, nodeReads: true, given: 0, looks: 0, longest: 0 };
  const came: number[] = [];
  const take = (): number => {
    const found = came.length;
    for (const at of came.splice(0)) socket.longest = Math.max(socket.longest, performance.now() - at);
    socket.given += found;
    socket.looks++;
    return found;
  };
  const drain = { follow: () => undefined, take };
  const watch = new DatagramWatch(
    drain,
    () => true,
    (on) => {
      if (!stoppable) return false;
      socket.nodeReads = on;
      return true;
    },
  );
  watch.patience = patience;
  const come = (): void => {
    if (!socket.nodeReads) {
      came.push(performance.now());
      return;
    }
    socket.given++;
    watch.woken();
  };
  /** One each `everyMs` for a time. */
  const comeEvery = (everyMs: number, forMs: number): void => {
    for (let at = 0; at < forMs; at += everyMs) {
      come();
      vi.advanceTimersByTime(everyMs);
    }
  };
  return { socket, watch, comeEvery, come };
}

describe('a watch', () => {
  it('leaves node alone while little comes', () => {
    const { socket, comeEvery } = open();

    comeEvery(2, 1000);

    expect(socket).toMatchObject({ nodeReads: true, given: 500, looks: 0 });
  });

  it('looks now and then while much comes, and nothing waits for longer than its patience', () => {
    const { socket, comeEvery } = open();

    comeEvery(0.25, 1000);

    expect(socket.nodeReads).toBe(false);
    expect(socket.looks).toBeGreaterThan(300);
    expect(socket.looks).toBeLessThan(340);
    expect(socket.given).toBeGreaterThan(3980);
    expect(socket.longest).toBeLessThanOrEqual(3);
  });

  it('looks more often while there is more than a socket may have to hold', () => {
    const { socket, comeEvery } = open();

    comeEvery(0.03125, 200);

    expect(socket.looks).toBeGreaterThan(90);
  });

  it('gives the port back to node when it has become quiet', () => {
    const { socket, comeEvery } = open();
    comeEvery(0.25, 100);

    comeEvery(5, 100);

    expect(socket.nodeReads).toBe(true);
    const { looks } = socket;
    comeEvery(5, 100);
    expect(socket.looks).toBe(looks);
  });

  it('gives it back when nobody is patient any more', () => {
    const { socket, watch, comeEvery } = open();
    comeEvery(0.25, 100);

    watch.patience = 0;
    comeEvery(0.25, 100);

    expect(socket.nodeReads).toBe(true);
  });

  it.each([
    ['nobody is patient', 0, true],
    ['node cannot be stopped', fromMs(3), false],
  ])('never looks when %s', (_, patience, stoppable) => {
    const { socket, comeEvery } = open(patience, stoppable);

    comeEvery(0.25, 100);

    expect(socket).toMatchObject({ nodeReads: true, given: 400, looks: 0 });
  });

  it('does not look after its end', () => {
    const { socket, watch, comeEvery, come } = open();
    comeEvery(0.25, 100);
    const { looks } = socket;

    watch.close();
    come();
    vi.advanceTimersByTime(100);

    expect(socket.looks).toBe(looks);
  });
});
