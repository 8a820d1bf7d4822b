// A query says what URLSearchParams says of the same text.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TextQuery } from '../../../../src/core/wire/http/query.ts';

const names = ['hls_ctx', '_HLS_msn', 'a', 'ab', 'vhost', ''];

function sameAsParams(search: string): void {
  const ours = new TextQuery(search);
  const theirs = new URLSearchParams(search);
  for (const name of names.slice(0, -1)) {
    expect(ours.get(name), `${name} of ${search}`).toBe(theirs.get(name));
    expect(ours.has(name)).toBe(theirs.has(name));
    expect(ours.getAll(name)).toEqual(theirs.getAll(name));
  }
}

it.each([
  ...['', '?', '?a', '?a=', '?a=1', '?=a', '?&', '?&&a=1&', '?a=1&a=2', '?aa=1&a=2', '?ab&a=1', '?xa=1', '?x=a&a=3'],
  ...['?a=b=c', '?a&ab=2', '??a=1', '?a=1?ab=2', '?a=%31', '?%61=1', '?a=1+2', '?a=ä', '?hls_ctx=x&_HLS_msn=12'],
])('%s', (search) => {
  sameAsParams(search);
});

it('any other text', () => {
  const word = fc.oneof(fc.constantFrom(...names), fc.constantFrom('%', '+', '%41', '=', '&', '?', 'ä', '\ud800', '1'));
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.constantFrom('=', '&')), { size: '+1' }), (words) => {
      sameAsParams(`?${words.join('')}`);
    }),
  );
});
