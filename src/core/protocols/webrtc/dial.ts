// The ends of a relay: plays from a WHEP server, and publishes to a WHIP server (RFC 9725).
import { utf8 } from '../../base/bytes.ts';
import { Reporter } from '../../base/counters.ts';
import type { Address } from '../../base/link.ts';
import { randomId } from '../../base/rng.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds, toSeconds } from '../../base/time.ts';
import { noRelief } from '../../control/circuit-breaker.ts';
import type { ClientHost, PullOptions, PushOptions } from '../../control/host.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { Stream } from '../../media/stream.ts';
import type { Codec, Track, TrackKind } from '../../media/track.ts';
import { createIdentity, type Identity } from '../../wire/dtls/index.ts';
import { readText, uploadOf } from '../../wire/http/body.ts';
import type { HttpHeaders, HttpResponse } from '../../wire/http/exchange.ts';
import { type IceCredentials, MAX_SDP_BYTES, parseSdp, type SessionDescription } from '../../wire/sdp/index.ts';
import { ClientConnection } from './client.ts';
import { codecNamed } from './codecs.ts';
import { Egress } from './egress.ts';
import { endpointOf } from './endpoint-url.ts';
import { rtcErrors } from './errors.ts';
import { negotiate, type Plan } from './negotiate.ts';
import { everyCodec, type OfferOptions, writeOffer } from './offer.ts';
import { Receiver } from './receiver.ts';
import type { MediaTransport } from './secure.ts';
import type { PeerMedia } from './session.ts';

/** For the request; the connection has deadlines of its own. */
const TIMEOUT = fromSeconds(10);
/** RFC 9725 §4.5: redirects of the POST. */
const MOST_REDIRECTS = 5;

/** What one end wants, and what it does with its connection. */
interface Work {
  readonly url: URL;
  readonly signal: AbortSignal;
  readonly insecure: boolean;
  readonly offer: Pick<OfferOptions, 'direction' | 'video' | 'audio'>;
  readonly media: (plan: Plan, transport: MediaTransport) => PeerMedia;
  readonly onBytes: (direction: 'received' | 'sent', bytes: number) => void;
}

/**
 * Plays until the server ends (resolves), something fails (rejects) or the signal (resolves). Rejects with the errors of
 * tables RTC, SDP, DTLS and NET.
 */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  const { signal, onBytes, insecure = false } = options;
  const bad = new Reporter((count, last) => host.log.warn('webrtc', 'leaves frames out', { count, last }));
  await run(host, {
    ...{ signal, insecure, url: endpointOf(from, 'play') },
    offer: { direction: 'recvonly', ...everyCodec },
    media: (plan, transport) =>
      new Receiver({
        ...{
          media: plan.media,
          transport,
          to,
          rng: host.rng,
          dropType: 0,
          keyInterval: undefined,
          relief: () => noRelief,
        },
        onBad: ({ code }) => bad.note(code, host.clock.now()),
      }),
    onBytes: (direction, bytes) => direction === 'received' && onBytes(bytes),
  });
}

