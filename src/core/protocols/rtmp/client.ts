// The client's side of one connection as a state machine: connects, creates a stream, plays or publishes it.
import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { Link } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import type { Rng } from '../../base/rng.ts';
import type { Session } from '../../base/session.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Introduction } from '../../control/host.ts';
import { type AmfValue, amfGet, amfNumber, amfObject, amfText } from '../../wire/amf0/index.ts';
import { type Command, command, parseCommand } from './command.ts';
import { isMedia, RtmpConnection } from './connection.ts';
import { offer } from './enhanced.ts';
import { errors } from './errors.ts';
import { ClientHandshake } from './handshake.ts';
import { type Message, MessageType, UserEvent, userControl, windowAckSize } from './message.ts';
import type { Remote } from './url.ts';

export interface ClientEvents {
  /** The server has accepted: media may be sent, or will come. */
  running(streamId: number): void;
  /** From the server, with bodies as in FLV tags. */
  media(message: Message, now: Micros): void;
  /** The connection is over; undefined: the stream has ended in a regular way. Called once. */
  ended(reason: SrsxError | undefined): void;
}

export interface ClientOptions {
  readonly link: Link;
  readonly limits: Limits;
  readonly rng: Rng;
  readonly log: Log;
  readonly remote: Remote;
  readonly action: 'play' | 'publish';
  readonly introduction?: Introduction;
  readonly chunkSize: number;
  readonly windowAckSize: number;
  readonly events: ClientEvents;
  readonly now: Micros;
}

type State = 'handshake' | 'connecting' | 'creating' | 'starting' | 'running' | 'closed';

/** Transaction ids; those of releaseStream and FCPublish are answered, but nobody waits for them. */
const Transaction = { connect: 1, release: 2, fcPublish: 3, createStream: 4, start: 5, end: 6 } as const;
/** play: live or recorded, whatever is there; in milliseconds, as every client writes it. */
const LIVE_OR_RECORDED = -2000;
/** What players buffer; servers use it to pace recorded streams only. */
const BUFFER_MS = 3000;
/** Chosen: above the longest pause of a live source; SRS closes such a connection after 30 s, too. */
const SILENT_TIME = fromSeconds(30);
const FINISHED: ReadonlySet<string> = new Set([
  'NetStream.Play.Stop',
  'NetStream.Play.Complete',
  'NetStream.Play.UnpublishNotify',
]);

