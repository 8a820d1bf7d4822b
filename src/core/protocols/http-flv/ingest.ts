// One publisher: the media in the body of a POST becomes a publication.
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { formatAddress, type Link } from '../../base/link.ts';
import { guard, type Session } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import { type AdmissionRequest, type Grant, publisherTimes } from '../../control/admission.ts';
import type { Host } from '../../control/host.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { Intake } from '../../format/container/index.ts';
import { Settler } from '../../media/settle.ts';
import type { Publication } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { answerTo, httpFlvErrors } from './errors.ts';
import type { LiveFormat } from './format.ts';

export interface PublishOptions {
  readonly host: Host;
  readonly exchange: HttpExchange;
  readonly format: LiveFormat;
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  /** Called once, when the session is over. */
  readonly onOver: (session: PublishSession) => void;
}

/**
 * publishing -- end of the body --> over (200)
 *      '-- bad media, silence, evicted --> over (4xx and why)      '-- body breaks off --> over (nobody to answer)
 */
export class PublishSession implements Session {
  readonly #options: PublishOptions;
  readonly #entry: SessionEntry;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #intake: Intake;
  readonly #body: Link;
  readonly #since: Micros;
  readonly #times: Pick<Limits, 'firstMediaTime' | 'silentTime'>;
  #over = false;
  deadline: Micros;

  /** Throws ADMISSION_SESSIONS, STREAM_BUSY, STREAM_COUNT; nothing is left open then. */
  constructor(options: PublishOptions) {
    const { host, exchange, format, asked, grant } = options;
    this.#options = options;
    this.#since = host.clock.now();
    this.#times = { ...host.limits, ...publisherTimes(grant) };
    this.deadline = this.#since + this.#times.firstMediaTime;
    const end = (reason: SrsxError): void => this.close(reason, host.clock.now());
    const shownName = grant.name.stream + format.extension;
    this.#entry = host.sessions.open({ ...asked, name: grant.name, publish: true, shownName, end }, grant);
    try {
      this.#publication = host.hub.stream(grant.name).publish({ policy: grant.policy, onEvicted: end });
    } catch (error) {
      this.#entry.close();
      throw error;
    }
    this.#settler = new Settler(this.#publication);
    const dropped = new Reporter((count, last) => this.#log('leaves parts out', { count, last }));
    const demuxer = format.demuxer(host.limits, (code) => dropped.note(code, host.clock.now()));
    this.#intake = new Intake(demuxer, this.#settler);
    this.#body = exchange.body();
    host.wheel.add(this);
    this.#log('publishes');
    this.#read();
  }

  receive(bytes: Uint8Array, now: Micros): void {
    this.#entry.received.add(bytes.length);
    this.#intake.push(bytes);
    const { firstMediaTime, silentTime } = this.#times;
    this.deadline = this.#intake.hasMedia ? now + silentTime : this.#since + firstMediaTime;
  }

  tick(): void {
    const { firstMediaTime, silentTime } = this.#times;
    if (this.#intake.hasMedia) throw httpFlvErrors.protocol('SILENT', { seconds: toSeconds(silentTime) });
    throw httpFlvErrors.protocol('NO_MEDIA', { seconds: toSeconds(firstMediaTime) });
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    if (!this.#stop(reason)) return;
    const { exchange } = this.#options;
    if (reason !== undefined) {
      const { status, headers, body } = answerTo(reason);
      exchange.reply(status, { ...headers, ...corsHeaders(exchange.request) }, body);
    }
    this.#log('ends', { seconds: Math.round(toSeconds(now - this.#since)), code: reason?.code });
  }

  #read(): void {
    const { clock } = this.#options.host;
    const body = this.#body;
    body.onData = (bytes) => {
      const now = clock.now();
      guard(this, now, () => this.receive(bytes, now));
    };
    body.onClose = (reason) => {
      const now = clock.now();
      if (reason !== undefined) this.close(undefined, now);
      else guard(this, now, () => this.#finish(now));
    };
  }

  /** The body has ended as it should. */
  #finish(now: Micros): void {
    if (this.#over) return;
    if (this.#entry.received.total === 0) throw httpFlvErrors.protocol('EMPTY');
    this.#intake.end();
    this.#settler.settle();
    const { exchange } = this.#options;
    this.#stop();
    exchange.reply(200, { 'Content-Type': 'application/json', ...corsHeaders(exchange.request) }, '{"code":0}');
    this.#log('ends', { seconds: Math.round(toSeconds(now - this.#since)) });
  }

  /** Frees the name and everything else; false when that was done before. */
  #stop(reason?: SrsxError): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#options.host.wheel.remove(this);
    this.#publication.end();
    this.#entry.close(reason);
    this.#body.close();
    this.#options.onOver(this);
    return true;
  }

  #log(text: string, more: Record<string, unknown> = {}): void {
    const { host, asked, grant } = this.#options;
    host.log.info('http-flv', text, {
      session: this.#entry.id,
      peer: formatAddress(asked.peer),
      stream: streamUrl(grant.name),
      bytes: this.#entry.received.total,
      ...more,
    });
  }
}
