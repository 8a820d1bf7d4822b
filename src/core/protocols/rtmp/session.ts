// The server's side of one connection as a state machine. Knows no hub and no admission: it asks, and is told.

import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { Link } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import type { Rng } from '../../base/rng.ts';
import type { Session } from '../../base/session.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import { movedTo } from '../../control/cluster/coworkers.ts';
import { type AmfValue, amfNumber, amfText } from '../../wire/amf0/index.ts';
import * as answers from './answers.ts';
import { type Command, parseCommand } from './command.ts';
import { isMedia, RtmpConnection } from './connection.ts';
import { errors } from './errors.ts';
import { ServerHandshake } from './handshake.ts';
import { type Message, MessageType, setPeerBandwidth, windowAckSize } from './message.ts';
import { parseTarget, type Target } from './url.ts';

/** SRS's client types, by the order of the commands before publish. */
export type ClientType = 'fmle-publish' | 'haivision-publish' | 'flash-publish' | 'rtmp-play';

export interface StreamRequest {
  readonly action: 'publish' | 'play';
  readonly type: ClientType;
  readonly target: Target;
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  readonly streamId: number;
}

export interface SessionEvents {
  /** Somebody wants to publish or play: `accept` or `refuse` is called later; until then nothing else is told. */
  ask(request: StreamRequest): void;
  /** From the publisher, with bodies as in FLV tags. */
  media(message: Message, now: Micros): void;
  /** The player wants nothing, or only these kinds, until told otherwise. */
  select(selection: Selection): void;
  /** The publication or play is over, the connection stays. */
  stop(): void;
  /** The connection is over; called once, after `stop` when something was running. */
  ended(reason: SrsxError | undefined): void;
}

export interface Selection {
  readonly paused: boolean;
  readonly audio: boolean;
  readonly video: boolean;
}

/** What a connection is told at its start, in bytes. */
export interface ConnectionTerms {
  /** Of the chunks we send. */
  readonly chunkSize: number;
  /** After which the peer shall acknowledge; 0: it is not told (SRS: out_ack_size). */
  readonly windowAckSize: number;
  /** After which we do, whatever the peer says; 0: as it says (SRS: in_ack_size). */
  readonly ackEvery: number;
}

/** Of a publisher: until its first media, and between media. */
export type PublisherTimes = Partial<Pick<Limits, 'firstMediaTime' | 'silentTime'>>;

/** SRS tells it whatever out_ack_size is. */
const PEER_BANDWIDTH = 2_500_000;

const EVERYTHING: Selection = { paused: false, audio: true, video: true };

export interface SessionOptions {
  readonly link: Link;
  readonly limits: Limits;
  readonly rng: Rng;
  readonly log: Log;
  /** By the vhost in tcUrl; one that only the stream's name asks for is not known when it counts. */
  readonly terms: (vhost: string) => ConnectionTerms;
  readonly events: SessionEvents;
  readonly now: Micros;
}

type State = 'handshake' | 'connecting' | 'idle' | 'asking' | 'publishing' | 'playing' | 'closed';

/** SRS closes a connection that does not publish again within this time. */
const REPUBLISH_TIME = fromSeconds(180);
/** Chosen: as long as SRS waits for a hook; the admission has its own, shorter limit. */
const ADMISSION_TIME = fromSeconds(30);
/** Chosen: players open one stream, Flash applications a handful. */
const MAX_STREAMS = 1000;
/** SetPeerBandwidth: dynamic, as SRS. */
const DYNAMIC = 2;

