// The feed of events: what is told, to whom, and what a slow or returning listener gets.
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import type { FakeLink } from '../../../tools/fakes.ts';
import { configText, name, World } from './world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

async function listen(target = '/api/v1/events', headers: Record<string, string> = {}): Promise<FakeLink> {
  await world.ask(target, { headers });
  return world.feeds.at(-1)!;
}

/** What a link got since the last call, as `type data`. */
function events(link: FakeLink): { id: string | undefined; type: string; data: Record<string, unknown> }[] {
  const text = new TextDecoder().decode(link.takeSent());
  return text
    .split('\n\n')
    .filter((block) => block.includes('event: '))
    .map((block) => ({
      id: /^id: (.*)$/m.exec(block)?.[1],
      type: /^event: (.*)$/m.exec(block)?.[1] ?? '',
      data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}'),
    }));
}

describe('events', () => {
  it('tell of publishers, players, kicks and reloads, in order', async () => {
    const link = await listen();

    const player = world.open('rtmp-play');
    world.clock.advance(fromSeconds(3));
    player.close();
    world.publication.end();
    world.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    world.sessions.kick(world.open('flv-play').id);
    world.reload(configText());

    const told = events(link);
    expect(told.map(({ type }) => type)).toEqual([
      'play',
      'stop',
      'unpublish',
      'publish',
      'play',
      'kicked',
      'stop',
      'reload',
    ]);
    expect(told[1]?.data).toMatchObject({ client: player.id, type: 'rtmp-play', ip: '127.0.0.1', seconds: 3 });
    expect(told[3]?.data).toMatchObject({ url: '/live/livestream', app: 'live', stream: 'livestream' });
    const publisher = [...world.sessions.list()].find(({ info }) => info.publish);
    expect(told[2]?.data).toMatchObject({ client: publisher?.id });
  });

  it('name who has the stream, not who was refused its name', async () => {
    const link = await listen();
    const publisher = [...world.sessions.list()].find(({ info }) => info.publish);
    const late = world.open('fmle-publish');
    const publish = () => world.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    const shown = async () => (await world.ask('/api/v1/streams/')).json['streams']?.[0]?.['publish'];

    expect(publish).toThrow(expect.objectContaining({ code: 'STREAM_BUSY' }));
    expect(await shown()).toEqual({ active: true, cid: publisher?.id });
    late.close();
    world.publication.end();
    // Without a session, as what an edge fetches.
    publish();

    expect(events(link).map(({ type, data }) => [type, data['client']])).toEqual([
      ['unpublish', publisher?.id],
      ['publish', undefined],
    ]);
    expect(await shown()).toEqual({ active: true });
  });

  it('are only those that were asked for', async () => {
    const link = await listen('/api/v1/events?types=publish,stop,nonsense');

    world.open('rtmp-play').close();

    expect(events(link).map(({ type }) => type)).toEqual(['stop']);
  });

  it('go on where a listener was cut off', async () => {
    const link = await listen();
    world.open('rtmp-play');
    world.open('flv-play');
    const [first, second] = events(link);
    link.close();

    const again = await listen('/api/v1/events', { 'last-event-id': first?.id ?? '' });

    expect(events(again)).toEqual([second]);
  });

  it.each(['other1234-1', 'x', '-1', 'SERVICE-999999', `SERVICE-${'9'.repeat(30)}`])(
    'say that something is lost to who comes with the id %s',
    async (id) => {
      const lastId = id.replace('SERVICE', world.stats.serviceId);
      const link = await listen('/api/v1/events', { 'last-event-id': lastId });

      expect(events(link)).toEqual([{ id: undefined, type: 'lost', data: { count: null } }]);
      world.open('rtmp-play');
      expect(events(link).map(({ type }) => type)).toEqual(['play']);
    },
  );

  it('are counted when they are lost to a listener that is too slow, and cost no memory for each', async () => {
    const link = await listen();
    link.capacity = 0;
    link.takeSent();
    for (let i = 0; i < 5000; i++) world.open('rtmp-play').close();
    // One write found it full; everything else waits in the ring.
    expect(link.sends).toBeLessThan(5);

    link.capacity = Number.POSITIVE_INFINITY;
    link.takeSent();
    link.drain();

    const told = events(link);
    expect(told[0]).toMatchObject({ type: 'lost', data: { count: expect.any(Number) } });
    expect(told).toHaveLength(2049);
    expect(told.at(-1)?.type).toBe('stop');
    expect((told[0]?.data['count'] as number) + told.length).toBe(10_000);
  });

  it('beat, so that proxies do not cut them off, and end a listener that takes nothing', async () => {
    const link = await listen();
    link.takeSent();
    world.clock.advance(fromSeconds(15));
    world.wheel.turn(world.clock.now());
    expect(new TextDecoder().decode(link.takeSent())).toBe(': \n\n');

    link.capacity = 0;
    world.open('rtmp-play');
    world.clock.advance(defaultLimits.stallTime + fromSeconds(15));
    world.wheel.turn(world.clock.now());
    expect(link.closed).toBe(true);
    expect(world.wheel.size).toBe(0);
  });

  it('are told to a hundred listeners at most', async () => {
    for (let i = 0; i < 100; i++) await listen();

    const { status, json } = await world.ask('/api/v1/events');
    expect(status).toBe(503);
    expect(json).toMatchObject({ error: 'API_LISTENERS' });
    world.feeds[0]?.close();
    expect((await world.ask('/api/v1/events')).status).toBe(200);
  });

  it('carry names as JSON, whatever is in them', async () => {
    const link = await listen();
    world.hub.stream({ ...name, stream: '<script>\n"x' }).publish({ policy: 'refuse', onEvicted: () => undefined });

    expect(events(link)[0]?.data).toMatchObject({ stream: '<script>\n"x' });
  });

  it('end with the server', async () => {
    const link = await listen();
    world.api.close();
    world.open('rtmp-play');

    expect(link.closed).toBe(true);
    expect(world.wheel.size).toBe(0);
    expect(events(link)).toEqual([]);
  });

  it('have a head that is answered without a body', async () => {
    const { status, headers } = await world.ask('/api/v1/events', { method: 'HEAD' });

    expect(status).toBe(200);
    expect(headers['Content-Type']).toBe('text/event-stream; charset=utf-8');
    expect(world.feeds).toEqual([]);
  });
});
