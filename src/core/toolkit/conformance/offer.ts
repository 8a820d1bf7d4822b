// Offers as a browser makes them (RFC 9429 §5.2.1), with one thing changed at a time.
import { type Rng, randomId } from '../../base/rng.ts';

/** What is unlike a good offer. */
export interface OfferChanges {
  /** Default: `sendonly` for WHIP, `recvonly` for WHEP. */
  readonly direction?: 'sendonly' | 'recvonly' | 'sendrecv' | 'inactive';
  readonly setup?: 'actpass' | 'active' | 'passive';
  /** Lines that are left out, by how they begin. */
  readonly without?: readonly string[];
  /** Encoding names of the sections; default H.264 and Opus, as payload types 96 and 111. */
  readonly video?: string;
  readonly audio?: string;
  /** One more section of pictures. */
  readonly secondVideo?: boolean;
}

/** An offer with random credentials; lines end with CRLF. */
export function offerFor(kind: 'whip' | 'whep', rng: Rng, changes: OfferChanges = {}): string {
  const { without = [], audio = 'opus/48000/2', video = 'H264/90000', secondVideo = false } = changes;
  const common = commonLines(kind, rng, changes);
  const sections = [
    ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', `a=rtpmap:111 ${audio}`, 'a=fmtp:111 minptime=10;useinbandfec=1'],
    videoSection('1', video),
    ...(secondVideo ? [videoSection('2', video)] : []),
  ];
  const lines = [
    ...['v=0', `o=- ${1 + rng.below(2 ** 31)} 2 IN IP4 127.0.0.1`, 's=-', 't=0 0'],
    `a=group:BUNDLE ${sections.map((_, mid) => mid).join(' ')}`,
    'a=extmap-allow-mixed',
    ...sections.flatMap(([media = '', ...rest]) => [media, 'c=IN IP4 0.0.0.0', ...common, ...rest]),
  ];
  const kept = lines.filter((line) => !without.some((start) => line.startsWith(start)));
  return `${kept.join('\r\n')}\r\n`;
}

/** The user name fragment of an offer's ICE session. */
export const ufragOf = (offer: string): string => /^a=ice-ufrag:(\S+)/m.exec(offer)?.[1] ?? '';

/** Credentials and perhaps a candidate of an ICE session as a fragment (RFC 8840 §4.4); new credentials restart ICE. */
export function fragmentFor(rng: Rng, ufrag = randomId(rng, 8)): string {
  const candidate = `candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag ${ufrag}`;
  return [
    ...['a=group:BUNDLE 0 1', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0'],
    ...[`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${randomId(rng, 24)}`, `a=${candidate}`, 'a=end-of-candidates', ''],
  ].join('\r\n');
}

const videoSection = (mid: string, codec: string): string[] => [
  ...['m=video 9 UDP/TLS/RTP/SAVPF 96', `a=mid:${mid}`, `a=rtpmap:96 ${codec}`],
  'a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  ...['a=rtcp-fb:96 nack', 'a=rtcp-fb:96 nack pli', 'a=rtcp-fb:96 ccm fir'],
];

function commonLines(kind: 'whip' | 'whep', rng: Rng, changes: OfferChanges): string[] {
  const { direction = kind === 'whip' ? 'sendonly' : 'recvonly', setup = 'actpass' } = changes;
  const print = [...rng.bytes(32)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
  return [
    ...[`a=ice-ufrag:${randomId(rng, 8)}`, `a=ice-pwd:${randomId(rng, 24)}`, 'a=ice-options:trickle'],
    ...[`a=fingerprint:sha-256 ${print}`, `a=setup:${setup}`, `a=${direction}`],
    ...(direction === 'recvonly' || direction === 'inactive' ? [] : ['a=msid:conformance track']),
    ...['a=rtcp-mux', 'a=rtcp-mux-only', 'a=rtcp-rsize'],
  ];
}
