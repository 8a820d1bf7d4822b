// AMF0 values; what was read is written and read again.
import { defaultLimits } from '../../src/core/base/limits.ts';
import { parseAmf0, writeAmf0 } from '../../src/core/wire/amf0/index.ts';
import { amfCases } from '../unit/wire/amf0/amf0.cases.ts';
import { refuses } from './tools.ts';

export const name = 'amf0';

export const seeds = amfCases.map(({ bytes }) => bytes);

export function run(bytes: Uint8Array): void {
  refuses(() => {
    const values = parseAmf0(bytes, defaultLimits);
    parseAmf0(writeAmf0(values), defaultLimits);
  });
}
