// Session descriptions of WebRTC and RTSP: text to values (RFC 8866, RFC 8829, RFC 9143).
import type { Address } from '../../base/link.ts';
import type { Fingerprint } from '../dtls/index.ts';
import { sdpErrors } from './errors.ts';

/** Bytes of one description; Chromium's with every codec has 8 KB. */
export const MAX_SDP_BYTES = 128 * 1024;
const MOST_LINES = 4000;
const MOST_SECTIONS = 16;

/** Who sends in a section (RFC 8866 §6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One payload type of a section. */
export interface SdpPayload {
  readonly type: number;
  /** Encoding name in lower case, such as `h264`, `rtx`. */
  readonly codec: string;
  readonly clockRate: number;
  readonly channels: number;
  /** `a=fmtp` by its keys in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  /** `nack`, `nack pli`, `transport-cc`, ... */
  readonly feedback: readonly string[];
}

/** One `m=` section. */
export interface SdpSection {
  readonly kind: string;
  /** 0: the section is refused (RFC 8829 §5.3.1). */
  readonly port: number;
  readonly protocol: string;
  readonly mid: string;
  readonly direction: Direction;
  readonly rtcpMux: boolean;
  readonly payloads: readonly SdpPayload[];
  /** Ids of header extensions by their URI. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Simulcast layers that are sent (RFC 8853), in their order. */
  readonly rids: readonly string[];
  readonly ice: IceCredentials | undefined;
  /** Of the certificate that DTLS will show. */
  readonly fingerprint: Fingerprint | undefined;
  readonly setup: string;
  /** `a=control`, with which RTSP names it (RFC 2326 §C.1.1); empty: nothing is said. */
  readonly control: string;
  /** Where the peer may be, the first ones of the list; names are left as they are. */
  readonly candidates: readonly SdpCandidate[];
}

/** One `a=candidate` (RFC 8839 §5.1). */
export interface SdpCandidate extends Address {
  readonly transport: 'udp' | 'tcp';
  readonly priority: number;
}

/** RFC 8839 §5.4. */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** An offer or answer as it was read. */
export interface SessionDescription {
  /** Mids of the bundle; empty when there is none. */
  readonly bundle: readonly string[];
  /** `a=control` of all sections together; empty: nothing is said. */
  readonly control: string;
  readonly sections: readonly SdpSection[];
}

/** What stands for a port that ICE will find (RFC 8840 §4.1.1). */
const DISCARD_PORT = 9;

type Draft<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** A section while it is read. */
interface OpenSection extends Draft<Omit<SdpSection, 'payloads' | 'extensions' | 'rids' | 'candidates'>> {
  readonly types: readonly number[];
  readonly maps: Map<number, { codec: string; clockRate: number; channels: number }>;
  readonly formats: Map<number, Map<string, string>>;
  readonly feedback: Map<number, string[]>;
  readonly extensions: Map<string, number>;
  readonly rids: string[];
  readonly candidates: SdpCandidate[];
}

/** Throws SDP_DECODE. Lines that nobody asks for are left out. */
export function parseSdp(text: string): SessionDescription {
  if (text.length > MAX_SDP_BYTES) throw fault(`more than ${MAX_SDP_BYTES} characters`);
  const lines = text.split(/\r?\n/);
  if (!/^v=0\s*$/.test(lines[0] ?? '')) throw fault('it does not begin with v=0');
  if (lines.length > MOST_LINES) throw fault(`more than ${MOST_LINES} lines`);
  const session = emptySection('', []);
  const sections: OpenSection[] = [];
  let bundle: readonly string[] = [];
  for (const line of lines) {
    const value = line.slice(2).trim();
    if (line.startsWith('m=')) {
      if (sections.length >= MOST_SECTIONS) throw fault(`more than ${MOST_SECTIONS} sections`);
      sections.push(openSection(value));
    } else if (line.startsWith('a=group:BUNDLE')) {
      bundle = value.split(/\s+/).slice(1);
    } else if (line.startsWith('a=')) {
      readAttribute(sections.at(-1) ?? session, value);
    }
  }
  return { bundle, control: session.control, sections: sections.map((section) => closeSection(section, session)) };
}

const fault = (why: string): Error => sdpErrors.protocol('DECODE', { why });

function emptySection(kind: string, types: readonly number[]): OpenSection {
  return {
    kind,
    port: 0,
    protocol: '',
    mid: '',
    direction: 'sendrecv',
    rtcpMux: false,
    ice: undefined,
    fingerprint: undefined,
    setup: '',
    control: '',
    types,
    maps: new Map(),
    formats: new Map(),
    feedback: new Map(),
    extensions: new Map(),
    rids: [],
    candidates: [],
  };
}

/** `video 9 UDP/TLS/RTP/SAVPF 96 97`. */
function openSection(value: string): OpenSection {
  const [kind = '', port = '', protocol = '', ...formats] = value.split(/\s+/);
  const types = formats
    .slice(0, 128)
    .map(Number)
    .filter((type) => Number.isInteger(type) && type >= 0 && type <= 127);
  return { ...emptySection(kind, types), port: Number.parseInt(port, 10) || 0, protocol };
}

