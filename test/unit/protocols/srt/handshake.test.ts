// How connections begin, are refused, and end.
import { describe, expect, it } from 'vitest';
import { fromHex, readU32, toHex } from '../../../../src/core/base/bytes.ts';
import { SrsxError } from '../../../../src/core/base/errors.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import {
  type Handshake,
  HandshakeType,
  parseHandshake,
  writeHandshake,
} from '../../../../src/core/protocols/srt/handshake.ts';
import { defaultOptions, Reject, type SrtRequest } from '../../../../src/core/protocols/srt/index.ts';
import {
  bodyOf,
  ControlType,
  controlType,
  isControl,
  writeControl,
} from '../../../../src/core/protocols/srt/packet.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { Ear, numbered, pair, World } from './world.ts';

const passphrase = 'a very good secret';
const other = 'another good secret';

/** Ends of all kinds: what both ears heard when everything is over. */
function attempt(options: Parameters<typeof pair>[1], seconds = 5) {
  const world = new World();
  const both = pair(world, options);
  world.run(fromSeconds(seconds));
  return { ...both, code: both.callerEar.reason?.details['code'], heard: both.callerEar.reason?.code };
}

/** A handshake packet for nobody. */
const packet = (handshake: Handshake): Uint8Array =>
  writeControl({ type: ControlType.handshake, timestamp: 0, destination: 0 }, writeHandshake(handshake));

const plain: Handshake = {
  version: 4,
  encryption: 0,
  extensionField: 2,
  initialSequence: 7,
  mtu: 1500,
  flowWindow: 8192,
  type: HandshakeType.induction,
  socketId: 99,
  cookie: 0,
  peerAddress: new Uint8Array(16),
  extensions: [],
};

describe('the bytes of a handshake', () => {
  it('are those of a captured induction of libsrt 1.5.1', () => {
    // srt-live-transmit file://con srt://127.0.0.1:port, its first datagram.
    const captured = fromHex(
      '80000000 00000000 000005b7 00000000 00000004 00000002 39728d64 000005dc 00002000 00000001 3c3cf29e 00000000 0100007f 00000000 00000000 00000000',
    );
    const handshake = parseHandshake(bodyOf(captured));
    expect(handshake).toMatchObject({ version: 4, extensionField: 2, mtu: 1500, flowWindow: 8192, type: 1, cookie: 0 });
    expect(toHex(writeHandshake(handshake))).toBe(toHex(bodyOf(captured)));
  });

  it.each([
    ['cut', (bytes: Uint8Array) => bytes.subarray(0, 47)],
    ['with an extension that ends behind the packet', (bytes: Uint8Array) => Uint8Array.from([...bytes, 0, 5, 0, 9])],
    [
      'with a capability block that is too short',
      (bytes: Uint8Array) => Uint8Array.from([...bytes, 0, 1, 0, 1, 0, 1, 5, 0]),
    ],
  ])('are refused when %s', (_, damage) => {
    const world = new World();
    const listener = world.node();
    listener.mux.listen(() => expect.fail('asked'));
    const body = damage(writeHandshake({ ...plain, version: 5, extensionField: 1, type: HandshakeType.conclusion }));

    listener.port.onDatagram(writeControl({ type: 0, timestamp: 0, destination: 0 }, body), { host: 'x', port: 1 });

    expect(listener.mux.size).toBe(0);
  });

  it('have the code SRT_HANDSHAKE when damaged', () => {
    expect(() => parseHandshake(new Uint8Array(10))).toThrow(expect.objectContaining({ code: 'SRT_HANDSHAKE' }));
  });
});

