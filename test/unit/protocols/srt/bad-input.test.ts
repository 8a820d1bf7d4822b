// A hostile peer of a connection that stands: lies are counted, and have no other effect.
import { describe, expect, it } from 'vitest';
import { fromHex, writeU32 } from '../../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { ExtensionType } from '../../../../src/core/protocols/srt/extension.ts';
import { parseHandshake } from '../../../../src/core/protocols/srt/handshake.ts';
import { parseKeyMaterial, writeKeyMaterial } from '../../../../src/core/protocols/srt/key-material.ts';
import { findExtension } from '../../../../src/core/protocols/srt/negotiation.ts';
import {
  bodyOf,
  ControlType,
  controlSubtype,
  controlType,
  isControl,
  sequenceOf,
  timestampOf,
  writeControl,
  writeDataHeader,
} from '../../../../src/core/protocols/srt/packet.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { numbered, pair, World } from './world.ts';

const passphrase = 'a very good secret';

/** The salt of the keys in a handshake, which anybody on the way can read. */
function saltOf(datagram: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (!isControl(datagram) || controlType(datagram) !== ControlType.handshake) return undefined;
  const message = findExtension(parseHandshake(bodyOf(datagram)), ExtensionType.keyMaterialRequest);
  return message === undefined ? undefined : new Uint8Array(parseKeyMaterial(message).salt);
}

/** A connected pair; `strike` sends to the listener's end with the caller's address. */
function victim(options: Parameters<typeof pair>[1] = {}) {
  const world = new World();
  const both = pair(world, options);
  let last = { sequence: 0, timestamp: 0 };
  let salt = new Uint8Array(0);
  world.filter = (datagram, from) => {
    salt = saltOf(datagram) ?? salt;
    if ((datagram[0]! & 0x80) === 0 && from.port === both.caller.port.local.port) {
      last = { sequence: sequenceOf(datagram), timestamp: timestampOf(datagram) };
    }
    return true;
  };
  world.run(fromSeconds(1));
  both.callerEar.connection?.send(numbered(0), both.caller.clock.now());
  both.listenerEar.connection?.send(numbered(0), both.listener.clock.now());
  world.run(fromSeconds(1));
  const target = both.listenerEar.connection!;
  const strike = (datagram: Uint8Array): void => both.listener.port.onDatagram(datagram, both.caller.port.local);
  const control = (type: number, body: Uint8Array, number = 0, subtype = 0): void =>
    strike(writeControl({ type, subtype, number, timestamp: 0, destination: target.socketId }, body));
  const data = (sequence: number, timestamp = last.timestamp): void => {
    const packet = new Uint8Array(216);
    writeDataHeader(packet, { sequence, message: 1, key: 0, timestamp, destination: target.socketId });
    strike(packet);
  };
  /** Whether media still passes both ways. */
  const works = (): void => {
    const before = both.listenerEar.payloads.length;
    const back = both.callerEar.payloads.length;
    both.callerEar.connection?.send(numbered(7), both.caller.clock.now());
    both.listenerEar.connection?.send(numbered(8), both.listener.clock.now());
    world.run(fromSeconds(2));
    expect(both.listenerEar.payloads.length).toBe(before + 1);
    expect(both.callerEar.payloads.length).toBe(back + 1);
    expect(target.state).toBe('connected');
  };
  const statistics = () => target.statistics(both.listener.clock.now());
  return { ...both, world, target, strike, control, data, works, statistics, last: () => last, salt: () => salt };
}

const words = (...values: number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 4);
  for (const [index, value] of values.entries()) writeU32(bytes, index * 4, value);
  return bytes;
};

