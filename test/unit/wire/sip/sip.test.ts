import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import {
  addressOf,
  callIdOf,
  cseqOf,
  headerOf,
  latin1,
  MAX_BODY_BYTES,
  MAX_HEAD_BYTES,
  parseAddress,
  parseSip,
  parseUri,
  parseVia,
  respond,
  type SipMessage,
  SipReader,
  type SipRequest,
  viaOf,
  writeSip,
} from '../../../../src/core/wire/sip/index.ts';
import { chop, chopAtRandom, damage } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { thrown } from '../../../tools/thrown.ts';
import { cases, message, register, trying } from './sip.cases.ts';

function read(pieces: readonly Uint8Array[]): { messages: Uint8Array[]; fault: string | undefined; held: number } {
  const reader = new SipReader();
  const messages: Uint8Array[] = [];
  let held = 0;
  try {
    for (const piece of pieces) {
      reader.push(piece, (one) => messages.push(one));
      held = Math.max(held, reader.heldBytes);
    }
    return { messages, fault: undefined, held };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { messages, fault: error.code, held };
  }
}

const changed = (bytes: Uint8Array, from: string | RegExp, to: string): Uint8Array =>
  utf8(new TextDecoder().decode(bytes).replace(from, to));

describe('a SIP message', () => {
  it.each(cases)('is read: $name', ({ bytes, first, headers }) => {
    const parsed = parseSip(bytes);

    expect(parsed).toMatchObject(first);
    expect(parsed.headers.filter(([name]) => name !== 'content-length')).toHaveLength(headers);
    expect(headerOf(parsed, 'from')).toContain('sip:3402');
  });

  it.each(cases)('is the same when it is written and read again: $name', ({ bytes }) => {
    const { headers, ...parsed } = parseSip(bytes);
    const { headers: again, ...rest } = parseSip(writeSip({ headers, ...parsed } as SipMessage));

    expect(rest).toEqual(parsed);
    expect(again).toEqual(
      headers.some(([name]) => name === 'content-length') ? headers : [...headers, ['content-length', '0']],
    );
  });

  it('has the rest of a datagram as its body where no Content-Length says otherwise, and no more where one does', () => {
    const body = (bytes: Uint8Array): string => latin1(parseSip(bytes).body);

    expect(body(changed(message, /l: \d+\r\n/, ''))).toBe(body(message));
    expect(body(concat([message, utf8('more')]))).toBe(body(message));
  });

  it('may have headers on several lines, and names in GB 2312', () => {
    const folded = changed(register, 'Max-Forwards: 70', 'Subject: one,\r\n  two');
    const at = register.indexOf(0x3c, 150);
    const named = concat([
      register.subarray(0, at),
      Uint8Array.of(0x22, 0xc9, 0xe3, 0xcf, 0xf1, 0x22, 0x20),
      register.subarray(at),
    ]);

    expect(headerOf(parseSip(folded), 'subject')).toBe('one, two');
    expect(writeSip(parseSip(named))).toEqual(named);
  });

  it.each([
    { name: 'no end', bytes: register.subarray(0, register.length - 2) },
    { name: 'no version', bytes: changed(register, ' SIP/2.0', '') },
    { name: 'another version', bytes: changed(register, 'SIP/2.0\r\n', 'SIP/3.0\r\n') },
    { name: 'a status of two digits', bytes: changed(trying, '100', '10') },
    { name: 'a status above 699', bytes: changed(trying, '100', '700') },
    { name: 'a line without a colon', bytes: changed(register, 'Max-Forwards: 70', 'Max-Forwards') },
    { name: 'a blank in a name', bytes: changed(register, 'Max-Forwards', 'Max Forwards') },
    { name: 'a line break in a value', bytes: changed(register, 'IP Camera', 'IP\rX-Evil: 1') },
    { name: 'a zero byte in a value', bytes: changed(register, 'IP Camera', 'IP\0') },
    { name: 'two lengths', bytes: changed(register, 'Content-Length: 0', 'Content-Length: 0\r\nl: 5') },
    { name: 'a negative length', bytes: changed(register, 'Content-Length: 0', 'Content-Length: -1') },
    { name: 'a length beyond the end', bytes: changed(register, 'Content-Length: 0', 'Content-Length: 1') },
    { name: 'a length of 2 GB', bytes: changed(register, 'Content-Length: 0', 'Content-Length: 2147483648') },
    { name: '65 headers', bytes: changed(register, 'Max-Forwards: 70', Array(65).fill('a: b').join('\r\n')) },
    { name: 'a head of 9 KiB', bytes: changed(register, 'IP Camera', 'x'.repeat(9 * 1024)) },
  ])('with $name is SIP_MESSAGE', ({ bytes }) => {
    expect(thrown(() => parseSip(bytes))).toBe('SIP_MESSAGE');
  });

  it('that is damaged is refused or read, and never anything else', () => {
    const rng = new SeedRng(3);
    for (let i = 0; i < 3000; i++) {
      const bytes = damage(cases[i % cases.length]?.bytes ?? register, rng);
      try {
        const parsed = parseSip(bytes);
        // What was read can be sent on without changing where messages end.
        expect(parseSip(writeSip(parsed)).headers.length).toBeGreaterThanOrEqual(parsed.headers.length);
        viaOf(parsed);
        addressOf(parsed, 'from');
        cseqOf(parsed);
        callIdOf(parsed);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  });
});

describe('a stream of SIP messages', () => {
  const all = concat([register, utf8('\r\n\r\n'), message, trying, utf8('\r\n')]);

  it('is cut into messages wherever it was cut before', () => {
    const whole = [register, message, trying];

    expect(read([all])).toMatchObject({ messages: whole, fault: undefined });
    expect(read(chop(all, 1)).messages).toEqual(whole);
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, most) => {
        expect(read(chopAtRandom(all, new SeedRng(seed), most)).messages).toEqual(whole);
      }),
    );
  });

  it('goes on behind a message that cannot be read', () => {
    const bad = changed(register, 'Max-Forwards: 70', 'Max-Forwards');

    expect(read([concat([bad, message])]).messages).toEqual([bad, message]);
  });

  it('has messages without a Content-Length, which have no body', () => {
    const short = changed(register, 'Content-Length: 0\r\n', '');

    expect(read([concat([short, message])]).messages).toEqual([short, message]);
  });

  it.each([
    { name: 'a head that does not end', bytes: utf8('REGISTER '.repeat(2000)) },
    { name: 'a head of 9 KiB', bytes: changed(register, 'IP Camera', 'x'.repeat(9 * 1024)) },
    {
      name: 'a body above 64 KiB',
      bytes: changed(register, 'Content-Length: 0', `Content-Length: ${MAX_BODY_BYTES + 1}`),
    },
    { name: 'a length that is no number', bytes: changed(register, 'Content-Length: 0', 'Content-Length: 1x') },
  ])('with $name is SIP_STREAM, in any cut, and stays so', ({ bytes }) => {
    const tail = concat([message, bytes, message]);

    expect(read([tail])).toMatchObject({ messages: [message], fault: 'SIP_STREAM' });
    expect(read(chop(tail, 7))).toMatchObject({ messages: [message], fault: 'SIP_STREAM' });
    const reader = new SipReader();
    expect(() => reader.push(bytes, () => undefined)).toThrow();
    expect(() => reader.push(message, () => undefined)).toThrow();
    expect(reader.heldBytes).toBe(0);
  });

  it('holds one message at most, however much comes', () => {
    const { held } = read(chop(concat(Array.from({ length: 500 }, () => message)), 60_000));

    expect(held).toBeLessThan(2 * MAX_HEAD_BYTES + MAX_BODY_BYTES);
    expect(read([new SeedRng(1).bytes(300_000)]).fault).toBe('SIP_STREAM');
  });
});

