// Players that came before their publisher.
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/core/base/limits.ts';
import { WaitingPlayers } from '../../../src/core/control/waiting-players.ts';
import { Hub } from '../../../src/core/media/hub.ts';
import { VirtualClock } from '../../tools/fakes.ts';

const name = { vhost: 'a.com', app: 'live', stream: 'a' };

function world() {
  const clock = new VirtualClock();
  const hub = new Hub({ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const publish = () => hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
  return { hub, publish, waiting: new WaitingPlayers<Player>({ hub, clock }) };
}

class Player {
  readonly deadline = Number.POSITIVE_INFINITY;
  readonly seen: string[] = [];
  readonly #fails: boolean;

  constructor(fails = false) {
    this.#fails = fails;
  }

  begin(): void {
    if (this.#fails) throw new Error('broken');
    this.seen.push('begin');
  }

  close(reason: { code: string } | undefined): void {
    this.seen.push(reason?.code ?? 'close');
  }

  receive(): void {
    // It sends nothing.
  }

  tick(): void {
    // It has no deadline.
  }
}

describe('A player', () => {
  it('begins at once when its publisher is there, else when that comes', () => {
    const { waiting, publish } = world();
    const early = new Player();
    waiting.add(name, early);
    expect(early.seen).toEqual([]);

    publish();
    const late = new Player();
    waiting.add(name, late);
    expect([early.seen, late.seen]).toEqual([['begin'], ['begin']]);
  });

  it('that has left, and one of a server that has ended, is not begun', () => {
    const { waiting, publish } = world();
    const left = new Player();
    waiting.add(name, left);
    waiting.remove(name, left);
    const stopped = new Player();
    waiting.add(name, stopped);
    waiting.close();
    publish();
    expect([left.seen, stopped.seen]).toEqual([[], []]);
  });

  it('that fails is ended alone: its publisher and the other players are there', () => {
    const { waiting, publish, hub } = world();
    const [broken, fine] = [new Player(true), new Player()];
    for (const player of [broken, fine]) waiting.add(name, player);
    publish();
    expect(broken.seen).toEqual(['BUG_UNEXPECTED']);
    expect(fine.seen).toEqual(['begin']);
    expect(hub.find(name)?.published).toBe(true);

    const late = new Player(true);
    waiting.add(name, late);
    expect(late.seen).toEqual(['BUG_UNEXPECTED']);
  });
});