describe('a connection is not harmed by', () => {
  it('acknowledgements of what was never sent', () => {
    const { control, works, statistics, last } = victim();
    control(ControlType.ack, words(last().sequence + 1_000_000), 1);
    control(ControlType.ack, words(0x7fffffff), 0xffffffff);
    control(ControlType.ack, new Uint8Array(2));
    control(ControlType.ackAck, new Uint8Array(4), 0xffffffff);
    control(ControlType.ackAck, new Uint8Array(4), 77);

    expect(statistics().pktInvalidTotal).toBeGreaterThanOrEqual(2);
    works();
  });

  it('loss reports that run back, end early, or name what was never sent', () => {
    const { control, works, statistics, last } = victim();
    const { sequence } = last();
    control(ControlType.nak, words(0x80000009, 1));
    control(ControlType.nak, words(0x80000000 + sequence));
    control(ControlType.nak, words(0x80000000 + sequence, sequence + 100_000));
    control(ControlType.nak, new Uint8Array(0));
    control(ControlType.nak, new Uint8Array(1400).fill(0xff));

    expect(statistics()).toMatchObject({ pktInvalidTotal: 5, pktRetransTotal: 0 });
    works();
  });

  it('drop requests that lie about the range', () => {
    const { control, works, statistics, last } = victim();
    const { sequence } = last();
    control(ControlType.dropRequest, words(9, 1));
    control(ControlType.dropRequest, words(0xffffffff, 0xffffffff));
    control(ControlType.dropRequest, words(1));
    const before = statistics().pktRcvDropTotal;
    control(ControlType.dropRequest, words(sequence + 2 ** 29, sequence + 2 ** 29 + 2 ** 28));
    control(ControlType.dropRequest, words(Math.max(0, sequence - 2 ** 28), sequence));

    expect(statistics().pktInvalidTotal).toBe(3);
    expect(statistics().pktRcvDropTotal, 'outside the window nothing is given up').toBe(before);
    works();
  });

  it('a drop request of a thousand million packets costs no more than the window', () => {
    const { control, last, statistics, world, target } = victim();
    const { sequence } = last();
    const started = performance.now();
    for (let i = 0; i < 50; i++) control(ControlType.dropRequest, words(sequence + 1, sequence + 2 ** 29));

    expect(performance.now() - started).toBeLessThan(2000);
    expect(statistics().pktRcvDropTotal).toBeLessThanOrEqual(8192);
    world.run(fromSeconds(1));
    expect(target.state).toBe('connected');
  });

  it('data far ahead, behind, or with a time of tomorrow', () => {
    const { data, works, statistics, last } = victim();
    const { sequence } = last();
    data((sequence + 2 ** 30 - 5) & 0x7fffffff);
    data((sequence + 9000) & 0x7fffffff);
    data((sequence - 1000) & 0x7fffffff);

    expect(statistics()).toMatchObject({ pktRcvLossTotal: 0, pktRcvBelatedTotal: 1 });
    works();
  });

  it('key material that is damaged, or longer than any', () => {
    const { control, works, statistics } = victim({ caller: { passphrase }, listener: { passphrase } });
    for (const subtype of [ExtensionType.keyMaterialRequest, ExtensionType.keyMaterialResponse]) {
      control(ControlType.userDefined, new Uint8Array(1352), 0, subtype);
      control(ControlType.userDefined, new Uint8Array(1484).fill(0x12), 0, subtype);
      control(ControlType.userDefined, new Uint8Array(0), 0, subtype);
      control(ControlType.userDefined, fromHex('12202903'), 0, subtype);
    }

    expect(statistics().pktInvalidTotal).toBe(4);
    works();
  });

  it('a flood of key material with new salts, each of which would cost a derivation', () => {
    const { control, works } = victim({ caller: { passphrase }, listener: { passphrase } });
    const rng = new SeedRng(3);
    const started = performance.now();
    for (let i = 0; i < 5000; i++) {
      const keys = { keys: 1, cipher: 2, salt: rng.bytes(16), keyBytes: 32, wrapped: rng.bytes(40) };
      control(ControlType.userDefined, writeKeyMaterial(keys), 0, ExtensionType.keyMaterialRequest);
    }

    expect(performance.now() - started).toBeLessThan(1500);
    works();
  });

  it('a flood of key material with the known salt and other key lengths', () => {
    const { control, works, world, listener, salt } = victim({ caller: { passphrase }, listener: { passphrase } });
    const rng = new SeedRng(3);
    let refused = 0;
    world.filter = (datagram, from) => {
      const answer = controlSubtype(datagram) === ExtensionType.keyMaterialResponse && isControl(datagram);
      if (answer && from.port === listener.port.local.port) refused++;
      return true;
    };
    expect(salt()).toHaveLength(16);
    for (let i = 0; i < 50; i++) {
      const keyBytes = i % 2 === 0 ? 24 : 32;
      const keys = { keys: 1, cipher: 2, salt: salt(), keyBytes, wrapped: rng.bytes(keyBytes + 8) };
      control(ControlType.userDefined, writeKeyMaterial(keys), 0, ExtensionType.keyMaterialRequest);
    }

    expect(refused, 'one derivation, which shows that the secret does not fit').toBe(1);
    works();
  });

  it('plain packets among encrypted ones', () => {
    const { data, works, statistics, last } = victim({ caller: { passphrase }, listener: { passphrase } });
    data(last().sequence + 1);

    expect(statistics().pktRcvUndecryptTotal).toBe(1);
    works();
  });

  it('handshakes, stubs and noise', () => {
    const { strike, control, works, target } = victim();
    const rng = new SeedRng(8);
    for (let i = 0; i < 2000; i++) {
      const noise = rng.bytes(rng.below(200));
      if (noise.length >= 16) writeU32(noise, 12, target.socketId);
      // A shutdown would be believed.
      if (noise[0] === 0x80 && noise[1] === 5) continue;
      strike(noise);
    }
    control(ControlType.handshake, new Uint8Array(48));
    control(ControlType.congestionWarning, new Uint8Array(0));
    control(ControlType.peerError, new Uint8Array(0));

    expect(target.state).toBe('connected');
    works();
  });
});

