// Publishers that nobody plays.
import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../src/core/base/time.ts';
import { IdlePublishers } from '../../../src/core/control/idle.ts';
import { flvFormat } from '../../../src/core/format/flv/index.ts';
import { FakeLink } from '../../tools/fakes.ts';
import { world as hooksWorld } from './hooks/world.ts';

const settings = 'vhost a.com { publish { kickoff_for_idle 3; } } vhost b.com {}';

function world() {
  const server = hooksWorld({ settings });
  const { hub, sessions, clock } = server;
  const idle = new IdlePublishers({ hub, sessions, settings: server.settings });
  const evicted: string[] = [];
  const publish = (vhost: string) => {
    const stream = hub.stream({ vhost, app: 'live', stream: 'a' });
    stream.publish({ policy: 'refuse', onEvicted: ({ code }) => evicted.push(code) });
    return stream;
  };
  const pass = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(fromSeconds(1));
      idle.tick(clock.now());
    }
  };
  return { ...server, idle, evicted, publish, pass };
}

describe('kickoff_for_idle', () => {
  it('ends who has no player for so long, in its vhost only', () => {
    const { publish, pass, evicted, hub } = world();
    publish('a.com');
    publish('b.com');
    pass(3);
    expect(evicted).toEqual([]);

    pass(1);
    expect(evicted).toEqual(['ADMISSION_IDLE']);
    expect([...hub.streams()].map(({ name }) => name.vhost)).toEqual(['b.com']);
  });

  it('counts from the last player on, of whatever protocol', async () => {
    const { publish, pass, evicted, open } = world();
    const stream = publish('a.com');
    pass(2);
    const cursor = stream.play(flvFormat, new FakeLink());
    pass(10);
    cursor.close();
    const { entry } = await open({ action: 'play', name: stream.name });
    pass(10);
    entry.close();
    pass(3);
    expect(evicted).toEqual([]);

    pass(1);
    expect(evicted).toEqual(['ADMISSION_IDLE']);
  });

  it('begins again with each publisher, and ends with the settings', () => {
    const { publish, pass, evicted, reload, hub } = world();
    const stream = publish('a.com');
    pass(3);
    stream.evict(new (class extends Error {})() as never);
    publish('a.com');
    pass(3);
    expect(evicted).toHaveLength(1);

    reload('vhost a.com { } vhost b.com { }');
    pass(100);
    expect(evicted).toHaveLength(1);
    expect(hub.size).toBe(1);
  });
});
