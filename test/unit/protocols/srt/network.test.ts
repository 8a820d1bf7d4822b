// Whole connections over a bad network in virtual time. SEED=n replays another network.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { defaultOptions } from '../../../../src/core/protocols/srt/index.ts';
import { ControlType, controlType, isControl } from '../../../../src/core/protocols/srt/packet.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { Ear, type LinkTraits, numbered, type Pair, type PairOptions, pair, World } from './world.ts';

/** 190 messages a second are 2 Mbit/s. */
const PERIOD = fromMs(5);

interface Run extends PairOptions {
  readonly traits?: Partial<LinkTraits>;
  readonly messages: number;
  readonly latencyMs?: number;
  readonly seed?: number;
}

/** The caller sends, then ends in order. */
function transfer({ traits, messages, latencyMs = 120, seed, ...options }: Run): Pair {
  const world = new World({}, seed);
  const rcvlatency = fromMs(latencyMs);
  const both = pair(world, { ...options, listener: { rcvlatency, ...options.listener } });
  world.run(fromSeconds(2));
  expect(both.callerEar.connection?.state, `connected, seed ${world.seed}`).toBe('connected');
  world.traits = { ...world.traits, ...traits };
  world.every(PERIOD, messages, (index) => {
    both.callerEar.connection?.send(numbered(index, 64 + (index % 1200)), both.caller.clock.now());
  });
  world.run(PERIOD * messages);
  both.callerEar.connection?.finish(both.caller.clock.now());
  world.run(fromSeconds(5));
  return both;
}

const all = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function expectEverything({ listenerEar, world }: Pair, messages: number): void {
  expect(listenerEar.numbers, `seed ${world.seed}`).toEqual(all(messages));
  for (const [index, payload] of listenerEar.payloads.entries()) {
    if (Buffer.compare(payload, numbered(index, 64 + (index % 1200))) !== 0) expect.fail(`message ${index} differs`);
  }
}

