// One player: waits for its publisher, gets the stream, and ends with it.
import { SAMPLE_TIME } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import { type Closer, formatAddress, idle, type Link } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import { type Micros, toMs, toSeconds } from '../../base/time.ts';
import type { AdmissionRequest, Grant } from '../../control/admission.ts';
import type { Host } from '../../control/host.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { noDelayOf } from '../../control/stream-settings.ts';
import { carriesNone } from '../../format/container/index.ts';
import { playErrors } from '../../media/errors.ts';
import type { Cursor } from '../../media/feed.ts';
import type { Format } from '../../media/muxer.ts';
import type { Stream } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import { lastChunk } from '../../wire/http/chunk.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpHeaders } from '../../wire/http/exchange.ts';
import { answerTo, httpFlvErrors } from './errors.ts';
import type { LiveFormat } from './format.ts';
import { leftOut, without } from './mount.ts';

export interface PlayOptions {
  readonly host: Host;
  readonly exchange: HttpExchange;
  readonly format: LiveFormat;
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  readonly waitTime: Micros;
  /** Called once, when the session is over. */
  readonly onOver: (session: PlaySession) => void;
}

/** How often the numbers are brought up to date and a stall is looked for. */
const LOOK = SAMPLE_TIME;

/** Headers of every answer to a player. */
export const playHeaders = (exchange: HttpExchange, { contentType }: LiveFormat): HttpHeaders => ({
  'Content-Type': contentType,
  'Cache-Control': 'no-cache',
  ...corsHeaders(exchange.request),
});

/**
 * waiting -- publisher --> playing -- publisher leaves, everything sent --> over (a clean end for the client)
 *    '-- waitTime --> over (404)      '-- stallTime full, kicked, client leaves --> over
 *
 * The head of the answer is sent when the publisher is there, as SRS does, so that a client which waited in vain gets
 * a status and not an empty 200.
 */
export class PlaySession implements Session {
  readonly #options: PlayOptions;
  readonly #entry: SessionEntry;
  readonly #since: Micros;
  #stream: Stream | undefined;
  #link: Link | undefined;
  #cursor: Cursor | undefined;
  #ended: Closer | undefined;
  #chunked = false;
  /** The publisher has left; unless another one has taken over, so does the player. */
  #ending = false;
  #over = false;
  #counted = 0;
  /** These tracks were looked at. */
  #checked: readonly Track[] | undefined;
  deadline: Micros;

  /** Throws ADMISSION_SESSIONS. */
  constructor(options: PlayOptions) {
    const { host, asked, grant, exchange, format, waitTime } = options;
    this.#options = options;
    this.#since = host.clock.now();
    this.deadline = this.#since + waitTime;
    const info = {
      ...asked,
      name: grant.name,
      publish: false,
      shownName: grant.name.stream + format.extension,
      end: (reason: SrsxError) => this.close(reason, host.clock.now()),
      measure: () => this.#count(),
      describe: () => this.#describe(),
    };
    this.#entry = host.sessions.open(info, grant);
    exchange.onGone = () => this.close(undefined, host.clock.now());
    host.wheel.add(this);
  }

  /** A player sends nothing that matters. */
  receive(): void {
    // Messages of a WebSocket player and bytes behind a GET are ignored.
  }

