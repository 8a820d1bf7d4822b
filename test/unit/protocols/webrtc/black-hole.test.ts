// The copy of publishers' RTP in the clear: what is in it, where it goes, and that it cannot come back.
import { expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { parsePacket } from '../../../../src/core/wire/rtp/index.ts';
import { live, server, World } from './world.ts';

const address = { host: '10.0.9.9', port: 9000 };
const on = (addr: string): string => `black_hole { enabled on; addr ${addr}; }`;

/** A publisher for a second, and the datagrams that came to an address. */
async function published(world: World, at = address) {
  const got: Uint8Array[] = [];
  world.wire.open(at).onDatagram = (datagram) => void got.push(datagram.slice());
  await world.rtc.openBlackHole();
  const stop = new AbortController();
  const source = world.stream();
  const end = world.publisher('a', source, stop.signal);
  await live(world, source, 2);
  return {
    got,
    source,
    end: async () => {
      stop.abort();
      await world.run(fromMs(500));
      await end;
    },
  };
}

it('gets each packet of a publisher in the clear', async () => {
  const world = new World({ settings: on('10.0.9.9:9000') });
  const { got, end } = await published(world);
  await end();

  const packets = got.map((datagram) => parsePacket(datagram));
  // The picture of the builder has its own bytes in each slice; encrypted, nobody would find them.
  const slices = packets.filter(({ payload }) => payload.includes(0x5a) && payload.length > 500);
  expect(packets.length).toBeGreaterThan(100);
  expect(new Set(packets.map(({ ssrc }) => ssrc)).size).toBe(2);
  expect(slices.length).toBeGreaterThan(20);
});

it('is off by default, and switched by a reload', async () => {
  const world = new World();
  const { got, source, end } = await published(world);
  const before = got.length;

  world.settings.replace(settingsOf(`rtc_server { ${on('10.0.9.9:9000')} } vhost __defaultVhost__ {}`).config);
  await live(world, source, 1, 25, 2);
  const during = got.length;
  world.settings.replace(settingsOf('vhost __defaultVhost__ {}').config);
  await world.run(fromMs(50));
  const stopped = got.length;
  await live(world, source, 1, 25, 3);
  await end();

  expect(before).toBe(0);
  expect(during).toBeGreaterThan(50);
  expect(got.length).toBe(stopped);
});

it('is never our own port', async () => {
  const world = new World({ settings: on(`${server.host}:${server.port}`) });
  const { end } = await published(world, { host: '10.0.9.8', port: 1 });
  await end();

  // The good-bye of a session that is gone, at most.
  expect(world.rtc.port.strays).toBeLessThan(5);
  expect(world.lines.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^the black hole is our own port/));
});

it('leaves no socket behind', async () => {
  const world = new World({ settings: on('10.0.9.9:9000') });
  const { end } = await published(world);
  await end();

  world.rtc.close();

  // That of the test.
  expect(world.wire.ports).toBe(1);
});
