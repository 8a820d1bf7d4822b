// Bytes of SRT and their values: headers, loss lists, key material, ciphers, wraps.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { CtrCipher, deriveKek, GcmCipher, unwrapKeys, wrapKeys } from '../../../../src/core/protocols/srt/cipher.ts';
import {
  parseAck,
  parseDropRequest,
  parseLossList,
  writeAck,
  writeDropRequest,
  writeLossList,
} from '../../../../src/core/protocols/srt/control.ts';
import {
  parseCapabilities,
  parseText,
  writeCapabilities,
  writeText,
} from '../../../../src/core/protocols/srt/extension.ts';
import {
  CipherId,
  parseKeyMaterial,
  parseKeyState,
  writeKeyMaterial,
} from '../../../../src/core/protocols/srt/key-material.ts';
import { ReceiveKeys, SendKeys } from '../../../../src/core/protocols/srt/keys.ts';
import {
  checkPacket,
  destinationOf,
  isControl,
  isRetransmitted,
  keyOf,
  sequenceOf,
  timestampOf,
  writeDataHeader,
} from '../../../../src/core/protocols/srt/packet.ts';
import { toSequence, unwrapSequence, unwrapTimestamp } from '../../../../src/core/protocols/srt/sequence.ts';
import { SeedRng } from '../../../tools/fakes.ts';

const damaged = expect.objectContaining({ code: 'SRT_PACKET' });

describe('numbers that wrap', () => {
  it('grow across the wrap of 31 bits, from either side', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), fc.integer({ min: -(2 ** 29), max: 2 ** 29 }), (reference, step) => {
        expect(unwrapSequence(toSequence(reference + step), reference)).toBe(reference + step);
      }),
    );
  });

  it('grow across the wrap of 32 bits of a time stamp', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 44 }), fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), (reference, step) => {
        fc.pre(reference + step >= 0);
        expect(unwrapTimestamp((reference + step) % 2 ** 32, reference)).toBe(reference + step);
      }),
    );
  });
});

describe('a data header', () => {
  it('has its fields where §3.1 draws them', () => {
    const packet = new Uint8Array(16);
    const header = { sequence: 0x12345678, message: 0x03ffffff, key: 2, timestamp: 0xfedcba98, destination: 7 };
    writeDataHeader(packet, header);

    expect(toHex(packet)).toBe('12345678d3fffffffedcba9800000007');
    expect([sequenceOf(packet), keyOf(packet), timestampOf(packet), destinationOf(packet)]).toEqual([
      0x12345678, 2, 0xfedcba98, 7,
    ]);
    expect([isControl(packet), isRetransmitted(packet)]).toEqual([false, false]);
    writeDataHeader(packet, { ...header, again: true });
    expect(toHex(packet)).toBe('12345678d7fffffffedcba9800000007');
    expect(isRetransmitted(packet)).toBe(true);
  });

  it.each([0, 15, 1501])('is not looked for in %i bytes', (size) => {
    expect(() => checkPacket(new Uint8Array(size))).toThrow(damaged);
  });
});

describe('control packets', () => {
  it('say the same after a round trip', () => {
    const full = { rtt: 1, rttVariance: 2, availablePackets: 3, receiveRate: 4, linkCapacity: 5, receiveBytesRate: 6 };
    expect(parseAck(writeAck({ sequence: 9, full }))).toEqual({ sequence: 9, full });
    expect(parseAck(writeAck({ sequence: 9 }))).toEqual({ sequence: 9 });
    expect(parseAck(writeAck({ sequence: 9, full }).subarray(0, 16)).full).toMatchObject({ rtt: 1, receiveRate: 0 });
    expect(parseDropRequest(writeDropRequest([2 ** 31 + 4, 2 ** 31 + 9]))).toEqual([4, 9]);
    const lost = [
      [1, 1],
      [3, 9],
      [2 ** 31 - 1, 2 ** 31 + 1],
    ] as const;
    expect(toHex(writeLossList(lost, 100))).toBe('00000001' + '80000003' + '00000009' + 'ffffffff' + '00000001');
    expect(parseLossList(writeLossList(lost, 100))).toEqual([
      [1, 1],
      [3, 9],
      [2 ** 31 - 1, 1],
    ]);
  });

  it('hold as many losses as fit', () => {
    const lost = Array.from({ length: 1000 }, (_, index) => [index * 3, index * 3 + 1] as const);
    const body = writeLossList(lost, 1456);

    expect(body.length).toBeLessThanOrEqual(1456);
    expect(parseLossList(body)).toEqual(lost.slice(0, 182));
  });

  it.each([
    ['an ACK without a number', () => parseAck(new Uint8Array(3))],
    ['an empty loss list', () => parseLossList(new Uint8Array(0))],
    ['a loss list of 6 bytes', () => parseLossList(new Uint8Array(6))],
    ['a range without an end', () => parseLossList(fromHex('80000001'))],
    ['a range that runs back', () => parseLossList(fromHex('80000009 00000001'))],
    ['a range whose end is no number', () => parseLossList(fromHex('80000001 80000009'))],
    ['a drop request of half a range', () => parseDropRequest(new Uint8Array(7))],
    ['a drop request that runs back', () => parseDropRequest(fromHex('00000009 00000001'))],
    ['a drop request of no numbers', () => parseDropRequest(fromHex('ffffffff ffffffff'))],
  ])('are refused: %s', (_, parse) => {
    expect(parse).toThrow(damaged);
  });
});

