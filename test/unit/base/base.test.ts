// Bytes, bits, times and rates.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader, BitWriter } from '../../../src/core/base/bits.ts';
import { ByteQueue, ByteReader, ByteWriter, concat, joinSmall } from '../../../src/core/base/bytes.ts';
import { every } from '../../../src/core/base/clock.ts';
import { Rate, Reporter } from '../../../src/core/base/counters.ts';
import { defineErrors, ProtocolError } from '../../../src/core/base/errors.ts';
import { Log, type LogLine } from '../../../src/core/base/log.ts';
import { fromSeconds, fromTicks, toTicks, Unwrapper } from '../../../src/core/base/time.ts';
import { chop } from '../../tools/chop.ts';
import { VirtualClock } from '../../tools/fakes.ts';

describe('bytes', () => {
  it('reads back what was written, in every width', () => {
    const bytes = new ByteWriter(1)
      .u8(1)
      .u16(0x0203)
      .u24(0x040506)
      .u32(0xf7080910)
      .u64(2 ** 40 + 5)
      .f64(-1.5)
      .u32le(7)
      .text('é')
      .done();
    const reader = new ByteReader(bytes);

    expect([reader.u8(), reader.u16(), reader.u24(), reader.u32(), reader.u64(), reader.f64(), reader.u32le()]).toEqual(
      [1, 0x0203, 0x040506, 0xf7080910, 2 ** 40 + 5, -1.5, 7],
    );
    expect(reader.text(2)).toBe('é');
    expect(reader.left).toBe(0);
  });

  it('reads signed 24-bit values', () => {
    expect(new ByteReader(Uint8Array.of(0xff, 0xff, 0xfe)).i24()).toBe(-2);
  });

  it('ends with a ProtocolError, not with undefined', () => {
    expect(() => new ByteReader(Uint8Array.of(1)).u16()).toThrow(ProtocolError);
    expect(() => new ByteReader(new Uint8Array(8).fill(0xff)).u64()).toThrow(ProtocolError);
    expect(() => new ByteReader(Uint8Array.of(1)).take(-1)).toThrow(ProtocolError);
  });

  it('queues chunks and gives them back however they were cut and taken', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 70 }),
        (bytes, cut, take) => {
          const queue = new ByteQueue();
          const out: Uint8Array[] = [];
          for (const piece of chop(bytes, cut)) {
            queue.push(piece);
            if (queue.size > take) {
              expect(queue.peek(take)).toBe(
                bytes[bytes.length - (bytes.length - out.reduce((n, x) => n + x.length, 0)) + take],
              );
              out.push(queue.take(take));
            }
          }
          out.push(queue.take(queue.size));
          expect(concat(out)).toEqual(bytes);
        },
      ),
    );
  });

  it('joins small chunks and keeps big ones by reference', () => {
    const big = new Uint8Array(100).fill(9);
    const chunks = [Uint8Array.of(1), Uint8Array.of(2, 3), big, Uint8Array.of(4)];

    const joined = joinSmall(chunks, 50);

    expect(joined).toHaveLength(3);
    expect(joined[1]).toBe(big);
    expect(new Uint8Array(concat(joined))).toEqual(concat(chunks));
  });
});

describe('bits', () => {
  it('reads back what was written, Exp-Golomb codes included', () => {
    const value = fc.record({
      width: fc.integer({ min: 1, max: 32 }),
      raw: fc.nat(),
      golomb: fc.nat(2 ** 31 - 2),
      signed: fc.integer(),
    });
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const writer = new BitWriter();
        for (const { width, raw, golomb, signed } of values) {
          writer
            .u(width, raw % 2 ** width)
            .ue(golomb)
            .se(Math.trunc(signed / 2));
        }
        const reader = new BitReader(writer.done());
        for (const { width, raw, golomb, signed } of values) {
          expect(reader.u(width)).toBe(raw % 2 ** width);
          expect(reader.ue()).toBe(golomb);
          expect(reader.se() + 0).toBe(Math.trunc(signed / 2) + 0);
        }
      }),
    );
  });

  it('refuses a code of endless zeros and an early end', () => {
    expect(() => new BitReader(new Uint8Array(10)).ue()).toThrow(expect.objectContaining({ code: 'BITS_GOLOMB' }));
    expect(() => new BitReader(Uint8Array.of(1)).u(9)).toThrow(expect.objectContaining({ code: 'BITS_SHORT' }));
  });
});

