// The server's side of one connection as a state machine. Knows no hub and no admission: it asks, and is told.
import { ProtocolError, RefusedError, type SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { Link } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { type Rng, randomId } from '../../base/rng.ts';
import type { Session } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { controlOf, type DescribedTrack, readDescription, type SentTrack, writeDescription } from './description.ts';
import { errors } from './errors.ts';
import { type InterleavedFrame, MessageReader, type Request, type WrittenFields, writeResponse } from './message.ts';
import {
  datagramTransport,
  interleavedTransport,
  type PortPair,
  parseTransports,
  type Transport,
} from './transport.ts';
import { controlUrl, parseTarget, type Target } from './url.ts';

/** What a client wants; a publisher says what it will send. */
export type StreamRequest =
  | { readonly action: 'play'; readonly target: Target }
  | { readonly action: 'publish'; readonly target: Target; readonly tracks: readonly DescribedTrack[] };

/** A track that is set up: its place in the description, and where its packets go or come from. */
export interface Setup {
  readonly index: number;
  readonly lower: 'tcp' | 'udp';
  /** Channels of the connection, or ports of the client. */
  readonly at: PortPair;
}

/** What a session tells its owner. */
export interface SessionEvents {
  /** Somebody wants to play or publish: `accept` or `refuse` is called later; until then nothing else is told. */
  ask(request: StreamRequest): void;
  /** PLAY is answered. */
  play(setups: readonly Setup[]): void;
  /** RECORD is answered. */
  record(): void;
  /** A packet of a publisher's track; `data` is the receiver's. */
  media(index: number, kind: 'rtp' | 'rtcp', data: Uint8Array, now: Micros): void;
  /** What was admitted is over, the connection stays. */
  stop(): void;
  /** The connection is over; called once, after `stop` when something was admitted. */
  ended(reason: SrsxError | undefined): void;
}

/** What a session is made of. */
export interface SessionOptions {
  readonly link: Link;
  readonly limits: Pick<Limits, 'handshakeTime' | 'firstMediaTime' | 'silentTime' | 'nameBytes'>;
  readonly rng: Rng;
  readonly log: Log;
  readonly events: SessionEvents;
  /** Our ports for UDP players; undefined: they are told to use TCP. */
  readonly datagramPorts: () => PortPair | undefined;
  readonly now: Micros;
}

/** See README.md; `ready` is what the admission has let in. */
export type State = 'idle' | 'asking' | 'ready' | 'playing' | 'recording' | 'closed';

/** Told with each Session (RFC 2326 §12.37), and its default. */
const SESSION_TIME = fromSeconds(60);
/** Chosen: as long as SRS waits for a hook; the admission has its own, shorter limit. */
const ADMISSION_TIME = fromSeconds(30);
/** Ports below this are of services: no client receives there, but somebody else might. */
const LEAST_PORT = 1024;
/** Answers that were written although the link was full. */
const MOST_UNREAD = 64;

const METHODS = 'OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, TEARDOWN, GET_PARAMETER, SET_PARAMETER';

/** What is said of a request, and what is done behind it. */
interface Answer {
  readonly status: number;
  readonly fields?: WrittenFields;
  readonly body?: string;
  readonly after?: () => void;
}

/** What the admission gave. */
type Admitted =
  | { readonly action: 'play'; readonly target: Target; readonly tracks: readonly SentTrack[] }
  | { readonly action: 'publish'; readonly target: Target; readonly tracks: readonly DescribedTrack[] };

/** Told bytes and the time. */
export class RtspSession implements Session {
  readonly #options: SessionOptions;
  readonly #reader = new MessageReader();
  #state: State = 'idle';
  #now: Micros;
  #deadline: Micros;
  /** What waits for the admission. */
  #pending: { readonly request: Request; readonly wanted: StreamRequest } | undefined;
  #admitted: Admitted | undefined;
  /** The URL of the description that a publisher sent. */
  #announced = '';
  #setups: Setup[] = [];
  /** What each channel of a publisher carries. */
  readonly #channels = new Map<number, { readonly index: number; readonly kind: 'rtp' | 'rtcp' }>();
  #id: string | undefined;
  #times: Pick<Limits, 'firstMediaTime' | 'silentTime'>;
  #unread = 0;
  /** What is worked on. */
  #unanswered: Request | undefined;
  receivedBytes = 0;
  /** Of answers; the media is counted by its cursor. */
  sentBytes = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#now = options.now;
    this.#deadline = options.now + options.limits.handshakeTime;
    this.#times = options.limits;
  }

  get state(): State {
    return this.#state;
  }

  get deadline(): Micros {
    return this.#deadline;
  }

  /** Errors: RTSP_MESSAGE, RTSP_HEAD_SIZE, RTSP_BODY_SIZE, RTSP_UNREAD. */
  receive(bytes: Uint8Array, now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    this.receivedBytes += bytes.length;
    this.#reader.push(bytes);
    this.#work();
  }

  /** Throws RTSP_TIMEOUT. */
  tick(now: Micros): void {
    if (this.#state === 'closed' || now < this.#deadline) return;
    throw errors.protocol('TIMEOUT', { state: this.#state });
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    const { events, link } = this.#options;
    if (reason !== undefined && this.#unanswered !== undefined) this.#sayWhy(this.#unanswered, reason);
    this.#release();
    this.#state = 'closed';
    this.#deadline = Number.POSITIVE_INFINITY;
    events.ended(reason);
    link.close(reason);
  }

  /** A sign of life that came another way: RTCP by UDP. */
  heard(now: Micros): void {
    if (this.#state === 'playing' && this.#deadline !== Number.POSITIVE_INFINITY) this.#deadline = now + SESSION_TIME;
  }

  /**
   * The admission has said yes.
   *
   * @param tracks of a player: what the stream has. @param times of a publisher, where its vhost says others.
   */
  accept(
    now: Micros,
    tracks: readonly SentTrack[],
    times: Partial<Pick<Limits, 'firstMediaTime' | 'silentTime'>> = {},
  ): void {
    const pending = this.#pending;
    if (this.#state !== 'asking' || pending === undefined) return;
    this.#now = now;
    const { request, wanted } = pending;
    this.#times = { ...this.#times, ...times };
    this.#admitted = wanted.action === 'play' ? { ...wanted, tracks } : wanted;
    this.#pending = undefined;
    this.#state = 'ready';
    this.#wait();
    if (wanted.action === 'publish') this.#answer(request, { status: 200 });
    else this.#handle(request);
  }

  /** Goes on with what came meanwhile. */
  resume(now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    this.#options.link.resume();
    this.#work();
  }

  /** The admission has said no: the client is told, and may ask for something else. */
  refuse(reason: SrsxError, now: Micros): void {
    if (this.#state === 'asking') this.close(reason, now);
  }

  describe(): Record<string, unknown> {
    return { state: this.#state, setups: this.#setups };
  }

  #work(): void {
    while (this.#state !== 'closed' && this.#state !== 'asking') {
      const message = this.#reader.take();
      if (message === undefined) return;
      if (message.type === 'frame') this.#frame(message);
      else if (message.type === 'request') {
        this.#options.log.debug('rtsp', () => `${message.method} ${message.url}`);
        this.#wait();
        this.#handle(message);
      }
    }
  }

  /** From now on, as long as this state allows. */
  #wait(): void {
    const { handshakeTime } = this.#options.limits;
    if (this.#state === 'idle') this.#deadline = this.#now + handshakeTime;
    else if (this.#state === 'ready') this.#deadline = this.#now + SESSION_TIME;
    else this.heard(this.#now);
  }

  #handle(request: Request): void {
    this.#unanswered = request;
    const { version } = request;
    if (!version.startsWith('RTSP/')) throw errors.protocol('MESSAGE', { why: `it is of ${version}` });
    const answer = this.#check(request) ?? this.#dispatch(request);
    if (answer === 'later') return;
    this.#answer(request, answer);
    answer.after?.();
  }

  /** What is wrong with any request. */
  #check({ fields, version }: Request): Answer | undefined {
    const required = fields.get('require') ?? fields.get('proxy-require');
    const session = fields.get('session')?.split(';')[0]?.trim();
    if (!fields.has('cseq')) return { status: 400 };
    if (version !== 'RTSP/1.0') return { status: 505 };
    if (required !== undefined) return { status: 551, fields: { Unsupported: required.slice(0, 200) } };
    return session !== undefined && session !== this.#id ? { status: 454 } : undefined;
  }

  #dispatch(request: Request): Answer | 'later' {
    switch (request.method) {
      case 'OPTIONS':
        return { status: 200, fields: { Public: METHODS } };
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        // Nothing can be asked or set: what they are for is to stay alive (RFC 2326 §10.8).
        return { status: 200 };
      case 'DESCRIBE':
        return this.#describeStream(request);
      case 'ANNOUNCE':
        return this.#announce(request);
      case 'SETUP':
        return this.#setUp(request);
      case 'PLAY':
        return this.#play();
      case 'RECORD':
        return this.#record();
      case 'TEARDOWN':
        return { status: 200, after: () => this.#tearDown() };
      case 'PAUSE':
        // What is live goes on without its player.
        return { status: 405, fields: { Allow: METHODS } };
      default:
        return { status: 501, fields: { Public: METHODS } };
    }
  }

  #describeStream(request: Request): Answer | 'later' {
    if (this.#setups.length > 0) return { status: 455 };
    const target = this.#target(request);
    if (target === undefined) return { status: 400 };
    const admitted = this.#admitted;
    if (admitted?.action !== 'play' || !sameTarget(admitted.target, target)) {
      return this.#ask(request, { action: 'play', target });
    }
    const body = writeDescription(admitted.tracks, {
      sessionId: this.#options.rng.below(2 ** 31),
      name: admitted.target.name.stream,
    });
    const base = `${trimmed(request.url)}/`;
    return { status: 200, fields: { 'Content-Base': base, 'Content-Type': 'application/sdp' }, body };
  }

  /** Throws RTSP_SDP, RTSP_NO_AUDIO_CONFIG, SDP_DECODE. */
  #announce(request: Request): Answer | 'later' {
    if (this.#admitted !== undefined) return { status: 455 };
    const type = request.fields.get('content-type') ?? '';
    if (!/^application\/sdp\b/i.test(type)) return { status: 415 };
    const target = this.#target(request);
    if (target === undefined) return { status: 400 };
    const { tracks } = readDescription(new TextDecoder().decode(request.body));
    this.#announced = request.url;
    return this.#ask(request, { action: 'publish', target, tracks });
  }

  #ask(request: Request, wanted: StreamRequest): 'later' {
    this.#release();
    this.#pending = { request, wanted };
    this.#state = 'asking';
    this.#deadline = this.#now + ADMISSION_TIME;
    this.#options.link.pause();
    this.#options.events.ask(wanted);
    return 'later';
  }

  /** Undefined when the URL names no stream. */
  #target({ url }: Request): Target | undefined {
    if (Buffer.byteLength(url) > this.#options.limits.nameBytes) return undefined;
    return parseTarget(url)?.target;
  }

  #setUp(request: Request): Answer | 'later' {
    if (this.#state === 'playing' || this.#state === 'recording') return { status: 455 };
    const target = this.#target(request);
    if (target === undefined) return { status: 400 };
    const admitted = this.#admitted;
    // A client may know the description already.
    if (admitted === undefined) return this.#ask(request, { action: 'play', target });
    if (admitted.action === 'play' && !sameStream(admitted.target, target)) {
      return this.#setups.length > 0 ? { status: 459 } : this.#ask(request, { action: 'play', target });
    }
    const index = this.#trackOf(request.url, admitted);
    if (index === undefined) return { status: 404 };
    const offered = request.fields.get('transport') ?? '';
    const setup = this.#agree(index, parseTransports(offered), admitted.action);
    if (setup === undefined) {
      this.#options.log.info('rtsp', 'no transport that is offered is served', { offered: offered.slice(0, 200) });
      return { status: 461 };
    }
    this.#setups = [...this.#setups.filter((one) => one.index !== index), setup];
    this.#id ??= randomId(this.#options.rng, 16);
    return { status: 200, fields: { Transport: this.#transportText(setup, admitted.action) } };
  }

  /** The place of the track in the description. */
  #trackOf(url: string, admitted: Admitted): number | undefined {
    const { tracks } = admitted;
    const free = tracks.findIndex((_, i) => !this.#setups.some(({ index }) => index === i));
    const asked = trimmed(url);
    if (admitted.action === 'publish') {
      const named = admitted.tracks.findIndex(({ control }) => trimmed(controlUrl(this.#announced, control)) === asked);
      return named >= 0 ? named : free < 0 ? undefined : free;
    }
    const number = tracks.findIndex((_, i) => asked.endsWith(`/${controlOf(i)}`));
    if (number >= 0) return number;
    // The stream's own URL stands for its only track.
    return parseTarget(url)?.track === undefined && free >= 0 ? free : undefined;
  }

  /** The first transport that both know; all tracks of a session use the same. */
  #agree(index: number, offered: readonly Transport[], action: 'play' | 'publish'): Setup | undefined {
    const others = this.#setups.filter((one) => one.index !== index);
    const lower = others[0]?.lower;
    for (const transport of offered) {
      if (transport.multicast || (lower !== undefined && lower !== transport.lower)) continue;
      if (transport.lower === 'tcp') return { index, lower: 'tcp', at: this.#freeChannels(index, transport, others) };
      const at = transport.clientPort;
      if (
        action === 'play' &&
        at !== undefined &&
        at.rtp >= LEAST_PORT &&
        at.rtcp >= LEAST_PORT &&
        this.#options.datagramPorts() !== undefined
      ) {
        return { index, lower: 'udp', at };
      }
    }
    return undefined;
  }

  /** Those that are asked for, else the first pair that nobody has. */
  #freeChannels(index: number, { interleaved }: Transport, others: readonly Setup[]): PortPair {
    const taken = new Set(others.flatMap(({ at }) => [at.rtp, at.rtcp]));
    const isFree = ({ rtp, rtcp }: PortPair): boolean => !taken.has(rtp) && !taken.has(rtcp);
    if (interleaved !== undefined && isFree(interleaved)) return interleaved;
    // Bounded by the tracks of a description, which are two.
    let pair = { rtp: index * 2, rtcp: index * 2 + 1 };
    while (!isFree(pair)) pair = { rtp: (pair.rtp + 2) % 256, rtcp: ((pair.rtp + 2) % 256) + 1 };
    return pair;
  }

  #transportText({ lower, at }: Setup, action: 'play' | 'publish'): string {
    const ports = this.#options.datagramPorts();
    if (lower === 'udp' && ports !== undefined) return datagramTransport(at, ports);
    return interleavedTransport(at, action === 'publish' ? 'record' : undefined);
  }

  #play(): Answer {
    if (this.#state === 'playing') return { status: 200 };
    if (this.#state !== 'ready' || this.#admitted?.action !== 'play' || this.#setups.length === 0)
      return { status: 455 };
    this.#state = 'playing';
    // A connection says by itself whether somebody is there; datagrams do not.
    const alive = this.#setups[0]?.lower === 'tcp';
    this.#deadline = alive ? Number.POSITIVE_INFINITY : this.#now + SESSION_TIME;
    const setups = this.#setups;
    return { status: 200, fields: { Range: 'npt=now-' }, after: () => this.#options.events.play(setups) };
  }

  #record(): Answer {
    if (this.#state === 'recording') return { status: 200 };
    if (this.#state !== 'ready' || this.#admitted?.action !== 'publish' || this.#setups.length === 0) {
      return { status: 455 };
    }
    this.#state = 'recording';
    for (const { index, at } of this.#setups) {
      this.#channels.set(at.rtp, { index, kind: 'rtp' });
      this.#channels.set(at.rtcp, { index, kind: 'rtcp' });
    }
    this.#deadline = this.#now + this.#times.firstMediaTime;
    return { status: 200, fields: { Range: 'npt=now-' } };
  }

  #tearDown(): void {
    this.#release();
    this.#wait();
  }

  /** Ends what was admitted. */
  #release(): void {
    const admitted = this.#admitted;
    this.#admitted = undefined;
    this.#pending = undefined;
    this.#setups = [];
    this.#channels.clear();
    this.#id = undefined;
    if (this.#state !== 'closed') this.#state = 'idle';
    if (admitted !== undefined) this.#options.events.stop();
  }

  /** Channels that nobody set up, and what a player says of its reception, are of no interest. */
  #frame({ channel, data }: InterleavedFrame): void {
    const entry = this.#state === 'recording' ? this.#channels.get(channel) : undefined;
    if (entry === undefined) return;
    if (entry.kind === 'rtp') this.#deadline = this.#now + this.#times.silentTime;
    this.#options.events.media(entry.index, entry.kind, data, this.#now);
  }

  /** The last answer of a connection: the code tells an operator more than a status can. */
  #sayWhy(request: Request, error: SrsxError): void {
    this.#send(writeResponse(statusOf(error), { ...this.#common(request), 'X-Error': error.code }));
  }

  /** Throws RTSP_UNREAD. */
  #answer(request: Request, { status, fields = {}, body = '' }: Answer): void {
    const bytes = writeResponse(status, { ...this.#common(request), ...fields }, body);
    this.#unread = this.#send(bytes) ? 0 : this.#unread + 1;
    if (this.#unread > MOST_UNREAD) throw errors.protocol('UNREAD');
  }

  #common({ fields }: Request): WrittenFields {
    const session = this.#id === undefined ? undefined : `${this.#id};timeout=${toSeconds(SESSION_TIME)}`;
    return { CSeq: fields.get('cseq')?.slice(0, 40), Session: session, Server: 'srsx' };
  }

  #send(bytes: Uint8Array): boolean {
    this.#unanswered = undefined;
    this.sentBytes += bytes.length;
    return this.#options.link.send([bytes]);
  }
}

const trimmed = (url: string): string => url.replace(/\/+$/, '');

const sameTarget = (a: Target, b: Target): boolean =>
  a.param === b.param && a.name.vhost === b.name.vhost && sameStream(a, b);

/** A client may have another spelling of the host in the URLs of tracks. */
const sameStream = (a: Target, b: Target): boolean => a.name.app === b.name.app && a.name.stream === b.name.stream;

/** RFC 2326 §7.1.1, for what is refused. */
const statuses: Readonly<Record<string, number>> = {
  RTSP_URL: 400,
  RTSP_SDP: 415,
  RTSP_NO_AUDIO_CONFIG: 415,
  RTSP_NOT_FOUND: 404,
  RTSP_NO_CODEC: 404,
  ADMISSION_NAME: 400,
  ADMISSION_VHOST: 404,
  ADMISSION_SESSIONS: 503,
  STREAM_BUSY: 403,
  STREAM_COUNT: 503,
};

function statusOf(error: SrsxError): number {
  const known = statuses[error.code];
  if (known !== undefined) return known;
  if (error instanceof ProtocolError) return 400;
  return error instanceof RefusedError ? 403 : 500;
}
