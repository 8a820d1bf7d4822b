// The client's side of one connection as a state machine: describes or announces, sets up, plays or records.
import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { Link } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { type Rng, randomId } from '../../base/rng.ts';
import type { Session } from '../../base/session.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import { controlOf, type DescribedTrack, readDescription, type SentTrack, writeDescription } from './description.ts';
import { answerChallenge, bestChallenge, type Challenge, parseChallenges } from './digest.ts';
import { errors } from './errors.ts';
import {
  type InterleavedFrame,
  MessageReader,
  type Request,
  type Response,
  type WrittenFields,
  writeFrameHead,
  writeRequest,
  writeResponse,
} from './message.ts';
import { interleavedTransport, type PortPair, parseTransports } from './transport.ts';
import { controlUrl, type Remote } from './url.ts';

/** What happens to a client. */
export interface ClientEvents {
  /** The server has said what it has; media may come from now on. */
  described(tracks: readonly DescribedTrack[]): void;
  /** PLAY or RECORD is accepted. @param channels by the place of the track. */
  running(channels: readonly PortPair[]): void;
  /** From the server; `data` is the receiver's. */
  media(index: number, kind: 'rtp' | 'rtcp', data: Uint8Array, now: Micros): void;
  /** The connection is over; undefined: the stream has ended in a regular way. Called once. */
  ended(reason: SrsxError | undefined): void;
}

/** What a client is made of. */
export interface ClientOptions {
  readonly link: Link;
  readonly limits: Pick<Limits, 'handshakeTime' | 'firstMediaTime'>;
  readonly rng: Rng;
  readonly log: Log;
  readonly remote: Remote;
  /** Undefined: plays. */
  readonly sent: readonly SentTrack[] | undefined;
  readonly events: ClientEvents;
  readonly now: Micros;
}

/** A request under way. */
interface Asked {
  readonly method: string;
  /** It was refused once for lack of credentials. */
  readonly tried: boolean;
  readonly on: (response: Response) => void;
  readonly again: () => void;
}

type State = 'asking' | 'running' | 'closed';

/** RFC 2326 §12.37. */
const SESSION_TIME = fromSeconds(60);
/** Between signs of life, whatever the server says. */
const LEAST_ALIVE = fromSeconds(5);
/** Chosen: above the longest pause of a live source; as for RTMP. */
const SILENT_TIME = fromSeconds(30);
/** Requests and credentials of one connection before it runs; a camera needs six. */
const MOST_REQUESTS = 32;

/** Told bytes and the time; asks, and answers challenges. */
export class RtspClient implements Session {
  readonly #options: ClientOptions;
  readonly #reader = new MessageReader();
  #state: State = 'asking';
  #now: Micros;
  #cseq = 0;
  /** The request whose answer is waited for. */
  #asked: Asked | undefined;
  #challenge: Challenge | undefined;
  #nonceCount = 0;
  #public = '';
  #base: string;
  #aggregate: string;
  #session: string | undefined;
  #aliveTime: Micros = SESSION_TIME / 2;
  #channels: PortPair[] = [];
  /** Answer, or media, must come until then. */
  #silentAt: Micros;
  #aliveAt: Micros = Number.POSITIVE_INFINITY;

  constructor(options: ClientOptions) {
    const { remote, now, limits } = options;
    this.#options = options;
    this.#now = now;
    this.#base = remote.url;
    this.#aggregate = remote.url;
    this.#silentAt = now + limits.handshakeTime;
    this.#ask('OPTIONS', remote.url, {}, '', (response) => this.#optioned(response));
  }

  get state(): State {
    return this.#state;
  }

