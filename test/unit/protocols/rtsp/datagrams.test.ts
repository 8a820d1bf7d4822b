// Players over UDP: what they get, at which pace, and for how long.
import { describe, expect, it } from 'vitest';
import type { Address, Port, Span } from '../../../../src/core/base/link.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { DatagramPorts } from '../../../../src/core/protocols/rtsp/datagrams.ts';
import { parseRtcp } from '../../../../src/core/wire/rtcp/index.ts';
import { parsePacket } from '../../../../src/core/wire/rtp/index.ts';
import { audio, video } from '../../../tools/builders.ts';
import { rejected } from '../../../tools/thrown.ts';
import { type RtspPeer, World } from './world.ts';

const url = 'rtsp://host/live/a';

/** A port that keeps what is sent. */
class FakePort implements Port {
  readonly local: Address;
  readonly sent: { readonly to: Address; readonly data: Uint8Array }[] = [];
  closed = false;
  onDatagram: (datagram: Uint8Array, from: Address) => void = () => undefined;

  constructor(local: Address) {
    this.local = local;
  }

  send(data: Uint8Array, to: Address): void {
    this.sent.push({ to, data: data.slice() });
  }

  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number, to: Address): void {
    for (const { begin, end } of spans.slice(0, count)) this.send(memory.subarray(begin, end), to);
  }

  close(): void {
    this.closed = true;
  }
}

async function udpWorld(): Promise<{ world: World; rtp: FakePort; rtcp: FakePort }> {
  const ports: FakePort[] = [];
  const listenUdp = async (at: Address) => {
    const port = new FakePort(at);
    ports.push(port);
    return port;
  };
  const datagrams = await DatagramPorts.open({ listenUdp }, { host: '0.0.0.0', port: 6000 });
  const [rtp, rtcp] = ports as [FakePort, FakePort];
  return { world: new World({}, datagrams), rtp, rtcp };
}

async function player(world: World, ports = '5000-5001'): Promise<RtspPeer> {
  const peer = world.rtspPeer();
  await peer.ask('DESCRIBE', url);
  await peer.setUp('a', 0, `RTP/AVP;unicast;client_port=${ports}`);
  await peer.setUp('a', 1, 'RTP/AVP/UDP;unicast;client_port=5002-5003');
  await peer.ask('PLAY', url);
  return peer;
}