describe('a caller and a listener', () => {
  it('agree on the larger delay of both wishes, each way', () => {
    const { callerEar, listenerEar } = attempt({
      caller: { rcvlatency: fromMs(200), peerlatency: fromMs(300) },
      listener: { rcvlatency: fromMs(120), peerlatency: fromMs(500) },
    });

    expect(callerEar.connection?.terms).toMatchObject({ receiveDelay: fromMs(500), sendDelay: fromMs(300) });
    expect(listenerEar.connection?.terms).toMatchObject({ receiveDelay: fromMs(300), sendDelay: fromMs(500) });
  });

  it.each(['', '#!::r=live/livestream,m=publish', 'ä'.repeat(256)])('carry the streamid %j', (streamid) => {
    const { requests, listenerEar } = attempt({ caller: { streamid } });

    expect(requests.map((request) => request.streamid)).toEqual([streamid]);
    expect(listenerEar.connection?.streamid).toBe(streamid);
  });

  it('ask once, however long the answer takes and however often the caller repeats', () => {
    const world = new World();
    let open: SrtRequest | undefined;
    const both = pair(world, { onRequest: (request) => (open = request) });
    world.run(fromMs(1500));
    expect(both.requests).toHaveLength(1);
    open?.accept(both.listenerEar.events);
    expect(open?.accept(both.listenerEar.events), 'only once').toBeUndefined();
    world.run(fromSeconds(1));

    expect(both.callerEar.connection?.state).toBe('connected');
    expect(both.listener.mux.size).toBe(1);
  });

  it('deliver at the right time although the answer took a second', () => {
    const world = new World();
    let open: SrtRequest | undefined;
    const both = pair(world, {
      onRequest: (request) => {
        open = request;
      },
    });
    world.run(fromSeconds(1));
    open?.accept(both.listenerEar.events);
    world.run(fromSeconds(1));
    const sentAt = world.now;
    both.callerEar.connection?.send(numbered(1), both.caller.clock.now());
    world.run(fromSeconds(1));

    expect(Math.abs(both.listenerEar.times[0]! - sentAt - fromMs(135))).toBeLessThan(fromMs(2));
  });

  it('part when the listener chooses options that do not go together', () => {
    const thrown: unknown[] = [];
    const { code, listener } = attempt({
      onRequest: (request, ear) => {
        try {
          request.accept(ear.events, { passphrase: 'short' });
        } catch (error) {
          thrown.push(error);
        }
      },
    });

    expect(thrown).toEqual([expect.objectContaining({ code: 'SRT_OPTION' })]);
    expect(code).toBe(Reject.system);
    expect(listener.mux.size).toBe(0);
  });

  it('end by what a taker of messages throws', () => {
    const world = new World();
    const both = pair(world, {
      onRequest: (request, ear) => {
        const message = (): void => {
          throw new SrsxError({ code: 'SRT_TEST', text: 'not a transport stream' });
        };
        request.accept({ ...ear.events, message });
      },
    });
    world.run(fromSeconds(1));
    for (let i = 0; i < 3; i++) both.callerEar.connection?.send(numbered(i), both.caller.clock.now());
    world.run(fromSeconds(1));

    expect(both.listenerEar.reason?.code).toBe('SRT_TEST');
    expect(both.callerEar.ended).toBe(true);
  });

  it('forget a request that nobody answers', () => {
    const world = new World();
    let open: SrtRequest | undefined;
    const both = pair(world, { onRequest: (request) => (open ??= request), caller: { conntimeo: fromSeconds(20) } });
    world.run(fromSeconds(5));

    expect(open?.open).toBe(false);
    expect(both.requests.length, 'the caller is offered again').toBe(2);
  });

  it.each([
    ['a wrong passphrase', { passphrase }, { passphrase: other }, Reject.badSecret],
    ['no passphrase at the caller', {}, { passphrase }, Reject.unsecure],
    ['no passphrase at the listener', { passphrase }, {}, Reject.unsecure],
    [
      'another cipher than the listener wants',
      { passphrase, cryptomode: 2 },
      { passphrase, cryptomode: 1 },
      Reject.crypto,
    ],
    ['a version below the least', {}, { minversion: 0x020000 }, Reject.version],
  ])('part over %s, and both know why', (_, caller, listener, code) => {
    const result = attempt({ caller, listener });

    expect(result.heard).toBe('SRT_REJECTED');
    expect(result.code).toBe(code);
    expect(result.listenerEar.reason?.code).toBe('SRT_REFUSED');
    expect(result.listenerEar.reason?.details['code']).toBe(code);
    expect(result.listener.mux.size + result.caller.mux.size).toBe(0);
  });

  it('connect with different passphrases when that is not enforced, and what is encrypted stays unread', () => {
    const world = new World();
    const loose = { enforcedencryption: false };
    const both = pair(world, { caller: { passphrase, ...loose }, listener: { passphrase: other, ...loose } });
    world.run(fromSeconds(1));
    both.callerEar.connection?.send(numbered(1), both.caller.clock.now());
    world.run(fromSeconds(1));

    expect(both.listenerEar.payloads).toEqual([]);
    const statistics = both.listenerEar.connection?.statistics(both.listener.clock.now());
    expect(statistics).toMatchObject({ pktRcvUndecryptTotal: 1, pktSentNAKTotal: 0 });
  });

  it('may have a passphrase for each stream, chosen when the streamid is known', () => {
    const secrets = new Map([
      ['a', 'the secret of a'],
      ['b', 'the secret of b'],
    ]);
    const accept = (request: SrtRequest, ear: Ear): void => {
      request.accept(ear.events, { passphrase: secrets.get(request.streamid) ?? '' });
    };
    const right = attempt({ caller: { streamid: 'b', passphrase: 'the secret of b' }, onRequest: accept });
    const wrong = attempt({ caller: { streamid: 'a', passphrase: 'the secret of b' }, onRequest: accept });

    expect(right.callerEar.connection?.state).toBe('connected');
    expect(wrong.code).toBe(Reject.badSecret);
  });

  it('tell the caller a code of the application', () => {
    const { code, callerEar } = attempt({ onRequest: (request) => request.reject(Reject.forbidden) });

    expect(code).toBe(1403);
    expect(callerEar.reason?.message).toContain('forbidden (1403)');
  });

  it('give up after conntimeo when nobody answers', () => {
    const world = new World();
    const node = world.node();
    const ear = new Ear(world);
    node.mux.call({ host: '10.9.9.9', port: 1 }, defaultOptions, ear.events);
    world.run(fromMs(2999));
    expect(ear.ended).toBe(false);
    world.run(fromMs(2));

    expect(ear.reason?.code).toBe('SRT_CONNECT_TIMEOUT');
    expect(world.sent, 'four a second').toBe(12);
  });

  it('end after peeridletimeo without a packet', () => {
    const world = new World();
    const both = pair(world);
    world.run(fromSeconds(30));
    expect(both.listenerEar.ended, 'keep-alives hold it').toBe(false);
    world.filter = () => false;
    world.run(fromSeconds(6));

    expect(both.listenerEar.reason?.code).toBe('SRT_IDLE');
    expect(both.callerEar.reason?.code).toBe('SRT_IDLE');
  });

  it('let the receiver have what was sent before the end, at its time', () => {
    const world = new World();
    const both = pair(world);
    world.run(fromSeconds(1));
    both.callerEar.connection?.send(numbered(0), both.caller.clock.now());
    both.callerEar.connection?.close(undefined, both.caller.clock.now());
    world.run(fromMs(100));
    expect(both.listenerEar.payloads).toHaveLength(0);
    expect(both.listenerEar.connection?.state).toBe('draining');
    expect(both.listenerEar.connection?.deadline, 'nothing is left to do').toBeGreaterThan(both.listener.clock.now());
    world.run(fromMs(36));

    expect(both.listenerEar.payloads).toHaveLength(1);
    expect(both.listenerEar.ended).toBe(true);
    expect(both.listenerEar.reason).toBeUndefined();
  });

  it('connect although the first answer to the conclusion is lost', () => {
    const world = new World();
    let conclusions = 0;
    world.filter = (datagram) => {
      const answer =
        isControl(datagram) &&
        controlType(datagram) === 0 &&
        readU32(datagram, 36) === HandshakeType.conclusion &&
        readU32(datagram, 12) !== 0;
      return !answer || ++conclusions > 1;
    };
    const both = pair(world);
    world.run(fromSeconds(2));

    expect(both.callerEar.connection?.state).toBe('connected');
    expect(both.requests).toHaveLength(1);
    expect(both.listener.mux.size).toBe(1);
  });
});