export class RtmpSession implements Session {
  readonly #options: SessionOptions;
  readonly #connection: RtmpConnection;
  #state: State = 'handshake';
  #now: Micros;
  #deadline: Micros;
  /** Of the connect command. */
  #tcUrl = '';
  #pageUrl = '';
  #swfUrl = '';
  #created = 0;
  #fmle = false;
  #haivision = false;
  #request: StreamRequest | undefined;
  /** How long the player wants to play; Infinity: until it says stop. */
  #duration: Micros = Number.POSITIVE_INFINITY;
  #selection = EVERYTHING;
  #chunkSize = 0;
  #silentTime: Micros;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#now = options.now;
    this.#deadline = options.now + options.limits.handshakeTime;
    this.#silentTime = options.limits.silentTime;
    this.#connection = new RtmpConnection(options.link, new ServerHandshake(options.rng), options.limits, {
      ready: () => {
        this.#state = 'connecting';
      },
      message: (message) => this.#message(message),
      userControl: () => undefined,
    });
  }

  get state(): State {
    return this.#state;
  }

  get deadline(): Micros {
    return this.#deadline;
  }

  get receivedBytes(): number {
    return this.#connection.receivedBytes;
  }

  /** Of our chunks; 0 before connect. */
  get chunkSize(): number {
    return this.#chunkSize;
  }

  /** Without media. */
  get sentBytes(): number {
    return this.#connection.sentBytes;
  }

  receive(bytes: Uint8Array, now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    this.#connection.receive(bytes);
  }

  /** Errors: RTMP_TIMEOUT. */
  tick(now: Micros): void {
    if (this.#state === 'closed' || now < this.#deadline) return;
    this.#now = now;
    if (this.#state !== 'playing') throw errors.protocol('TIMEOUT', { state: this.#state });
    this.#connection.send(...answers.playStop(this.#streamId));
    this.#stop();
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    const running = this.#state === 'publishing' || this.#state === 'playing';
    this.#state = 'closed';
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#connection.close();
    const { events, link } = this.#options;
    if (running) events.stop();
    events.ended(reason);
    link.close(reason);
  }

  /** The request may go on. Throws what messages that waited throw. @param times without them, those of the limits. */
  accept(now: Micros, times: PublisherTimes = {}): void {
    const request = this.#request;
    if (this.#state !== 'asking' || request === undefined) return;
    this.#now = now;
    if (request.action === 'publish') this.#publishing(request, times);
    else this.#playing(request);
  }

  /** The handler is ready for what the request brings: what waited is handled, and the link read again. */
  resume(now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    this.#connection.release();
  }

  /** The request is refused: the peer is told and the connection ends. */
  refuse(reason: SrsxError, now: Micros): void {
    if (this.#state !== 'asking') return;
    const moved = movedTo(reason);
    if (moved !== undefined) this.#connection.send(answers.redirect(moved));
    else
      this.tell(
        this.#request?.action === 'play' ? 'NetStream.Play.Failed' : 'NetStream.Publish.BadName',
        reason.message,
      );
    this.close(reason, now);
  }

  /** Sends an error status on the message stream in use. */
  tell(code: string, description: string, level: answers.StatusLevel = 'error'): void {
    if (this.#state === 'closed') return;
    this.#connection.send(answers.onStatus(this.#streamId, code, description, level));
  }

  /** What the player wants now; Flash may choose before it plays. */
  get selection(): Selection {
    return this.#selection;
  }

  /** For logs and tests. */
  describe(): Record<string, unknown> {
    return { state: this.#state, type: this.#request?.type, stream: this.#request?.target.name };
  }

  get #streamId(): number {
    return this.#request?.streamId ?? 1;
  }

  #publishing({ streamId, type }: StreamRequest, times: PublisherTimes): void {
    const { firstMediaTime, silentTime } = { ...this.#options.limits, ...times };
    this.#state = 'publishing';
    this.#silentTime = silentTime;
    this.#deadline = this.#now + firstMediaTime;
    this.#connection.send(...answers.publishStart(streamId, type !== 'flash-publish'));
  }

  #playing({ streamId }: StreamRequest): void {
    this.#state = 'playing';
    this.#deadline = this.#now + this.#duration;
    this.#connection.send(...answers.playStart(streamId));
  }

  /** Back to where the connection may publish or play again. */
  #stop(): void {
    if (this.#state !== 'publishing' && this.#state !== 'playing') return;
    this.#state = 'idle';
    this.#deadline = this.#now + REPUBLISH_TIME;
    this.#fmle = false;
    this.#haivision = false;
    this.#selection = EVERYTHING;
    this.#options.events.stop();
  }

  #message(message: Message): void {
    if (isMedia(message.type)) {
      if (this.#state !== 'publishing') return;
      this.#deadline = this.#now + this.#silentTime;
      this.#options.events.media(message, this.#now);
      return;
    }
    if (message.type !== MessageType.command && message.type !== MessageType.command3) return;
    const command = parseCommand(message, this.#options.limits);
    this.#options.log.debug('rtmp:session', () => `${command.name} ${command.transaction} on ${command.streamId}`);
    this.#command(command);
  }

  #command(command: Command): void {
    if (command.name === 'connect') this.#connect(command);
    else if (this.#state === 'connecting')
      throw errors.protocol('STATE', { command: command.name, state: this.#state });
    else if (!this.#streamCommand(command) && !this.#playerCommand(command)) this.#other(command);
  }

  #connect({ transaction, object }: Command): void {
    if (this.#state !== 'connecting') throw errors.protocol('CONNECT', { why: 'it comes twice' });
    const { terms, limits } = this.#options;
    const text = (name: string): string => bounded(amfText(object, name) ?? '', 4 * limits.nameBytes);
    this.#tcUrl = text('tcUrl');
    // Some embedded encoders send the application only.
    if (this.#tcUrl === '') this.#tcUrl = `rtmp://${this.#options.link.local.host}/${text('app')}`;
    if (amfText(object, 'tcUrl') === undefined && text('app') === '') {
      throw errors.protocol('CONNECT', { why: 'it has no tcUrl' });
    }
    this.#pageUrl = text('pageUrl');
    this.#swfUrl = text('swfUrl');
    this.#state = 'idle';
    const connection = this.#connection;
    const { chunkSize, windowAckSize: ackSize, ackEvery } = terms(parseTarget(this.#tcUrl, '').name.vhost);
    this.#chunkSize = chunkSize;
    if (ackEvery > 0) connection.acknowledgeEvery(ackEvery);
    if (ackSize > 0) connection.send(windowAckSize(ackSize), setPeerBandwidth(ackSize, DYNAMIC));
    else connection.send(setPeerBandwidth(PEER_BANDWIDTH, DYNAMIC));
    connection.setChunkSize(chunkSize);
    const encoding = amfNumber(object, 'objectEncoding') === 3 ? 3 : 0;
    connection.send(answers.connectResult(transaction, object, encoding), answers.onBwDone());
  }

  /** Commands that open and close streams, and publish. */
  #streamCommand(command: Command): boolean {
    const { name, transaction } = command;
    switch (name) {
      case 'createStream':
        if (this.#created >= MAX_STREAMS) throw errors.protocol('STATE', { command: name, state: 'at the limit' });
        this.#created++;
        this.#connection.send(answers.result(transaction, null, this.#created));
        return true;
      case 'releaseStream':
      case 'FCPublish':
        if (this.#created === 0 || name === 'releaseStream') this.#fmle = true;
        else this.#haivision = true;
        this.#connection.send(answers.result(transaction, null, undefined));
        return true;
      case 'publish':
        this.#ask('publish', command, 0);
        return true;
      case 'FCUnpublish':
        this.#connection.send(...answers.unpublished(this.#streamId, transaction));
        this.#stop();
        return true;
      case 'closeStream':
        this.#closeStream(command.streamId);
        return true;
      case 'deleteStream':
        this.#closeStream(numberAt(command, 0) ?? command.streamId);
        return true;
      default:
        return false;
    }
  }

  /** QUIRK(ffmpeg, gstreamer): deleteStream may name 0 or come on stream 0; then the stream in use is meant. */
  #closeStream(streamId: number): void {
    if (streamId !== 0 && streamId !== this.#streamId) return;
    if (this.#state === 'publishing') {
      this.tell('NetStream.Unpublish.Success', 'Stop publishing stream.', 'status');
    }
    this.#stop();
  }

  #playerCommand(command: Command): boolean {
    const { name, transaction, args } = command;
    switch (name) {
      case 'play':
        this.#duration = playDuration(numberAt(command, 2));
        this.#ask('play', command, 0);
        return true;
      case 'play2':
        this.#duration = Number.POSITIVE_INFINITY;
        this.#ask('play', { ...command, args: [amfText(args[0], 'streamName')] }, 0);
        return true;
      case 'pause':
      case 'pauseRaw':
        this.#pause(args[0] !== false);
        return true;
      case 'receiveAudio':
        this.#select({ ...this.#selection, audio: args[0] !== false });
        return true;
      case 'receiveVideo':
        this.#select({ ...this.#selection, video: args[0] !== false });
        return true;
      case 'getStreamLength':
        // A live stream has no length.
        this.#connection.send(answers.result(transaction, null, 0));
        return true;
      case 'FCSubscribe':
        if (transaction > 0) this.#connection.send(answers.result(transaction, null, undefined));
        this.#connection.send(answers.onFc(0, 'onFCSubscribe', 'NetStream.Play.Start', 'Started playing stream.'));
        return true;
      case 'seek':
        // A live stream has no other place.
        return true;
      default:
        return false;
    }
  }

  /** As SRS: every call that wants an answer gets an empty result; answers to calls of ours are not calls. */
  #other({ name, transaction }: Command): void {
    if (transaction > 0 && name !== '_result' && name !== '_error') {
      this.#connection.send(answers.result(transaction, null, null));
    }
  }

  #ask(action: 'publish' | 'play', command: Command, nameAt: number): void {
    const { streamId, name } = command;
    // Flash switches a stream with a second play.
    if (action === 'play' && this.#state === 'playing' && streamId === this.#streamId) this.#stop();
    if (this.#state !== 'idle') throw errors.protocol('STATE', { command: name, state: this.#state });
    if (streamId < 1 || streamId > this.#created) throw errors.protocol('STREAM_ID', { command: name, streamId });
    const streamName = command.args[nameAt];
    const target = parseTarget(this.#tcUrl, typeof streamName === 'string' ? streamName : '');
    const type = action === 'play' ? 'rtmp-play' : this.#publishType();
    this.#request = {
      action,
      type,
      target,
      tcUrl: this.#tcUrl,
      pageUrl: this.#pageUrl,
      swfUrl: this.#swfUrl,
      streamId,
    };
    this.#state = 'asking';
    this.#deadline = this.#now + ADMISSION_TIME;
    const limit = this.#options.limits.nameBytes;
    const { vhost, app } = target.name;
    if (Math.max(vhost.length, app.length, target.shownName.length, target.param.length) > limit) {
      this.refuse(errors.refused('NAME', { limit }), this.#now);
      return;
    }
    this.#connection.hold();
    this.#options.events.ask(this.#request);
  }

  #publishType(): ClientType {
    if (this.#fmle) return 'fmle-publish';
    return this.#haivision ? 'haivision-publish' : 'flash-publish';
  }

  #pause(paused: boolean): void {
    if (this.#state !== 'playing') return;
    this.#connection.send(...answers.pauseNotify(this.#streamId, paused));
    this.#select({ ...this.#selection, paused });
  }

  #select(selection: Selection): void {
    const { paused, audio, video } = this.#selection;
    if (selection.paused === paused && selection.audio === audio && selection.video === video) return;
    this.#selection = selection;
    if (this.#state === 'playing') this.#options.events.select(selection);
  }
}

/** QUIRK(librtmp, flash): milliseconds on the wire, although RTMP 1.0 §7.2.2.1 says seconds; SRS reads them so too. */
const playDuration = (value: number | undefined): Micros =>
  value === undefined || !(value > 0) ? Number.POSITIVE_INFINITY : fromMs(value);

function numberAt(command: Command, index: number): number | undefined {
  const value: AmfValue = command.args[index];
  return typeof value === 'number' ? value : undefined;
}

/** Errors: RTMP_NAME. */
function bounded(text: string, limit: number): string {
  if (text.length > limit) throw errors.protocol('NAME', { limit });
  return text;
}
