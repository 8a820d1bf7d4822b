// One sender at a stream caster: what it sends in a container becomes a publication.
import { Reporter } from '../base/counters.ts';
import type { SrsxError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import { formatAddress } from '../base/link.ts';
import { guard, type Session } from '../base/session.ts';
import { type Micros, toSeconds } from '../base/time.ts';
import { type ContainerDemuxer, Intake } from '../format/container/index.ts';
import { Settler } from '../media/settle.ts';
import type { Publication } from '../media/stream.ts';
import { streamUrl } from '../media/stream-name.ts';
import { type AdmissionRequest, type Grant, publisherTimes } from './admission.ts';
import type { Host } from './host.ts';
import type { SessionEntry } from './sessions.ts';

/** What a caster is, for all of its senders. */
export interface CastKind<Demuxer extends ContainerDemuxer> {
  /** Of its log lines. */
  readonly topic: string;
  readonly demuxer: (limits: Limits, onBad: (code: string) => void) => Demuxer;
  /** Nothing came after media, or no media at all. */
  readonly silent: (seconds: number) => SrsxError;
  readonly noMedia: (seconds: number) => SrsxError;
  /** Senders that never say that they end, end in order when they are silent. */
  readonly endsInOrder?: (reason: SrsxError) => boolean;
}

/** What a publisher begins with. */
export interface CastOptions {
  readonly host: Host;
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  /** For the operator. */
  readonly describe?: () => Readonly<Record<string, unknown>>;
  /** Called once, when the session is over; undefined: in order. */
  readonly onOver: (reason: SrsxError | undefined) => void;
}

/** publishing -- silence, another container, evicted, end of the way that it comes by --> over. */
export class CastSession<Demuxer extends ContainerDemuxer = ContainerDemuxer> implements Session {
  readonly demuxer: Demuxer;
  readonly #kind: CastKind<Demuxer>;
  readonly #options: CastOptions;
  readonly #entry: SessionEntry;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #intake: Intake;
  readonly #since: Micros;
  readonly #times: Pick<Limits, 'firstMediaTime' | 'silentTime'>;
  #now: Micros;
  #over = false;
  deadline: Micros;

  /** Throws ADMISSION_SESSIONS, STREAM_BUSY, STREAM_COUNT; nothing is left open then. */
  constructor(kind: CastKind<Demuxer>, options: CastOptions) {
    const { host, asked, grant, describe } = options;
    this.#kind = kind;
    this.#options = options;
    this.#since = host.clock.now();
    this.#now = this.#since;
    this.#times = { ...host.limits, ...publisherTimes(grant) };
    this.deadline = this.#since + this.#times.firstMediaTime;
    const end = (reason: SrsxError): void => this.close(reason);
    const info = { ...asked, name: grant.name, publish: true, shownName: grant.name.stream, end };
    this.#entry = host.sessions.open({ ...info, ...(describe && { describe }) }, grant);
    try {
      this.#publication = host.hub.stream(grant.name).publish({ policy: grant.policy, onEvicted: end });
    } catch (error) {
      this.#entry.close();
      throw error;
    }
    this.#settler = new Settler(this.#publication);
    const dropped = new Reporter((count, last) => this.#log('leaves parts out', { count, last }));
    this.demuxer = kind.demuxer(host.limits, (code) => dropped.note(code, this.#now));
    this.#intake = new Intake(this.demuxer, this.#settler);
    host.wheel.add(this);
    this.#log('publishes');
  }

  /** When it last sent something. */
  get newest(): Micros {
    return this.#now;
  }

  /** Bytes of the container; throws what its demuxer throws. */
  receive(bytes: Uint8Array, now: Micros): void {
    if (this.#over) return;
    this.#now = now;
    this.#entry.received.add(bytes.length);
    this.#intake.push(bytes);
    const { firstMediaTime, silentTime } = this.#times;
    this.deadline = this.#intake.hasMedia ? now + silentTime : this.#since + firstMediaTime;
  }

  /** Throws what the kind says of silence. */
  tick(now: Micros): void {
    if (this.#over) return;
    const { hasMedia } = this.#intake;
    const seconds = Math.round(toSeconds(now - (hasMedia ? this.#now : this.#since)));
    throw hasMedia ? this.#kind.silent(seconds) : this.#kind.noMedia(seconds);
  }

  close(reason: SrsxError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { host, onOver } = this.#options;
    host.wheel.remove(this);
    // The last frame is complete only when nothing follows it.
    guard(this, this.#now, () => this.#intake.end());
    this.#settler.settle();
    this.#publication.end();
    const fault = reason !== undefined && this.#kind.endsInOrder?.(reason) === true ? undefined : reason;
    this.#entry.close(fault);
    this.#log('ends', { seconds: Math.round(toSeconds(this.#now - this.#since)), code: reason?.code });
    onOver(fault);
  }

  #log(text: string, more: Record<string, unknown> = {}): void {
    const { host, asked, grant } = this.#options;
    host.log.info(this.#kind.topic, text, {
      session: this.#entry.id,
      peer: formatAddress(asked.peer),
      stream: streamUrl(grant.name),
      bytes: this.#entry.received.total,
      ...more,
    });
  }
}