/** Publishes a stream until it ends (resolves), the server fails (rejects), or the signal (resolves). */
export async function push(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void> {
  const { signal, onBytes, onLink, insecure = false } = options;
  const url = endpointOf(to, 'publish');
  const over = new AbortController();
  const ending = from.onEnd(() => over.abort());
  const either = AbortSignal.any([signal, over.signal]);
  try {
    if (from.tracks.length === 0) options.onTracksWanted?.();
    const tracks = await tracksOf(from, either);
    if (either.aborted) return;
    const offer = offerFor(host, tracks);
    await run(host, {
      ...{ insecure, url, offer, signal: either },
      media: (plan, transport) => {
        const egress = new Egress({
          ...{ host, stream: from, transport, media: plan.media, keepBFrames: false, copiesSent: false },
          cname: randomId(host.rng, 8),
          wantKey: () => undefined,
          log: (text, fields) => host.log.info('webrtc', text, fields),
        });
        onLink?.(egress);
        return egress;
      },
      onBytes: (direction, bytes) => direction === 'sent' && onBytes(bytes),
    });
  } finally {
    ending.close();
  }
}

/** The first tracks; none when it ends before. */
function tracksOf(from: Stream, signal: AbortSignal): Promise<readonly Track[]> {
  const { promise, resolve } = Promise.withResolvers<readonly Track[]>();
  const tap = from.tap((event) => event.type === 'tracks' && event.tracks.length > 0 && resolve(event.tracks));
  const abort = (): void => resolve([]);
  signal.addEventListener('abort', abort);
  return promise.finally(() => {
    tap.close();
    signal.removeEventListener('abort', abort);
  });
}

/** The first track of each kind that WebRTC has a payload for. Throws RTC_NO_CODEC. */
function offerFor({ log }: ClientHost, tracks: readonly Track[]): Work['offer'] {
  const media = tracks.filter(({ kind }) => kind !== 'data');
  const codecs = (kind: TrackKind): Codec[] =>
    media.filter((track) => track.kind === kind && codecNamed(track.codec) !== undefined).map(({ codec }) => codec);
  const [video, audio] = [codecs('video').slice(0, 1), codecs('audio').slice(0, 1)];
  const names = media.map(({ codec }) => codec).join(', ') || 'none';
  if (video.length === 0 && audio.length === 0) throw rtcErrors.refused('NO_CODEC', { offered: names });
  if (audio.length === 0 && media.some(({ kind }) => kind === 'audio')) {
    log.warn('webrtc', `publishes without sound: WebRTC has Opus and G.711, and this is ${names}`);
  }
  return { direction: 'sendonly', video, audio };
}

let identity: Promise<Identity> | undefined;

/** The certificate of all our connections to other servers, made when it is first asked for. */
export function ownIdentity(): Promise<Identity> {
  identity ??= createIdentity();
  return identity;
}

/** Offers, connects, works, and ends the session at the server. */
async function run(host: ClientHost, work: Work): Promise<void> {
  const { signal } = work;
  if (signal.aborted) return;
  const own = await ownIdentity();
  const ice: IceCredentials = { ufrag: randomId(host.rng, 8), pwd: randomId(host.rng, 32) };
  const { fingerprint } = own;
  const offer = writeOffer({ ...work.offer, ice, fingerprint, sessionId: host.rng.below(2 ** 31) });
  const { answer, resource } = await post(host, work, offer);
  let isOver = resource === undefined;
  const goodbye = async (): Promise<void> => {
    if (isOver || resource === undefined) return;
    isOver = true;
    await leave(host, work, resource);
  };
  try {
    await connect(host, work, answer, { ice, own, goodbye });
    isOver = true;
  } finally {
    await goodbye();
  }
}

/** What our end brings: its credentials, its certificate, and how it ends the session at the server. */
interface Ours {
  readonly ice: IceCredentials;
  readonly own: Identity;
  readonly goodbye: () => Promise<void>;
}

/** Resolves when the server has ended the session, or the signal has. */
async function connect(
  host: ClientHost,
  work: Work,
  answer: SessionDescription,
  { ice, own, goodbye }: Ours,
): Promise<void> {
  const { signal, onBytes } = work;
  const action = work.offer.direction === 'recvonly' ? 'publish' : 'play';
  const plan = negotiate(answer, { action, video: undefined, audio: undefined, nack: true, twcc: true, every: true });
  const candidates = await reachable(host, answer);
  const v6 = candidates[0]?.host.includes(':') === true;
  const port = await host.net.listenUdp({ host: v6 ? '::' : '0.0.0.0', port: 0 });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const connection = new ClientConnection({
    ...{ host, port, ice, plan, candidates, onBytes, identity: own },
    media: (transport) => work.media(plan, transport),
    onOver: (reason) => {
      if (reason === undefined || signal.aborted || reason.code === 'RTC_PEER_LEFT') resolve();
      else reject(reason);
    },
  });
  // In this order, or the server would see a peer that left, and then a request for a session that is over.
  const abort = (): void => void goodbye().finally(() => connection.close(undefined));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    port.close();
  }
}