describe('what is in SIP headers', () => {
  it.each([
    ['sip:34020000001320000001@3402000000', { user: '34020000001320000001', host: '3402000000', port: undefined }],
    ['sip:a:secret@192.0.2.1:5061;transport=tcp', { user: 'a', host: '192.0.2.1', port: 5061 }],
    ['sips:[2001:db8::1]:5060?x=y', { user: '', host: '[2001:db8::1]', port: 5060 }],
    ['tel:123', undefined],
    ['sip:a@b c', undefined],
    ['sip:a@b:123456', undefined],
    ['sip:@', undefined],
  ])('the URI %s', (text, wanted) => {
    expect(parseUri(text)).toEqual(wanted);
  });

  it('addresses with a name, in brackets, and alone', () => {
    const tag = (text: string): string | undefined => parseAddress(text)?.parameters.get('tag');

    expect(tag('"<a; b>" <sip:1@2;x=y>;TAG=t')).toBe('t');
    expect(tag('<sip:1@2>;expires=0;tag=t')).toBe('t');
    expect(tag('sip:1@2;tag=t')).toBe('t');
    expect(parseAddress('<sip:1@2')).toBeUndefined();
    expect(parseAddress('>sip:1@2<')).toBeUndefined();
    expect(parseAddress('')).toBeUndefined();
  });

  it('ways back', () => {
    expect(parseVia('SIP/2.0/tcp 192.0.2.1:5060;rport;branch=z9hG4bKx, SIP/2.0/UDP b')).toMatchObject({
      transport: 'TCP',
      host: '192.0.2.1',
      port: 5060,
    });
    expect(parseVia('SIP/2.0/TCP 192.0.2.1:5060;rport;branch=z9hG4bKx')?.parameters.get('branch')).toBe('z9hG4bKx');
    expect(parseVia('SIP/1.0/TCP 192.0.2.1')).toBeUndefined();
  });

  it.each([
    { name: 'via', step: (one: SipMessage) => viaOf(one) },
    { name: 'from', step: (one: SipMessage) => addressOf(one, 'from') },
    { name: 'cseq', step: (one: SipMessage) => cseqOf(one) },
    { name: 'call-id', step: (one: SipMessage) => callIdOf(one) },
  ])('a $name that is missing is SIP_HEADER', ({ name, step }) => {
    const parsed = parseSip(register);

    step(parsed);
    const without = { ...parsed, headers: parsed.headers.filter(([key]) => key !== name) } as SipMessage;
    expect(thrown(() => step(without))).toBe('SIP_HEADER');
  });

  it('a CSeq of another method is SIP_HEADER', () => {
    const parsed = parseSip(changed(register, '1 REGISTER', '1 INVITE'));

    expect(thrown(() => cseqOf(parsed))).toBe('SIP_HEADER');
  });

  it('an answer has what belongs to its request, a tag, and where the request came from', () => {
    const peer = { host: '198.51.100.7', port: 40_000 };
    const answer = respond(parseSip(register) as SipRequest, {
      status: 200,
      peer,
      tag: 'T',
      more: [['expires', '3600']],
    });
    const again = parseSip(writeSip(answer));

    expect(again).toMatchObject({ kind: 'response', status: 200, reason: 'OK' });
    expect(headerOf(again, 'via')).toBe(
      'SIP/2.0/TCP 192.168.1.64:5061;rport=40000;branch=z9hG4bK1371463273;received=198.51.100.7',
    );
    expect(headerOf(again, 'to')).toBe('<sip:34020000001320000001@3402000000>;tag=T');
    expect(headerOf(again, 'cseq')).toBe('1 REGISTER');
    expect(headerOf(again, 'expires')).toBe('3600');

    const plain = respond(parseSip(message) as SipRequest, { status: 403, peer, tag: 'T' });
    expect(headerOf(plain, 'via')).toBe('SIP/2.0/UDP 192.168.1.64:5061;branch=z9hG4bK1066375804');
  });
});
