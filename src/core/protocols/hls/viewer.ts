// A player's session: what makes many requests one client.
import type { SrsxError } from '../../base/errors.ts';
import { formatAddress } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { AdmissionRequest, Grant } from '../../control/admission.ts';
import type { Host } from '../../control/host.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { streamUrl } from '../../media/stream-name.ts';

/** Who plays what, and for how long without a request. */
export interface ViewerOptions {
  readonly host: Host;
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  /** The stream with its extension. */
  readonly shownName: string;
  /** It ends this long after its last request for a playlist. */
  readonly idleTime: Micros;
  /** Called once, when it can be forgotten. */
  readonly onOver: (viewer: Viewer) => void;
}

/**
 * playing -- idleTime without a request --> over
 *    '-- kicked --> refused -- idleTime without a request --> over
 *
 * A kicked one is kept, because its player goes on asking and must be told (SRS: 404).
 */
export class Viewer implements Session {
  readonly #options: ViewerOptions;
  readonly #entry: SessionEntry;
  #kicked = false;
  #over = false;
  deadline: Micros;

  /** Throws ADMISSION_SESSIONS. */
  constructor(options: ViewerOptions) {
    const { host, asked, grant, shownName, idleTime } = options;
    this.#options = options;
    this.deadline = host.clock.now() + idleTime;
    const end = (reason: SrsxError): void => this.#kick(reason);
    this.#entry = host.sessions.open({ ...asked, name: grant.name, publish: false, shownName, end }, grant);
    host.wheel.add(this);
    this.#log('plays');
  }

  /** Also its `hls_ctx`, when we gave it. */
  get id(): string {
    return this.#entry.id;
  }

  get kicked(): boolean {
    return this.#kicked;
  }

  /** A request for a playlist came. */
  touch(): void {
    const { host, idleTime } = this.#options;
    if (!this.#over) this.deadline = host.clock.now() + idleTime;
  }

  sent(bytes: number): void {
    this.#entry.sent.add(bytes);
  }

  /** Requests are not bytes of a session. */
  receive(): void {
    // Each request is answered where it comes in.
  }

  tick(now: Micros): void {
    this.close(undefined, now);
  }

  close(reason: SrsxError | undefined, _now: Micros): void {
    if (this.#over) return;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { host, onOver } = this.#options;
    host.wheel.remove(this);
    this.#entry.close();
    if (!this.#kicked) this.#log('ends', reason);
    onOver(this);
  }

  #kick(reason: SrsxError): void {
    if (this.#kicked || this.#over) return;
    this.#kicked = true;
    this.#entry.close(reason);
    this.#log('ends', reason);
  }

  #log(text: string, reason?: SrsxError): void {
    const { host, asked, grant } = this.#options;
    host.log.info('hls', text, {
      session: this.#entry.id,
      peer: formatAddress(asked.peer),
      stream: streamUrl(grant.name),
      seconds: Math.round(toSeconds(host.clock.now() - this.#entry.since)),
      bytes: this.#entry.sent.total,
      code: reason?.code,
    });
  }
}
