import { describe, expect, it } from 'vitest';
import {
  contentRange,
  multipart,
  parseRanges,
  queryRange,
  sizeOf,
} from '../../../../src/core/protocols/http-static/ranges.ts';

describe('a Range header for 100 bytes', () => {
  it.each([
    ['bytes=0-9', [[0, 10]]],
    ['bytes=0-0', [[0, 1]]],
    ['bytes=90-', [[90, 100]]],
    ['bytes=-5', [[95, 100]]],
    ['bytes=-500', [[0, 100]]],
    ['bytes=50-5000', [[50, 100]]],
    [
      'Bytes = 1-2 , 4-5',
      [
        [1, 3],
        [4, 6],
      ],
    ],
    ['bytes=0-9,200-300', [[0, 10]]],
    [
      'bytes=0-0,-1',
      [
        [0, 1],
        [99, 100],
      ],
    ],
  ])('%s', (header, wanted) => {
    expect(parseRanges(header, 100)).toEqual(wanted.map(([start, end]) => ({ start, end })));
  });

  it.each([
    'bytes=100-',
    'bytes=200-300',
    'bytes=5-2',
    'bytes=-0',
    'bytes=',
    'bytes=a-b',
    'bytes=1',
    'bytes=--1',
    'bytes=1-2-3',
    'bytes=,',
  ])('%s is in no part of it', (header) => expect(parseRanges(header, 100)).toBe('none'));

  it.each(['items=0-9', 'seconds=1-', 'bytes 0-9', ''])('%s is of another unit and ignored', (header) => {
    expect(parseRanges(header, 100)).toBe('whole');
  });

  it('that asks for more than the file, in too many parts, or both, is ignored', () => {
    expect(parseRanges('bytes=0-99,0-99', 100)).toBe('whole');
    expect(parseRanges(`bytes=${Array(33).fill('0-0').join()}`, 100)).toBe('whole');
    expect(parseRanges(`bytes=${'0-,'.repeat(5000)}`, 100)).toBe('whole');
  });

  it('has nothing to give of an empty file', () => {
    expect(parseRanges('bytes=0-', 0)).toBe('none');
    expect(parseRanges('bytes=-1', 0)).toBe('none');
  });
});

it('SRS has ranges in the query, too', () => {
  expect(queryRange(new URLSearchParams('range=3-7'))).toBe('bytes=3-7');
  expect(queryRange(new URLSearchParams('bytes=3-'))).toBe('bytes=3-');
  expect(queryRange(new URLSearchParams('range=x'))).toBeUndefined();
  expect(queryRange(new URLSearchParams(''))).toBeUndefined();
});

it('several ranges are parts with heads, whose size is known before', () => {
  const pieces = multipart(
    [
      { start: 0, end: 2 },
      { start: 8, end: 10 },
    ],
    10,
    'video/mp4',
    'edge',
  );
  const text = pieces.map((piece) => (piece instanceof Uint8Array ? new TextDecoder().decode(piece) : '**')).join('');

  expect(text).toBe(
    '\r\n--edge\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-1/10\r\n\r\n**' +
      '\r\n--edge\r\nContent-Type: video/mp4\r\nContent-Range: bytes 8-9/10\r\n\r\n**\r\n--edge--\r\n',
  );
  expect(sizeOf(pieces)).toBe(text.length);
  expect(contentRange({ start: 8, end: 10 }, 10)).toBe('bytes 8-9/10');
});
