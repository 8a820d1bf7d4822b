// What hostile and broken peers send: each ends its own session with a code, or nothing at all happens.
import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { BugError } from '../../../../src/core/base/errors.ts';
import { writeChunks } from '../../../../src/core/protocols/rtmp/chunk.ts';
import { command, data } from '../../../../src/core/protocols/rtmp/command.ts';
import {
  controlMessage,
  type Message,
  MessageType,
  setChunkSize,
  setPeerBandwidth,
} from '../../../../src/core/protocols/rtmp/message.ts';
import { amfObject, writeAmf0 } from '../../../../src/core/wire/amf0/index.ts';
import { live } from '../../../tools/builders.ts';
import { chopAtRandom, damage } from '../../../tools/chop.ts';
import { FakeLink, SeedRng } from '../../../tools/fakes.ts';
import { Encoder } from './encoder.ts';
import { mediaMessages } from './media.ts';
import { handshakeBytes, type Peer, settle, World, wire } from './world.ts';

const video = (timestamp: number, body: Uint8Array): Message => ({ type: 9, streamId: 1, timestamp, body });
const amf = (type: number, hex: string, more: Uint8Array = new Uint8Array(0)): Message => ({
  type,
  streamId: 0,
  timestamp: 0,
  body: concat([fromHex(hex), more]),
});
const media = mediaMessages(live({ seconds: 2 }));
const name = '02 00 03 66 6f 6f 00 3f f0 00 00 00 00 00 00';

/** Nested AMF0 objects: `{a:{a:{a: ...}}}`. */
const nested = (depth: number): Uint8Array => concat(Array.from({ length: depth }, () => fromHex('03 00 01 61')));

/** A message of 16 MB declared in its header, with nothing behind it. */
const declared = writeChunks({ csid: 4, type: 9, streamId: 1, timestamp: 0, pieces: [], size: 0xffffff }, 128);

