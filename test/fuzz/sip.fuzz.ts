// SIP: streams and datagrams of any bytes, and what is made of the headers in them.
import { utf8 } from '../../src/core/base/bytes.ts';
import {
  addressOf,
  callIdOf,
  cseqOf,
  headersOf,
  MAX_BODY_BYTES,
  MAX_HEAD_BYTES,
  parseAddress,
  parseSip,
  parseVia,
  respond,
  type SipMessage,
  SipReader,
  viaOf,
  writeSip,
} from '../../src/core/wire/sip/index.ts';
import { message, register, trying } from '../unit/wire/sip/sip.cases.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'sip';

export const seeds = [register, message, trying, utf8('\r\n\r\n')];

/** What can be read can be written, and what is written has the same lines. */
function use(bytes: Uint8Array): void {
  const parsed = parseSip(bytes);
  const again = parseSip(writeSip(parsed));
  const lines = (one: SipMessage): string => JSON.stringify(one.headers.filter(([key]) => key !== 'content-length'));
  if (lines(again) !== lines(parsed)) throw new Error('a message has changed on its way');
  for (const key of ['via', 'from', 'to', 'contact']) {
    for (const value of headersOf(parsed, key)) {
      parseAddress(value);
      parseVia(value);
    }
  }
  if (parsed.kind === 'request') {
    const answer = parseSip(writeSip(respond(parsed, { status: 200, peer: { host: '192.0.2.1', port: 1 }, tag: 't' })));
    if (answer.headers.length > 64) throw new Error('an answer has more headers than its request may have');
  }
  viaOf(parsed);
  addressOf(parsed, 'from');
  cseqOf(parsed);
  callIdOf(parsed);
}

export function run(bytes: Uint8Array): void {
  refuses(() => use(bytes));
  for (const pieces of cuts(bytes)) {
    const reader = new SipReader();
    refuses(() => {
      for (const piece of pieces) reader.push(piece, (one) => refuses(() => use(one)));
    });
    if (reader.heldBytes > 2 * MAX_HEAD_BYTES + MAX_BODY_BYTES) throw new Error(`${reader.heldBytes} bytes are held`);
  }
}
