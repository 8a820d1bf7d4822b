// What is sent to a device, in SRS's words: INVITE with its SDP, ACK and BYE (GB/T 28181-2016 §9.2, annex F).
import { utf8 } from '../../base/bytes.ts';
import { headerOf, type SipHeaders, type SipRequest, type SipResponse } from '../../wire/sip/index.ts';
import { ssrcText } from './names.ts';

/** One call, from the INVITE to its end. */
export interface Call {
  readonly id: string;
  readonly cseq: number;
  readonly tag: string;
  /** Of the INVITE. */
  readonly branch: string;
  readonly device: string;
  /** Host of the device's own address. */
  readonly deviceHost: string;
  readonly server: string;
  readonly domain: string;
  readonly transport: 'TCP' | 'UDP';
  /** Where we are, for answers and media. */
  readonly host: string;
  readonly sipPort: number;
  readonly mediaPort: number;
  readonly ssrc: number;
}

const empty = new Uint8Array(0);

const deviceUri = ({ device, deviceHost }: Call): string => `sip:${device}@${deviceHost}`;
const serverUri = ({ server, domain }: Call): string => (server === '' ? `sip:${domain}` : `sip:${server}@${domain}`);

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function headers(call: Call, method: string, to: string, cseq: number, branch: string): SipHeaders {
  const { transport, host, sipPort, tag, id } = call;
  return [
    ['via', `SIP/2.0/${transport} ${bracketed(host)}:${sipPort};rport;branch=${branch}`],
    ['from', `<${serverUri(call)}>;tag=${tag}`],
    ['to', to],
    ['call-id', id],
    ['cseq', `${cseq} ${method}`],
    ['max-forwards', '70'],
  ];
}

/** Begins a call. */
export function invite(call: Call): SipRequest {
  const { device, server, ssrc } = call;
  return {
    kind: 'request',
    method: 'INVITE',
    uri: deviceUri(call),
    headers: [
      ...headers(call, 'INVITE', `<${deviceUri(call)}>`, call.cseq, call.branch),
      ['contact', `<${serverUri(call)}>`],
      ['subject', `${device}:${ssrcText(ssrc)},${server}:0`],
      ['content-type', 'Application/SDP'],
    ],
    body: utf8(description(call)),
  };
}

/** We wait for the connection of the device; the SSRC is in a line of GB/T 28181 alone. */
function description({ server, host, mediaPort, ssrc }: Call): string {
  const family = host.includes(':') ? 'IP6' : 'IP4';
  return [
    'v=0',
    `o=${server === '' ? '-' : server} 0 0 IN ${family} ${host}`,
    's=Play',
    `c=IN ${family} ${host}`,
    't=0 0',
    `m=video ${mediaPort} TCP/RTP/AVP 96`,
    'a=rtpmap:96 PS/90000',
    'a=recvonly',
    `y=${ssrcText(ssrc)}`,
    '',
  ].join('\r\n');
}

/** For an answer that is final: 2xx has a branch of its own (RFC 3261 §13.2.2.4), a refusal that of the INVITE (§17.1.1.3). */
export function ack(call: Call, answer: SipResponse, branch: string): SipRequest {
  const used = answer.status < 300 ? branch : call.branch;
  const to = headerOf(answer, 'to') ?? `<${deviceUri(call)}>`;
  return {
    kind: 'request',
    method: 'ACK',
    uri: deviceUri(call),
    headers: headers(call, 'ACK', to, call.cseq, used),
    body: empty,
  };
}

/** Ends a call that was answered; `to` is that of the answer, with its tag. */
export function bye(call: Call, to: string, branch: string): SipRequest {
  return {
    kind: 'request',
    method: 'BYE',
    uri: deviceUri(call),
    headers: headers(call, 'BYE', to, call.cseq + 1, branch),
    body: empty,
  };
}

/** The SSRC that a device says it sends, in its answer; undefined: it says none. */
export function answeredSsrc({ body }: SipResponse): string | undefined {
  return /(?:^|\n)y=(\d{1,10})\s*(?:\r|\n|$)/.exec(new TextDecoder('latin1').decode(body))?.[1];
}
