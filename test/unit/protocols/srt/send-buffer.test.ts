// What waits for an acknowledgement, whatever is pushed and released.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SendBuffer } from '../../../../src/core/protocols/srt/send-buffer.ts';

/** Around the wrap of 31 and 32 bits, too. */
const firsts = fc.constantFrom(0, 5, 2 ** 31 - 3, 2 ** 32 - 3);
const steps = fc.array(fc.record({ push: fc.nat(400), release: fc.nat(400) }), { maxLength: 20, size: 'max' });

it('has exactly what was pushed and not released, by its number', () => {
  fc.assert(
    fc.property(firsts, steps, (first, steps) => {
      const buffer = new SendBuffer(first);
      let end = first;
      for (const { push, release } of steps) {
        for (let i = 0; i < push; i++, end++) buffer.push(Uint8Array.of(end & 0xff), 1 + (end % 7), end, 1, end * 10);
        buffer.releaseTo(Math.min(end, buffer.first + release));

        expect(buffer.end).toBe(end);
        expect(buffer.packets).toBe(end - buffer.first);
        let bytes = 0;
        for (let at = buffer.first; at < end; at++) {
          const entry = buffer.at(at)!;
          expect([entry.message, entry.payload[0], entry.origin]).toEqual([at, at & 0xff, at * 10]);
          expect([entry.sentAt, entry.lost, entry.repeats]).toEqual([Number.NaN, false, 0]);
          bytes += entry.payloadBytes;
        }
        expect(buffer.bytes).toBe(bytes);
        expect([buffer.at(buffer.first - 1), buffer.at(end)]).toEqual([undefined, undefined]);
        expect(buffer.span).toBe(buffer.packets === 0 ? 0 : (buffer.packets - 1) * 10);
      }
    }),
  );
});

it('lets go of a payload when it is released', () => {
  const buffer = new SendBuffer(0);
  buffer.push(new Uint8Array(1000), 1000, 1, 0, 0);
  const entry = buffer.at(0);

  buffer.releaseTo(1);

  expect(entry?.payload.length).toBe(0);
});
