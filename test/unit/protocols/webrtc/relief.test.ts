// What WebRTC leaves out while the CPU is short (SRS: circuit_breaker), and that all of it comes back.
import { expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { noRelief } from '../../../../src/core/control/circuit-breaker.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { live, server, type Weather, World } from './world.ts';

/** Every tenth big datagram of the server, or of the publisher, is lost. */
function lossy(from: 'server' | 'publisher'): Weather {
  let count = 0;
  return (datagram, sender) => {
    const own = (sender.host === server.host) === (from === 'server');
    return own && datagram.length > 500 && ++count % 10 === 0 ? [] : [fromMs(5)];
  };
}

/** A publisher and a player of it, with what the player got. */
async function both(world: World) {
  const stop = new AbortController();
  const source = world.stream();
  const frames: { frame: Frame; at: number }[] = [];
  const ends = [world.publisher('a', source, stop.signal)];
  await live(world, source, 1);
  const on = (event: MediaEvent): void => {
    if (event.type === 'frame') frames.push({ frame: event.frame, at: world.clock.now() });
  };
  ends.push(world.player('a', stop.signal, on));
  await live(world, source, 1, 25, 1);
  const end = async (): Promise<void> => {
    stop.abort();
    await world.run(fromMs(500));
    await Promise.all(ends);
  };
  return { source, frames, end };
}

/** What the API says of the player, or of the publisher. */
const details = (world: World, publish: boolean): Readonly<Record<string, unknown>> =>
  [...world.host.sessions.list()].find(({ info }) => info.publish === publish)?.info.describe?.() ?? {};

const pictures = (frames: readonly { frame: Frame }[]) => frames.filter(({ frame }) => frame.track.kind === 'video');

it('above the first threshold nothing is sent again to a player, and again below it', async () => {
  const world = new World();
  const { source, end } = await both(world);
  world.wire.weather = lossy('server');

  world.relief = { ...noRelief, repairs: true };
  await live(world, source, 3, 25, 2);
  const during = Number(details(world, false)['repeated']);
  world.relief = noRelief;
  await live(world, source, 3, 25, 5);
  const after = Number(details(world, false)['repeated']);
  await end();

  expect(during).toBe(0);
  expect(after).toBeGreaterThan(5);
});

it('above the first threshold a publisher is not asked for what was lost', async () => {
  const arrived = async (repairs: boolean): Promise<number> => {
    const world = new World();
    const { source, frames, end } = await both(world);
    world.wire.weather = lossy('publisher');
    world.relief = { ...noRelief, repairs };
    const before = pictures(frames).length;
    await live(world, source, 4, 25, 2);
    const count = pictures(frames).length - before;
    await end();
    return count;
  };

  expect(await arrived(false)).toBeGreaterThan(95);
  expect(await arrived(true)).toBeLessThan(70);
});

it('above the second threshold no arrivals are told to a publisher, and again below it', async () => {
  const world = new World();
  const { source, end } = await both(world);
  const told = async (seconds: number, from: number): Promise<number> => {
    const before = world.wire.sent.get(server.host)?.count ?? 0;
    await live(world, source, seconds, 25, from);
    return (world.wire.sent.get(server.host)?.count ?? 0) - before;
  };

  const normal = await told(4, 2);
  world.relief = { ...noRelief, feedback: true };
  const short = await told(4, 6);
  world.relief = noRelief;
  const again = await told(4, 10);
  await end();

  // Feedback is due every 50 ms, and is then sent with the next packet.
  expect(normal - short).toBeGreaterThan(40);
  expect(Math.abs(again - normal)).toBeLessThan(10);
});

it('above the last threshold players get nothing; below it they go on at a key frame', async () => {
  const world = new World();
  const { source, frames, end } = await both(world);

  world.relief = { repairs: true, feedback: true, players: true };
  await live(world, source, 3, 25, 2);
  const pausedAt = world.clock.now() - fromSeconds(3);
  const during = frames.filter(({ at }) => at > pausedAt + fromMs(200));
  world.relief = noRelief;
  const from = world.clock.now();
  await live(world, source, 3, 25, 5);
  const after = pictures(frames.filter(({ at }) => at > from));
  const left = details(world, false)['left'];
  await end();

  expect(during).toEqual([]);
  expect(left).toBeGreaterThan(50_000);
  expect(after[0]?.frame.key).toBe(true);
  // A second passes at most until it is looked.
  expect(after.length).toBeGreaterThan(45);
});
