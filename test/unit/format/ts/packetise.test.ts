// One PES packet as whole packets: every size, every kind of adaptation field.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import { Packetiser, type PesHead, pcrPacket } from '../../../../src/core/format/ts/packetise.ts';
import { parsePes } from '../../../../src/core/format/ts/pes.ts';
import { pidOf, readAdaptation } from '../../../../src/core/format/ts/wire.ts';
import { payload } from './media.ts';

const head: PesHead = {
  streamId: 0xe0,
  pts: 9000,
  dts: 9000,
  pcr: undefined,
  randomAccess: false,
};
const field = () => ({ payload: 0, discontinuity: false, randomAccess: false, pcr: -1 });

/** The PES packet in these packets; fails where a packet is not well formed. */
function unpack(
  bytes: Uint8Array,
  pid: number,
  continuity: number,
): { pes: Uint8Array; fields: ReturnType<typeof field>[] } {
  const parts: Uint8Array[] = [];
  const fields: ReturnType<typeof field>[] = [];
  expect(bytes.length % 188).toBe(0);
  for (let at = 0; at < bytes.length; at += 188) {
    expect(bytes[at]).toBe(0x47);
    expect(pidOf(bytes, at)).toBe(pid);
    expect(((bytes[at + 1] as number) & 0x40) !== 0).toBe(at === 0);
    expect((bytes[at + 3] as number) & 15).toBe((continuity + 1 + at / 188) & 15);
    const adaptation = readAdaptation(bytes, at, field());
    fields.push(adaptation);
    // Behind the flags and a PCR, every byte of a field is stuffing.
    const start = at + 6 + (adaptation.pcr >= 0 ? 6 : 0);
    expect(bytes.subarray(start, Math.max(start, at + adaptation.payload)).every((byte) => byte === 0xff)).toBe(true);
    // Only the first packet and the last one have an adaptation field.
    if (at > 0 && at + 188 < bytes.length) expect(adaptation.payload).toBe(4);
    parts.push(bytes.subarray(at + adaptation.payload, at + 188));
  }
  return { pes: concat(parts), fields };
}

describe('Packetiser', () => {
  it('gives back every size, in as few packets as can be', () => {
    const packetiser = new Packetiser();
    for (let size = 1; size < 800; size++) {
      for (const pcr of [undefined, 1234]) {
        const es = payload([7], size, size);
        const to = { pid: 0x101, continuity: 9 };
        packetiser.begin(to, { ...head, pcr }, es.length);
        packetiser.put(es);
        const out = packetiser.done();

        const { pes, fields } = unpack(out, 0x101, 9);
        expect(toHex(parsePes(pes, false)?.data ?? new Uint8Array(0))).toBe(toHex(es));
        expect(fields[0]?.pcr).toBe(pcr === undefined ? -1 : pcr * 300);
        expect(out.length / 188).toBe(Math.ceil((14 + es.length + (pcr === undefined ? 0 : 8)) / 184));
      }
    }
  });

  it('does not care in which pieces the bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 }), (sizes) => {
        const pieces = sizes.map((size, i) => payload([i], i, size).subarray(0, size));
        const es = concat([...pieces, Uint8Array.of(1)]);
        const write = (parts: readonly Uint8Array[]): string => {
          const packetiser = new Packetiser();
          packetiser.begin({ pid: 1, continuity: 0 }, head, es.length);
          for (const part of parts) packetiser.put(part);
          return toHex(packetiser.done());
        };

        expect(write([...pieces, Uint8Array.of(1)])).toBe(write([es]));
      }),
    );
  });

  it('writes both times for reordered frames, flags and PCR', () => {
    const packetiser = new Packetiser();
    const all = { ...head, pts: 2 ** 33 + 5, dts: 2 ** 33 - 3, pcr: -1, randomAccess: true };
    packetiser.begin({ pid: 1, continuity: 0 }, all, 10);
    packetiser.put(new Uint8Array(10).fill(9));

    const { pes, fields } = unpack(packetiser.done(), 1, 0);

    expect(parsePes(pes, false)).toMatchObject({ pts: 5, dts: 2 ** 33 - 3, streamId: 0xe0 });
    expect(fields[0]).toMatchObject({ discontinuity: false, randomAccess: true, pcr: (2 ** 33 - 1) * 300 });
  });

  it.each([
    { size: 65_535 - 8, length: 65_535 },
    { size: 65_535 - 7, length: 0 },
    { size: 200_000, length: 0 },
  ])('declares length $length for $size bytes', ({ size, length }) => {
    const packetiser = new Packetiser();
    packetiser.begin({ pid: 1, continuity: 0 }, head, size);
    packetiser.put(new Uint8Array(size).fill(1));
    const out = packetiser.done();

    expect(((out[8] as number) << 8) | (out[9] as number)).toBe(length);
    expect(unpack(out, 1, 0).pes.length).toBe(size + 14);
  });
});

describe('pcrPacket', () => {
  it('has a field of 183 bytes, no payload, and the counter of the packet before', () => {
    const packet = pcrPacket({ pid: 0x100, continuity: 5 }, 777, true);

    expect(packet.length).toBe(188);
    expect([packet[3], packet[4]]).toEqual([0x25, 183]);
    expect(readAdaptation(packet, 0, field())).toEqual({
      payload: 188,
      discontinuity: true,
      randomAccess: false,
      pcr: 777 * 300,
    });
  });
});