describe('a connection over a bad network', () => {
  it.each([1, 2, 3, 4, 5])('loses nothing at 10 % loss with a delay of four round trips (seed %i)', (seed) => {
    const done = transfer({ traits: { loss: 0.1, delayMs: 15 }, messages: 12_000, seed });

    expectEverything(done, 12_000);
  });

  it('drops only what is too late at 20 % loss in bursts, and both ends account for the same packets', () => {
    const done = transfer({ traits: { loss: 0.2, burst: 12, delayMs: 15 }, messages: 12_000 });

    const { numbers } = done.listenerEar;
    const sent = done.callerEar.connection!.statistics(done.caller.clock.now());
    const got = done.listenerEar.connection!.statistics(done.listener.clock.now());
    expect(numbers, 'in order, none twice').toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(numbers.length).toBeGreaterThan(10_500);
    expect(sent.pktSentUniqueTotal).toBe(12_000);
    expect(got.pktRcvDropTotal).toBe(12_000 - numbers.length);
    expect(got.pktRecvUniqueTotal).toBe(numbers.length);
    expect(got.pktRcvDropTotal).toBeGreaterThan(0);
    expect(sent.pktRetransTotal).toBeGreaterThan(2000);
  });

  it('delivers once and in order in spite of duplicates, reordering and 100 ms of jitter', () => {
    const done = transfer({ traits: { jitterMs: 100, duplicates: 0.2, delayMs: 20 }, messages: 6000, latencyMs: 400 });

    expectEverything(done, 6000);
  });

  it('does not report overtaken packets as lost within lossmaxttl', () => {
    const traits = { jitterMs: 40, delayMs: 20 };
    const eager = transfer({ traits, messages: 3000, latencyMs: 400, listener: { nakreport: false } });
    const patient = transfer({
      traits,
      messages: 3000,
      latencyMs: 400,
      listener: { lossmaxttl: 20, nakreport: false },
    });

    const again = ({ callerEar, caller }: Pair) => callerEar.connection!.statistics(caller.clock.now()).pktRetransTotal;
    expectEverything(patient, 3000);
    expect(again(eager)).toBeGreaterThan(500);
    expect(again(patient)).toBeLessThan(again(eager) / 10);
  });

  it('wraps sequence numbers in the middle of losses', () => {
    const rng = new SeedRng(5);
    const callerRng = {
      bytes: (size: number) => rng.bytes(size),
      below: (limit: number) => (limit === 2 ** 31 ? limit - 500 : rng.below(limit)),
    };

    const done = transfer({ traits: { loss: 0.05 }, messages: 2000, callerRng });

    expectEverything(done, 2000);
  });

  it('recovers the last packet of a burst, which nothing follows', () => {
    const world = new World();
    const both = pair(world);
    world.run(fromSeconds(1));
    let data = 0;
    world.filter = (datagram) => (datagram[0]! & 0x80) !== 0 || ++data !== 10;
    for (let i = 0; i < 10; i++) both.callerEar.connection?.send(numbered(i), both.caller.clock.now());
    world.run(fromSeconds(1));

    expect(both.listenerEar.numbers).toEqual(all(10));
  });

  it('acknowledges a burst by light ACKs, and a single message until the peer has confirmed that', () => {
    const world = new World();
    const both = pair(world);
    world.run(fromSeconds(1));
    const acks = () => both.listenerEar.connection!.statistics(both.listener.clock.now()).pktSentACKTotal;
    both.callerEar.connection?.send(numbered(0), both.caller.clock.now());
    world.run(fromSeconds(5));
    expect(acks()).toBe(1);
    for (let i = 0; i < 640; i++) both.callerEar.connection?.send(numbered(i), both.caller.clock.now());
    world.run(fromMs(15));

    expect(acks()).toBe(11);
  });

  it('acknowledges and keeps alive on time while datagrams come less than a millisecond apart', () => {
    const world = new World();
    const both = pair(world);
    const idleEar = new Ear(world);
    const idle = world.node();
    idle.mux.call(both.listener.port.local, defaultOptions, idleEar.events);
    world.run(fromSeconds(2));
    const answers = { fullAcks: 0, keepAlives: 0 };
    world.filter = (datagram, from, to) => {
      if (from.port !== both.listener.port.local.port || !isControl(datagram)) return true;
      const type = controlType(datagram);
      if (type === ControlType.ack && to.port === both.caller.port.local.port && datagram.length > 20) {
        answers.fullAcks++;
      }
      if (type === ControlType.keepAlive && to.port === idle.port.local.port) answers.keepAlives++;
      return true;
    };
    world.every(500, 4000, (index) => both.callerEar.connection?.send(numbered(index, 188), both.caller.clock.now()));
    world.run(fromSeconds(2));

    expect(answers.fullAcks, 'one in 10 ms, or 11 ms by the grain of the timer').toBeGreaterThan(170);
    expect(answers.keepAlives).toBeGreaterThanOrEqual(1);
  });

  it('repeats an ACK whose answer is lost', () => {
    const world = new World();
    const both = pair(world);
    world.run(fromSeconds(1));
    world.filter = (datagram) => datagram[1] !== 6;
    both.callerEar.connection?.send(numbered(0), both.caller.clock.now());
    world.run(fromSeconds(3));

    const { pktSentACKTotal } = both.listenerEar.connection!.statistics(both.listener.clock.now());
    expect(pktSentACKTotal).toBeGreaterThan(3);
  });

  it('forgets the tolerance of reordering that does not come, and learns it again', () => {
    const world = new World();
    const both = pair(world, { listener: { lossmaxttl: 10 } });
    world.run(fromSeconds(1));
    const tolerance = () => both.listenerEar.connection!.statistics(both.listener.clock.now()).pktReorderTolerance;
    const send = (count: number): void => {
      world.every(fromMs(5), count, (index) =>
        both.callerEar.connection?.send(numbered(index), both.caller.clock.now()),
      );
      world.run(fromMs(5) * (count + 4));
    };
    expect(tolerance()).toBe(10);
    send(600);
    expect(tolerance()).toBe(0);
    world.traits = { ...world.traits, jitterMs: 30 };
    send(100);

    expect(tolerance()).toBeGreaterThan(2);
  });

  it.each([100, -100])(
    'keeps the delay within 2 ms for two hours at %i ppm, across the wrap of time stamps',
    (callerPpm) => {
      const world = new World();
      const both = pair(world, { callerPpm });
      world.run(fromSeconds(1));
      const period = fromMs(50);
      const count = (2 * 3600 * 1000) / 50;
      const sentAt = new Float64Array(count);
      let worst = 0;
      let seen = 0;
      both.listenerEar.connection = both.listener.mux.connections[0];
      const wanted = fromMs(120 + 15);
      both.listenerEar.payloads.push = (payload) => {
        const index = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
        worst = Math.max(worst, Math.abs(world.now - sentAt[index]! - wanted));
        return ++seen;
      };
      world.every(period, count, (index) => {
        sentAt[index] = world.now;
        both.callerEar.connection?.send(numbered(index, 188), both.caller.clock.now());
      });
      world.run(period * count + fromSeconds(1));

      expect(seen).toBe(count);
      expect(worst).toBeLessThan(fromMs(2));
    },
  );

  const ciphers = [16, 24, 32].flatMap((pbkeylen) => [1, 2].map((cryptomode) => ({ pbkeylen, cryptomode })));
  it.each(ciphers)('encrypts with $pbkeylen bytes in mode $cryptomode, with new keys in mid-stream', (cipher) => {
    const passphrase = 'a very good secret';
    const options = { ...cipher, passphrase, kmrefreshrate: 400, kmpreannounce: 100, payloadsize: 1316 };
    const done = transfer({
      traits: { loss: 0.03 },
      messages: 3000,
      caller: options,
      listener: { passphrase },
      latencyMs: 200,
    });

    expectEverything(done, 3000);
    const got = done.listenerEar.connection!.statistics(done.listener.clock.now());
    expect(got.pktRcvUndecryptTotal).toBe(0);
  });

  it('sends both ways with the keys of the caller', () => {
    const passphrase = 'a very good secret';
    const world = new World({ loss: 0.02 });
    const options = { passphrase, kmrefreshrate: 300, kmpreannounce: 60 };
    const both = pair(world, {
      caller: options,
      listener: { ...options, rcvlatency: fromMs(200), peerlatency: fromMs(200) },
    });
    world.run(fromSeconds(2));
    world.every(PERIOD, 2000, (index) => {
      both.callerEar.connection?.send(numbered(index), both.caller.clock.now());
      both.listenerEar.connection?.send(numbered(index), both.listener.clock.now());
    });
    world.run(fromSeconds(12));

    expect(both.listenerEar.numbers).toEqual(all(2000));
    expect(both.callerEar.numbers).toEqual(all(2000));
  });

  it('holds to maxbw, and drops at the sender what is too late then', () => {
    const done = transfer({ messages: 4000, caller: { maxbw: 60_000 } });

    const sent = done.callerEar.connection!.statistics(done.caller.clock.now());
    const seconds = 4000 * 0.005 + 5;
    expect(sent.byteSentTotal).toBeLessThan(60_000 * seconds * 1.05);
    expect(sent.pktSndDropTotal).toBeGreaterThan(1000);
    expect(done.listenerEar.numbers).toEqual([...new Set(done.listenerEar.numbers)].sort((a, b) => a - b));
  });

  it('follows the input rate with maxbw=0', () => {
    const world = new World();
    const both = pair(world, { caller: { maxbw: 0, oheadbw: 25 } });
    world.run(fromSeconds(1));
    world.every(PERIOD, 1000, (index) => both.callerEar.connection?.send(numbered(index), both.caller.clock.now()));
    world.run(fromSeconds(6));

    const sent = both.callerEar.connection!.statistics(both.caller.clock.now());
    expect(both.listenerEar.numbers).toEqual(all(1000));
    // 200 messages of 1360 bytes with headers a second, and a quarter more.
    expect(sent.mbpsMaxBW).toBeCloseTo((200 * 1360 * 8 * 1.25) / 1e6, 1);
  });
});
