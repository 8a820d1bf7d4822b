// What somebody who knows nothing can do to the port: nothing that costs more than it cost him.
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { silentLog } from '../../../../src/core/base/log.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { everyCodec, writeOffer } from '../../../../src/core/protocols/webrtc/offer.ts';
import { RtcPort } from '../../../../src/core/protocols/webrtc/port.ts';
import { DtlsEndpoint } from '../../../../src/core/wire/dtls/index.ts';
import { FrameReader } from '../../../../src/core/wire/rtp/index.ts';
import { parseSdp } from '../../../../src/core/wire/sdp/index.ts';
import { stunType, writeStun } from '../../../../src/core/wire/stun/index.ts';
import { FakeLink, VirtualClock } from '../../../tools/fakes.ts';
import { identityForTests } from './identity.ts';
import { server, World } from './world.ts';

const enemy = { host: '203.0.113.9', port: 666 };
const friend = { host: '198.51.100.2', port: 4000 };
const transaction = new Uint8Array(12).fill(9);

describe('a session that waits for its peer', () => {
  let world: World;
  let ice: { ufrag: string; pwd: string };

  beforeEach(async () => {
    world = new World();
    const offer = writeOffer({
      ...{ ice: { ufrag: 'peer', pwd: '0123456789012345678901' }, direction: 'recvonly', sessionId: 1 },
      ...{ fingerprint: identityForTests.fingerprint, ...everyCodec },
    });
    const answer = await world.ask('POST', '/rtc/v1/whep/?app=live&stream=a', offer);
    ice = parseSdp(answer.text as string).sections[0]?.ice as typeof ice;
  });

  const check = (ufrag: string, pwd: string, more = {}) =>
    writeStun({ type: stunType.request, transaction, username: `${ufrag}:peer`, priority: 1, ...more }, pwd);
  /** Datagrams and bytes that the server sent. */
  const answered = () => world.wire.sent.get(server.host) ?? { count: 0, bytes: 0 };
  const send = (from: typeof enemy, bytes: Uint8Array) => {
    world.wire.carry(bytes, from, server);
    world.clock.advance(fromMs(6));
  };

  it.each([
    ['another user name', () => check('nobody', ice.pwd)],
    ['no user name', () => writeStun({ type: stunType.request, transaction }, ice.pwd)],
    ['another password', () => check(ice.ufrag, 'x'.repeat(32))],
    ['no integrity', () => check(ice.ufrag, ice.pwd).slice(0, 20)],
    ['a response', () => writeStun({ type: stunType.success, transaction, username: `${ice.ufrag}:peer` }, ice.pwd)],
    ['a damaged check', () => check(ice.ufrag, ice.pwd).fill(0xff, 24, 40)],
    ['an empty datagram', () => new Uint8Array(0)],
  ])('%s gets no answer and leaves nothing', (_, bytes) => {
    for (let i = 0; i < 100; i++) send({ ...enemy, port: i + 1 }, bytes());

    expect(answered().count).toBe(0);
    expect(world.rtc.sizes['paths']).toBe(0);
  });

  it('an authentic check gets one answer that is not longer than it', () => {
    const request = check(ice.ufrag, ice.pwd, { useCandidate: true });
    send(friend, request);

    expect(answered().count).toBe(1);
    expect(answered().bytes).toBeLessThanOrEqual(request.length);
    expect(world.rtc.sizes['paths']).toBe(1);
  });

  it('a ClientHello from an address that passed no check is not answered', async () => {
    send(friend, check(ice.ufrag, ice.pwd, { useCandidate: true }));
    const before = answered().count;
    const hello = clientHello();

    send(enemy, hello);
    expect(answered().count).toBe(before);

    send(friend, hello);
    expect(answered().count).toBeGreaterThan(before);
  });

  it('media and damage from anywhere move no address and end nothing', () => {
    send(friend, check(ice.ufrag, ice.pwd, { useCandidate: true }));
    const rtp = new Uint8Array(200).fill(7);
    rtp[0] = 0x80;
    rtp[1] = 96;

    for (const from of [enemy, friend]) for (let i = 0; i < 50; i++) send(from, rtp);

    expect(world.rtc.sizes['paths']).toBe(1);
    expect(world.rtc.sizes['sessions']).toBe(1);
  });

  it('a peer that tries a thousand addresses holds eight', () => {
    for (let port = 1; port <= 1000; port++) send({ ...friend, port }, check(ice.ufrag, ice.pwd));

    expect(world.rtc.sizes['paths']).toBe(8);
  });

  it('what is not authentic is no sign of life', () => {
    for (let i = 0; i < 70; i++) {
      send(enemy, check(ice.ufrag, 'x'.repeat(32)));
      world.clock.advance(fromMs(500));
    }

    expect(world.rtc.sizes['sessions']).toBe(0);
    expect(world.lines.at(-1)?.fields['code']).toBe('RTC_NO_PATH');
  });

  it('in a strict vhost only an agent that calls itself controlling is answered', async () => {
    world = new World({ vhost: 'stun_strict_check on;' });
    const offer = writeOffer({
      ...{ ice: { ufrag: 'peer', pwd: '0123456789012345678901' }, direction: 'recvonly', sessionId: 1 },
      ...{ fingerprint: identityForTests.fingerprint, ...everyCodec },
    });
    const answer = await world.ask('POST', '/rtc/v1/whep/?app=live&stream=a', offer);
    ice = parseSdp(answer.text as string).sections[0]?.ice as typeof ice;

    send(friend, check(ice.ufrag, ice.pwd));
    expect(answered().count).toBe(0);
    send(friend, check(ice.ufrag, ice.pwd, { controlling: new Uint8Array(8) }));
    expect(answered().count).toBe(1);
  });

  function clientHello(): Uint8Array {
    let hello = new Uint8Array(0);
    const endpoint = new DtlsEndpoint({
      ...{ role: 'client', identity: identityForTests, fingerprints: [identityForTests.fingerprint], profiles: [1] },
      ...{ rng: world.rng, onKeys: () => undefined, onClosed: () => undefined },
      send: (datagram) => {
        hello = datagram.slice();
      },
    });
    endpoint.start(0);
    return hello;
  }
});