export class RtmpClient implements Session {
  readonly #options: ClientOptions;
  readonly #connection: RtmpConnection;
  #state: State = 'handshake';
  #streamId = 1;
  #now: Micros;
  #deadline: Micros;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#now = options.now;
    this.#deadline = options.now + options.limits.handshakeTime;
    this.#connection = new RtmpConnection(options.link, new ClientHandshake(options.rng), options.limits, {
      ready: () => this.#connect(),
      message: (message) => this.#message(message),
      userControl: (event) => {
        if (event === UserEvent.streamEof && this.#playing) this.#finish();
      },
    });
  }

  get state(): State {
    return this.#state;
  }

  get deadline(): Micros {
    return this.#deadline;
  }

  receive(bytes: Uint8Array, now: Micros): void {
    if (this.#state === 'closed') return;
    this.#now = now;
    this.#connection.receive(bytes);
  }

  /** Errors: RTMP_TIMEOUT. */
  tick(now: Micros): void {
    if (this.#state === 'closed' || now < this.#deadline) return;
    throw errors.protocol('TIMEOUT', { state: this.#state });
  }

  /** @param reason undefined: the server has left, which is an error as long as it did not say that the stream ended. */
  close(reason: SrsxError | undefined, now: Micros): void {
    this.#now = now;
    const early = this.#playing ? undefined : errors.system('CLOSED', { state: this.#state });
    this.#end(reason ?? early);
  }

  /** The stream is over: tells the server and ends the connection in a regular way. */
  finish(now: Micros): void {
    this.#now = now;
    this.#finish();
  }

  get #playing(): boolean {
    return this.#state === 'running' && this.#options.action === 'play';
  }

  #finish(): void {
    if (this.#state === 'running') {
      const { action, remote } = this.#options;
      if (action === 'publish') {
        this.#connection.send(command(0, 'FCUnpublish', Transaction.end, null, remote.stream));
      }
      this.#connection.send(command(0, 'deleteStream', 0, null, this.#streamId));
    }
    this.#end(undefined);
  }

  #end(reason: SrsxError | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#connection.close();
    this.#options.events.ended(reason);
    this.#options.link.close(reason);
  }

  #connect(): void {
    this.#state = 'connecting';
    const { remote, action, introduction = {} } = this.#options;
    const { pageUrl, swfUrl, args } = introduction;
    const publish = action === 'publish';
    const object = {
      app: remote.app,
      type: publish ? 'nonprivate' : undefined,
      flashVer: publish ? 'FMLE/3.0 (compatible; srsx)' : 'LNX 10,0,32,18',
      tcUrl: remote.tcUrl,
      ...(pageUrl !== undefined && { pageUrl }),
      ...(swfUrl !== undefined && { swfUrl }),
      fpad: false,
      capabilities: 15,
      audioCodecs: 0x0fff,
      videoCodecs: 252,
      videoFunction: 1,
      objectEncoding: 0,
      ...offer,
    };
    const more = args === undefined ? [] : [amfObject(args)];
    this.#connection.send(command(0, 'connect', Transaction.connect, amfObject(object), ...more));
  }

  #message(message: Message): void {
    if (isMedia(message.type)) {
      this.#media(message);
      return;
    }
    if (message.type !== MessageType.command && message.type !== MessageType.command3) return;
    const received = parseCommand(message, this.#options.limits);
    this.#options.log.debug('rtmp:client', () => `${received.name} ${received.transaction}`);
    switch (received.name) {
      case '_result':
        this.#result(received);
        return;
      case '_error':
        if (received.transaction === Transaction.connect || received.transaction === Transaction.createStream) {
          throw this.#refusal(received.args[0]);
        }
        return;
      case 'onStatus':
        this.#status(received.args[0]);
        return;
      case 'close':
        if (this.#playing) this.#finish();
    }
  }

  /** Data may come before the stream has begun: onStatus and |RtmpSampleAccess are no media. */
  #media(message: Message): void {
    if (this.#options.action !== 'play') return;
    const data = message.type === MessageType.data || message.type === MessageType.data3;
    if (this.#state === 'starting' && !data) this.#run();
    if (this.#state !== 'running') return;
    if (!data) this.#deadline = this.#now + SILENT_TIME;
    this.#options.events.media(message, this.#now);
  }

  #result({ transaction, args }: Command): void {
    if (transaction === Transaction.connect && this.#state === 'connecting') this.#create();
    if (transaction === Transaction.createStream && this.#state === 'creating') this.#start(args[0]);
  }

  #create(): void {
    this.#state = 'creating';
    const { chunkSize, windowAckSize: ackSize, action, remote } = this.#options;
    this.#connection.send(windowAckSize(ackSize));
    this.#connection.setChunkSize(chunkSize);
    if (action === 'publish') {
      this.#connection.send(
        command(0, 'releaseStream', Transaction.release, null, remote.stream),
        command(0, 'FCPublish', Transaction.fcPublish, null, remote.stream),
      );
    }
    this.#connection.send(command(0, 'createStream', Transaction.createStream, null));
  }

  #start(streamId: AmfValue): void {
    if (typeof streamId !== 'number' || !(streamId >= 0 && streamId <= 0xffffffff)) {
      throw errors.protocol('COMMAND', { why: 'createStream gave no stream id' });
    }
    this.#state = 'starting';
    this.#streamId = Math.floor(streamId);
    const { action, remote } = this.#options;
    if (action === 'publish') {
      this.#connection.send(command(this.#streamId, 'publish', Transaction.start, null, remote.stream, 'live'));
      return;
    }
    this.#connection.send(
      command(this.#streamId, 'play', Transaction.start, null, remote.stream, LIVE_OR_RECORDED),
      userControl(UserEvent.setBufferLength, this.#streamId, BUFFER_MS),
    );
  }

  #status(info: AmfValue): void {
    const code = amfText(info, 'code') ?? '';
    if (amfText(info, 'level') === 'error') throw this.#refusal(info);
    const start = this.#options.action === 'publish' ? 'NetStream.Publish.Start' : 'NetStream.Play.Start';
    if (code === start && this.#state === 'starting') this.#run();
    else if (FINISHED.has(code) && this.#playing) this.#finish();
  }

  #run(): void {
    this.#state = 'running';
    const { action, limits, events } = this.#options;
    this.#deadline = action === 'play' ? this.#now + limits.firstMediaTime : Number.POSITIVE_INFINITY;
    events.running(this.#streamId);
  }

  /** The server's no as an error: RTMP_REFUSED, or RTMP_REDIRECT with the `url` to go to (SRS: RTMP 302). */
  #refusal(info: AmfValue): SrsxError {
    const ex = amfGet(info, 'ex');
    if (amfNumber(ex, 'code') === 302) {
      const url = amfText(ex, 'redirect2') ?? `${amfText(ex, 'redirect') ?? ''}/${this.#options.remote.stream}`;
      return errors.refused('REDIRECT', { url });
    }
    const status = amfText(info, 'code') ?? 'no code';
    return errors.refused('REFUSED', { status, description: amfText(info, 'description') ?? 'no reason given' });
  }
}
