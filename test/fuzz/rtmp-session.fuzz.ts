// A whole RTMP connection to a server, from the first byte of the handshake: publishers and players.
import { concat } from '../../src/core/base/bytes.ts';
import { Reporter } from '../../src/core/base/counters.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { silentLog } from '../../src/core/base/log.ts';
import { command } from '../../src/core/protocols/rtmp/command.ts';
import { RtmpIngest } from '../../src/core/protocols/rtmp/ingest.ts';
import { type Message, MessageType, setChunkSize } from '../../src/core/protocols/rtmp/message.ts';
import { RtmpSession } from '../../src/core/protocols/rtmp/session.ts';
import { amfObject } from '../../src/core/wire/amf0/index.ts';
import { avcConfig } from '../tools/builders.ts';
import { FakeLink, SeedRng } from '../tools/fakes.ts';
import { Encoder } from '../unit/protocols/rtmp/encoder.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'rtmp-session';

/** C0, a plain C1, and a C2 that nobody checks. */
const handshake = concat([Uint8Array.of(3), new Uint8Array(1536), new Uint8Array(1536)]);

const connect = command(0, 'connect', 1, amfObject({ app: 'live', tcUrl: 'rtmp://127.0.0.1/live' }));
const media = (type: number, timestamp: number, head: readonly number[], body: Uint8Array): Message => ({
  type,
  streamId: 1,
  timestamp,
  body: concat([Uint8Array.from(head), body]),
});

const publisher = [
  connect,
  command(0, 'releaseStream', 2, null, 'a'),
  command(0, 'FCPublish', 3, null, 'a'),
  command(0, 'createStream', 4, null),
  command(1, 'publish', 5, null, 'a', 'live'),
  media(MessageType.video, 0, [0x17, 0, 0, 0, 0], avcConfig),
  media(MessageType.audio, 0, [0xaf, 0], Uint8Array.of(0x12, 0x10)),
  media(MessageType.video, 0, [0x17, 1, 0, 0, 0, 0, 0, 0, 2], Uint8Array.of(0x65, 1)),
  media(MessageType.audio, 10, [0xaf, 1], Uint8Array.of(1, 2, 3)),
  media(MessageType.video, 40, [0x27, 1, 0, 0, 0, 0, 0, 0, 2], Uint8Array.of(0x41, 1)),
  command(0, 'FCUnpublish', 6, null, 'a'),
  command(0, 'deleteStream', 7, null, 1),
];
const player = [
  connect,
  command(0, 'createStream', 2, null),
  command(0, 'getStreamLength', 3, null, 'a'),
  command(1, 'play', 4, null, 'a', -2000),
  command(1, 'pause', 5, null, true, 0),
  command(1, 'closeStream', 6, null),
];

const wire = (messages: readonly Message[]): Uint8Array => {
  const encoder = new Encoder('shortest', 128);
  return concat([handshake, ...messages.map((message) => encoder.message(message.streamId === 0 ? 3 : 6, message))]);
};

export const seeds = [wire(publisher), wire(player), wire([setChunkSize(1), connect])];

export function run(bytes: Uint8Array): void {
  for (const pieces of cuts(bytes)) {
    const link = new FakeLink();
    let asked = false;
    const ingest = new RtmpIngest({ on: () => undefined }, defaultLimits, new Reporter(() => undefined));
    const session = new RtmpSession({
      link,
      limits: defaultLimits,
      rng: new SeedRng(1),
      log: silentLog,
      terms: () => ({ chunkSize: 60_000, windowAckSize: 2_500_000, ackEvery: 0 }),
      now: 0,
      events: {
        ask: () => {
          asked = true;
        },
        media: (message, now) => ingest.media(message, now),
        select: () => undefined,
        stop: () => undefined,
        ended: () => undefined,
      },
    });
    refuses(() => {
      for (const [index, piece] of pieces.entries()) {
        session.receive(piece, index);
        if (!asked) continue;
        asked = false;
        session.accept(index);
        session.resume(index);
      }
    });
    session.close(undefined, pieces.length);
  }
}
