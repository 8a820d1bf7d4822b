// The playlist of one moment, as bytes for many sessions.
import { expect, it } from 'vitest';
import { SharedText } from '../../../../src/core/protocols/hls/shared-text.ts';

const text = '#EXTM3U\nä-0.ts\0\n#EXTINF\na-1.ts\0\n';
const whole = (ctx: string): string => text.replaceAll('\0', `?hls_ctx=${ctx}`);
const read = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

it('is what the text says, with the session behind each URI or without any', () => {
  const shared = new SharedText(text);

  expect(read(shared.plain)).toBe(text.replaceAll('\0', ''));
  for (const ctx of ['abcdefgh', 'x', 'ABCDEFGH', 'y'.repeat(64), 'z-_0']) {
    const bytes = shared.lend(ctx);
    expect(read(bytes)).toBe(whole(ctx));
    shared.giveBack(bytes);
  }
});

it('writes the next session into bytes that came back, and leaves alone those that did not', () => {
  const shared = new SharedText(text);
  const kept = shared.lend('aaaaaaaa');
  const other = shared.lend('bbbbbbbb');
  shared.giveBack(other);

  const next = shared.lend('cccccccc');
  const third = shared.lend('dddddddd');

  expect(next).toBe(other);
  expect([kept, next, third].map(read)).toEqual(['aaaaaaaa', 'cccccccc', 'dddddddd'].map(whole));
});

it('takes back only what it has lent last', () => {
  const shared = new SharedText(text);
  const first = shared.lend('aaaaaaaa');
  const second = shared.lend('bbbbbbbb');
  shared.giveBack(first);

  expect(read(shared.lend('cccccccc'))).toBe(whole('cccccccc'));
  expect(read(second)).toBe(whole('bbbbbbbb'));
});

it('is the same without URIs', () => {
  expect(read(new SharedText('#EXTM3U\n').lend('abc'))).toBe('#EXTM3U\n');
});
