// One publisher: its messages become frames of the stream, and pass through to SRT players as they are.
import type { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { formatAddress } from '../../base/link.ts';
import { guard, type Session } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import { type AdmissionRequest, type Grant, publisherTimes } from '../../control/admission.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { Settler } from '../../media/settle.ts';
import type { Publication } from '../../media/stream.ts';
import { streamKey, streamUrl } from '../../media/stream-name.ts';
import type { SrtConnection } from './connection.ts';
import { errors } from './errors.ts';
import { SrtIngest } from './ingest.ts';
import type { SrtRequest } from './listener.ts';
import { Passage } from './passage.ts';
import type { ServerShare } from './share.ts';

export interface PublisherOptions extends ServerShare {
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  /** Hears of what is left out. */
  readonly report: Reporter;
  /** SRS's srt_to_rtmp: without it only SRT players get the stream. */
  readonly toFrames: boolean;
  /** Called once, when the session is over. */
  readonly onOver: () => void;
}

const nobody = { on: () => undefined };

export class PublisherSession implements Session {
  readonly #options: PublisherOptions;
  readonly #entry: SessionEntry;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #ingest: SrtIngest;
  readonly #passage = new Passage();
  readonly #since: Micros;
  readonly #times: Pick<Limits, 'firstMediaTime' | 'silentTime'>;
  #connection: SrtConnection | undefined;
  #over = false;
  deadline: Micros;

  /** Takes the name. Throws ADMISSION_SESSIONS, STREAM_BUSY, STREAM_COUNT; nothing is left open then. */
  constructor(options: PublisherOptions) {
    const { host, asked, grant, passages, report, toFrames } = options;
    this.#options = options;
    this.#since = host.clock.now();
    this.#times = { ...host.limits, ...publisherTimes(grant) };
    this.deadline = this.#since + this.#times.firstMediaTime;
    const end = (reason: SrsxError): void => this.end(reason);
    const shownName = grant.name.stream;
    this.#entry = host.sessions.open({ ...asked, name: grant.name, publish: true, shownName, end }, grant);
    const key = streamKey(grant.name);
    const before = passages.get(key);
    // Before the stream is published: players that wait for it look here.
    passages.set(key, this.#passage);
    try {
      this.#publication = host.hub.stream(grant.name).publish({ policy: grant.policy, onEvicted: end });
    } catch (error) {
      if (before === undefined) passages.delete(key);
      else passages.set(key, before);
      this.#entry.close();
      throw error;
    }
    this.#settler = new Settler(this.#publication);
    this.#ingest = new SrtIngest({
      limits: host.limits,
      to: toFrames ? this.#settler : nobody,
      onBad: (name, now) => report.note(name, now),
    });
    host.wheel.add(this);
  }

  /** Connects the caller. */
  run(request: SrtRequest): void {
    const { clock } = this.#options.host;
    const connection = request.accept({
      connected: (connected) => {
        this.#connection = connected;
        this.#log('publishes');
      },
      message: (payload) => {
        const now = clock.now();
        guard(this, now, () => this.receive(payload, now));
      },
      delivered: () => this.#passage.flush(),
      ended: (reason) => this.close(reason, clock.now()),
    });
    this.#connection ??= connection;
    if (connection === undefined) this.close(undefined, clock.now());
  }

  /** A message. */
  receive(message: Uint8Array, now: Micros): void {
    if (this.#over) return;
    this.#entry.received.add(message.length);
    this.#ingest.message(message, now);
    this.#passage.push(message);
    const { firstMediaTime, silentTime } = this.#times;
    this.deadline = this.#ingest.hasMedia ? now + silentTime : this.#since + firstMediaTime;
  }

  /** Errors: SRT_SILENT. */
  tick(now: Micros): void {
    throw errors.protocol('SILENT', { seconds: toSeconds(now - this.#since) });
  }

  end(reason: SrsxError): void {
    this.close(reason, this.#options.host.clock.now());
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    if (this.#over) return;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { host, passages, asked, grant, onOver } = this.#options;
    host.wheel.remove(this);
    if (reason === undefined) this.#ingest.end();
    this.#settler.settle();
    const key = streamKey(grant.name);
    if (passages.get(key) === this.#passage) passages.delete(key);
    this.#passage.flush();
    this.#publication.end();
    this.#entry.close(reason);
    asked.connection?.close({ sent: 0, received: this.#entry.received.total });
    this.#connection?.close(reason, now);
    onOver();
    this.#log('ends', { seconds: Math.round(toSeconds(now - this.#since)), code: reason?.code });
  }

  #log(text: string, more: Record<string, unknown> = {}): void {
    const { host, asked, grant } = this.#options;
    host.log.info('srt', text, {
      session: this.#entry.id,
      peer: formatAddress(asked.peer),
      stream: streamUrl(grant.name),
      bytes: this.#entry.received.total,
      ...more,
    });
  }
}
