// One camera that publishes: the payloads of its packets become a publication.
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { formatAddress } from '../../base/link.ts';
import { guard, type Session } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import { type AdmissionRequest, type Grant, publisherTimes } from '../../control/admission.ts';
import type { Host } from '../../control/host.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { Intake } from '../../format/container/index.ts';
import { psDemuxer } from '../../format/ps/index.ts';
import { Settler } from '../../media/settle.ts';
import type { Publication } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import { errors } from './errors.ts';

/** What a publisher begins with. */
export interface SourceOptions {
  readonly host: Host;
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  /** For the operator. */
  readonly describe: () => Readonly<Record<string, unknown>>;
  /** Called once, when the session is over; undefined: in order. */
  readonly onOver: (reason: SrsxError | undefined) => void;
}

/** publishing -- silence, no program stream, evicted, end of the link --> over. */
export class SourceSession implements Session {
  readonly #options: SourceOptions;
  readonly #entry: SessionEntry;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #demuxer: ReturnType<typeof psDemuxer>;
  readonly #intake: Intake;
  readonly #since: Micros;
  readonly #times: Pick<Limits, 'firstMediaTime' | 'silentTime'>;
  #now: Micros;
  #over = false;
  deadline: Micros;

  /** Throws ADMISSION_SESSIONS, STREAM_BUSY, STREAM_COUNT; nothing is left open then. */
  constructor(options: SourceOptions) {
    const { host, asked, grant, describe } = options;
    this.#options = options;
    this.#since = host.clock.now();
    this.#now = this.#since;
    this.#times = { ...host.limits, ...publisherTimes(grant) };
    this.deadline = this.#since + this.#times.firstMediaTime;
    const end = (reason: SrsxError): void => this.close(reason);
    const shownName = grant.name.stream;
    this.#entry = host.sessions.open({ ...asked, name: grant.name, publish: true, shownName, end, describe }, grant);
    try {
      this.#publication = host.hub.stream(grant.name).publish({ policy: grant.policy, onEvicted: end });
    } catch (error) {
      this.#entry.close();
      throw error;
    }
    this.#settler = new Settler(this.#publication);
    const dropped = new Reporter((count, last) => this.#log('leaves parts out', { count, last }));
    this.#demuxer = psDemuxer(host.limits, (code) => dropped.note(code, this.#now));
    this.#intake = new Intake(this.#demuxer, this.#settler);
    host.wheel.add(this);
    this.#log('publishes');
  }

  /** The payload of a packet; what is no program stream for 1 MiB throws PS_SYNC. */
  receive(payload: Uint8Array, now: Micros): void {
    if (this.#over) return;
    this.#now = now;
    this.#entry.received.add(payload.length);
    this.#intake.push(payload);
    const { firstMediaTime, silentTime } = this.#times;
    this.deadline = this.#intake.hasMedia ? now + silentTime : this.#since + firstMediaTime;
  }

  /** Packets are missing in front of the next one. */
  lost(): void {
    this.#demuxer.lost();
  }

  /** Errors: GB_SILENT, GB_NO_MEDIA. */
  tick(now: Micros): void {
    if (this.#over) return;
    const seconds = Math.round(toSeconds(now - (this.#intake.hasMedia ? this.#now : this.#since)));
    throw this.#intake.hasMedia ? errors.protocol('SILENT', { seconds }) : errors.protocol('NO_MEDIA', { seconds });
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
    this.#entry.close(reason);
    this.#log('ends', { seconds: Math.round(toSeconds(this.#now - this.#since)), code: reason?.code });
    onOver(reason);
  }

  #log(text: string, more: Record<string, unknown> = {}): void {
    const { host, asked, grant } = this.#options;
    host.log.info('gb28181', text, {
      session: this.#entry.id,
      peer: formatAddress(asked.peer),
      stream: streamUrl(grant.name),
      bytes: this.#entry.received.total,
      ...more,
    });
  }
}
