// What a vhost and a grant say of an RTMP connection: chunk size, acknowledgements, time-outs.
import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { connectionTerms, defaults } from '../../../../src/core/protocols/rtmp/config.ts';
import { MessageType, parseU32, windowAckSize } from '../../../../src/core/protocols/rtmp/message.ts';
import { type Peer, World } from './world.ts';

const settings = `vhost __defaultVhost__ { } vhost a.com { chunk_size 4096; out_ack_size 0; in_ack_size 300; }
  vhost b.com { chunk_size 1; out_ack_size 70000; } vhost c.com { chunk_size 1000000; }`;

/** Control messages of a connect, by their type. */
function told(tcUrl: string): Record<string, number | undefined> {
  const peer = new World({ settings }).connected(tcUrl);
  const messages = peer.take();
  const value = (type: number): number | undefined => {
    const message = messages.find((one) => one.type === type);
    return message && parseU32(message);
  };
  return { chunk: value(MessageType.setChunkSize), ack: value(MessageType.windowAckSize), peer: value(6) };
}

describe('a connection', () => {
  it.each([
    ['rtmp://x/live', { chunk: 60_000, ack: 2_500_000, peer: 2_500_000 }],
    ['rtmp://a.com/live', { chunk: 4096, ack: undefined, peer: 2_500_000 }],
    ['rtmp://x/live?vhost=a.com', { chunk: 4096, ack: undefined, peer: 2_500_000 }],
    ['rtmp://b.com/live', { chunk: 128, ack: 70_000, peer: 70_000 }],
    ['rtmp://c.com/live', { chunk: 65_536, ack: 2_500_000, peer: 2_500_000 }],
  ])('of %s is told what its vhost says', (tcUrl, expected) => {
    expect(told(tcUrl)).toEqual(expected);
  });

  it('acknowledges as its vhost says, whatever the peer asks for', async () => {
    const acknowledged = async (tcUrl: string): Promise<number> => {
      const peer: Peer = await new World({ settings }).publisher('s', tcUrl);
      peer.send(windowAckSize(1_000_000));
      for (let i = 0; i < 20; i++) peer.call('FCSubscribe', 0, null, 'x'.repeat(80));
      return peer.take().filter(({ type }) => type === MessageType.acknowledgement).length;
    };

    expect(await acknowledged('rtmp://x/live')).toBe(0);
    expect(await acknowledged('rtmp://a.com/live')).toBeGreaterThan(4);
  });

  it('has what the program was started with where nothing is written', () => {
    const config = { ...defaults, chunkSize: 1234 };
    const of = (text: string) => connectionTerms(settingsOf(text).vhost('v'), config).chunkSize;

    expect(of('vhost v { }')).toBe(1234);
    expect(of('chunk_size 5000; vhost v { }')).toBe(5000);
    expect(of('chunk_size 5000; vhost v { chunk_size 6000; }')).toBe(6000);
  });
});

describe('a peer that leaves while it is asked about', () => {
  it('ends its grant at once', async () => {
    const gate = Promise.withResolvers<void>();
    const told: string[] = [];
    const ticket = { begin: () => told.push('begin'), end: () => told.push('end') };
    const world = new World({
      admission: {
        admit: async ({ name }) => {
          await gate.promise;
          return { name, policy: 'refuse', mergeWindow: 0, ticket };
        },
      },
    });
    const peer = await world.publisher('s');
    peer.link.close();
    gate.resolve();
    await world.settle();

    expect([told, world.sessions.opened, world.hub.size]).toEqual([['end'], 0, 0]);
  });
});

describe('a publisher', () => {
  it('has the time that its grant says, before and between its media', async () => {
    const granted = { firstMediaTime: fromSeconds(2), silentTime: fromSeconds(1) };
    const admission = {
      admit: async ({ name }: { name: { vhost: string; app: string; stream: string } }) => ({
        ...{ name, policy: 'refuse' as const, mergeWindow: 0 },
        ...granted,
      }),
    };
    const silent = new World({ admission });
    const first = await silent.publisher('s');
    silent.advance(fromSeconds(1.9));
    expect(first.link.closed).toBe(false);
    silent.advance(fromSeconds(0.2));
    expect(first.reason?.code).toBe('RTMP_TIMEOUT');

    const world = new World({ admission });
    const second = await world.publisher('s');
    second.send({ type: MessageType.audio, streamId: 1, timestamp: 0, body: Uint8Array.of(0xaf, 0, 0x12, 0x10) });
    world.advance(fromSeconds(0.9));
    expect(second.link.closed).toBe(false);
    world.advance(fromSeconds(0.2));
    expect(second.reason?.code).toBe('RTMP_TIMEOUT');
  });
});
