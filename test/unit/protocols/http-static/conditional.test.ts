import { expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import {
  conditionStatus,
  httpDate,
  rangeHolds,
  validatorsOf,
} from '../../../../src/core/protocols/http-static/conditional.ts';

const file = validatorsOf({ modified: fromMs(1_700_000_000_123), size: 4096 });
const own = httpDate(file.modified);
const before = httpDate(file.modified - fromMs(60_000));
const after = httpDate(file.modified + fromMs(60_000));
const asked = (headers: Record<string, string>) => ({ header: (name: string) => headers[name] });

it('a file is known by its time and size', () => {
  expect(file.etag).toBe('"18bcfe5687b-1000"');
  expect(own).toBe('Tue, 14 Nov 2023 22:13:20 GMT');
});

it.each<[Record<string, string>, 304 | 412 | undefined]>([
  [{}, undefined],
  [{ 'if-none-match': file.etag }, 304],
  [{ 'if-none-match': `W/${file.etag}` }, 304],
  [{ 'if-none-match': `"x", W/"y", ${file.etag}` }, 304],
  [{ 'if-none-match': '*' }, 304],
  [{ 'if-none-match': '"x"' }, undefined],
  [{ 'if-none-match': '"x"', 'if-modified-since': after }, undefined],
  [{ 'if-modified-since': own }, 304],
  [{ 'if-modified-since': after }, 304],
  [{ 'if-modified-since': before }, undefined],
  [{ 'if-modified-since': 'yesterday' }, undefined],
  [{ 'if-modified-since': '0' }, undefined],
  [{ 'if-match': file.etag }, undefined],
  [{ 'if-match': '*' }, undefined],
  [{ 'if-match': '"x"' }, 412],
  [{ 'if-match': `W/${file.etag}` }, 412],
  [{ 'if-unmodified-since': before }, 412],
  [{ 'if-unmodified-since': own }, undefined],
  [{ 'if-match': file.etag, 'if-unmodified-since': before }, undefined],
  [{ 'if-match': '"x"', 'if-none-match': file.etag }, 412],
])('%j gives %s', (headers, status) => {
  expect(conditionStatus(asked(headers), file)).toBe(status);
});

it.each<[string | undefined, boolean]>([
  [undefined, true],
  [file.etag, true],
  [own, true],
  [`W/${file.etag}`, false],
  ['"x"', false],
  [before, false],
  [after, false],
  ['rubbish', false],
])('a range with If-Range %s is looked at: %s', (value, holds) => {
  expect(rangeHolds(asked(value === undefined ? {} : { 'if-range': value }), file)).toBe(holds);
});
