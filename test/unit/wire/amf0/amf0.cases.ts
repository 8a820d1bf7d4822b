// One table of AMF0 values and their bytes for the parse, write and damage tests.
import { fromHex } from '../../../../src/core/base/bytes.ts';
import { type AmfValue, amfEcmaArray, amfObject } from '../../../../src/core/wire/amf0/index.ts';

export interface AmfCase {
  readonly name: string;
  readonly values: readonly AmfValue[];
  readonly bytes: Uint8Array;
  /** The bytes are legal, but we write others. */
  readonly parseOnly?: true;
}

const cases: readonly (Omit<AmfCase, 'bytes'> & { hex: string })[] = [
  { name: 'a number', values: [1], hex: '00 3ff0000000000000' },
  { name: 'a number that is not one', values: [Number.NaN], hex: '00 7ff8000000000000' },
  { name: 'booleans', values: [true, false], hex: '0101 0100' },
  { name: 'a string', values: ['live'], hex: '02 0004 6c697665' },
  { name: 'a string with a byte order mark', values: ['\ufeffa'], hex: '02 0004 efbbbf61' },
  { name: 'a short text as a long string', values: ['ab'], hex: '0c 00000002 6162', parseOnly: true },
  { name: 'null and undefined', values: [null, undefined], hex: '05 06' },
  { name: 'unsupported', values: [undefined], hex: '0d', parseOnly: true },
  {
    name: 'an object',
    values: [amfObject({ app: 'live', n: 0 })],
    hex: '03 0003617070 0200046c697665 00016e 000000000000000000 000009',
  },
  { name: 'an empty name', values: [new Map([['', null]])], hex: '03 0000 05 000009' },
  { name: 'a name __proto__', values: [new Map([['__proto__', true]])], hex: '03 00095f5f70726f746f5f5f 0101 000009' },
  { name: 'an ECMA array', values: [amfEcmaArray({ a: true })], hex: '08 00000001 000161 0101 000009' },
  {
    name: 'an ECMA array with a wrong count',
    values: [amfEcmaArray({ a: true })],
    hex: '08 00000000 000161 0101 000009',
    parseOnly: true,
  },
  {
    name: 'an ECMA array without its end',
    values: [amfEcmaArray({ a: true })],
    hex: '08 00000001 000161 0101',
    parseOnly: true,
  },
  { name: 'a strict array', values: [[1, 'a', null]], hex: '0a 00000003 003ff0000000000000 02000161 05' },
  { name: 'a date', values: [{ type: 'date', timeMs: 1000, zone: -60 }], hex: '0b 408f400000000000 ffc4' },
  { name: 'an XML document', values: [{ type: 'xml', text: '<a/>' }], hex: '0f 00000004 3c612f3e' },
  {
    name: 'a typed object',
    values: [{ type: 'typed', className: 'C', entries: new Map([['x', 1]]) }],
    hex: '10 000143 000178 003ff0000000000000 000009',
  },
  {
    name: 'AMF3 undefined, null, false, true',
    values: [undefined, null, false, true],
    hex: '1100 1101 1102 1103',
    parseOnly: true,
  },
  {
    name: 'AMF3 integers of one to four bytes',
    values: [5, 128, 16384, 2097152, -1],
    hex: '110405 11048100 1104818000 110480c08000 1104ffffffff',
    parseOnly: true,
  },
  { name: 'an AMF3 double', values: [1], hex: '1105 3ff0000000000000', parseOnly: true },
  { name: 'an AMF3 string', values: ['ab'], hex: '1106 05 6162', parseOnly: true },
];

export const amfCases: readonly AmfCase[] = cases.map(({ hex, ...rest }) => ({ ...rest, bytes: fromHex(hex) }));

/** Bytes that must be refused, with the code. */
export const badAmf: readonly { readonly name: string; readonly bytes: Uint8Array; readonly code: string }[] = [
  { name: 'a string longer than the message', bytes: fromHex('02 ffff 61'), code: 'AMF0_SHORT' },
  { name: 'a long string of 4 GiB', bytes: fromHex('0c ffffffff 61'), code: 'AMF0_SHORT' },
  { name: 'half a number', bytes: fromHex('00 3ff0'), code: 'AMF0_SHORT' },
  { name: 'an object without its end', bytes: fromHex('03 000161 05'), code: 'AMF0_SHORT' },
  { name: 'a strict array with a lying count', bytes: fromHex('0a ffffffff 05'), code: 'AMF0_SHORT' },
  { name: 'an end without an object', bytes: fromHex('09'), code: 'AMF0_MARKER' },
  { name: 'a reference', bytes: fromHex('07 0000'), code: 'AMF0_MARKER' },
  { name: 'a movie clip', bytes: fromHex('04'), code: 'AMF0_MARKER' },
  { name: 'an unknown marker', bytes: fromHex('7f'), code: 'AMF0_MARKER' },
  { name: 'an AMF3 object', bytes: fromHex('11 0a 0b 01'), code: 'AMF0_AMF3' },
  { name: 'an external AMF3 object', bytes: fromHex('11 0a 07 1d 666c65782e'), code: 'AMF0_AMF3' },
  { name: 'a reference to an AMF3 string', bytes: fromHex('11 06 00'), code: 'AMF0_AMF3' },
  { name: 'an AMF3 string longer than the message', bytes: fromHex('11 06 ffffffff'), code: 'AMF0_SHORT' },
  {
    name: 'a property name of 65,535 bytes',
    bytes: fromHex(`03 ffff ${'61'.repeat(65_535)} 05 000009`),
    code: 'AMF0_NAME',
  },
];
