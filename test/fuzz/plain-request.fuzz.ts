// Heads of HTTP requests: what counts as plain must be so for a reader that goes line by line.
import { utf8 } from '../../src/core/base/bytes.ts';
import { parsePlainRequest } from '../../src/core/wire/http/plain-request.ts';

export const name = 'plain-request';

export const seeds = [
  'GET /live/a.m3u8?hls_ctx=abcdefgh HTTP/1.1\r\nHost: a:8080\r\nUser-Agent: x\r\nConnection: keep-alive\r\n\r\n',
  'HEAD / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nRange: bytes=0-9\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  'GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
].map(utf8);

export function run(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('latin1');
  const plain = parsePlainRequest(text);
  if (plain === undefined) return;
  const lines = text.slice(0, plain.size).split('\r\n');
  const [line = '', ...fields] = lines.slice(0, -2);
  if (lines.slice(-2).join() !== ',') throw new Error('it does not end with an empty line');
  if (line !== `${plain.method} ${plain.target} HTTP/1.1`) throw new Error(`read as ${plain.method} ${plain.target}`);
  const names = fields.map((field) => field.slice(0, field.indexOf(':')).toLowerCase());
  if (new Set(names).size < names.length || !names.includes('host')) throw new Error(`fields ${names}`);
  for (const [index, field] of fields.entries()) {
    const word = names[index] ?? '';
    if (/^(content-length|transfer-encoding|upgrade|expect|trailer)$/.test(word) || !/^[^\s:]+$/.test(word))
      throw new Error(`plain with ${word}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(field)) throw new Error('a control character');
    const value = /^[\t ]*(.*?)[\t ]*$/s.exec(field.slice(word.length + 1))?.[1];
    if (plain.fields.get(word) !== value) throw new Error(`${word} is read as ${plain.fields.get(word)}`);
  }
}
