// SRTP and SRTCP against the vectors of RFC 3711, against werift, and against forgers.
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SrtcpSession, SrtpSession } from 'werift';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { silentLog } from '../../../../src/core/base/log.ts';
import { loadNative } from '../../../../src/core/net/native.ts';
import { ciphersOf } from '../../../../src/core/net/native-srtp.ts';
import { putUint16, writeHeader } from '../../../../src/core/wire/rtp/index.ts';
import {
  batchMemory,
  type MasterKey,
  nodeCiphers,
  type Slot,
  type SrtpCiphers,
  type SrtpProfile,
  SrtpReceiver,
  SrtpSender,
  srtpProfile,
  tagBytes,
} from '../../../../src/core/wire/srtp/index.ts';
import { deriveKeys } from '../../../../src/core/wire/srtp/keys.ts';
import { ReplayWindow } from '../../../../src/core/wire/srtp/replay.ts';

const key = fromHex('e1f97a0d3e018be0d64fa32c06de4139');
const salt = fromHex('0ec675ad498afeebb6960b3aabe6');
const profiles = [
  ['AES_CM_128_HMAC_SHA1_80', srtpProfile.aes128CmSha1_80],
  ['AEAD_AES_128_GCM', srtpProfile.aeadAes128Gcm],
] as const;
const masterOf = (profile: SrtpProfile) => ({
  key,
  salt: profile === srtpProfile.aeadAes128Gcm ? salt.subarray(0, 12) : salt,
});

function packet(sequence: number, payload: Uint8Array, ssrc = 0x12345678): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  writeHeader(bytes, 0, { payloadType: 96, marker: true, sequence, timestamp: 1000, ssrc, extended: false });
  bytes.set(payload, 12);
  return bytes;
}

type Plain = { bytes: Uint8Array; rollOver?: number };

/** Packets protected in one batch, in memory of their own. */
function protectAll(sender: SrtpSender, packets: readonly Plain[]): Uint8Array[] {
  const bytes = packets.reduce((sum, { bytes }) => sum + bytes.length + sender.room + 4, 0);
  return protectIn(new Uint8Array(bytes), sender, packets);
}

/** The same in the memory that is best for it, as many at once as it holds. */
function protectBest(sender: SrtpSender, packets: readonly Plain[]): Uint8Array[] {
  const memory = batchMemory();
  const room = (count: number): number =>
    packets.slice(0, count).reduce((sum, { bytes }) => sum + bytes.length + 100, 0);
  let count = packets.length;
  while (room(count) > memory.length) count--;
  const first = protectIn(memory, sender, packets.slice(0, count));
  return count === packets.length ? first : [...first, ...protectBest(sender, packets.slice(count))];
}

function protectIn(memory: Uint8Array, sender: SrtpSender, packets: readonly Plain[]): Uint8Array[] {
  const slots: Slot[] = [];
  let at = 0;
  for (const { bytes, rollOver = 0 } of packets) {
    memory.set(bytes, at);
    slots.push({ begin: at, headerBytes: 12, end: at + bytes.length, rollOver });
    at += bytes.length + sender.room;
    at += (4 - (at % 4)) % 4;
  }
  sender.protect(memory, slots, slots.length);
  return slots.map(({ begin, end }) => memory.slice(begin, end));
}

const payloadOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i * 7);

it('derives the keys of RFC 3711 B.3', () => {
  const keys = deriveKeys({ key, salt }, srtpProfile.aes128CmSha1_80, 'rtp');

  expect(toHex(keys.encryption)).toBe('c61e7a93744f39ee10734afe3ff7a087');
  expect(toHex(keys.salt)).toBe('30cbbc08863d8c85d49db34a9ae1');
  expect(toHex(keys.authentication)).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
});

const native = loadNative(silentLog);
const own = native && ciphersOf(native);