  get deadline(): Micros {
    return Math.min(this.#silentAt, this.#aliveAt);
  }

  receive(bytes: Uint8Array, now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    this.#reader.push(bytes);
    for (let next = this.#reader.take(); next !== undefined; next = this.#reader.take()) {
      if (next.type === 'frame') this.#frame(next);
      else if (next.type === 'response') this.#answered(next);
      else this.#serverAsks(next);
      if (this.#isClosed()) return;
    }
  }

  /** Errors: RTSP_TIMEOUT. */
  tick(now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    if (now >= this.#silentAt) throw errors.protocol('TIMEOUT', { state: this.#asked?.method ?? this.#state });
    if (now < this.#aliveAt) return;
    this.#aliveAt = now + this.#aliveTime;
    // The answer is not waited for: some cameras answer no GET_PARAMETER, and send on.
    const method = /\bGET_PARAMETER\b/.test(this.#public) ? 'GET_PARAMETER' : 'OPTIONS';
    this.#send(method, this.#aggregate, {}, '');
  }

  /** @param reason undefined: the server has left, which is an error as long as nothing was played. */
  close(reason: SrsxError | undefined, now: Micros): void {
    this.#now = now;
    const isRegular = this.#state === 'running' && this.#options.sent === undefined;
    this.#end(
      reason ?? (isRegular ? undefined : errors.system('CLOSED', { state: this.#asked?.method ?? this.#state })),
    );
  }

  /** The stream is over: tells the server and ends the connection in a regular way. */
  finish(now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    if (this.#session !== undefined) this.#send('TEARDOWN', this.#aggregate, {}, '');
    this.#end(undefined);
  }

  /** RTCP of ours for a track. */
  sendRtcp(index: number, bytes: Uint8Array): void {
    const channels = this.#channels[index];
    if (this.#state !== 'running' || channels === undefined) return;
    const head = new Uint8Array(4);
    writeFrameHead(head, 0, channels.rtcp, bytes.length);
    this.#options.link.send([head, bytes]);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #end(reason: SrsxError | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#silentAt = Number.POSITIVE_INFINITY;
    this.#aliveAt = Number.POSITIVE_INFINITY;
    this.#options.events.ended(reason);
    this.#options.link.close(reason);
  }

  #optioned({ fields }: Response): void {
    this.#public = fields.get('public') ?? '';
    const { remote, sent } = this.#options;
    if (sent === undefined) {
      this.#ask('DESCRIBE', remote.url, { Accept: 'application/sdp' }, '', (response) => this.#described(response));
      return;
    }
    const sdp = writeDescription(sent, { sessionId: this.#options.rng.below(2 ** 31), name: 'srsx' });
    const tracks = sent.map((_, index) => controlUrl(remote.url, controlOf(index)));
    this.#ask('ANNOUNCE', remote.url, { 'Content-Type': 'application/sdp' }, sdp, () => this.#setUp(tracks));
  }

  /** Throws RTSP_SDP and the like. */
  #described({ fields, body }: Response): void {
    this.#base = fields.get('content-base') || fields.get('content-location') || this.#base;
    const { control, tracks } = readDescription(new TextDecoder().decode(body));
    this.#aggregate = controlUrl(this.#base, control);
    this.#options.events.described(tracks);
    this.#setUp(tracks.map((track) => controlUrl(this.#base, track.control)));
  }

  /** One after the other; channels are those that the server answers. */
  #setUp(urls: readonly string[]): void {
    const index = this.#channels.length;
    const url = urls[index];
    if (url === undefined) {
      this.#start();
      return;
    }
    const wanted = { rtp: index * 2, rtcp: index * 2 + 1 };
    const mode = this.#options.sent === undefined ? undefined : 'record';
    this.#ask('SETUP', url, { Transport: interleavedTransport(wanted, mode) }, '', ({ fields }) => {
      const [agreed] = parseTransports(fields.get('transport') ?? '');
      if (agreed?.lower === 'udp') throw errors.protocol('TRANSPORT', { why: 'it answers UDP' });
      this.#channels.push(agreed?.interleaved ?? wanted);
      this.#readSession(fields.get('session') ?? '');
      this.#setUp(urls);
    });
  }

  /** `id;timeout=60`. */
  #readSession(text: string): void {
    const [id, ...parameters] = text.split(';');
    this.#session = id?.trim() || this.#session;
    const seconds = Number(/^\s*timeout\s*=\s*(\d{1,5})/i.exec(parameters.join(';'))?.[1]);
    if (seconds > 0) this.#aliveTime = Math.max(LEAST_ALIVE, fromSeconds(seconds) / 2);
  }

  #start(): void {
    const { sent, events } = this.#options;
    const method = sent === undefined ? 'PLAY' : 'RECORD';
    this.#ask(method, this.#aggregate, { Range: 'npt=0.000-' }, '', () => {
      this.#state = 'running';
      this.#aliveAt = this.#now + this.#aliveTime;
      const { firstMediaTime } = this.#options.limits;
      this.#silentAt = sent === undefined ? this.#now + firstMediaTime : Number.POSITIVE_INFINITY;
      events.running(this.#channels);
    });
  }

  #frame({ channel, data }: InterleavedFrame): void {
    if (this.#options.sent !== undefined) return;
    // Cameras begin to send before they answer PLAY.
    const index = this.#channels.findIndex(({ rtp, rtcp }) => rtp === channel || rtcp === channel);
    const channels = this.#channels[index];
    if (channels === undefined) return;
    const kind = channels.rtp === channel ? 'rtp' : 'rtcp';
    if (kind === 'rtp' && this.#state === 'running') this.#silentAt = this.#now + SILENT_TIME;
    this.#options.events.media(index, kind, data, this.#now);
  }

  #ask(method: string, url: string, fields: WrittenFields, body: string, on: (response: Response) => void): void {
    const attempt = (tried: boolean): void => {
      if (this.#cseq >= MOST_REQUESTS)
        throw errors.protocol('MESSAGE', { why: 'the server makes us ask again and again' });
      this.#asked = { method, tried, on, again: () => attempt(true) };
      this.#silentAt = this.#now + this.#options.limits.handshakeTime;
      this.#send(method, url, fields, body);
    };
    attempt(false);
  }

  #send(method: string, url: string, fields: WrittenFields, body: string): void {
    const { link, log } = this.#options;
    log.debug('rtsp', () => `${method} ${url}`);
    const own = { CSeq: ++this.#cseq, Session: this.#session, Authorization: this.#authorization(method, url) };
    link.send([writeRequest(method, url, { ...own, 'User-Agent': 'srsx', ...fields }, body)]);
  }

  #authorization(method: string, url: string): string | undefined {
    const { remote, rng } = this.#options;
    if (this.#challenge === undefined) return undefined;
    const { user, password } = remote;
    this.#nonceCount++;
    return answerChallenge(this.#challenge, {
      method,
      url,
      user,
      password,
      cnonce: randomId(rng, 16),
      count: this.#nonceCount,
    });
  }

  /** Throws RTSP_REFUSED, RTSP_UNAUTHORIZED, RTSP_REDIRECT, RTSP_TRANSPORT. */
  #answered(response: Response): void {
    const { status, reason, fields } = response;
    const asked = this.#asked;
    // An answer to a sign of life; 1xx says that the answer comes later.
    if (asked === undefined || status < 200) return;
    this.#asked = undefined;
    if (status === 401) {
      this.#challenged(fields.get('www-authenticate') ?? '', asked.tried);
      asked.again();
      return;
    }
    const location = fields.get('location');
    if (status >= 300 && status < 400 && location !== undefined) {
      throw errors.refused('REDIRECT', { url: location.slice(0, 1000) });
    }
    // FFmpeg may take what only UDP brings.
    if (status === 461) throw errors.protocol('TRANSPORT', { why: '461' });
    // OPTIONS is a courtesy: some servers refuse it.
    if (status >= 300 && asked.method !== 'OPTIONS') {
      throw errors.refused('REFUSED', { method: asked.method, status, reason: reason.slice(0, 200) });
    }
    asked.on(response);
  }

  /** Throws RTSP_UNAUTHORIZED. @param tried the request was answered already. */
  #challenged(header: string, tried: boolean): void {
    const { user, password } = this.#options.remote;
    const challenge = bestChallenge(parseChallenges(header));
    if (challenge === undefined) {
      throw errors.refused('UNAUTHORIZED', { why: 'it offers no scheme that is understood' });
    }
    if (user === '' && password === '') throw errors.refused('UNAUTHORIZED', { why: 'there are none' });
    // A stale nonce is no wrong password (RFC 7616 §3.3).
    const isStale = /^true$/i.test(challenge.parameters.get('stale') ?? '');
    if (tried && !isStale) throw errors.refused('UNAUTHORIZED', { why: 'user or password are wrong' });
    this.#challenge = challenge;
    this.#nonceCount = 0;
  }

  /** RFC 2326 §10 allows a server to ask: what it wants is to know that we are there, or to end. */
  #serverAsks({ method, fields }: Request): void {
    const known = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'ANNOUNCE', 'TEARDOWN'].includes(method);
    const status = known ? 200 : 501;
    this.#options.link.send([
      writeResponse(status, { CSeq: fields.get('cseq')?.slice(0, 40), Session: this.#session }),
    ]);
    if (method === 'TEARDOWN') this.#end(undefined);
  }
}
