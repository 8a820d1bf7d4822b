// Frames with what they mean, for the reader, the writer and the damage tests. From RFC 6455 §5.7 where it has them.
import { fromHex, utf8 } from '../../../../src/core/base/bytes.ts';
import type { WebSocketEvent } from '../../../../src/core/wire/websocket/index.ts';

export interface FrameCase {
  readonly name: string;
  readonly masked: boolean;
  readonly wire: Uint8Array;
  readonly events: readonly WebSocketEvent[];
}

const hello = utf8('Hello');

export const frameCases: readonly FrameCase[] = [
  {
    name: 'a text in one unmasked frame',
    masked: false,
    wire: fromHex('81 05 48 65 6c 6c 6f'),
    events: [{ type: 'message', text: true, data: hello }],
  },
  {
    name: 'a text in one masked frame',
    masked: true,
    wire: fromHex('81 85 37 fa 21 3d 7f 9f 4d 51 58'),
    events: [{ type: 'message', text: true, data: hello }],
  },
  {
    name: 'a text in two fragments',
    masked: false,
    wire: fromHex('01 03 48 65 6c 80 02 6c 6f'),
    events: [{ type: 'message', text: true, data: hello }],
  },
  {
    name: 'a ping between two fragments',
    masked: false,
    wire: fromHex('02 03 48 65 6c 89 05 48 65 6c 6c 6f 80 02 6c 6f'),
    events: [
      { type: 'ping', data: hello },
      { type: 'message', text: false, data: hello },
    ],
  },
  {
    name: 'empty fragments',
    masked: false,
    wire: fromHex('02 00 00 00 00 00 80 01 07'),
    events: [{ type: 'message', text: false, data: fromHex('07') }],
  },
  {
    name: 'a masked pong',
    masked: true,
    wire: fromHex('8a 85 37 fa 21 3d 7f 9f 4d 51 58'),
    events: [{ type: 'pong', data: hello }],
  },
  {
    name: 'an empty message',
    masked: false,
    wire: fromHex('82 00'),
    events: [{ type: 'message', text: false, data: new Uint8Array(0) }],
  },
  {
    name: '256 bytes of binary',
    masked: false,
    wire: Uint8Array.from([0x82, 0x7e, 0x01, 0x00, ...new Uint8Array(256).fill(7)]),
    events: [{ type: 'message', text: false, data: new Uint8Array(256).fill(7) }],
  },
  {
    name: '64 KiB of binary',
    masked: false,
    wire: Uint8Array.from([0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0, ...new Uint8Array(65_536).fill(9)]),
    events: [{ type: 'message', text: false, data: new Uint8Array(65_536).fill(9) }],
  },
  {
    name: 'a close with code and reason, and what comes after it',
    masked: false,
    wire: fromHex('88 05 03 e8 62 79 65 ff ff ff'),
    events: [{ type: 'close', code: 1000, reason: 'bye' }],
  },
  {
    name: 'a close without code',
    masked: false,
    wire: fromHex('88 00'),
    events: [{ type: 'close', code: 1005, reason: '' }],
  },
];

export interface BadFrame {
  readonly name: string;
  readonly masked: boolean;
  readonly hex: string;
  readonly code: string;
}

export const badFrames: readonly BadFrame[] = [
  { name: 'a reserved bit', masked: false, hex: 'c1 00', code: 'WEBSOCKET_RESERVED' },
  { name: 'reserved data opcode 3', masked: false, hex: '83 00', code: 'WEBSOCKET_OPCODE' },
  { name: 'reserved control opcode 11', masked: false, hex: '8b 00', code: 'WEBSOCKET_OPCODE' },
  { name: 'an unmasked frame of a client', masked: true, hex: '82 01 00', code: 'WEBSOCKET_MASK' },
  { name: 'a masked frame of a server', masked: false, hex: '82 81 00 00 00 00 00', code: 'WEBSOCKET_MASK' },
  { name: 'a ping of 126 bytes', masked: false, hex: '89 7e 00 7e', code: 'WEBSOCKET_CONTROL' },
  { name: 'a ping in fragments', masked: false, hex: '09 00', code: 'WEBSOCKET_CONTROL' },
  { name: 'a 16-bit length of 125', masked: false, hex: '82 7e 00 7d', code: 'WEBSOCKET_LENGTH' },
  { name: 'a 64-bit length of 65535', masked: false, hex: '82 7f 00 00 00 00 00 00 ff ff', code: 'WEBSOCKET_LENGTH' },
  { name: 'a length above 2^53', masked: false, hex: '82 7f ff ff ff ff ff ff ff ff', code: 'WEBSOCKET_LENGTH' },
  { name: 'a continuation of nothing', masked: false, hex: '80 00', code: 'WEBSOCKET_CONTINUATION' },
  { name: 'a message inside another', masked: false, hex: '02 00 82 00', code: 'WEBSOCKET_CONTINUATION' },
  { name: 'a message above the limit', masked: false, hex: '82 7f 00 00 00 00 00 10 00 00', code: 'WEBSOCKET_SIZE' },
  {
    name: 'fragments above the limit',
    masked: false,
    hex: '02 01 00 80 7f 00 00 00 00 00 01 86 a0',
    code: 'WEBSOCKET_SIZE',
  },
  { name: 'a close of one byte', masked: false, hex: '88 01 03', code: 'WEBSOCKET_CLOSE' },
  { name: 'a close with 1005', masked: false, hex: '88 02 03 ed', code: 'WEBSOCKET_CLOSE' },
  { name: 'a close with 999', masked: false, hex: '88 02 03 e7', code: 'WEBSOCKET_CLOSE' },
  { name: 'a text that is not UTF-8', masked: false, hex: '81 01 ff', code: 'WEBSOCKET_UTF8' },
  { name: 'a close reason that is not UTF-8', masked: false, hex: '88 03 03 e8 ff', code: 'WEBSOCKET_UTF8' },
];