  /** The publisher is there. Throws HTTP_FLV_NO_TRACK. */
  begin(stream: Stream): void {
    if (this.#over || this.#link !== undefined) return;
    const { host, grant } = this.#options;
    this.#checkTracks(stream);
    const { link, format } = this.#open();
    this.#stream = stream;
    this.#link = link;
    link.onData = idle.onData;
    link.onClose = () => this.close(undefined, host.clock.now());
    this.#ended = stream.onEnd(() => this.#publisherLeft());
    const vhost = host.settings.vhost(grant.name.vhost);
    link.noDelay?.(noDelayOf(vhost));
    this.#cursor = stream.play(without(format, leftOut(vhost)), link, grant.mergeWindow, grant.pacing);
    const advance = link.onDrain;
    link.onDrain = () => {
      advance();
      this.#finishIfSent();
    };
    this.deadline = host.clock.now() + LOOK;
    this.#log('plays');
  }

  tick(now: Micros): void {
    const { host, grant } = this.#options;
    this.deadline = now + LOOK;
    const cursor = this.#cursor;
    if (cursor === undefined) throw httpFlvErrors.refused('NO_STREAM', { stream: streamUrl(grant.name) });
    this.#count();
    this.#finishIfSent();
    if (this.#stream !== undefined) this.#checkTracks(this.#stream);
    const { stallTime } = host.limits;
    if (cursor.full && now - cursor.fullSince >= stallTime) {
      throw playErrors.limit('TOO_SLOW', { seconds: toSeconds(stallTime) });
    }
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    if (this.#over) return;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { host, exchange, onOver } = this.#options;
    host.wheel.remove(this);
    this.#ended?.close();
    this.#count();
    this.#cursor?.close();
    this.#entry.close(reason);
    if (this.#link !== undefined) {
      this.#link.close(reason);
    } else if (reason !== undefined) {
      const { status, headers, body } = answerTo(reason);
      exchange.reply(status, { ...headers, ...corsHeaders(exchange.request) }, body);
    }
    onOver(this);
    this.#log('ends', { seconds: Math.round(toSeconds(now - this.#since)), code: reason?.code });
  }

  #open(): { link: Link; format: Format } {
    const { exchange, format } = this.#options;
    const { wires } = format;
    if (exchange.request.webSocket) return { link: exchange.upgrade(), format: wires.webSocket };
    const { link, chunked } = exchange.stream(200, playHeaders(exchange, format));
    this.#chunked = chunked;
    return { link, format: chunked ? wires.chunked : wires.plain };
  }

  /** A container of sound alone may have no place for what is published: better an answer than silence. */
  #checkTracks(stream: Stream): void {
    const { format, grant } = this.#options;
    const { tracks } = stream;
    if (this.#over || tracks === this.#checked) return;
    this.#checked = tracks;
    if (!carriesNone(format, tracks)) return;
    const media = tracks.filter(({ kind }) => kind !== 'data');
    const codecs = media.map(({ codec }) => codec).join(', ');
    throw httpFlvErrors.refused('NO_TRACK', { stream: streamUrl(grant.name), codecs, container: format.name });
  }

  /** Looked at in the next turn of the wheel: by then a publisher that takes over is there. */
  #publisherLeft(): void {
    this.#ending = true;
    this.deadline = this.#options.host.clock.now();
  }

  #finishIfSent(): void {
    if (this.#over || !this.#ending || this.#stream?.published === true || this.#cursor?.full === true) return;
    if (this.#chunked) this.#link?.send([lastChunk]);
    this.close(undefined, this.#options.host.clock.now());
  }

  #describe(): Readonly<Record<string, unknown>> {
    const { format } = this.#options;
    const cursor = this.#cursor;
    if (cursor === undefined) return { format: format.extension, state: 'waiting' };
    const { full, jumps, dropped, firstSentAt } = cursor;
    const first = firstSentAt === undefined ? null : toMs(firstSentAt - this.#since);
    const pending = this.#link?.pending ?? 0;
    return { format: format.extension, state: full ? 'full' : 'plays', jumps, dropped, pending, first_frame_ms: first };
  }

  #count(): void {
    const sent = this.#cursor?.sentBytes ?? 0;
    this.#entry.sent.add(sent - this.#counted);
    this.#counted = sent;
  }

  #log(text: string, more: Record<string, unknown> = {}): void {
    const { host, asked, grant } = this.#options;
    const { dropped = 0 } = this.#cursor ?? {};
    host.log.info('http-flv', text, {
      session: this.#entry.id,
      peer: formatAddress(asked.peer),
      stream: streamUrl(grant.name),
      bytes: this.#counted,
      dropped,
      ...more,
    });
  }
}
