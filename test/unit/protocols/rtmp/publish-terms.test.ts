// What a vhost says of how its publishers are read, and of the sockets: seen at the links and at players.
import { describe, expect, it } from 'vitest';
import type { Link } from '../../../../src/core/base/link.ts';
import { fromMs, toSeconds } from '../../../../src/core/base/time.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { pacingOf } from '../../../../src/core/control/stream-settings.ts';
import { publishTerms } from '../../../../src/core/protocols/rtmp/config.ts';
import { rtmp } from '../../../../src/core/protocols/rtmp/index.ts';
import { MessageType } from '../../../../src/core/protocols/rtmp/message.ts';
import { amfObject, writeAmf0 } from '../../../../src/core/wire/amf0/index.ts';
import { h264Track, video } from '../../../tools/builders.ts';
import { FakeLink } from '../../../tools/fakes.ts';
import { mediaMessages } from './media.ts';
import { World } from './world.ts';

const vhost = (text: string): string => `vhost __defaultVhost__ { ${text} }`;

describe('merged read', () => {
  const publisher = async (text: string) => {
    const world = new World({ settings: vhost(text) });
    const peer = await world.publisher('s');
    return { world, peer, frame: mediaMessages([video({ at: 0, key: true })]) };
  };

  it('leaves the socket alone for its latency after each read', async () => {
    const { world, peer, frame } = await publisher('publish { mr on; mr_latency 300; }');
    const states: boolean[] = [];
    peer.send(...frame);
    // Everything that is there now is read, in as many pieces as it comes.
    states.push(peer.link.paused);
    world.clock.advance(0);
    states.push(peer.link.paused);
    world.clock.advance(fromMs(299));
    states.push(peer.link.paused);
    world.clock.advance(fromMs(1));
    states.push(peer.link.paused);

    expect(states).toEqual([false, true, true, false]);
    expect(world.hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 's' })?.frames.video).toBe(1);
  });

  it.each(['', 'publish { mr off; }', 'min_latency on; publish { mr on; }'])('is not there with %j', async (text) => {
    const { world, peer, frame } = await publisher(text);
    peer.send(...frame);
    world.clock.advance(fromMs(1));

    expect(peer.link.paused).toBe(false);
  });

  it('ends with the publication, whose link is read again at once', async () => {
    const { world, peer, frame } = await publisher('publish { mr on; }');
    peer.send(...frame);
    world.clock.advance(fromMs(10));
    peer.call('deleteStream', 0, null, 1);

    expect(peer.link.paused).toBe(false);
    world.clock.advance(fromMs(1000));
    expect(world.clock.pending).toBe(0);
  });

  it('never pauses for longer than two seconds', () => {
    const pause = (ms: number) =>
      toSeconds(publishTerms(settingsOf(vhost(`publish { mr on; mr_latency ${ms}; }`)).vhost('x')).readPause);

    expect([pause(350), pause(60_000), pause(-5)]).toEqual([0.35, 2, 0]);
  });
});

describe('headers that say nothing new', () => {
  it.each([
    ['', 1],
    ['play { reduce_sequence_header on; }', 1],
    ['play { reduce_sequence_header off; }', 3],
  ])('with %j a player gets a sequence header %i times', async (text, times) => {
    const world = new World({ settings: vhost(text) });
    const publisher = await world.publisher('s');
    const [metadata, config, frame] = mediaMessages([video({ at: 0, key: true })], [h264Track]);
    publisher.send(metadata!, config!, frame!, { ...frame!, timestamp: 600 });
    const player = await world.player('s');
    publisher.send(config!, { ...frame!, timestamp: 640 }, config!, { ...frame!, timestamp: 680 });

    const headers = player.take().filter(({ type, body }) => type === MessageType.video && body[1] === 0);
    expect(headers).toHaveLength(times);
  });
});

