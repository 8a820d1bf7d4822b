// What of HTTP is plain, and that it is told from the rest in a time that does not grow with the trouble.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/core/base/bytes.ts';
import {
  PLAIN_HEAD_BYTES,
  type PlainFields,
  type PlainRequest,
  parsePlainRequest,
  readPlainRequest,
} from '../../../../src/core/wire/http/plain-request.ts';

const request = (line: string, ...fields: string[]): string => `${[line, ...fields].join('\r\n')}\r\n\r\n`;
const read = (text: string, known?: PlainFields): PlainRequest | undefined =>
  readPlainRequest(Buffer.from(text, 'latin1'), 0, known);
const said = (request: PlainRequest | undefined) =>
  request && { ...request, fields: ['host', 'x', 'connection'].map((name) => request.fields.get(name)) };
const get = (...fields: string[]): string => request('GET /a HTTP/1.1', 'Host: a', ...fields);

describe('a plain request', () => {
  it('gives method, target, fields and size, and leaves what is behind it', () => {
    const text = request('HEAD /a/b.ts?x=%20&y HTTP/1.1', 'HOST:a:80', 'X-Y: \t a  b\xa0\xe9 \t', 'Empty:');

    const parsed = parsePlainRequest(`${text}GET /next`);

    expect(parsed).toMatchObject({ method: 'HEAD', target: '/a/b.ts?x=%20&y', size: text.length });
    const { get: field } = parsed!.fields;
    expect([field('host'), field('x-y'), field('empty'), field('x')]).toEqual(['a:80', 'a  b\xa0\xe9', '', undefined]);
  });

  it.each([
    ['keep-alive', 'Connection: Keep-Alive'],
    ['upgrade-insecure-requests', 'Upgrade-Insecure-Requests: 1'],
    ['a range and conditions', 'Range: bytes=0-1', 'If-None-Match: "x"'],
  ])('may have %s', (_, ...fields) => {
    expect(parsePlainRequest(get(...fields))).toBeDefined();
  });

  it('shares the fields of the one before when it says the same', () => {
    const first = read(get('X: 1'));
    const again = read(get('X: 1').replace('/a', '/b?c'), first?.fields);

    expect(again).toMatchObject({ target: '/b?c', size: get('X: 1').length + 2 });
    expect(again?.fields).toBe(first?.fields);
    expect(read(get('X: 2'), first?.fields)?.fields.get('x')).toBe('2');
    expect(read(get('X: 1').replace('GET', 'HEAD'), first?.fields)?.method).toBe('HEAD');
  });

  it('is the same behind a known one as without, however it is damaged', () => {
    const known = read(get('X: \xe9'))?.fields;
    const good = Buffer.from(get('X: \xe9'), 'latin1');
    const longest = 'GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n'.length;
    const byte = fc.oneof(fc.constantFrom(...utf8('\r\n :/#?G')), fc.nat(255));
    const edit = fc.record({ at: fc.nat(good.length), drop: fc.nat(2), add: fc.array(byte, { maxLength: 2 }) });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 3 }), fc.nat(3), fc.boolean(), (edits, before, long) => {
        const bytes = [...good];
        for (const { at, drop, add } of edits) bytes.splice(at, drop, ...add);
        if (long) bytes.splice(5, 0, ...Array<number>(PLAIN_HEAD_BYTES - longest + before).fill(0x61));
        const text = Buffer.from([...good.subarray(0, before), ...bytes]);

        const [again, alone] = [readPlainRequest(text, before, known), readPlainRequest(text, before)];

        expect(said(again)).toEqual(said(alone));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('not plain', () => {
  it.each([
    ['nothing', ''],
    ['another method', request('POST /a HTTP/1.1', 'Host: a')],
    ['a method in small letters', request('get /a HTTP/1.1', 'Host: a')],
    ['HTTP/1.0', request('GET /a HTTP/1.0', 'Host: a')],
    ['a whole URL', request('GET http://a/ HTTP/1.1', 'Host: a')],
    ['an asterisk', request('GET * HTTP/1.1', 'Host: a')],
    ['a fragment', request('GET /a#b HTTP/1.1', 'Host: a')],
    ['two blanks', request('GET  /a HTTP/1.1', 'Host: a')],
    ['a blank in the target', request('GET /a b HTTP/1.1', 'Host: a')],
    ['a control character in the target', request('GET /a\x01 HTTP/1.1', 'Host: a')],
    ['a character above 127 in the target', request('GET /\xe9 HTTP/1.1', 'Host: a')],
    ['an empty line in front', `\r\n${get()}`],
    ['no Host', request('GET /a HTTP/1.1', 'X: y')],
    ['no fields', request('GET /a HTTP/1.1')],
    ['a field twice', get('host: b')],
    ['Content-Length', get('Content-Length: 0')],
    ['Transfer-Encoding', get('Transfer-Encoding: chunked')],
    ['Transfer-Encoding in odd letters', get('TRANSFER-encoding: identity')],
    ['Expect', get('Expect: 100-continue')],
    ['Trailer', get('Trailer: x')],
    ['Upgrade', get('Upgrade: websocket', 'Connection: Upgrade')],
    ['Upgrade alone', get('Upgrade: h2c')],
    ['Connection: close', get('Connection: close')],
    ['Connection with more words', get('Connection: keep-alive, x')],
    ['Proxy-Connection', get('Proxy-Connection: keep-alive')],
    ['a blank before the colon', get('Content-Length : 1')],
    ['a blank before the name', get(' X: y')],
    ['a folded line', get('X: y\r\n z')],
    ['no colon', get('X')],
    ['no name', get(': y')],
    ['a name with an odd character', get('X(y): z')],
    ['a name above 127', get('\xe9: z')],
    ['a bare line feed', get('X: y\nContent-Length: 1')],
    ['a bare carriage return', get('X: y\rContent-Length: 1')],
    ['a NUL in a value', get('X: a\0b')],
    ['a DEL in a value', get('X: a\x7fb')],
    ['line feeds only', get().replaceAll('\r\n', '\n')],
    ['a long head', get(`X: ${'x'.repeat(PLAIN_HEAD_BYTES)}`)],
    ['many fields', get(...Array.from({ length: 64 }, (_, i) => `X-${i}: y`))],
  ])('%s', (_, text) => {
    expect(parsePlainRequest(text)).toBeUndefined();
  });

  it('any part of a request', () => {
    const text = get('X: y');

    for (let size = 0; size < text.length; size++) expect(parsePlainRequest(text.slice(0, size))).toBeUndefined();
  });

  it.each([
    ['blanks', get(`X:${' '.repeat(8000)}\x01`)],
    ['blanks within', get(`X: a${' '.repeat(8000)}b`)],
    ['names', get('x'.repeat(8000))],
    ['slashes', request(`GET ${'/'.repeat(8000)}\x01 HTTP/1.1`, 'Host: a')],
  ])('is known in time whatever repeats: %s', (_, text) => {
    const start = performance.now();
    for (let i = 0; i < 100; i++) parsePlainRequest(text);

    // One takes 10 to 50 µs; a search that begins again at each character takes 50 ms.
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
