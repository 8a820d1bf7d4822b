// What waits for an acknowledgement, whatever is pushed and released.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SendBuffer } from '../../../../src/core/protocols/srt/send-buffer.ts';

/** Around the wrap of 31 and 32 bits, too. */
const firsts = fc.constantFrom(0, 5, 2 ** 31 - 3, 2 ** 32 - 3);
const steps = fc.array(fc.record({ push: fc.nat(300), release: fc.nat(300) }), { maxLength: 10, size: 'max' });

it('has exactly what was pushed and not released, by its number', () => {
  fc.assert(
    fc.property(firsts, steps, (first, steps) => {
      const buffer = new SendBuffer(first);
      let end = first;
      for (const { push, release } of steps) {
        for (let i = 0; i < push; i++, end++) {
          buffer.push(new Uint8Array(1 + (end % 7)).fill(end & 0xff), end % 3, end * 10);
          if (end % 5 === 0) buffer.sent(end, end * 10 + 1);
          if (end % 11 === 0) buffer.lose(end);
        }
        buffer.releaseTo(Math.min(end, buffer.first + release));

        expect(buffer.end).toBe(end);
        expect(buffer.packets).toBe(end - buffer.first);
        let bytes = 0;
        for (let at = buffer.first; at < end; at++) {
          expect([buffer.kept(at), buffer.key(at), buffer.origin(at)]).toEqual([true, at % 3, at * 10]);
          expect([buffer.sentAt(at), buffer.isLost(at)]).toEqual([
            at % 5 === 0 ? at * 10 + 1 : Number.NaN,
            at % 11 === 0,
          ]);
          expect(buffer.payload(at)).toEqual(new Uint8Array(1 + (at % 7)).fill(at & 0xff));
          bytes += 1 + (at % 7);
        }
        expect(buffer.bytes).toBe(bytes);
        expect([buffer.kept(buffer.first - 1), buffer.kept(end)]).toEqual([false, false]);
        expect(buffer.span).toBe(buffer.packets === 0 ? 0 : (buffer.packets - 1) * 10);
      }
    }),
  );
});

it('counts how often a packet was sent again, and knows it as lost until then', () => {
  const buffer = new SendBuffer(0);
  buffer.push(new Uint8Array(5), 2, 7);

  for (const times of [1, 2, 3]) {
    buffer.lose(0);
    expect(buffer.isLost(0)).toBe(true);
    expect(buffer.repeat(0)).toBe(times);
    expect(buffer.isLost(0)).toBe(false);
  }
  expect([buffer.key(0), buffer.origin(0)]).toEqual([2, 7]);
});

it('lets go of a payload when it is released', () => {
  const buffer = new SendBuffer(0);
  buffer.push(new Uint8Array(1000), 0, 0);

  buffer.releaseTo(1);

  expect(buffer.payload(0)).toHaveLength(0);
});