describe('a rendezvous', () => {
  const meet = (a: object, b: object, loss = 0, seed = 1) => {
    const world = new World({ loss }, seed);
    const [left, right] = [world.node(), world.node(0, fromMs(50), new SeedRng(9))];
    const [leftEar, rightEar] = [new Ear(world), new Ear(world)];
    leftEar.connection = left.mux.rendezvous(right.port.local, { ...defaultOptions, ...a }, leftEar.events);
    world.run(fromMs(400));
    rightEar.connection = right.mux.rendezvous(left.port.local, { ...defaultOptions, ...b }, rightEar.events);
    world.run(fromSeconds(8));
    return { world, left, right, leftEar, rightEar };
  };

  it.each([1, 2, 3, 4])('connects with losses and sends both ways (seed %i)', (seed) => {
    const { world, left, right, leftEar, rightEar } = meet({ passphrase }, { passphrase }, 0.3, seed);
    world.traits = { ...world.traits, loss: 0 };
    expect([leftEar.connection?.state, rightEar.connection?.state]).toEqual(['connected', 'connected']);
    leftEar.connection?.send(numbered(1), left.clock.now());
    rightEar.connection?.send(numbered(2), right.clock.now());
    world.run(fromSeconds(2));

    expect(rightEar.numbers).toEqual([1]);
    expect(leftEar.numbers).toEqual([2]);
  });

  it('fails over different passphrases', () => {
    const { leftEar, rightEar } = meet({ passphrase }, { passphrase: other });

    expect([leftEar.reason?.details['code'], rightEar.reason?.details['code']]).toEqual([10, 10]);
  });

  it.each([
    ['the one end', { minversion: 0x020000 }, {}],
    ['the other end', {}, { minversion: 0x020000 }],
  ])('fails when the peer of %s is below its least version', (_, a, b) => {
    const { leftEar, rightEar } = meet(a, b);

    expect([leftEar.reason?.code, rightEar.reason?.code].sort()).toEqual(['SRT_REFUSED', 'SRT_REJECTED']);
    expect([leftEar, rightEar].map(({ reason }) => reason?.details['code'])).toEqual([Reject.version, Reject.version]);
  });

  it('times out after ten times conntimeo', () => {
    const world = new World();
    const ear = new Ear(world);
    world
      .node()
      .mux.rendezvous({ host: '10.9.9.9', port: 1 }, { ...defaultOptions, conntimeo: fromSeconds(1) }, ear.events);
    world.run(fromSeconds(9));
    expect(ear.ended).toBe(false);
    world.run(fromSeconds(2));

    expect(ear.reason?.code).toBe('SRT_CONNECT_TIMEOUT');
  });
});

