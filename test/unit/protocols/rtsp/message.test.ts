// Messages of RTSP: in any pieces, between frames, and what is too much or no RTSP at all.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import {
  type Message,
  MessageReader,
  writeFrameHead,
  writeRequest,
  writeResponse,
} from '../../../../src/core/protocols/rtsp/message.ts';
import { thrown } from '../../../tools/thrown.ts';

function read(...pieces: readonly Uint8Array[]): Message[] {
  const reader = new MessageReader();
  const messages: Message[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let next = reader.take(); next !== undefined; next = reader.take()) messages.push(next);
  }
  return messages;
}

const frame = (channel: number, data: Uint8Array): Uint8Array => {
  const head = new Uint8Array(4);
  writeFrameHead(head, 0, channel, data.length);
  return concat([head, data]);
};

/** Everything that a connection carries, as one run. */
const wire = concat([
  writeRequest('OPTIONS', '*', { CSeq: 1 }),
  frame(0, utf8('$$\r\n')),
  utf8('\r\n'),
  writeRequest('ANNOUNCE', 'rtsp://h/live/a', { CSeq: 2, 'Content-Type': 'application/sdp' }, 'v=0\r\n'),
  frame(1, new Uint8Array(0)),
  writeResponse(200, { CSeq: 3, Session: 'abc;timeout=60' }),
  utf8('PLAY rtsp://h/live/a RTSP/1.0\nCSeq:4\nX-Long: a\n  b\nX-Twice: 1\nx-twice: 2\n\n'),
  frame(255, new Uint8Array(3).fill(0x24)),
]);

const shown = (message: Message): unknown => {
  if (message.type === 'frame') return [message.channel, [...message.data]];
  const first = message.type === 'request' ? `${message.method} ${message.url} ${message.version}` : message.status;
  return [first, Object.fromEntries(message.fields), new TextDecoder().decode(message.body)];
};

const whole = [
  ['OPTIONS * RTSP/1.0', { cseq: '1' }, ''],
  [0, [0x24, 0x24, 13, 10]],
  [
    'ANNOUNCE rtsp://h/live/a RTSP/1.0',
    { cseq: '2', 'content-type': 'application/sdp', 'content-length': '5' },
    'v=0\r\n',
  ],
  [1, []],
  [200, { cseq: '3', session: 'abc;timeout=60' }, ''],
  ['PLAY rtsp://h/live/a RTSP/1.0', { cseq: '4', 'x-long': 'a b', 'x-twice': '1, 2' }, ''],
  [255, [0x24, 0x24, 0x24]],
];

describe('messages', () => {
  it('are read with frames between them', () => {
    expect(read(wire).map(shown)).toEqual(whole);
  });

  it('are the same cut at any byte', () => {
    for (let at = 0; at <= wire.length; at++) {
      expect(read(wire.subarray(0, at), wire.subarray(at)).map(shown)).toEqual(whole);
    }
    expect(read(...Array.from(wire, (byte) => Uint8Array.of(byte))).map(shown)).toEqual(whole);
  });

  it('keep nothing of the array that they came in', () => {
    const reader = new MessageReader();
    const bytes = wire.slice();
    const messages: Message[] = [];
    reader.push(bytes);
    bytes.fill(0xee);
    for (let next = reader.take(); next !== undefined; next = reader.take()) messages.push(next);

    expect(messages.map(shown)).toEqual(whole);
  });

  it('of ours have one field in a line, whatever a peer said', () => {
    const bytes = writeResponse(200, { CSeq: '1\r\nX-Evil: 1\n\n' });

    expect(new TextDecoder().decode(bytes)).toBe('RTSP/1.0 200 OK\r\nCSeq: 1 X-Evil: 1 \r\n\r\n');
  });
});

const head = 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n';
const strange: readonly [string, string, string][] = [
  ['HTTP without a version', 'GET /\r\n\r\n', 'RTSP_MESSAGE'],
  ['a handshake of RTMP', `\x03${'\x07'.repeat(200)}\n`, 'RTSP_MESSAGE'],
  ['a method in lower case', 'options * RTSP/1.0\r\n\r\n', 'RTSP_MESSAGE'],
  ['a field without a colon', 'OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n', 'RTSP_MESSAGE'],
  ['a field without a name', 'OPTIONS * RTSP/1.0\r\n: 1\r\n\r\n', 'RTSP_MESSAGE'],
  ['a continuation of nothing', 'OPTIONS * RTSP/1.0\r\n more\r\n\r\n', 'RTSP_MESSAGE'],
  ['empty lines for ever', '\r\n'.repeat(20), 'RTSP_MESSAGE'],
  ['a length of -1', `${head}Content-Length: -1\r\n\r\n`, 'RTSP_MESSAGE'],
  ['a length in hex', `${head}Content-Length: 0x10\r\n\r\n`, 'RTSP_MESSAGE'],
  ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 'RTSP_MESSAGE'],
  ['a length of 2 GB', `${head}Content-Length: 2147483648\r\n\r\n`, 'RTSP_BODY_SIZE'],
  ['a length beyond all numbers', `${head}Content-Length: 99999999999999999999\r\n\r\n`, 'RTSP_MESSAGE'],
  ['10 000 fields', head + Array.from({ length: 10_000 }, (_, i) => `X-${i}: 1\r\n`).join(''), 'RTSP_HEAD_SIZE'],
  ['a line without end', `OPTIONS rtsp://${'a'.repeat(10_000)}`, 'RTSP_HEAD_SIZE'],
  ['a field that goes on for ever', `${head}X: 1\r\n${` ${'a'.repeat(1000)}\r\n`.repeat(20)}`, 'RTSP_HEAD_SIZE'],
  ['a field that comes again and again', head + `X: ${'a'.repeat(1000)}\r\n`.repeat(20), 'RTSP_HEAD_SIZE'],
];

describe('what a stranger sends', () => {
  it.each(strange)('%s is refused', (_, text, code) => {
    expect(thrown(() => read(utf8(text)))).toBe(code);
  });

  it('is a ProtocolError or a message, whatever it is and however it comes', () => {
    const bits = fc.constantFrom(
      'OPTIONS * RTSP/1.0',
      'RTSP/1.0 200 OK',
      'CSeq: 1',
      '\r\n',
      '\n',
      '$',
      ' ',
      ':',
      'Content-Length: 3',
    );
    const bytes = fc.oneof(bits.map(utf8), fc.uint8Array({ maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(bytes, { size: '+1' }), (pieces) => {
        try {
          read(...pieces);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});
