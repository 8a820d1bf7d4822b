// STUN: the vectors of RFC 5769, round trips, and damage.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Message, parseMessage } from 'werift';
import { fromHex, toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { checkIntegrity, isStun, parseStun, stunType, writeStun } from '../../../../src/core/wire/stun/index.ts';

/** RFC 5769 §2.1. */
const request = fromHex(`
  00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e
  74 00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36 00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20 00 08
  00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2 80 28 00 04 e5 7a 3b cf`);
const password = 'VOkJxbRl1RmTxUk/WvJxBt';
const transaction = fromHex('b7e7a701bc34d686fa87dfae');

describe('RFC 5769', () => {
  it('its request is read and its integrity holds for the password only', () => {
    const message = parseStun(request);

    expect(message).toMatchObject({
      type: stunType.request,
      username: 'evtj:h6vY',
      controlling: false,
    });
    expect(checkIntegrity(request, message, password)).toBe(true);
    expect(checkIntegrity(request, message, `${password}.`)).toBe(false);
  });

  it.each([
    ['192.0.2.1', 'a147e112a643'],
    ['2001:db8:1234:5678:11:2233:4455:6677', 'a1470113a9faa5d3f179bc25f4b5bed2b9d9'],
  ])('%s is mapped as in §2.2 and §2.3', (host, mapped) => {
    const bytes = writeStun({ type: stunType.success, transaction, mapped: { host, port: 32_853 } }, password);

    expect(toHex(bytes)).toContain(mapped);
  });
});

it('what we write, we and werift read', () => {
  const fields = {
    type: stunType.request,
    transaction,
    username: 'them:us',
    priority: 12,
    useCandidate: true,
    controlling: fromHex('0102030405060708'),
  };
  const bytes = writeStun(fields, password);

  const message = parseStun(bytes);
  expect(message).toMatchObject({ username: 'them:us', useCandidate: true, controlling: true });
  expect(checkIntegrity(bytes, message, password)).toBe(true);
  const theirs = parseMessage(Buffer.from(bytes), Buffer.from(utf8(password))) as Message;
  expect(theirs.getAttributeValue('USERNAME')).toBe('them:us');
  expect(theirs.getAttributeValue('PRIORITY')).toBe(12);
});

describe('damage', () => {
  it('in any bit before FINGERPRINT is a ProtocolError, or breaks the integrity', () => {
    fc.assert(
      fc.property(fc.nat((request.length - 8) * 8 - 1), (bit) => {
        const bytes = request.slice();
        bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
        try {
          expect(checkIntegrity(bytes, parseStun(bytes), password)).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('and garbage are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        const bytes = Uint8Array.from([...request.subarray(0, 20), ...garbage]);
        expect(isStun(garbage)).toBe(false);
        if (garbage.length !== 0x58) expect(() => parseStun(bytes)).toThrow(ProtocolError);
      }),
    );
  });
});
