// How long a port may let datagrams wait: as long as no connection on it minds.
import { expect, it } from 'vitest';
import { fromMs, type Micros } from '../../../../src/core/base/time.ts';
import { defaultOptions, type SrtConnection } from '../../../../src/core/protocols/srt/index.ts';
import { Ear, World } from './world.ts';

function open() {
  const world = new World();
  const server = world.node();
  server.mux.listen((request) => void request.accept(new Ear(world).events));
  const call = (latency: Micros): SrtConnection => {
    const options = { ...defaultOptions, rcvlatency: latency, peerlatency: latency };
    return world.node().mux.call(server.port.local, options, new Ear(world).events);
  };
  return { world, port: server.port, call };
}

it('is none for a few, and milliseconds for many', () => {
  const { world, port, call } = open();

  for (let i = 0; i < 10; i++) call(fromMs(120));
  world.run(fromMs(3000));
  expect(port.patience).toBe(0);

  for (let i = 0; i < 10; i++) call(fromMs(120));
  world.run(fromMs(3000));
  expect(port.patience).toBe(fromMs(3));
});

it('is less at once when somebody comes who has a short delay, and as before when it has left', () => {
  const { world, port, call } = open();
  for (let i = 0; i < 20; i++) call(fromMs(400));
  world.run(fromMs(3000));

  const hasty = call(fromMs(20));
  world.run(fromMs(100));
  expect(port.patience).toBeLessThan(fromMs(1));

  hasty.close(undefined, 0);
  world.run(fromMs(3000));
  expect(port.patience).toBe(fromMs(3));
});