/** Where the answer says that the server is: over UDP, by preference, one family. Throws RTC_OFFER when nowhere. */
async function reachable(host: ClientHost, answer: SessionDescription): Promise<Address[]> {
  const all = answer.sections.flatMap(({ candidates }) => candidates).filter(({ transport }) => transport === 'udp');
  const seen = new Map(all.map((one) => [`${one.host} ${one.port}`, one]));
  const sorted = [...seen.values()].sort((a, b) => b.priority - a.priority);
  const addresses: Address[] = [];
  for (const candidate of sorted) {
    try {
      addresses.push({ host: await host.net.lookup(candidate.host), port: candidate.port });
    } catch (error) {
      host.log.debug('webrtc', () => `a candidate that cannot be found: ${candidate.host}: ${String(error)}`);
    }
  }
  const [first] = addresses;
  if (first === undefined) throw rtcErrors.refused('OFFER', { why: 'the answer has no candidate for UDP' });
  const v6 = first.host.includes(':');
  return addresses.filter((address) => address.host.includes(':') === v6);
}

/** The answer, and the URL of the session. Rejects with RTC_ANSWER. */
async function post(
  host: ClientHost,
  { url, signal, insecure }: Work,
  offer: string,
): Promise<{ answer: SessionDescription; resource: URL | undefined }> {
  let target = url;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const response = await request(host, target, { method: 'POST', signal, insecure, body: offer });
    const text = await textOf(host, response);
    const location = response.header('location');
    const next = location === undefined ? null : URL.parse(location, target.href);
    if ((response.status === 307 || response.status === 308) && next !== null && /^https?:$/.test(next.protocol)) {
      target = next;
      continue;
    }
    if (response.status !== 201 && response.status !== 200) {
      throw rtcErrors.refused('ANSWER', { url: target.href, status: response.status, body: text.slice(0, 300) });
    }
    // §4.2: the session is on the same server; another origin gets no requests of ours.
    const resource = next !== null && next.origin === target.origin ? next : undefined;
    return { answer: parseSdp(text), resource };
  }
  throw rtcErrors.refused('ANSWER', { url: url.href, status: 308, body: 'too many redirects' });
}

/** The server frees the name at once, instead of after its time-out; a failure changes nothing. */
async function leave(host: ClientHost, { insecure, url }: Work, resource: URL): Promise<void> {
  resource.username = url.username;
  resource.password = url.password;
  const signal = new AbortController().signal;
  try {
    const response = await request(host, resource, { method: 'DELETE', signal, insecure });
    response.body.close();
  } catch (error) {
    host.log.debug('webrtc', () => `DELETE failed: ${toSrsxError(error).message}`);
  }
}

interface Asking {
  readonly method: string;
  readonly signal: AbortSignal;
  readonly insecure: boolean;
  readonly body?: string;
}

/** The bearer token is what the URL has in front of its host: `whip://TOKEN@host/…`. */
function request(host: ClientHost, url: URL, { method, signal, insecure, body }: Asking): Promise<HttpResponse> {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  const token = decodeURIComponent(url.password || url.username);
  const bytes = body === undefined ? undefined : utf8(body);
  const headers: HttpHeaders = {
    ...(token !== '' && { Authorization: `Bearer ${token}` }),
    ...(bytes !== undefined && { 'Content-Type': 'application/sdp', 'Content-Length': bytes.length }),
  };
  return host.net.request(plain, {
    ...{ method, headers, signal, insecure, timeout: TIMEOUT, follow: false },
    ...(bytes !== undefined && {
      upload: uploadOf(bytes),
    }),
  });
}

function textOf(host: ClientHost, { body }: HttpResponse): Promise<string> {
  return readText(body, {
    limit: MAX_SDP_BYTES,
    tooLong: () => rtcErrors.protocol('BODY_SIZE', { limit: MAX_SDP_BYTES }),
    late: {
      ...{ clock: host.clock, time: TIMEOUT },
      error: () => rtcErrors.protocol('BODY_TIME', { seconds: toSeconds(TIMEOUT) }),
    },
  }).finally(() => body.close());
}