// [what, the code with which the session ends, or none, what is sent by a publisher]
const inputs: [string, string, (peer: Peer) => void][] = [
  ['chunk size 0', 'RTMP_CHUNK_SIZE', (peer) => peer.send(setChunkSize(0))],
  ['chunk size 1', 'none', (peer) => peer.raw(wire(setChunkSize(1)), wire(media[0] as Message, 1))],
  ['chunk size 2^31', 'RTMP_CHUNK_SIZE', (peer) => peer.send(setChunkSize(2 ** 31))],
  ['chunk size without a number', 'RTMP_CONTROL', (peer) => peer.send(controlMessage(1, new Uint8Array(1)))],
  ['a message of 16 MB declared and nothing sent', 'none', (peer) => peer.raw(...declared)],
  [
    'time 0xFFFFFF in the extended field',
    'none',
    (peer) => peer.send(...media.map((m) => ({ ...m, timestamp: 0xffffff }))),
  ],
  [
    'time 0xFFFFFFFF, then 0',
    'none',
    (peer) => peer.send(video(0xffffffff, new Uint8Array(9)), video(0, new Uint8Array(9))),
  ],
  [
    'time that goes backwards',
    'none',
    (peer) => peer.send(...media.map((m, i) => ({ ...m, timestamp: 10_000 - i * 20 }))),
  ],
  [
    'negative deltas',
    'none',
    (peer) => {
      const encoder = new Encoder('shortest', 128);
      for (const [i, m] of media.entries()) peer.raw(encoder.message(7, { ...m, timestamp: i % 2 === 0 ? 1000 : 0 }));
    },
  ],
  ['an AMF0 string longer than its message', 'AMF0_SHORT', (peer) => peer.send(amf(20, '02 ff ff 61'))],
  ['an AMF0 long string of 4 GB', 'AMF0_SHORT', (peer) => peer.send(amf(20, `${name} 0c ff ff ff ff 61`))],
  ['an AMF0 array of 4 G values', 'AMF0_SHORT', (peer) => peer.send(amf(20, `${name} 0a ff ff ff ff`))],
  ['an AMF3 external object', 'AMF0_AMF3', (peer) => peer.send(amf(17, `00 ${name} 11 0a 07 03 61`))],
  [
    'an AMF3 external object in data',
    'none',
    (peer) => peer.send({ ...amf(15, '00 02 00 01 61 11 0a 07 03 61'), streamId: 1 }),
  ],
  ['objects nested 1000 levels', 'AMF0_DEPTH', (peer) => peer.send(amf(20, name, nested(1000)))],
  ['objects nested 1000 levels in data', 'none', (peer) => peer.send(amf(18, '02 00 01 61', nested(1000)))],
  ['an unknown command', 'none', (peer) => peer.call('unknown', 9, null, amfObject({ a: 1 }))],
  ['a name like a property of all objects', 'none', (peer) => peer.call('__proto__', 9, amfObject({ constructor: 1 }))],
  ['publish twice', 'RTMP_STATE', (peer) => peer.command(1, 'publish', 9, null, 's')],
  ['SetPeerBandwidth 0', 'none', (peer) => peer.send(setPeerBandwidth(0, 0), setPeerBandwidth(0, 2))],
  [
    'a window of 0 and of 1',
    'none',
    (peer) => {
      peer.send(controlMessage(5, new Uint8Array(4)));
      peer.send(controlMessage(5, Uint8Array.of(0, 0, 0, 1)));
      peer.send(...media);
    },
  ],
  [
    'an aggregate in an aggregate',
    'none',
    (peer) => peer.send({ ...video(0, fromHex('16 000001 000000 00 000000 00 0000000c')), type: 22 }),
  ],
  [
    'video tags of 0 to 4 bytes',
    'none',
    (peer) => {
      for (let size = 0; size <= 4; size++) {
        peer.send(
          video(0, fromHex('17 00 00 00 00').subarray(0, size)),
          video(0, fromHex('90 68 76 63 31').subarray(0, size)),
        );
      }
    },
  ],
  ['an avcC with no SPS', 'none', (peer) => peer.send(video(0, fromHex('17 00 000000 01 64 00 1e ff e0 00')))],
  [
    'an avcC that ends within its SPS',
    'none',
    (peer) => peer.send(video(0, fromHex('17 00 000000 01 64 00 1e ff e1 ff ff 67'))),
  ],
  ['an unknown FourCC', 'none', (peer) => peer.send(video(0, fromHex('90 58 58 58 58 00 00')))],
  ['multitrack with 0 tracks', 'none', (peer) => peer.send(video(0, fromHex('96 10 68 76 63 31')))],
  ['audio of an unknown codec', 'none', (peer) => peer.send({ ...video(0, fromHex('ff 00 00')), type: 8 })],
  ['a type 3 chunk where none began', 'RTMP_CHUNK_FIRST', (peer) => peer.raw(Uint8Array.of(0xff))],
  ['an abort of nothing', 'none', (peer) => peer.send(controlMessage(MessageType.abort, Uint8Array.of(0, 0, 0, 9)))],
];

describe('from a publisher', () => {
  it.each(inputs)('%s: %s', async (_, code, send) => {
    const world = new World();
    const other = await world.publisher('other');
    const peer = await world.publisher('s');

    send(peer);

    expect(peer.reason?.code ?? 'none').toBe(code);
    expect(peer.link.closed).toBe(code !== 'none');
    // The neighbour works, and so does whoever takes the name next.
    other.send(...media);
    expect(other.state).toBe('publishing');
    peer.link.close();
    expect(world.hub.size).toBe(1);
    expect((await world.publisher('s')).state).toBe('publishing');
  });
});