describe('an old peer, from before libsrt 1.3', () => {
  /** Makes a caller speak version 4, by showing it an old listener's induction. */
  const old = (options: Parameters<typeof pair>[1] = {}) => {
    const world = new World();
    const both = pair(world, options);
    world.filter = (datagram) => {
      const induction = isControl(datagram) && controlType(datagram) === 0 && readU32(datagram, 36) === 1;
      if (induction && readU32(datagram, 12) !== 0) datagram.set([0, 0, 0, 4, 0, 0, 0, 2], 16);
      return true;
    };
    world.run(fromSeconds(1));
    return both;
  };

  it('is connected without extensions, and asked for its delays with the first message', () => {
    const both = old({ listener: { rcvlatency: fromMs(300) } });
    expect(both.callerEar.connection?.terms).toBeUndefined();
    both.world.every(fromMs(10), 100, (index) =>
      both.callerEar.connection?.send(numbered(index), both.caller.clock.now()),
    );
    both.world.run(fromSeconds(3));

    expect(both.callerEar.connection?.terms).toMatchObject({ sendDelay: fromMs(300) });
    expect(both.listenerEar.connection?.terms).toMatchObject({ receiveDelay: fromMs(300) });
    expect(both.listenerEar.numbers).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('gets the keys in a control packet', () => {
    const both = old({ caller: { passphrase }, listener: { passphrase } });
    both.world.every(fromMs(10), 100, (index) =>
      both.callerEar.connection?.send(numbered(index), both.caller.clock.now()),
    );
    both.world.run(fromSeconds(3));

    expect(both.listenerEar.numbers.at(-1)).toBe(99);
    expect(both.listenerEar.numbers.length).toBeGreaterThan(95);
  });
});

describe('strangers at a listener', () => {
  const conclusion: Handshake = {
    ...plain,
    version: 5,
    extensionField: 0,
    type: HandshakeType.conclusion,
    cookie: 1234,
  };
  const from = { host: '10.3.2.1', port: 5 };

  it('leave nothing behind, though a hundred thousand send inductions', () => {
    const world = new World();
    const { mux, port } = world.node();
    mux.listen(() => expect.fail('asked'));
    const induction = packet(plain);
    // The answers go nowhere, or the network of the test would be what grows.
    world.filter = () => false;
    for (let i = 0; i < 100_000; i++) {
      port.onDatagram(induction, { host: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, port: 9000 });
    }

    expect(world.sent, 'one answer each').toBe(100_000);
    expect(mux.size).toBe(0);
    expect(mux.connections).toEqual([]);
  });

  it('get no answer to a conclusion without an induction, with a cookie of another or of long ago', () => {
    const world = new World();
    const { mux, port } = world.node();
    let asked = 0;
    mux.listen(() => asked++);
    const cookies: number[] = [];
    world.filter = (datagram) => {
      cookies.push(parseHandshake(bodyOf(datagram)).cookie);
      return false;
    };
    port.onDatagram(packet(conclusion), from);
    expect(cookies).toEqual([]);
    port.onDatagram(packet(plain), from);
    const cookie = cookies[0]!;
    port.onDatagram(packet({ ...conclusion, cookie }), { ...from, port: 6 });
    world.run(fromSeconds(121));
    port.onDatagram(packet({ ...conclusion, cookie }), from);

    expect(asked).toBe(0);
    expect(cookies).toHaveLength(1);
    port.onDatagram(packet(plain), from);
    port.onDatagram(packet({ ...conclusion, cookie: cookies[1]! }), from);
    expect(asked).toBe(1);
  });

  it('may use a cookie for a minute', () => {
    const world = new World();
    const { mux, port } = world.node();
    let asked = 0;
    mux.listen(() => asked++);
    let cookie = 0;
    world.filter = (datagram) => {
      cookie = parseHandshake(bodyOf(datagram)).cookie;
      return false;
    };
    world.run(fromSeconds(59));
    port.onDatagram(packet(plain), from);
    world.run(fromSeconds(50));
    port.onDatagram(packet({ ...conclusion, cookie }), from);

    expect(asked).toBe(1);
  });

  it('are refused above the limit of waiting requests', () => {
    const world = new World();
    const { mux, port } = world.node();
    let asked = 0;
    mux.listen(() => asked++);
    const answers: Handshake[] = [];
    world.filter = (datagram) => {
      answers.push(parseHandshake(bodyOf(datagram)));
      return false;
    };
    for (let i = 0; i < 1500; i++) {
      port.onDatagram(packet(plain), { ...from, port: i + 1 });
      port.onDatagram(packet({ ...conclusion, cookie: answers.at(-1)!.cookie }), { ...from, port: i + 1 });
    }

    expect(asked).toBe(1024);
    expect(answers.at(-1)?.type).toBe(1000 + Reject.backlog);
  });

  it('cannot speak for a peer from another address', () => {
    const { listener, listenerEar, callerEar, caller, world } = attempt({});
    const nat = { ...caller.port.local, port: 4321 };
    const shutdown = writeControl({
      type: ControlType.shutdown,
      timestamp: 0,
      destination: listenerEar.connection!.socketId,
    });
    for (const other of [from, nat]) listener.port.onDatagram(shutdown, other);
    callerEar.connection?.send(numbered(3), caller.clock.now());
    world.run(fromSeconds(1));

    expect(listenerEar.numbers).toEqual([3]);
    expect(listener.mux.strays).toBeGreaterThan(0);
  });

  it('that want bonding, a filter or file mode are told that there is none', () => {
    const world = new World();
    const { mux, port } = world.node();
    mux.listen(() => expect.fail('asked'));
    const answers: Handshake[] = [];
    world.filter = (datagram) => {
      answers.push(parseHandshake(bodyOf(datagram)));
      return false;
    };
    port.onDatagram(packet(plain), from);
    const cookie = answers[0]!.cookie;
    const ask = (type: number, content: Uint8Array): void =>
      port.onDatagram(packet({ ...conclusion, cookie, extensionField: 4, extensions: [{ type, content }] }), from);
    ask(6, fromHex('656c6966'));
    ask(7, fromHex('00636566'));
    ask(8, new Uint8Array(8));

    expect(answers.slice(1).map(({ type }) => type - 1000)).toEqual([Reject.congestion, Reject.filter, Reject.group]);
  });
});

it('ends every connection when the multiplexer closes', () => {
  const { listener, listenerEar, callerEar, world } = attempt({});
  listener.mux.close(new SrsxError({ code: 'SRT_TEST', text: 'closing' }));
  world.run(fromSeconds(1));

  expect(listenerEar.reason?.message).toBe('closing');
  expect(callerEar.ended).toBe(true);
  expect(callerEar.reason).toBeUndefined();
});
