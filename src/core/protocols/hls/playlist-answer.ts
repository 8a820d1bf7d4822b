// A request for a playlist that has been let in: answered now, or when the playlist has what is asked for.
import { concat, utf8 } from '../../base/bytes.ts';
import type { SrsxError } from '../../base/errors.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { cacheFor, mediaHeads, NO_CACHE } from '../../wire/http/media-answer.ts';
import type { Waiter } from '../../wire/http/waiters.ts';
import { MediaType, refuse } from './answer.ts';
import type { Channel } from './channel.ts';
import { type Directives, satisfied } from './directives.ts';
import { hlsErrors } from './errors.ts';
import type { Groups } from './groups.ts';
import type { Rendition } from './rendition.ts';
import { CTX } from './request.ts';
import type { Viewer } from './viewer.ts';

/** A player that waits for a playlist gets it at the latest after this many target durations (RFC 8216bis §6.2.5.2). */
export const HOLD_TARGETS = 3;
/** A blocked playlist may be cached for this many target durations, another for half of one (B.1). */
const BLOCKED_CACHE_TARGETS = 6;

/** What is asked for, and by whom. */
export interface PlaylistRequest {
  readonly exchange: HttpExchange;
  readonly channel: Channel;
  readonly rendition: Rendition;
  readonly directives: Directives;
  /** The session as the player names it. */
  readonly ctx: string | null;
  readonly viewer: Viewer | undefined;
}

/** One object for each request that waits: hundreds of them wait for each part. */
export class PlaylistAnswer implements Waiter {
  readonly #asked: PlaylistRequest;
  readonly #groups: Groups;
  readonly #hold: Micros;
  readonly deadline: Micros;

  /** @param groups of which the playlist tells the other variants. */
  constructor(asked: PlaylistRequest, groups: Groups, now: Micros) {
    const { rendition, channel } = asked;
    this.#asked = asked;
    this.#groups = groups;
    this.#hold = rendition.ready ? fromSeconds(rendition.target * HOLD_TARGETS) : channel.config.waitTime;
    this.deadline = now + this.#hold;
  }

  /** Answers when the playlist has what is asked for. */
  attempt(): boolean {
    const { exchange, channel, rendition, directives, ctx, viewer } = this.#asked;
    if (!rendition.ready || !satisfied(directives, rendition.store)) return false;
    const shared = rendition.text(directives.skip);
    const named = ctx !== null && channel.config.segmentSessions;
    const bytes = named ? shared.lend(ctx) : shared.plain;
    const reports = rendition.lowLatency ? this.#groups.reports(channel, ctx === null ? '' : `?${CTX}=${ctx}`) : '';
    const body = reports === '' ? bytes : concat([bytes, utf8(reports)]);
    const blocked = directives.msn !== undefined;
    const cache = blocked ? cacheFor(rendition.target * BLOCKED_CACHE_TARGETS) : NO_CACHE;
    viewer?.sent(body.length);
    channel.sent(body.length);
    exchange.reply(200, mediaHeads(exchange, MediaType.playlist, cache), body);
    if (named && (body !== bytes || exchange.flushed === true)) shared.giveBack(bytes);
    return true;
  }

  /** Its error is made when it is told: one for each request that waits would cost more than the answer. */
  refuse(reason: SrsxError | undefined): void {
    refuse(this.#asked.exchange, reason ?? waitedFor(this.#hold));
  }
}

/** What was waited for has not come. */
export const waitedFor = (hold: Micros): SrsxError => hlsErrors.refused('WAIT', { seconds: toSeconds(hold) });