describe('time', () => {
  it.each([1000, 8000, 16_000, 44_100, 48_000, 90_000])(
    'brings ticks of %i Hz through microseconds and back',
    (rate) => {
      fc.assert(fc.property(fc.nat(2 ** 40), (ticks) => toTicks(fromTicks(ticks, rate), rate) === ticks));
    },
  );

  it.each([16, 24, 31, 32, 33])('unwraps a counter of %i bits across its end, reordering included', (bits) => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 20),
        fc.array(fc.integer({ min: -1000, max: 3000 }), { minLength: 50, maxLength: 200 }),
        (start, steps) => {
          const range = 2 ** bits;
          const unwrapper = new Unwrapper(bits);
          const first = range - 1 - (start % range);
          let value = first;
          expect(unwrapper.unwrap(first)).toBe(first);
          for (const step of steps) {
            value += step;
            expect(unwrapper.unwrap(((value % range) + range) % range)).toBe(value);
          }
        },
      ),
    );
  });
});

describe('counters', () => {
  it('averages over thirty seconds, or since the start when that is less', () => {
    const rate = new Rate(0);
    for (let second = 1; second <= 10; second++) {
      rate.add(125_000);
      rate.tick(fromSeconds(second));
    }
    expect(rate.kbps(fromSeconds(10))).toBe(1000);

    for (let second = 11; second <= 60; second++) {
      rate.add(250_000);
      rate.tick(fromSeconds(second));
    }
    expect(rate.kbps(fromSeconds(60))).toBe(2000);
    expect(rate.kbps(fromSeconds(600))).toBe(0);
  });

  it.each([0, 1, 2.5, 4.9])('averages since the start when that was %f s behind a moment of samples', (start) => {
    const rate = new Rate(fromSeconds(start));
    for (let second = 1; second <= 40; second++) {
      rate.add(125_000);
      rate.tick(fromSeconds(start + second));
      expect(rate.kbps(fromSeconds(start + second))).toBeGreaterThan(960);
      expect(rate.kbps(fromSeconds(start + second))).toBeLessThan(1040);
    }
  });

  it('reports at most once a second what happens often', () => {
    const lines: string[] = [];
    const reporter = new Reporter((count, last) => lines.push(`${count} ${last}`));
    for (let i = 0; i < 100; i++) reporter.note('SHORT', fromSeconds(i / 50));

    expect(lines).toEqual(['1 SHORT', '50 SHORT']);
    expect(reporter.total).toBe(100);
  });
});

describe('errors', () => {
  it('carry a code, a filled text, advice and the number of SRS', () => {
    const errors = defineErrors('TESTING', { ODD: { srs: 4242, text: 'size {size} is odd', advice: 'Make it even.' } });

    const error = errors.protocol('ODD', { size: 3 });

    expect(error).toMatchObject({
      code: 'TESTING_ODD',
      message: 'size 3 is odd',
      advice: 'Make it even.',
      srs: 4242,
      name: 'ProtocolError',
    });
  });
});

describe('the log', () => {
  it('never builds the text of a topic that is off', () => {
    const lines: LogLine[] = [];
    const log = new Log((line) => lines.push(line), 'debug', ['rtmp:']);
    log.debug('http', () => {
      throw new Error('built');
    });
    log.debug('rtmp:chunk', () => 'seen');
    new Log((line) => lines.push(line), 'warn').info('x', 'not seen');

    expect(lines.map((line) => line.text)).toEqual(['seen']);
  });
});

describe('every', () => {
  it('comes again and again, until it is cancelled, also from inside', () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const cancel = every(clock, 10, () => {
      times.push(clock.now());
      if (times.length === 3) cancel();
    });
    const start = clock.now();

    clock.advance(100);

    expect(times.map((time) => time - start)).toEqual([10, 20, 30]);
    expect(clock.pending).toBe(0);
  });
});
