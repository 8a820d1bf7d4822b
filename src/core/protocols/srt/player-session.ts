// One player: waits for its publisher, gets its transport stream or one made of the frames, and ends with it.
import type { SrsxError } from '../../base/errors.ts';
import { type Closer, formatAddress } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { AdmissionRequest, Grant } from '../../control/admission.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { tsFormat } from '../../format/ts/index.ts';
import type { Cursor } from '../../media/feed.ts';
import type { Stream } from '../../media/stream.ts';
import { streamKey, streamUrl } from '../../media/stream-name.ts';
import type { SrtConnection } from './connection.ts';
import { MERGE_WINDOW, SrtLink } from './egress.ts';
import type { SrtRequest } from './listener.ts';
import type { Passage } from './passage.ts';
import type { ServerShare } from './share.ts';

export interface PlayerOptions extends ServerShare {
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  /** Called once, when the session is over. */
  readonly onOver: () => void;
}

export class PlayerSession implements Session {
  readonly #options: PlayerOptions;
  readonly #entry: SessionEntry;
  readonly #since: Micros;
  #connection: SrtConnection | undefined;
  #link: SrtLink | undefined;
  #stream: Stream | undefined;
  #cursor: Cursor | undefined;
  #passage: Passage | undefined;
  #ended: Closer | undefined;
  #counted = 0;
  #over = false;
  /** A player that waits for its publisher is alive as long as its connection is. */
  deadline: Micros = Number.POSITIVE_INFINITY;

  /** Throws ADMISSION_SESSIONS. */
  constructor(options: PlayerOptions) {
    const { host, asked, grant } = options;
    this.#options = options;
    this.#since = host.clock.now();
    const info = {
      ...asked,
      name: grant.name,
      publish: false,
      shownName: grant.name.stream,
      end: (reason: SrsxError) => this.end(reason),
      measure: () => this.#count(),
    };
    this.#entry = host.sessions.open(info, grant);
    host.wheel.add(this);
  }

  /** Connects the caller; false when it is gone. */
  run(request: SrtRequest): boolean {
    const { host, cutter } = this.#options;
    const connection = request.accept({
      message: () => undefined,
      ended: (reason) => this.close(reason, host.clock.now()),
    });
    if (connection === undefined || this.#over) {
      this.close(undefined, host.clock.now());
      return false;
    }
    this.#connection = connection;
    this.#link = new SrtLink(connection, { local: connection.peer, cutter, clock: host.clock });
    return true;
  }

  /** The publisher is there. */
  begin(stream: Stream): void {
    const link = this.#link;
    if (this.#over || link === undefined || this.#stream !== undefined) return;
    this.#stream = stream;
    this.#ended = stream.onEnd(() => this.#publisherLeft());
    this.#passage = this.#options.passages.get(streamKey(stream.name));
    if (this.#passage === undefined) this.#cursor = stream.play(tsFormat, link, MERGE_WINDOW);
    else this.#passage.add(link);
    this.#log('plays', { passed: this.#passage !== undefined });
  }

  receive(): void {
    // A player sends nothing.
  }

  /** The publisher has left, and nobody took over. */
  tick(now: Micros): void {
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.#stream?.published === true && this.#passage === undefined) return;
    this.close(undefined, now);
  }

  end(reason: SrsxError): void {
    this.close(reason, this.#options.host.clock.now());
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    if (this.#over) return;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { host, asked, onOver } = this.#options;
    host.wheel.remove(this);
    this.#ended?.close();
    this.#count();
    this.#cursor?.close();
    if (this.#link !== undefined) this.#passage?.remove(this.#link);
    this.#entry.close(reason);
    asked.connection?.close({ sent: this.#counted, received: 0 });
    // What was sent may still be on its way, or lost and asked for again.
    if (reason === undefined) this.#connection?.finish(now);
    else this.#connection?.close(reason, now);
    onOver();
    this.#log('ends', { seconds: Math.round(toSeconds(now - this.#since)), code: reason?.code });
  }

  /** Looked at in the next turn of the wheel: by then a publisher that takes over is there. */
  #publisherLeft(): void {
    this.deadline = this.#options.host.clock.now();
  }

  #count(): void {
    const sent = this.#link?.sentBytes ?? 0;
    this.#entry.sent.add(sent - this.#counted);
    this.#counted = sent;
  }

  #log(text: string, more: Record<string, unknown> = {}): void {
    const { host, asked, grant } = this.#options;
    host.log.info('srt', text, {
      session: this.#entry.id,
      peer: formatAddress(asked.peer),
      stream: streamUrl(grant.name),
      bytes: this.#counted,
      dropped: this.#link?.dropped ?? 0,
      ...more,
    });
  }
}