describe('TCP', () => {
  const setUp = () => {
    const clock = new VirtualClock();
    const port = new RtcPort({ clock, log: silentLog, limits: defaultLimits });
    return { clock, port };
  };

  it('a link without an authentic check is closed after the time of a handshake', () => {
    const { clock, port } = setUp();
    const link = new FakeLink();
    port.accept(link);
    link.onData(Uint8Array.of(0, 3, 1, 2, 3));

    clock.advance(defaultLimits.handshakeTime + 1);

    expect(link.closed).toBe(true);
    expect(link.reason?.code).toBe('RTC_NO_CHECK');
    expect(port.sizes.links).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('a frame that no packet has is RTP_FRAME', () => {
    const { port } = setUp();
    const link = new FakeLink();
    port.accept(link);

    link.onData(Uint8Array.of(0xff, 0xff, 0));

    expect(link.reason?.code).toBe('RTP_FRAME');
  });

  it('of links that say nothing 256 are held', () => {
    const { clock, port } = setUp();
    const links = Array.from({ length: 300 }, () => new FakeLink());
    for (const link of links) port.accept(link);

    expect(links.filter(({ closed }) => closed).length).toBe(44);

    clock.advance(fromSeconds(60));
    expect(port.sizes.links).toBe(0);
  });

  it('frames come out of any cut', () => {
    const whole = Uint8Array.of(0, 2, 1, 2, 0, 0, 0, 3, 3, 4, 5);

    for (let cut = 1; cut < whole.length; cut++) {
      const reader = new FrameReader(4096);
      const frames = [];
      for (let at = 0; at < whole.length; at += cut) frames.push(...reader.push(whole.subarray(at, at + cut)));
      expect(frames).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)]);
    }
  });
});
