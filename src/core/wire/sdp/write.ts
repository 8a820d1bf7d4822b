// Answers of a lite agent: values to text (RFC 8829 §5.3, RFC 8839 §5).
import type { Address } from '../../base/link.ts';
import type { Fingerprint } from '../dtls/index.ts';
import type { Direction, IceCredentials } from './parse.ts';

/** One payload type that is answered. */
export interface AnsweredPayload {
  readonly type: number;
  /** `H264/90000`, `opus/48000/2`. */
  readonly map: string;
  readonly format?: string;
  readonly feedback: readonly string[];
}

/** One section of an answer, in the place of its offer. */
export interface AnsweredSection {
  readonly kind: string;
  readonly mid: string;
  readonly protocol: string;
  readonly direction: Direction;
  /** Empty: the section is refused. */
  readonly payloads: readonly AnsweredPayload[];
  readonly extensions: readonly { readonly id: number; readonly uri: string }[];
  /** Streams that we send, with the names that they have in the page. */
  readonly sources: readonly { readonly ssrc: number; readonly cname: string; readonly msid: string }[];
  /** Fate-sharing groups, such as `FID 1 2`. */
  readonly ssrcGroups?: readonly string[];
  /** Simulcast layers that are taken (RFC 8853 §5.3.2). */
  readonly rids?: readonly string[];
  /** Stream and track of the sender (RFC 8830 §2). */
  readonly msid?: string;
  /** Of offers alone: RTCP has no port of its own, and no answer could give it one (RFC 8858 §4.3). */
  readonly rtcpMuxOnly?: boolean;
}

/** A candidate of type host. */
export interface Candidate extends Address {
  readonly transport: 'udp' | 'tcp';
}

/** All that a description says. */
export interface Answer {
  /** Of `o=` and `s=`. */
  readonly origin: string;
  readonly name: string;
  readonly sessionId: number;
  readonly ice: IceCredentials;
  readonly fingerprint: Fingerprint;
  readonly setup: 'active' | 'passive' | 'actpass';
  readonly candidates: readonly Candidate[];
  readonly sections: readonly AnsweredSection[];
  /** An agent that never begins checks (RFC 8445 §2.5); false for clients. */
  readonly lite: boolean;
}

/** Lines end with CRLF. */
export function writeSdp(answer: Answer): string {
  const { origin, name, sessionId, sections, lite } = answer;
  const bundle = sections.filter(({ payloads }) => payloads.length > 0).map(({ mid }) => mid);
  return [
    'v=0',
    `o=${origin} ${sessionId} 2 IN IP4 0.0.0.0`,
    `s=${name}`,
    't=0 0',
    ...(lite ? ['a=ice-lite'] : []),
    `a=group:BUNDLE ${bundle.join(' ')}`,
    'a=msid-semantic: WMS *',
    ...sections.flatMap((section) => writeSection(section, answer)),
    '',
  ].join('\r\n');
}

function writeSection(section: AnsweredSection, answer: Answer): string[] {
  const { kind, mid, protocol, direction, payloads, extensions, sources, ssrcGroups = [], rids = [] } = section;
  const { msid, rtcpMuxOnly = false } = section;
  if (payloads.length === 0) return [`m=${kind} 0 ${protocol} 0`, 'c=IN IP4 0.0.0.0', `a=mid:${mid}`, 'a=inactive'];
  const { ice, fingerprint, setup } = answer;
  return [
    `m=${kind} 9 ${protocol} ${payloads.map(({ type }) => type).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.pwd}`,
    `a=fingerprint:${fingerprint.hash} ${fingerprint.value}`,
    `a=setup:${setup}`,
    `a=mid:${mid}`,
    ...extensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    `a=${direction}`,
    ...(msid === undefined ? [] : [`a=msid:${msid}`]),
    'a=rtcp-mux',
    ...(rtcpMuxOnly ? ['a=rtcp-mux-only'] : []),
    'a=rtcp-rsize',
    ...payloads.flatMap(writePayload),
    ...rids.map((rid) => `a=rid:${rid} recv`),
    ...(rids.length > 0 ? [`a=simulcast:recv ${rids.join(';')}`] : []),
    ...ssrcGroups.map((group) => `a=ssrc-group:${group}`),
    ...sources.flatMap(({ ssrc, cname, msid }) => [`a=ssrc:${ssrc} cname:${cname}`, `a=ssrc:${ssrc} msid:${msid}`]),
    ...writeCandidates(answer.candidates),
  ];
}

/** All candidates that there are, and that there are no others. */
export function writeCandidates(candidates: readonly Candidate[]): string[] {
  return candidates.length === 0 ? [] : [...candidates.map(writeCandidate), 'a=end-of-candidates'];
}

function writePayload({ type, map, format, feedback }: AnsweredPayload): string[] {
  return [
    `a=rtpmap:${type} ${map}`,
    ...feedback.map((kind) => `a=rtcp-fb:${type} ${kind}`),
    ...(format === undefined ? [] : [`a=fmtp:${type} ${format}`]),
  ];
}

/** Host candidates; the first are preferred (RFC 8445 §5.1.2.1). */
function writeCandidate({ host, port, transport }: Candidate, index: number): string {
  const priority = 2_130_706_431 - index * 256 - (transport === 'tcp' ? 0x10000 : 0);
  const tail = transport === 'tcp' ? ' tcptype passive' : '';
  return `a=candidate:${index} 1 ${transport} ${priority} ${host} ${port} typ host${tail} generation 0`;
}
