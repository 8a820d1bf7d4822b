// What a request of WHIP, WHEP or SRS's own API asks for.
import { toSeconds } from '../../base/time.ts';
import type { AdmissionRequest } from '../../control/admission.ts';
import { clientPeer } from '../../control/client-peer.ts';
import type { Settings } from '../../control/config/settings.ts';
import type { Host } from '../../control/host.ts';
import { askedOver } from '../../control/http-asked.ts';
import { parseAuthorization } from '../../wire/http/authorization.ts';
import { readText } from '../../wire/http/body.ts';
import type { HttpExchange, HttpRequest } from '../../wire/http/exchange.ts';
import type { Query } from '../../wire/http/query.ts';
import { hostName, requestedVhost } from '../../wire/http/stream-path.ts';
import { MAX_SDP_BYTES } from '../../wire/sdp/index.ts';
import { codecNamed } from './codecs.ts';
import { rtcErrors } from './errors.ts';

/** One wish to publish or play, however it was said. */
export interface RtcRequest {
  readonly asked: AdmissionRequest;
  readonly sdp: string;
  readonly external: readonly string[];
  readonly apiHost: string;
  readonly protocol: 'udp' | 'tcp' | 'all' | undefined;
  readonly video: string | undefined;
  readonly audio: string | undefined;
  readonly encrypt: boolean;
  /** Refused when a part of it cannot be used. */
  readonly whole: boolean;
  /** Ours, as the client wants it (SRS, for OBS). */
  readonly ufrag: string | undefined;
  readonly pwd: string | undefined;
}

/** SRS: names that are not there. */
const DEFAULT_APP = 'live';
const DEFAULT_STREAM = 'livestream';
/** JSON around an SDP. */
const MOST_BODY_BYTES = MAX_SDP_BYTES + 16 * 1024;

/** The body as text. Rejects with RTC_BODY_SIZE, RTC_BODY_TIME. */
export function readBody(exchange: HttpExchange, { clock, limits }: Pick<Host, 'clock' | 'limits'>): Promise<string> {
  const time = limits.handshakeTime;
  return readText(exchange.body(), {
    limit: MOST_BODY_BYTES,
    tooLong: () => rtcErrors.protocol('BODY_SIZE', { limit: MOST_BODY_BYTES }),
    late: { clock, time, error: () => rtcErrors.protocol('BODY_TIME', { seconds: toSeconds(time) }) },
  });
}

/** Throws RTC_TYPE when the body says that it is something else; a body without a type is taken. */
export function checkType(request: HttpRequest, wanted: string): void {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== '' && type !== wanted) throw rtcErrors.refused('TYPE', { type, wanted });
}

/** Of `POST /rtc/v1/whip/?app=live&stream=livestream` and the like. */
export function whipRequest(
  request: HttpRequest,
  action: AdmissionRequest['action'],
  sdp: string,
  settings: Settings,
): RtcRequest {
  const { query } = request;
  const name = {
    vhost: requestedVhost(request),
    app: query.get('app') || DEFAULT_APP,
    stream: query.get('stream') || DEFAULT_STREAM,
  };
  const said = { name, param: withToken(request) };
  // RFC 9725 §4.4.2, §4.4.3; a player by WHEP gets what it can take.
  return { ...common(request, query, sdp), asked: asked(request, settings, action, said), whole: action === 'publish' };
}