describe('a player over UDP', () => {
  it('is told both pairs of ports', async () => {
    const { world } = await udpWorld();
    world.publish('a');
    const peer = world.rtspPeer();
    await peer.ask('DESCRIBE', url);

    const { fields } = await peer.setUp('a', 0, 'RTP/AVP;unicast;destination=192.0.2.9;client_port=5000-5001');

    expect(fields.get('transport')).toBe('RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001');
  });

  it('gets each packet at its port, and never elsewhere than where its connection comes from', async () => {
    const { world, rtp, rtcp } = await udpWorld();
    const publication = world.publish('a');
    const peer = await player(world);
    publication.write(video({ at: 0, key: true, size: 3000 }));
    publication.write(audio({ at: 10 }));
    world.advance(fromMs(100));

    expect(rtp.sent.map(({ to }) => `${to.host}:${to.port}`)).toEqual([
      ...Array(4).fill('127.0.0.1:5000'),
      '127.0.0.1:5002',
    ]);
    expect(rtp.sent.map(({ data }) => parsePacket(data).payloadType)).toEqual([96, 96, 96, 96, 97]);
    expect(rtcp.sent.map(({ to, data }) => [to.port, parseRtcp(data)[0]?.type])).toEqual([
      [5001, 'sr'],
      [5003, 'sr'],
    ]);
    expect(peer.read()).toEqual([]);
  });

  it('gets what is cached without a burst', async () => {
    const { world, rtp } = await udpWorld();
    world.publish('a', undefined, [video({ at: 0, key: true, size: 500_000 })]);
    const peer = await player(world);
    const first = rtp.sent.length;
    world.advance(fromMs(50));
    const later = rtp.sent.length;
    world.advance(fromSeconds(1));

    expect(first).toBeLessThanOrEqual(40);
    expect(later).toBeGreaterThan(first);
    expect(later).toBeLessThan(500);
    expect(rtp.sent.length).toBe(Math.ceil(500_000 / 1177) + 1);
    peer.link.close();
    expect(world.clock.pending).toBe(0);
  });

  it('keeps its place in the feed while too much waits, and goes on', async () => {
    const { world, rtp } = await udpWorld();
    const publication = world.publish('a');
    await player(world);
    for (let i = 0; i < 20; i++) publication.write(video({ at: i * 40, key: i === 0, size: 300_000 }));
    world.advance(fromSeconds(5));

    const sequences = rtp.sent.map(({ data }) => parsePacket(data).sequence);
    expect(sequences.length).toBeGreaterThan(5000);
    expect(sequences.every((sequence, i) => i === 0 || sequence === ((sequences[i - 1]! + 1) & 0xffff))).toBe(true);
  });

  it('ends when it says nothing for a minute, and lives by RTCP or requests', async () => {
    const { world, rtcp } = await udpWorld();
    world.publish('a');
    const [silent, reports, asks] = [await player(world), await player(world, '7000-7001'), await player(world)];
    for (let second = 0; second < 180; second += 20) {
      world.advance(fromSeconds(20));
      rtcp.onDatagram(new Uint8Array(8), { host: '127.0.0.1', port: 7001 });
      rtcp.onDatagram(new Uint8Array(8), { host: '192.0.2.1', port: 5001 });
      await asks.ask('GET_PARAMETER', url);
    }

    expect(silent.link.reason?.code).toBe('RTSP_TIMEOUT');
    expect([reports.state, asks.state]).toEqual(['playing', 'playing']);
  });

  it('gets nothing any more when its connection is gone', async () => {
    const { world, rtp } = await udpWorld();
    const publication = world.publish('a');
    const peer = await player(world);
    peer.link.close();
    publication.write(video({ at: 0, key: true }));
    world.advance(fromSeconds(1));

    expect(rtp.sent).toEqual([]);
    expect(world.sessions.size).toBe(0);
  });

  it('is told that its stream is over', async () => {
    const { world, rtp, rtcp } = await udpWorld();
    const publication = world.publish('a');
    const peer = await player(world);
    publication.write(video({ at: 0, key: true }));
    publication.end();
    world.advance(fromMs(100));

    const { ssrc } = parsePacket(rtp.sent[0]!.data);
    const { to, data } = rtcp.sent.at(-1)!;
    expect([to.port, parseRtcp(data)[1]]).toEqual([5001, { type: 'bye', ssrcs: [ssrc] }]);
    expect(peer.link.closed).toBe(true);
  });

  it.each([
    ['ports of services', 'RTP/AVP;unicast;client_port=53-54'],
    ['no ports', 'RTP/AVP;unicast'],
    ['a group', 'RTP/AVP;multicast;client_port=5000-5001'],
  ])('is refused: %s', async (_, transport) => {
    const { world } = await udpWorld();
    world.publish('a');
    const peer = world.rtspPeer();
    await peer.ask('DESCRIBE', url);

    expect(await peer.setUp('a', 0, transport)).toMatchObject({ status: 461 });
  });

  it('of IPv6 is told to use TCP by a server of IPv4, and so is one with a track over TCP', async () => {
    const { world } = await udpWorld();
    world.publish('a');
    const [six, mixed] = [world.rtspPeer(), world.rtspPeer()];
    six.link.peer = { host: '2001:db8::1', port: 1 };
    await six.ask('DESCRIBE', url);
    await mixed.ask('DESCRIBE', url);
    await mixed.setUp('a', 0);

    expect(await six.setUp('a', 0, 'RTP/AVP;client_port=5000-5001')).toMatchObject({ status: 461 });
    expect(await mixed.setUp('a', 1, 'RTP/AVP;client_port=5000-5001')).toMatchObject({ status: 461 });
  });
});

it('both ports are free when the second is not', async () => {
  const first = new FakePort({ host: '', port: 6000 });
  const listenUdp = async ({ port }: Address) => {
    if (port === 6000) return first;
    throw new Error('in use');
  };

  await rejected(DatagramPorts.open({ listenUdp }, { host: '', port: 6000 }));
  expect(first.closed).toBe(true);
});
