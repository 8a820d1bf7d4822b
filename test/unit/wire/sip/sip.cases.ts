// Messages as cameras send them, and what is in them.
import { utf8 } from '../../../../src/core/base/bytes.ts';

const text = (lines: readonly string[], body = ''): Uint8Array => utf8(`${lines.join('\r\n')}\r\n\r\n${body}`);

const keepalive = `<?xml version="1.0"?>\r\n<Notify><CmdType>Keepalive</CmdType><SN>1</SN><Status>OK</Status></Notify>\r\n`;

export const register = text([
  'REGISTER sip:34020000002000000001@3402000000 SIP/2.0',
  'Via: SIP/2.0/TCP 192.168.1.64:5061;rport;branch=z9hG4bK1371463273',
  'From: <sip:34020000001320000001@3402000000>;tag=2043466181',
  'To: <sip:34020000001320000001@3402000000>',
  'Call-ID: 1011047669',
  'CSeq: 1 REGISTER',
  'Contact: <sip:34020000001320000001@192.168.1.64:5061>',
  'Max-Forwards: 70',
  'User-Agent: IP Camera',
  'Expires: 3600',
  'Content-Length: 0',
]);

export const message = text(
  [
    'MESSAGE sip:34020000002000000001@3402000000 SIP/2.0',
    'v: SIP/2.0/UDP 192.168.1.64:5061;branch=z9hG4bK1066375804',
    'f: "cam" <sip:34020000001320000001@3402000000>;tag=1925919231',
    't: <sip:34020000002000000001@3402000000>',
    'i: 1185236415',
    'CSeq: 20 MESSAGE',
    'c: Application/MANSCDP+xml',
    'Max-Forwards: 70',
    `l: ${keepalive.length}`,
  ],
  keepalive,
);

export const trying = text([
  'SIP/2.0 100 Trying',
  'Via: SIP/2.0/TCP 192.168.1.27:5060;rport=5060;branch=z9hG4bK0l31rx',
  'From: <sip:34020000002000000001@3402000000>;tag=SRSk1er282t',
  'To: <sip:34020000001320000001@3402000000>',
  'Call-ID: 854k7337207yxpfj',
  'CSeq: 563 INVITE',
  'Content-Length: 0',
]);

export const cases = [
  { name: 'a REGISTER', bytes: register, first: { kind: 'request', method: 'REGISTER' }, headers: 9 },
  { name: 'a MESSAGE in short headers', bytes: message, first: { kind: 'request', method: 'MESSAGE' }, headers: 7 },
  { name: 'a 100 Trying', bytes: trying, first: { kind: 'response', status: 100, reason: 'Trying' }, headers: 5 },
] as const;