/** The stream, the offer and, from a trusted proxy, the address of the client, in SRS's JSON. Throws RTC_JSON. */
export function jsonRequest(
  request: HttpRequest,
  action: AdmissionRequest['action'],
  body: string,
  settings: Settings,
): RtcRequest {
  const { sdp, streamurl, clientip } = readJson(body);
  const url = URL.parse(streamurl);
  if (url === null) throw rtcErrors.protocol('JSON', { why: 'streamurl is no URL' });
  const levels = url.pathname.split('/').filter(Boolean).map(decoded);
  const stream = levels.pop() ?? DEFAULT_STREAM;
  const vhost = url.searchParams.get('vhost') || url.searchParams.get('domain') || hostName(url.host);
  const name = { vhost, app: levels.join('/') || DEFAULT_APP, stream };
  // SRS believes anybody who says who he is; rules by address would be worth nothing.
  const header = (key: string): string | undefined => (key === 'x-real-ip' ? String(clientip) : undefined);
  const named = typeof clientip === 'string' && clientip !== '';
  const peer = named ? { peer: clientPeer({ peer: request.peer, header }, settings) } : {};
  const said = { name, param: url.search, ...peer };
  // SRS publishes what it can of an offer.
  return { ...common(request, request.query, sdp), asked: asked(request, settings, action, said), whole: false };
}

function readJson(body: string): { sdp: string; streamurl: string; clientip: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw rtcErrors.protocol('JSON', { why: 'it is no JSON' }, cause);
  }
  if (typeof value !== 'object' || value === null) throw rtcErrors.protocol('JSON', { why: 'it is no object' });
  const { sdp, streamurl, clientip } = value as Record<string, unknown>;
  if (typeof sdp !== 'string' || typeof streamurl !== 'string') {
    throw rtcErrors.protocol('JSON', { why: 'sdp and streamurl must be texts' });
  }
  return { sdp, streamurl, clientip };
}

function decoded(level: string): string {
  try {
    return decodeURIComponent(level);
  } catch (cause) {
    throw rtcErrors.protocol('JSON', { why: 'streamurl has damaged percent-encoding' }, cause);
  }
}

function common(request: HttpRequest, query: Query, sdp: string): Omit<RtcRequest, 'asked' | 'whole'> {
  if (sdp.trim() === '') throw rtcErrors.refused('EMPTY');
  const external = [...query.getAll('eip'), ...query.getAll('candidate')].flatMap((text) => text.split(','));
  const protocol = query.get('protocol');
  const off = (key: string): boolean => query.get(key) === 'false';
  return {
    ...{ sdp, external },
    apiHost: hostName(request.header('host') ?? ''),
    protocol: protocol === 'udp' || protocol === 'tcp' || protocol === 'all' ? protocol : undefined,
    video: codecNamed(query.get('vcodec') ?? query.get('codec') ?? ''),
    audio: codecNamed(query.get('acodec') ?? ''),
    encrypt: !off('encrypt') && !off('dtls'),
    ufrag: within(query.get('ice-ufrag'), 4, 32),
    pwd: within(query.get('ice-pwd'), 22, 32),
  };
}

/** Letters of ICE only (RFC 8839 §5.4), and as many as SRS takes. */
function within(text: string | null, least: number, most: number): string | undefined {
  if (text === null || text.length < least || text.length > most) return undefined;
  return /^[0-9a-zA-Z+/]+$/.test(text) ? text : undefined;
}

/** The bearer token is a stream parameter for hooks, where nothing else says it (RFC 9725 §4.7.1). */
function withToken(request: HttpRequest): string {
  const credentials = parseAuthorization(request.header('authorization'));
  if (credentials?.scheme !== 'bearer' || request.query.has('token')) return request.search;
  return `${request.search === '' ? '?' : `${request.search}&`}token=${encodeURIComponent(credentials.token)}`;
}

function asked(
  request: HttpRequest,
  settings: Settings,
  action: AdmissionRequest['action'],
  said: Pick<AdmissionRequest, 'name' | 'param'> & Partial<Pick<AdmissionRequest, 'peer'>>,
): AdmissionRequest {
  const type = action === 'publish' ? 'rtc-publish' : 'rtc-play';
  return {
    ...askedOver(request, settings, said.name, { action, type, protocol: 'webrtc' }),
    ...said,
    tcUrl: `webrtc://${said.name.vhost}/${said.name.app}`,
    ...(action === 'play' && { atOnce: true as const }),
  };
}