describe('extensions', () => {
  it('have texts in words of little-endian order', () => {
    expect(toHex(writeText('STREAM'))).toBe('45525453' + '00004d41');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (text) => {
        fc.pre(!text.endsWith('\0'));
        expect(parseText(writeText(text))).toBe(text);
      }),
    );
    expect(() => parseText(new Uint8Array(516))).toThrow(expect.objectContaining({ code: 'SRT_HANDSHAKE' }));
  });

  it('have delays in milliseconds, the receiver first', () => {
    const capabilities = { version: 0x10501, flags: 0xbf, receiverDelay: 120_000, senderDelay: 5000 };
    expect(toHex(writeCapabilities(capabilities))).toBe('00010501' + '000000bf' + '00780005');
    expect(parseCapabilities(writeCapabilities(capabilities))).toEqual(capabilities);
  });
});

describe('key material', () => {
  const salt = fromHex('000102030405060708090a0b0c0d0e0f');
  const keys = { keys: 3, cipher: CipherId.ctr, salt, keyBytes: 16, wrapped: new Uint8Array(40).fill(7) };

  it('is written as §3.2.2 draws it', () => {
    const bytes = writeKeyMaterial(keys);
    expect(toHex(bytes.subarray(0, 16))).toBe('12202903' + '00000000' + '02000200' + '00000404');
    expect(parseKeyMaterial(bytes)).toEqual(keys);
    expect(toHex(writeKeyMaterial({ ...keys, cipher: CipherId.gcm }).subarray(8, 12))).toBe('04010200');
  });

  it.each([
    ['nothing', (bytes: Uint8Array) => bytes.subarray(0, 0)],
    ['a head alone', (bytes: Uint8Array) => bytes.subarray(0, 16)],
    ['one byte less', (bytes: Uint8Array) => bytes.subarray(0, -1)],
    ['1352 bytes and more', (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(1300)])],
    ['another signature', (bytes: Uint8Array) => bytes.with(1, 0)],
    ['no key', (bytes: Uint8Array) => bytes.with(3, 0)],
    ['an unknown cipher', (bytes: Uint8Array) => bytes.with(8, 9)],
    ['a salt of 1020 bytes', (bytes: Uint8Array) => bytes.with(14, 255)],
    ['keys of 1020 bytes', (bytes: Uint8Array) => bytes.with(15, 255)],
    ['keys of 20 bytes', (bytes: Uint8Array) => bytes.with(15, 5)],
    ['keys longer than there', (bytes: Uint8Array) => bytes.with(15, 8)],
  ])('is refused with %s', (_, damage) => {
    const bytes = damage(writeKeyMaterial(keys) as Uint8Array<ArrayBuffer>);
    expect(() => parseKeyMaterial(bytes)).toThrow(expect.objectContaining({ code: 'SRT_KEY_MATERIAL' }));
  });

  it('has its failures in little-endian order, and is read either way', () => {
    expect([parseKeyState(fromHex('04000000')), parseKeyState(fromHex('00000004'))]).toEqual([4, 4]);
    expect(parseKeyState(writeKeyMaterial(keys))).toBeUndefined();
  });
});