describe('from a peer without a stream', () => {
  it.each([
    ['HTTP', 'RTMP_VERSION', new TextEncoder().encode('GET / HTTP/1.1\r\n')],
    ['TLS', 'RTMP_VERSION', fromHex('16 03 01 02 00')],
    ['RTMPE', 'RTMP_ENCRYPTED', fromHex('06')],
  ])('%s is refused with %s', (_, code, bytes) => {
    const peer = new World().peer();

    peer.raw(bytes);

    expect(peer.reason?.code).toBe(code);
  });

  it.each(['..', 'a/../b', '%2e%2e', 'a\0b', '$(reboot)', 'a;b', '`a`', "a'b", 'a b|c', '<script>'])(
    'the stream name %j is refused (ADMISSION_NAME)',
    async (stream) => {
      const world = new World();
      const peer = await world.publisher(stream);

      expect(peer.reason?.code).toBe('ADMISSION_NAME');
      expect(peer.heard().at(-1)).toBe('onStatus NetStream.Publish.BadName');
      expect(world.hub.size).toBe(0);
    },
  );

  it.each(['rtmp://h/..', 'rtmp://h/a/../b', 'rtmp://h/%2e%2e', 'rtmp://h/a\0', 'rtmp://h/$(reboot)'])(
    'the tcUrl %j is refused (ADMISSION_NAME)',
    async (tcUrl) => {
      const peer = await new World().publisher('s', tcUrl);

      expect(peer.reason?.code).toBe('ADMISSION_NAME');
    },
  );

  it.each([
    ['name', 'a'.repeat(10_000)],
    ['parameters', `a?${'a'.repeat(10_000)}`],
    ['vhost', `a?vhost=${'a'.repeat(10_000)}`],
  ])('a %s of 10 kB is refused in the words of the protocol (RTMP_NAME)', async (_, stream) => {
    const peer = await new World().player(stream);

    expect(peer.reason?.code).toBe('RTMP_NAME');
    expect(peer.heard().at(-1)).toBe('onStatus NetStream.Play.Failed');
  });

  it('an empty stream name is refused (ADMISSION_NAME)', async () => {
    const peer = await new World().publisher('', 'rtmp://h/live');

    expect(peer.reason?.code).toBe('ADMISSION_NAME');
  });

  it('more streams than there may be are refused (RTMP_STATE)', () => {
    const peer = new World().connected();
    for (let i = 0; i < 1001 && !peer.link.closed; i++) peer.call('createStream', 1, null);

    expect(peer.reason?.code).toBe('RTMP_STATE');
  });
});

describe('any mutation of a recorded session', () => {
  /** A publisher from its first byte to its last, with all kinds of messages. */
  const recorded = concat([
    handshakeBytes,
    ...[
      command(0, 'connect', 1, amfObject({ app: 'live', tcUrl: 'rtmp://host/live', fourCcList: ['hvc1'], capsEx: 7 })),
      setPeerBandwidth(2_500_000, 2),
      command(0, 'releaseStream', 2, null, 's'),
      command(0, 'FCPublish', 3, null, 's'),
      command(0, 'createStream', 4, null),
      command(1, 'publish', 5, null, 's', 'live'),
      ...media.slice(0, 25),
      data(1, 'onTextData', amfObject({ text: 'x' })),
      { type: 17, streamId: 0, timestamp: 0, body: concat([Uint8Array.of(0), writeAmf0(['x', 1, null])]) },
      command(0, 'FCUnpublish', 6, null, 's'),
      command(0, 'deleteStream', 7, null, 1),
    ].map((message) => wire(message)),
  ]);

  it('is played without a fault when nothing is changed', async () => {
    const world = new World();
    const peer = world.peer();
    peer.raw(recorded.slice());
    await settle();

    expect(peer.link.closed).toBe(false);
    expect(peer.heard()).toContain('onStatus NetStream.Unpublish.Success');
  });

  it('ends that session with a protocol error, or not at all, and nothing else', async () => {
    const world = new World({ policy: 'takeover', limits: { messageBytes: 1_000_000 } });
    const watcher = await world.player('s');
    let ended = 0;
    for (let seed = 0; seed < 4000; seed++) {
      const rng = new SeedRng(seed);
      // The handshake is 3073 random bytes: most mutations belong behind it.
      const changed =
        seed % 10 === 0 ? damage(recorded, rng) : concat([handshakeBytes, damage(recorded.subarray(3073), rng)]);
      const link = new FakeLink();
      world.serve(link);
      for (const piece of chopAtRandom(changed, rng, 5000)) if (!link.closed) link.onData(piece);
      for (let i = 0; i < 4; i++) await Promise.resolve();
      if (link.closed) ended++;
      if (link.reason instanceof BugError) throw new Error(`seed ${seed}`, { cause: link.reason });
      link.close();
      watcher.link.sent = [];
    }

    expect(ended).toBeGreaterThan(400);
    expect(watcher.link.closed).toBe(false);
    expect(world.sessions.size).toBe(1);
    expect(world.wheel.size).toBe(1);
    expect(world.hub.size).toBe(1);
  });
});