function readAttribute(section: OpenSection, text: string): void {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const value = colon < 0 ? '' : text.slice(colon + 1);
  switch (name) {
    case 'mid':
      section.mid = value;
      break;
    case 'sendrecv':
    case 'sendonly':
    case 'recvonly':
    case 'inactive':
      section.direction = name;
      break;
    case 'rtcp-mux':
      section.rtcpMux = true;
      break;
    case 'bundle-only':
      // RFC 9143 §6: it is offered with port 0, and lives on the port of its bundle.
      section.port ||= DISCARD_PORT;
      break;
    case 'ice-ufrag':
      section.ice = { pwd: section.ice?.pwd ?? '', ufrag: value };
      break;
    case 'ice-pwd':
      section.ice = { ufrag: section.ice?.ufrag ?? '', pwd: value };
      break;
    case 'fingerprint':
      section.fingerprint = readFingerprint(value) ?? section.fingerprint;
      break;
    case 'setup':
      section.setup = value;
      break;
    case 'control':
      section.control = value.trim();
      break;
    default:
      readMediaAttribute(section, name, value);
  }
}

function readMediaAttribute(section: OpenSection, name: string, value: string): void {
  const [first = '', ...words] = value.split(' ');
  const rest = words.join(' ').trim();
  switch (name) {
    case 'rtpmap':
      readMap(section, Number(first), rest);
      break;
    case 'fmtp':
      section.formats.set(Number(first), readParameters(rest));
      break;
    case 'rtcp-fb':
      readFeedback(section, first, rest);
      break;
    case 'extmap': {
      const id = Number.parseInt(first, 10);
      if (id >= 1 && id <= 14) section.extensions.set(words[0] ?? '', id);
      break;
    }
    case 'candidate':
      readCandidate(section, value);
      break;
    case 'rid':
      if (words[0] === 'send' && section.rids.length < 8) section.rids.push(first);
      break;
    default:
  }
}

function readMap(section: OpenSection, type: number, text: string): void {
  const [codec = '', rate = '', channels = ''] = text.split('/');
  section.maps.set(type, {
    codec: codec.toLowerCase(),
    clockRate: Number.parseInt(rate, 10) || 0,
    channels: Number.parseInt(channels, 10) || 1,
  });
}

/** `profile-level-id=42e01f;packetization-mode=1`. */
function readParameters(text: string): Map<string, string> {
  const pairs = text.split(';').map((pair): [string, string] => {
    const [key = '', ...value] = pair.trim().split('=');
    return [key.toLowerCase(), value.join('=')];
  });
  return new Map(pairs.filter(([key]) => key !== ''));
}

/** Candidates of one section: interfaces times transports. */
const MOST_CANDIDATES = 32;

/** `1 1 udp 2130706431 192.0.2.1 8000 typ host`. */
function readCandidate(section: OpenSection, text: string): void {
  const [, component, transport = '', priority, host = '', port] = text.split(' ');
  const lower = transport.toLowerCase();
  if ((lower !== 'udp' && lower !== 'tcp') || component !== '1' || section.candidates.length >= MOST_CANDIDATES) return;
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535 || host === '') return;
  section.candidates.push({ transport: lower, priority: Number(priority) || 0, host, port: number });
}

/** `*` is for all payload types. */
function readFeedback(section: OpenSection, first: string, kind: string): void {
  for (const type of first === '*' ? section.types : [Number(first)]) {
    const known = section.feedback.get(type);
    if (known === undefined) section.feedback.set(type, [kind]);
    else if (known.length < 16) known.push(kind);
  }
}

function readFingerprint(value: string): Fingerprint | undefined {
  const [hash = '', bytes = ''] = value.split(/\s+/);
  return /^([0-9a-f]{2}:)+[0-9a-f]{2}$/i.test(bytes)
    ? { hash: hash.toLowerCase(), value: bytes.toUpperCase() }
    : undefined;
}

/** Payload types without a map: the static ones that are used (RFC 3551 §6). */
const statics: Readonly<Record<number, { codec: string; clockRate: number; channels: number }>> = {
  0: { codec: 'pcmu', clockRate: 8000, channels: 1 },
  8: { codec: 'pcma', clockRate: 8000, channels: 1 },
};

/** What a section does not say, the session says (RFC 8829 §5.8). */
function closeSection(open: OpenSection, session: OpenSection): SdpSection {
  const { types, maps, formats, feedback, ...section } = open;
  const payloads = types.flatMap((type): SdpPayload[] => {
    const map = maps.get(type) ?? statics[type];
    if (map === undefined) return [];
    return [{ type, ...map, parameters: formats.get(type) ?? new Map(), feedback: feedback.get(type) ?? [] }];
  });
  return {
    ...section,
    ice: section.ice ?? session.ice,
    fingerprint: section.fingerprint ?? session.fingerprint,
    setup: section.setup || session.setup,
    payloads,
  };
}
