// WebSocket frames in both directions.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { admissionErrors } from '../../../../src/core/control/admission.ts';
import {
  acceptValue,
  asksForWebSocket,
  clientMessageEnvelope,
  closeCode,
  FrameReader,
  messageEnvelope,
  opcodes,
  type WebSocketEvent,
  webSocketErrors,
  writeClose,
  writeFrame,
} from '../../../../src/core/wire/websocket/index.ts';
import { chopAtRandom, damage } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { badFrames, frameCases } from './frame.cases.ts';

const LIMIT = 100_000;

function read(pieces: readonly Uint8Array[], masked: boolean): WebSocketEvent[] {
  const reader = new FrameReader({ masked, limitBytes: LIMIT });
  return pieces.flatMap((piece) => reader.push(piece));
}

describe('FrameReader', () => {
  it.each(frameCases)('reads $name', ({ wire, masked, events }) => {
    expect(read([wire], masked)).toEqual(events);
  });

  it.each(badFrames)('refuses $name with $code', ({ hex, masked, code }) => {
    expect(() => read([fromHex(hex)], masked)).toThrowError(expect.objectContaining({ code, name: 'ProtocolError' }));
  });

  it('gives the same events however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...frameCases), fc.integer({ min: 1, max: 9 }), (seed, one, most) => {
        const wire = one.wire.length > 1000 ? one.wire.subarray(0, 1000) : one.wire;

        const pieces = chopAtRandom(wire, new SeedRng(seed), most);

        expect(read(pieces, one.masked)).toEqual(read([wire], one.masked));
      }),
    );
  });

  it('throws nothing but ProtocolError for damaged frames', () => {
    const everything = (masked: boolean): Uint8Array =>
      concat(frameCases.filter((one) => one.masked === masked && one.wire.length < 1000).map((one) => one.wire));
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, masked) => {
        try {
          read([damage(everything(masked), new SeedRng(seed))], masked);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('bounds each message, not all of them together', () => {
    const message = [messageEnvelope(60_000).head, new Uint8Array(60_000)];

    expect(read([...message, ...message], false)).toHaveLength(2);
  });

  it('does not keep what it was given', () => {
    const reader = new FrameReader({ masked: false, limitBytes: LIMIT });
    const first = fromHex('82 02 01');
    reader.push(first);
    first.fill(0xff);

    expect(reader.push(fromHex('02'))).toEqual([{ type: 'message', text: false, data: fromHex('01 02') }]);
  });
});

describe('writing', () => {
  it('gives messages of any size back, from servers and from clients', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 70_000), fc.boolean(), (size, client) => {
        const data = new Uint8Array(size).fill(5);
        const { head, tail } = (client ? clientMessageEnvelope : messageEnvelope)(size);

        expect(read([head, data, tail], client)).toEqual([{ type: 'message', text: false, data }]);
      }),
    );
  });

  it('masks with the key that it is given', () => {
    const key = fromHex('37 fa 21 3d');

    expect(writeFrame(opcodes.text, utf8('Hello'), key)).toEqual(fromHex('81 85 37 fa 21 3d 7f 9f 4d 51 58'));
  });

  it('cuts the reason of a close frame between characters', () => {
    const frame = writeClose(1000, 'é'.repeat(80));

    expect(read([frame], false)).toEqual([{ type: 'close', code: 1000, reason: 'é'.repeat(61) }]);
  });
});

describe('the handshake', () => {
  const good: Record<string, string> = {
    connection: 'keep-alive, Upgrade',
    upgrade: 'WebSocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };

  it('computes the accept value of RFC 6455 §1.3', () => {
    expect(acceptValue('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it('is recognised with all its headers', () => {
    expect(asksForWebSocket('GET', (name) => good[name])).toBe(true);
    expect(asksForWebSocket('POST', (name) => good[name])).toBe(false);
  });

  it.each([
    ['connection', 'keep-alive'],
    ['upgrade', 'h2c'],
    ['sec-websocket-version', '8'],
    ['sec-websocket-key', 'short'],
  ])('is not recognised when %s is %s', (name, value) => {
    expect(asksForWebSocket('GET', (asked) => (asked === name ? value : good[asked]))).toBe(false);
  });
});

describe('closeCode', () => {
  it.each([
    [undefined, 1000],
    [webSocketErrors.protocol('SIZE', { size: 2, limit: 1 }), 1009],
    [webSocketErrors.protocol('UTF8'), 1007],
    [webSocketErrors.protocol('MASK'), 1002],
    [admissionErrors.refused('KICKED'), 1008],
    [admissionErrors.system('KICKED'), 1011],
  ])('of %s is %i', (reason, code) => {
    expect(closeCode(reason)).toBe(code);
  });
});
