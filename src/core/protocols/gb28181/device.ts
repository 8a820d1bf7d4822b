// One device that has registered: it is invited, its media is waited for, and it is invited again when that ends.
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import { formatAddress, type Peer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { type Rng, randomId } from '../../base/rng.ts';
import { fromMs, type Micros, toSeconds } from '../../base/time.ts';
import { headerOf, type SipMessage, type SipResponse } from '../../wire/sip/index.ts';
import type { GbOptions } from './config.ts';
import { errors } from './errors.ts';
import { ack, answeredSsrc, bye, type Call, invite } from './invitation.ts';
import { parseSsrc } from './names.ts';
import type { Receiver } from './receiver.ts';
import type { Receivers } from './receivers.ts';

/** The way to a device: its connection, or its address beyond a socket. */
export interface SipPath {
  readonly peer: Peer;
  readonly transport: 'TCP' | 'UDP';
  /** Where the device reaches us, as it is told. */
  readonly host: string;
  readonly closed: boolean;
  send(message: SipMessage): void;
}

/** What devices have in common. */
export interface DeviceHost {
  readonly options: GbOptions['sip'];
  readonly clock: Clock;
  readonly log: Log;
  readonly rng: Rng;
  readonly receivers: Receivers;
  /** Where it really listens. */
  readonly sipPort: () => number;
  readonly mediaPort: () => number;
  /** Answers of this call are for this device; undefined: it has none any more. */
  readonly onCall: (device: Device, call: string | undefined) => void;
  readonly onOver: (device: Device) => void;
}

/** Words of the REGISTER that the INVITE repeats. */
export interface Registration {
  readonly id: string;
  /** Host of its From. */
  readonly host: string;
  /** Out of the request URI: how the device calls this server. */
  readonly server: string;
  readonly domain: string;
}

/** SRS: one INVITE, and three more. */
const MOST_INVITES = 4;
/** GB/T 28181: a device is lost after three keep-alives that did not come; SRS's time-out is the time of one. */
const LOST_KEEPALIVES = 3;
/** RFC 3261 §17.1.1.1: T1, and the longest of its doublings that are worth a datagram. */
const RETRY_TIME = fromMs(500);
const MAX_RETRY_TIME = fromMs(4000);
/** A device that registers again and again while it is invited is not invited each time. */
const MIN_INVITE_TIME = fromMs(1000);

type State = 'registered' | 'inviting' | 'trying' | 'connecting' | 'streaming' | 'waiting' | 'over';

/** Told the time; what it sends goes to its newest path. */
export class Device {
  readonly #host: DeviceHost;
  readonly #receiver: Receiver;
  #registration: Registration;
  #path: SipPath;
  #state: State = 'registered';
  #call: Call | undefined;
  /** The To of the answer: the call stands, and is to be ended. */
  #answered: string | undefined;
  #invites = 0;
  #invitedAt: Micros = Number.NEGATIVE_INFINITY;
  /** Of the state. */
  #until: Micros = Number.POSITIVE_INFINITY;
  #heardAt: Micros;
  #retryAt: Micros = Number.POSITIVE_INFINITY;
  #retryTime: Micros = RETRY_TIME;

  /** Throws GB_SSRC, GB_BUSY, ADMISSION_SESSIONS. */
  constructor(host: DeviceHost, registration: Registration, path: SipPath, now: Micros) {
    const { receivers } = host;
    this.#host = host;
    this.#registration = registration;
    this.#path = path;
    this.#heardAt = now;
    const { id, server } = registration;
    this.#receiver = receivers.open(id, receivers.freeSsrc(id, server), {
      onSender: () => {
        // It has had the INVITE, whatever becomes of its answer.
        this.#retryAt = Number.POSITIVE_INFINITY;
        this.#enter('streaming', Number.POSITIVE_INFINITY);
      },
      onPublishing: () => {
        this.#invites = 0;
      },
      onOver: (reason) => this.#mediaOver(reason),
    });
    this.#log('registers');
  }

  get id(): string {
    return this.#registration.id;
  }

  get peer(): Peer {
    return this.#path.peer;
  }

  get state(): State {
    return this.#state;
  }

  get receiver(): Receiver {
    return this.#receiver;
  }

  /** Its media may come now. */
  get awaited(): boolean {
    return ['inviting', 'trying', 'connecting'].includes(this.#state) && this.#receiver.waiting;
  }

  get deadline(): Micros {
    if (this.#state === 'over' || this.#state === 'streaming') return this.#retryAt;
    return Math.min(this.#until, this.#aliveUntil, this.#retryAt);
  }

  /** A REGISTER has come: the newest path is the one. While it is invited, it is invited anew (SRS). */
  register(registration: Registration, path: SipPath, now: Micros): void {
    this.#registration = registration;
    this.#path = path;
    this.#heardAt = now;
    const calling = this.#state === 'inviting' || this.#state === 'trying';
    if (calling && now - this.#invitedAt >= MIN_INVITE_TIME) this.#invite(now);
  }

  /** A MESSAGE has come: the device is there, and may be invited. */
  message(path: SipPath, now: Micros): void {
    this.#path = path;
    this.#heardAt = now;
    if (this.#state === 'registered') this.#invite(now);
  }

  /** An answer to the INVITE or the BYE of its call. */
  response(message: SipResponse, method: string, now: Micros): void {
    const call = this.#call;
    if (call === undefined || method !== 'INVITE') return;
    this.#heardAt = now;
    this.#retryAt = Number.POSITIVE_INFINITY;
    const { status } = message;
    if (status < 200) {
      if (this.#state === 'inviting') this.#enter('trying', this.#until);
      return;
    }
    this.#path.send(ack(call, message, this.#branch()));
    if (status >= 300) {
      // A refusal that comes again over UDP is only acknowledged again.
      if (this.#state !== 'streaming' && this.#state !== 'waiting') this.#inVain(now);
      return;
    }
    this.#answered = headerOf(message, 'to') ?? '';
    const ssrc = parseSsrc(answeredSsrc(message) ?? '');
    if (ssrc !== undefined) this.#host.receivers.alias(this.#receiver, ssrc);
    if (this.#state === 'inviting' || this.#state === 'trying') this.#enter('connecting', this.#until);
    // Late, but there.
    else if (this.#state === 'waiting') this.#enter('connecting', now + this.#host.options.timeout);
  }

  tick(now: Micros): void {
    if (now >= this.#retryAt) this.#retry(now);
    if (this.#state === 'over' || this.#state === 'streaming') return;
    if (now >= this.#aliveUntil) this.close(errors.protocol('GONE'));
    else if (now < this.#until) return;
    else if (this.#state === 'waiting') this.#invite(now);
    else this.#inVain(now);
  }

  /** It has said BYE or unregistered, or the server ends; the call is not ended by us where it is by the device. */
  close(reason: SrsxError, byPeer = false): void {
    if (this.#state === 'over') return;
    this.#log('is over', { code: reason.code });
    if (!byPeer) this.#hangUp();
    this.#enter('over', Number.POSITIVE_INFINITY);
    this.#drop();
    this.#host.receivers.close(this.#receiver, byPeer ? undefined : reason);
    this.#host.onOver(this);
  }

  get #aliveUntil(): Micros {
    return this.#heardAt + LOST_KEEPALIVES * this.#host.options.timeout;
  }

  #invite(now: Micros): void {
    // A device without a connection is asked when it comes back.
    if (this.#path.closed) {
      this.#enter('registered', Number.POSITIVE_INFINITY);
      return;
    }
    const { rng, options, sipPort, mediaPort } = this.#host;
    const { id, host, server, domain } = this.#registration;
    const call: Call = {
      id: randomId(rng, 16),
      cseq: rng.below(1000),
      tag: `SRS${randomId(rng, 8)}`,
      branch: this.#branch(),
      device: id,
      deviceHost: host,
      server,
      domain,
      transport: this.#path.transport,
      host: this.#path.host,
      sipPort: sipPort(),
      mediaPort: mediaPort(),
      ssrc: this.#receiver.ssrc,
    };
    this.#call = call;
    this.#answered = undefined;
    this.#invites++;
    this.#invitedAt = now;
    this.#host.onCall(this, call.id);
    this.#enter('inviting', now + options.timeout);
    this.#retryTime = RETRY_TIME;
    if (this.#path.transport === 'UDP') this.#retryAt = now + RETRY_TIME;
    this.#log('is invited', { call: call.id, media: `${call.host}:${call.mediaPort}` });
    this.#path.send(invite(call));
  }

  /** Over UDP the same INVITE is sent until something is answered (RFC 3261 §17.1.1.2). */
  #retry(now: Micros): void {
    this.#retryTime = Math.min(2 * this.#retryTime, MAX_RETRY_TIME);
    this.#retryAt = now + this.#retryTime;
    if (this.#call !== undefined) this.#path.send(invite(this.#call));
  }

  #inVain(now: Micros): void {
    const { timeout, reinvite } = this.#host.options;
    // An answer may still come until the next INVITE: who is not acknowledged believes to be in a call.
    if (this.#answered !== undefined) this.#hangUp();
    this.#retryAt = Number.POSITIVE_INFINITY;
    if (this.#invites >= MOST_INVITES) {
      this.close(errors.protocol('TIMEOUT', { id: this.id, seconds: toSeconds(timeout) }));
      return;
    }
    this.#enter('waiting', now + reinvite);
  }

  #mediaOver(reason: SrsxError | undefined): void {
    if (this.#state === 'over') return;
    this.#log('sends no more', { code: reason?.code });
    this.#hangUp();
    // Who is refused again and again must register again.
    if (this.#invites >= MOST_INVITES) this.close(reason ?? errors.protocol('GONE'));
    else this.#enter('waiting', this.#host.clock.now() + this.#host.options.reinvite);
  }

  /** Ends the call if it stands: a device that is still in one is busy for the next. */
  #hangUp(): void {
    if (this.#call !== undefined && this.#answered !== undefined && !this.#path.closed) {
      this.#path.send(bye(this.#call, this.#answered, this.#branch()));
    }
    this.#drop();
  }

  #drop(): void {
    this.#call = undefined;
    this.#answered = undefined;
    this.#retryAt = Number.POSITIVE_INFINITY;
    this.#host.onCall(this, undefined);
  }

  #enter(state: State, until: Micros): void {
    if (this.#state === 'over') return;
    this.#state = state;
    this.#until = until;
  }

  #branch(): string {
    return `z9hG4bK${randomId(this.#host.rng, 6)}`;
  }

  #log(text: string, more: Record<string, unknown> = {}): void {
    this.#host.log.info('gb28181', `device ${text}`, { device: this.id, peer: formatAddress(this.peer), ...more });
  }
}