it('a sender whose peer acknowledges nothing holds no more than its buffer', () => {
  const { world, callerEar, caller } = victim({
    caller: { sndbuf: 100 * 1472, snddropdelay: fromMs(60_000), peeridletimeo: fromSeconds(60) },
  });
  world.filter = () => false;
  let taken = 0;
  for (let i = 0; i < 500; i++) if (callerEar.connection?.send(numbered(i), caller.clock.now())) taken++;

  expect(taken).toBe(100);
  expect(callerEar.connection?.statistics(caller.clock.now()).pktSndDropTotal).toBe(400);
});

it('a full table of socket ids is an error of ours', async () => {
  const { SrtMultiplexer, defaultOptions } = await import('../../../../src/core/protocols/srt/index.ts');
  const { silentLog } = await import('../../../../src/core/base/log.ts');
  const world = new World();
  const rng = { bytes: (size: number) => new Uint8Array(size), below: () => 5 };
  const mux = new SrtMultiplexer({ port: world.port(), clock: world.clock(), rng, log: silentLog });
  const events = { message: () => undefined, ended: () => undefined };
  mux.call({ host: '10.0.0.9', port: 1 }, defaultOptions, events);

  expect(() => mux.call({ host: '10.0.0.9', port: 1 }, defaultOptions, events)).toThrow(
    expect.objectContaining({ code: 'SRT_ID' }),
  );
});

it('a peer that takes only short messages gets no long ones, and they harm nobody who sends to many', () => {
  const world = new World();
  const both = pair(world, { caller: { mss: 200, payloadsize: 100 } });
  world.run(fromSeconds(1));
  const sender = both.listenerEar.connection!;
  const now = both.listener.clock.now();

  expect(sender.sendAll([numbered(1, 100), numbered(2, 1316), numbered(3, 100)], now)).toBe(1);
  expect(sender.sendAll([numbered(4, 100), new Uint8Array(0)], now)).toBe(1);
  world.run(fromSeconds(1));

  expect(both.callerEar.numbers).toEqual([1, 4]);
  expect(sender.state).toBe('connected');
  expect(sender.statistics(now).pktSndDropTotal).toBe(3);
});
