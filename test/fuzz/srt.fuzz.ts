// SRT: every parser, and datagrams in pieces of any size at a listener and at an encrypted connection.
import { concat, writeU32 } from '../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../src/core/base/time.ts';
import {
  parseAck,
  parseDropRequest,
  parseLossList,
  writeAck,
  writeDropRequest,
  writeLossList,
} from '../../src/core/protocols/srt/control.ts';
import { parseCapabilities, parseText, writeCapabilities, writeText } from '../../src/core/protocols/srt/extension.ts';
import { HandshakeType, parseHandshake, writeHandshake } from '../../src/core/protocols/srt/handshake.ts';
import { parseKeyMaterial, parseKeyState, writeKeyMaterial } from '../../src/core/protocols/srt/key-material.ts';
import { readWish } from '../../src/core/protocols/srt/negotiation.ts';
import {
  ControlType,
  checkPacket,
  isControl,
  writeControl,
  writeDataHeader,
} from '../../src/core/protocols/srt/packet.ts';
import { pair, World } from '../unit/protocols/srt/world.ts';
import { refuses } from './tools.ts';

export const name = 'srt';

const keys = writeKeyMaterial({
  keys: 3,
  cipher: 2,
  salt: new Uint8Array(16),
  keyBytes: 32,
  wrapped: new Uint8Array(72),
});
const handshake = writeHandshake({
  version: 5,
  encryption: 4,
  extensionField: 7,
  initialSequence: 5,
  mtu: 1500,
  flowWindow: 8192,
  type: HandshakeType.conclusion,
  socketId: 9,
  cookie: 1,
  peerAddress: new Uint8Array(16),
  extensions: [
    {
      type: 1,
      content: writeCapabilities({ version: 0x10500, flags: 0xbf, receiverDelay: fromMs(120), senderDelay: 0 }),
    },
    { type: 3, content: keys },
    { type: 5, content: writeText('#!::r=live/livestream,m=publish') },
    { type: 6, content: writeText('live') },
  ],
});

const control = (type: number, body: Uint8Array, subtype = 0): Uint8Array =>
  writeControl({ type, subtype, number: 1, timestamp: 1000, destination: 1 }, body);

function data(sequence: number, key: number): Uint8Array {
  const packet = new Uint8Array(204);
  writeDataHeader(packet, { sequence, message: 1, key, timestamp: 2000, destination: 1 });
  return packet;
}

/** Each datagram has its length in front, so that one input is a conversation. */
const conversation = (...datagrams: readonly Uint8Array[]): Uint8Array =>
  concat(datagrams.flatMap((datagram) => [Uint8Array.of(datagram.length >> 8, datagram.length), datagram]));

const full = { rtt: 1, rttVariance: 2, availablePackets: 3, receiveRate: 4, linkCapacity: 5, receiveBytesRate: 6 };

export const seeds = [
  conversation(control(ControlType.handshake, handshake), control(ControlType.keepAlive, new Uint8Array(4))),
  conversation(data(5, 0), data(9, 1), data(7, 2), control(ControlType.dropRequest, writeDropRequest([5, 9]))),
  conversation(
    control(ControlType.ack, writeAck({ sequence: 5, full })),
    control(
      ControlType.nak,
      writeLossList(
        [
          [1, 3],
          [7, 7],
        ],
        100,
      ),
    ),
    control(ControlType.ackAck, new Uint8Array(4)),
    control(ControlType.userDefined, keys, 3),
    control(ControlType.userDefined, keys, 4),
    control(ControlType.userDefined, new Uint8Array(12), 1),
    control(ControlType.shutdown, new Uint8Array(4)),
  ),
];

const parsers: readonly ((body: Uint8Array) => unknown)[] = [
  (body) => readWish(parseHandshake(body)),
  parseAck,
  parseLossList,
  parseDropRequest,
  parseCapabilities,
  parseText,
  parseKeyMaterial,
  parseKeyState,
];

function datagrams(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const size = (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) % 1600;
    pieces.push(bytes.slice(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return pieces;
}

/** Every parser, then a conversation. */
export function run(bytes: Uint8Array): void {
  const pieces = datagrams(bytes);
  for (const piece of pieces) {
    refuses(() => {
      checkPacket(piece);
      if (!isControl(piece)) return;
      for (const parse of parsers) refuses(() => parse(piece.subarray(16)));
    });
  }
  converse(pieces);
}

function converse(pieces: readonly Uint8Array[]): void {
  const world = new World();
  const passphrase = 'a very good secret';
  const both = pair(world, { caller: { passphrase }, listener: { passphrase } });
  world.run(fromSeconds(1));
  const { connection } = both.listenerEar;
  connection?.send(new Uint8Array(188), both.listener.clock.now());
  for (const piece of pieces) {
    both.listener.port.onDatagram(piece, { host: '10.0.0.99', port: 9 });
    if (piece.length >= 16 && connection !== undefined) writeU32(piece, 12, connection.socketId);
    both.listener.port.onDatagram(piece, both.caller.port.local);
    world.run(fromMs(5));
  }
  world.run(fromSeconds(1));
  both.listener.mux.close();
}
