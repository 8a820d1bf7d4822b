// Arbitraries and checks that the tests of all codecs share.
import fc from 'fast-check';
import { expect } from 'vitest';
import { ProtocolError } from '../../../src/core/base/errors.ts';

/** Runs `parse`; anything it throws must be a ProtocolError, whose code is returned. */
export function codeOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return (error as ProtocolError).code;
  }
}

/** Bytes of any kind, with many zeros and ones among them, since those steer parsers. */
export const bytes = (maxLength = 200): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 3, 0x7f, 0x80, 0xff)), { maxLength, size: 'max' })
    .map((values) => Uint8Array.from(values));

/** Real input, cut or with some bytes changed. */
export const damaged = (seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    )
    .map(([seed, changes, kept]) => {
      const copy = seed.slice(0, Math.ceil(seed.length * kept));
      for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
      return copy;
    });

/** Every parser must give a value or a ProtocolError for random bytes and for damaged real input. */
export function survives(parse: (input: Uint8Array) => unknown, seeds: readonly Uint8Array[], numRuns = 1000): void {
  fc.assert(
    fc.property(fc.oneof(bytes(), damaged(seeds)), (input) => {
      codeOf(() => parse(input));
    }),
    { numRuns },
  );
}
