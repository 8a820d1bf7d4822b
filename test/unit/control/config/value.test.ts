import { expect, it } from 'vitest';
import { toEndpoint, toFloat, toInt, toSwitch, toWords } from '../../../../src/core/control/config/value.ts';

it.each<[string, number, number]>([
  ['9.3', 9, 9.3],
  ['10s', 10, 10],
  ['  7', 7, 7],
  ['-1', -1, -1],
  ['+5', 5, 5],
  ['.5', 0, 0.5],
  ['1e3', 1, 1000],
  ['garbage', 0, 0],
  ['', 0, 0],
  ['0x10', 0, 0],
  ['nan', 0, 0],
  ['inf', 0, 0],
  ['1e999', 1, 0],
  ['99999999999', 2147483647, 99999999999],
])('numbers are read as C reads them: %j', (text, int, float) => {
  expect([toInt(text), toFloat(text)]).toEqual([int, float]);
});

it.each<[string, boolean, boolean]>([
  ['on', true, true],
  ['off', false, false],
  ['true', false, true],
  ['ON', false, true],
  ['', false, true],
])('there are two kinds of switches: %j', (text, offByDefault, onByDefault) => {
  expect(toSwitch(text, 'on only for on')).toBe(offByDefault);
  expect(toSwitch(text, 'off only for off')).toBe(onByDefault);
});

it.each<[string, unknown]>([
  ['1935', { host: '', port: 1935 }],
  [':1935', { host: '', port: 1935 }],
  ['127.0.0.1:1935', { host: '127.0.0.1', port: 1935 }],
  ['[::]:1935', { host: '::', port: 1935 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['65536', undefined],
  ['256.0.0.1:1', undefined],
  ['1.2.3:1', undefined],
  ['::1:1935', undefined],
  ['[1.2.3.4]:1', undefined],
  ['rtmp', undefined],
  ['-1', undefined],
  ['', undefined],
])('endpoint %j', (text, endpoint) => {
  expect(toEndpoint(text)).toEqual(endpoint);
});

it('words stand between blanks', () => {
  expect(toWords(' http://a/b  http://c ')).toEqual(['http://a/b', 'http://c']);
});
