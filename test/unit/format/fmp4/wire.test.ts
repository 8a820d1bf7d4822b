// Boxes: sizes, nesting, counts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import {
  BoxView,
  box,
  fields,
  fullBox,
  MAX_DEPTH,
  parseBoxes,
  parseBoxHead,
} from '../../../../src/core/format/fmp4/wire.ts';
import { rootOf } from './media.ts';

describe('boxes', () => {
  it('come back as they were written, at any depth', () => {
    const content = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(fc.array(content, { maxLength: 10 }), (contents) => {
        const root = rootOf(box('moov', ...contents.map((bytes) => fullBox('free', 1, 2, bytes)))).need('moov');
        const read = root
          .children()
          .map((child) => child.readFull((reader, version, flags) => [version, flags, reader.rest()]));
        expect(read).toEqual(contents.map((bytes) => [1, 2, bytes]));
      }),
    );
  });

  it('have a size of 32 bits, of 64 bits, or end with the input', () => {
    expect(parseBoxHead(fromHex('00000010 6d646174'), 0)).toEqual({ type: 'mdat', headBytes: 8, size: 16 });
    expect(parseBoxHead(fromHex('00000001 6d646174 0000000100000000'), 0)).toEqual({
      type: 'mdat',
      headBytes: 16,
      size: 2 ** 32,
    });
    expect(parseBoxHead(fromHex('00000000 6d646174'), 0)?.size).toBe(Number.POSITIVE_INFINITY);
  });

  it('need eight bytes to be known, or sixteen', () => {
    expect(parseBoxHead(fromHex('00000010 6d6461'), 0)).toBeUndefined();
    expect(parseBoxHead(fromHex('00000001 6d646174 00000001000000'), 0)).toBeUndefined();
  });

  it('of size 0 inside another end with it', () => {
    const [last] = parseBoxes(fromHex('00000000 66726565 0102'), 0, 10);

    expect(last).toEqual({ type: 'free', start: 8, end: 10 });
  });

  it('may be followed by padding too short for a box', () => {
    expect(parseBoxes(concat([box('free'), new Uint8Array(4)]), 0, 12).length).toBe(1);
  });

  it.each([
    {
      name: 'nest too deep',
      code: 'FMP4_BOX_DEPTH',
      act: () => new BoxView(new Uint8Array(8), { type: 'x', start: 0, end: 8 }, MAX_DEPTH + 1),
    },
    {
      name: 'are too many',
      code: 'FMP4_BOX_COUNT',
      act: () => rootOf(concat(Array.from({ length: 5000 }, () => box('free')))).children(),
    },
    {
      name: 'are larger than their parent',
      code: 'FMP4_BOX_SIZE',
      act: () => rootOf(fromHex('00000011 66726565')).children(),
    },
    {
      name: 'end before their fields',
      code: 'FMP4_BOX_CUT',
      act: () =>
        rootOf(
          box(
            'mfhd',
            fields((w) => w.u8(0)),
          ),
        )
          .need('mfhd')
          .readFull((reader) => reader.u32()),
    },
    {
      name: 'are shorter than the fields before their children',
      code: 'FMP4_BOX_CUT',
      act: () => rootOf(box('stsd')).need('stsd').children(8),
    },
    { name: 'lack a child', code: 'FMP4_BOX_MISSING', act: () => rootOf(box('moov')).need('mvhd') },
  ])('that $name are refused with $code', ({ act, code }) => {
    expect(act).toThrow(expect.objectContaining({ code, name: 'ProtocolError' }));
  });
});