describe('absolute times', () => {
  it.each([
    ['', 1000],
    ['play { atc_auto on; }', 1_000_000_000],
  ])('with %j metadata with bravo_atc gives a player %i', async (text, time) => {
    const world = new World({ settings: vhost(text) });
    const publisher = await world.publisher('s');
    const body = writeAmf0(['onMetaData', amfObject({ bravo_atc: 'true', videocodecid: 7 })]);
    const [, config, frame] = mediaMessages([video({ at: 0, key: true })], [h264Track]);
    const at = 1_000_000_000;
    publisher.send({ type: MessageType.data, streamId: 1, timestamp: at, body });
    publisher.send(...[config!, frame!, { ...frame! }].map((message) => ({ ...message, timestamp: at })));
    const player = await world.player('s');
    publisher.send({ ...frame!, timestamp: at + 40 });

    const times = player.take().filter(({ type, body: { 1: kind } }) => type === MessageType.video && kind === 1);
    expect(times[0]?.timestamp).toBe(time);
  });
});

describe('TCP_NODELAY', () => {
  it.each([
    ['', true],
    ['tcp_nodelay on;', true],
    ['tcp_nodelay off;', false],
  ])('with %j is %s for publishers and players', async (text, on) => {
    const world = new World({ settings: vhost(text) });
    const told: boolean[] = [];
    FakeLink.prototype.noDelay = (value) => void told.push(value);
    try {
      await world.publisher('s');
      await world.player('s');
    } finally {
      FakeLink.prototype.noDelay = () => undefined;
    }

    expect(told).toEqual([on, on]);
  });
});

describe('how packets leave', () => {
  const pacing = (text: string) => pacingOf(settingsOf(vhost(text)).vhost('x'));

  it('is what is written, within bounds', () => {
    expect(pacing('')).toEqual({ messages: 0, interval: 0 });
    expect(pacing('play { mw_msgs 8; send_min_interval 2.5; }')).toEqual({ messages: 8, interval: 2500 });
    expect(pacing('play { mw_msgs 999; send_min_interval 1e9; }')).toEqual({ messages: 128, interval: 1_000_000 });
    expect(pacing('min_latency on; play { mw_msgs 8; send_min_interval 10; }')).toEqual({ messages: 0, interval: 0 });
  });

  it('reaches players by RTMP', async () => {
    const admit = async ({ name }: { name: { vhost: string; app: string; stream: string } }) =>
      ({ name, policy: 'refuse', mergeWindow: 0, pacing: { messages: 0, interval: fromMs(100) } }) as const;
    const world = new World({ admission: { admit } });
    const publisher = await world.publisher('s');
    const player = await world.player('s');
    const [metadata, config, frame] = mediaMessages([video({ at: 0, key: true })], [h264Track]);
    publisher.send(metadata!, config!, ...[0, 500, 540, 580].map((timestamp) => ({ ...frame!, timestamp })));
    const got = [];
    for (let i = 0; i < 5; i++) {
      world.clock.advance(fromMs(100));
      got.push(player.take().filter(({ type, body }) => type === MessageType.video && body[1] === 1).length);
    }

    expect(got).toEqual([1, 1, 1, 1, 0]);
  });
});

describe('a connection without an address', () => {
  it.each([
    ['', 0],
    ['empty_ip_ok off;', 1],
  ])('is dropped; with %j the log says so %i times', async (text, lines) => {
    const world = new World({ settings: `${text} ${vhost('')}` });
    let accept: (link: Link) => void = () => undefined;
    const listenTcp = async (address: { host: string; port: number }, on: (link: Link) => void) => {
      accept = on;
      return { address, close: () => undefined };
    };
    await rtmp.serve({ ...world.host, net: { ...world.host.net, listenTcp } }, rtmp.defaults);
    const link = new FakeLink();
    link.peer = { host: '', port: 0 };
    accept(link);

    expect(link.closed).toBe(true);
    expect(world.wheel.size).toBe(0);
    expect(world.lines.filter(({ text: line }) => line.includes('no address'))).toHaveLength(lines);
  });
});