/** Those of node:crypto, and faster ones where this machine has them. */
const implementations: [string, SrtpCiphers, typeof protectAll][] = [
  ['node:crypto', nodeCiphers, protectAll],
  ['node:crypto and vectors', nodeCiphers, protectBest],
  ...(own === undefined
    ? []
    : ([['plain calls', own, protectAll]] satisfies [string, SrtpCiphers, typeof protectAll][])),
];

it.skipIf(native === undefined)('plain calls into this OpenSSL do what node:crypto does', () => {
  expect(own).toBeDefined();
});

describe.each(implementations)('by %s', (_, ciphers, protect) => {
  const newSender = (master: MasterKey, profile: SrtpProfile) => new SrtpSender(master, profile, ciphers);
  const newReceiver = (master: MasterKey, profile: SrtpProfile) => new SrtpReceiver(master, profile, ciphers);

  it('packets are those of node:crypto to the bit, whatever their sizes, headers and indexes', () => {
    const sizes = fc.array(fc.record({ size: fc.nat(1500), sequence: fc.nat(0xffff), rollOver: fc.nat(0xffffffff) }));
    fc.assert(
      fc.property(sizes, fc.constantFrom(...Object.values(srtpProfile)), (wanted, profile) => {
        const packets = wanted.map(({ size, sequence, rollOver }) => ({
          bytes: packet(sequence, payloadOf(size), 0x80000000 + size),
          rollOver,
        }));

        const made = protect(newSender(masterOf(profile), profile), packets);

        expect(made).toEqual(protectAll(new SrtpSender(masterOf(profile), profile), packets));
      }),
    );
  });

  describe.each(profiles)('%s', (_, profile) => {
    const master = masterOf(profile);
    const keys = {
      localMasterKey: Buffer.from(master.key),
      localMasterSalt: Buffer.from(master.salt),
      remoteMasterKey: Buffer.from(master.key),
      remoteMasterSalt: Buffer.from(master.salt),
    };
    const theirs = { keys, profile };

    it.each([0, 1, 15, 16, 17, 1188])('%i bytes are opened by werift, and its packets by us', (size) => {
      const plain = packet(4711, payloadOf(size));
      const [protectedPacket] = protect(newSender(master, profile), [{ bytes: plain }]);

      expect(toHex(new SrtpSession(theirs).decrypt(Buffer.from(protectedPacket!)))).toBe(toHex(plain));
      expect(protectedPacket).toHaveLength(plain.length + tagBytes(profile));
      expect(newReceiver(master, profile).openRtp(protectedPacket!)).toEqual(plain);
    });

    it('RTCP is opened by werift, and its own by us', () => {
      const plain = fromHex('80c90001deadbeef81cb0001deadbeef');
      const sender = newSender(master, profile);
      const opened = new SrtcpSession(theirs);

      for (let i = 0; i < 3; i++)
        expect(toHex(opened.decrypt(Buffer.from(sender.protectRtcp(plain))))).toBe(toHex(plain));
      const receiver = newReceiver(master, profile);
      const other = new SrtcpSession(theirs);
      expect(receiver.openRtcp(other.encrypt(Buffer.from(plain)))).toEqual(plain);
    });

    it('a batch of many packets is the same as one by one', () => {
      const packets = Array.from({ length: 200 }, (_, i) => ({ bytes: packet(i, payloadOf(i * 13)) }));

      const together = protect(newSender(master, profile), packets);
      const sender = newSender(master, profile);

      expect(together).toEqual(packets.map((one) => protect(sender, [one])[0]));
      const receiver = newReceiver(master, profile);
      expect(together.map((bytes) => receiver.openRtp(bytes))).toEqual(packets.map(({ bytes }) => bytes));
    });

    it('short packets one by one are the same as in a batch, in order, again, longer than the last, and across the wrap', () => {
      const numbers = [65_530, 65_531, 65_531, 65_532, 65_534, 65_535, 65_536, 65_537, 65_538, 65_539, 65_540, 65_540];
      const sizes = [100, 160, 160, 20, 400, 3, 0, 100, 512, 513, 90, 90];
      const packets = numbers.map((index, i) => ({
        bytes: packet(index & 0xffff, payloadOf(sizes[i] as number), i === 7 ? 5 : 9),
        rollOver: index >> 16,
      }));

      const alone = newSender(master, profile);

      expect(packets.flatMap((one) => protect(alone, [one]))).toEqual(protectAll(newSender(master, profile), packets));
    });

    it('goes on across the wrap of the sequence, with late packets and a retransmitted zero', () => {
      const sender = newSender(master, profile);
      const receiver = newReceiver(master, profile);
      const numbers = [65_533, 65_535, 65_536, 65_534, 65_538, 65_537, 65_539];
      const packets = numbers.map((index) => ({
        bytes: packet(index % 65_536, payloadOf(50)),
        rollOver: Math.floor(index / 65_536),
      }));

      const opened = protect(sender, packets).map((bytes) => receiver.openRtp(bytes));

      expect(opened).toEqual(packets.map(({ bytes }) => bytes));
    });

    it('refuses a packet that was seen', () => {
      const receiver = newReceiver(master, profile);
      const sender = newSender(master, profile);
      const [bytes] = protect(sender, [{ bytes: packet(1, payloadOf(20)) }]);
      const rtcp = sender.protectRtcp(fromHex('80c90001deadbeef'));

      expect([bytes!, bytes!].map((one) => receiver.openRtp(one) !== undefined)).toEqual([true, false]);
      expect([rtcp, rtcp].map((one) => receiver.openRtcp(one) !== undefined)).toEqual([true, false]);
      expect(receiver.refused).toBe(2);
    });

    it('refuses everything that was changed in one bit, and is not moved by it', () => {
      const [bytes, next] = protect(newSender(master, profile), [
        { bytes: packet(1, payloadOf(20)) },
        { bytes: packet(2, payloadOf(20)) },
      ]);
      const receiver = newReceiver(master, profile);

      fc.assert(
        fc.property(fc.nat(bytes!.length * 8 - 1), (bit) => {
          const forged = bytes!.slice();
          forged[bit >> 3] = forged[bit >> 3]! ^ (1 << (bit & 7));
          return receiver.openRtp(forged) === undefined;
        }),
      );
      expect(receiver.openRtp(bytes!)).toBeDefined();
      expect(receiver.openRtp(next!)).toBeDefined();
    });

    it('takes any garbage without an exception', () => {
      const receiver = newReceiver(master, profile);

      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          expect(receiver.openRtp(bytes)).toBeUndefined();
          expect(receiver.openRtcp(bytes)).toBeUndefined();
        }),
      );
    });

    it('keeps no more streams than there can be', () => {
      const sender = newSender(master, profile);
      const receiver = newReceiver(master, profile);

      const opened = Array.from({ length: 100 }, (_, ssrc) => {
        const [bytes] = protect(sender, [{ bytes: packet(1, payloadOf(4), ssrc) }]);
        return receiver.openRtp(bytes!) !== undefined;
      });

      expect(opened.filter(Boolean)).toHaveLength(64);
    });
  });

  describe('AES_CM_128_HMAC_SHA1_32', () => {
    const [long, short] = [srtpProfile.aes128CmSha1_80, srtpProfile.aes128CmSha1_32];
    const master = { key, salt };

    it('is the same with the first four bytes of the tag', () => {
      const plain = packet(4711, payloadOf(100));
      const [whole] = protect(newSender(master, long), [{ bytes: plain }]);
      const [cut] = protect(newSender(master, short), [{ bytes: plain }]);

      expect(toHex(cut!)).toBe(toHex(whole!.subarray(0, plain.length + 4)));
      expect(newReceiver(master, short).openRtp(cut!)).toEqual(plain);
      expect(newReceiver(master, short).openRtp(whole!)).toBeUndefined();
    });

    it('has the long tag for RTCP all the same', () => {
      const plain = fromHex('80c90001deadbeef81cb0001deadbeef');
      const bytes = newSender(master, short).protectRtcp(plain);

      expect(bytes).toHaveLength(plain.length + 14);
      expect(toHex(bytes)).toBe(toHex(newSender(master, long).protectRtcp(plain)));
      expect(newReceiver(master, short).openRtcp(bytes)).toEqual(plain);
    });
  });

  describe.each(profiles)('%s: a stream whose first packets did not come in order', (_, profile) => {
    const master = masterOf(profile);
    const from = (index: number) => ({ bytes: packet(index & 0xffff, payloadOf(30)), rollOver: index >> 16 });

    it('is opened although the first one to come is behind the first wrap', () => {
      const receiver = newReceiver(master, profile);
      const packets = [65_537, 65_535, 65_538, 65_534, 65_540].map(from);

      const opened = protect(newSender(master, profile), packets).map((bytes) => receiver.openRtp(bytes));

      expect(opened).toEqual(packets.map(({ bytes }) => bytes));
    });

    it('keeps nothing of streams that are not authentic', () => {
      const receiver = newReceiver(master, profile);
      for (let ssrc = 0; ssrc < 1000; ssrc++) {
        expect(receiver.openRtp(packet(1, payloadOf(40), ssrc))).toBeUndefined();
        expect(receiver.openRtcp(packet(1, payloadOf(40), ssrc))).toBeUndefined();
      }
      const [bytes] = protect(newSender(master, profile), [from(5)]);

      expect(receiver.openRtp(bytes!)).toBeDefined();
    });
  });

  describe('SRTCP that is not encrypted (RFC 3711 §3.4: E is 0)', () => {
    const plain = fromHex('80c90001deadbeef81cb0001deadbeef');
    const master = { key, salt };
    const index = fromHex('00000007');

    it('is opened when it is authentic', () => {
      const { authentication } = deriveKeys(master, srtpProfile.aes128CmSha1_80, 'rtcp');
      const signed = concat([plain, index]);
      const tag = createHmac('sha1', authentication).update(signed).digest().subarray(0, 10);
      const receiver = newReceiver(master, srtpProfile.aes128CmSha1_80);

      expect(receiver.openRtcp(concat([signed, new Uint8Array(10)]))).toBeUndefined();
      expect(receiver.openRtcp(concat([signed, tag]))).toEqual(plain);
      expect(receiver.openRtcp(concat([signed, tag]))).toBeUndefined();
    });

    it('is refused with GCM when its tag is that of an encrypted one', () => {
      const profile = srtpProfile.aeadAes128Gcm;
      const bytes = newSender(masterOf(profile), profile).protectRtcp(plain);
      bytes[bytes.length - 4] = 0;

      expect(newReceiver(masterOf(profile), profile).openRtcp(bytes)).toBeUndefined();
    });
  });
});

describe('a replay window', () => {
  it('knows each index once, whatever the order within its size', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 300 }), (indexes) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let highest = -1;
        for (const index of indexes) {
          const known = seen.has(index) || index <= highest - 1024;
          expect(window.fresh(index)).toBe(!known);
          if (known) continue;
          window.accept(index);
          seen.add(index);
          highest = Math.max(highest, index);
        }
      }),
    );
  });

  it.each([
    [[65_530], 3, 65_539],
    [[65_539], 65_530, 65_530],
    [[10], 65_535, 65_535],
    [[65_536 + 40_000], 100, 2 * 65_536 + 100],
  ])('after %j takes the sequence %i for the index %i', (before, sequence, index) => {
    const window = new ReplayWindow();
    for (const one of before) window.accept(one);

    expect(window.indexOf(sequence)).toBe(index);
  });
});

it('writes big-endian numbers', () => {
  const bytes = new Uint8Array(2);
  putUint16(bytes, 0, 0x1234);

  expect([...bytes]).toEqual([0x12, 0x34]);
});