describe('ciphers', () => {
  it('wrap keys as RFC 3394 §4.1 and §4.6 do', () => {
    const kek = fromHex('000102030405060708090A0B0C0D0E0F');
    const wrapped = wrapKeys(kek, fromHex('00112233445566778899AABBCCDDEEFF'));
    expect(toHex(wrapped)).toBe('1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5');
    const long = fromHex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
    expect(toHex(wrapKeys(long, fromHex('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F')))).toBe(
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    );
    expect(unwrapKeys(kek, wrapped.with(0, 0))).toBeUndefined();
  });

  it('derive keys as RFC 6070 does, with the last eight bytes of the salt', () => {
    const salt = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    expect(deriveKek('passphrase', salt, 16)).toEqual(deriveKek('passphrase', salt.subarray(8), 16));
    expect(deriveKek('passphrase', salt, 32).length).toBe(32);
  });

  it('encrypt by counters of salt, sequence number and block', () => {
    const key = fromHex('2b7e151628aed2a6abf7158809cf4f3c');
    const salt = fromHex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
    const packet = new Uint8Array(32);
    writeDataHeader(packet, { sequence: 0x01020304, message: 1, key: 1, timestamp: 0, destination: 0 });
    new CtrCipher(key, salt).encrypt(packet);
    const { createCipheriv } = process.getBuiltinModule('node:crypto');
    const block = fromHex('f0f1f2f3f4f5f6f7f8f9 fbf9fff9 0000');
    const stream = createCipheriv('aes-128-ecb', key, null).update(block);
    expect(toHex(packet.subarray(16))).toBe(toHex(stream.subarray(0, 16)));
  });

  it.each([16, 24, 32])('of %i bytes give back what was encrypted, whatever its length and number', (keyBytes) => {
    const rng = new SeedRng(3);
    const [key, salt] = [rng.bytes(keyBytes), rng.bytes(16)];
    for (const cipher of [new CtrCipher(key, salt), new GcmCipher(key, salt)]) {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 1, maxLength: 1456 }),
          fc.nat({ max: 2 ** 31 - 1 }),
          (payload, sequence) => {
            const packet = new Uint8Array(16 + payload.length + cipher.overhead);
            writeDataHeader(packet, { sequence, message: 1, key: 1, timestamp: 5, destination: 6 });
            packet.set(payload, 16);
            cipher.encrypt(packet);
            writeDataHeader(packet, { sequence, message: 1, key: 1, timestamp: 5, destination: 6, again: true });
            expect(Buffer.compare(cipher.decrypt(packet)!, payload)).toBe(0);
          },
        ),
        { numRuns: 50 },
      );
    }
  });

  it('of GCM refuse what was touched, header included', () => {
    const cipher = new GcmCipher(new Uint8Array(16), new Uint8Array(16));
    const packet = new Uint8Array(16 + 20 + 16);
    cipher.encrypt(packet);
    for (const at of [3, 9, 15, 20, 40]) expect(cipher.decrypt(packet.with(at, 99)), `byte ${at}`).toBeUndefined();
    expect(cipher.decrypt(packet.subarray(0, 20))).toBeUndefined();
  });

  it('announce the next key before its use, and need one derivation for it', () => {
    const terms = { passphrase: 'a very good secret', cipher: CipherId.ctr, keyBytes: 16 };
    const sender = SendKeys.create(terms, new SeedRng(4), { rate: 10, preAnnounce: 3 });
    const receiver = new ReceiveKeys(terms.passphrase);
    expect(receiver.accept(sender.message())).toBe(true);
    const slots: number[] = [];
    const announced: number[] = [];
    for (let i = 0; i < 25; i++) {
      slots.push(sender.slot);
      const packet = new Uint8Array(20).fill(i, 16);
      sender.encrypt(packet);
      if (sender.pending !== undefined) {
        announced.push(i);
        expect(receiver.needsDerivation(sender.pending)).toBe(false);
        receiver.accept(sender.pending);
        sender.confirm(sender.pending);
      }
      expect(receiver.cipher(slots[i]!)?.decrypt(packet)?.[0]).toBe(i);
    }
    expect(slots.join('')).toBe('1111111111222222222211111');
    expect(announced, 'three packets before').toEqual([6, 16]);
    expect(sender.pending).toBeUndefined();
  });
});
