// Players that came before their publisher.
import type { Closer } from '../base/link.ts';
import { guard, type Session } from '../base/session.ts';
import type { Stream } from '../media/stream.ts';
import { type StreamName, streamKey } from '../media/stream-name.ts';
import type { Host } from './host.ts';

/** A player that can be told that its publisher is there. */
export interface WaitingPlayer extends Session {
  begin(stream: Stream): void;
}

/** Bounded by who adds: each player is a session. */
export class WaitingPlayers<Player extends WaitingPlayer> implements Closer {
  readonly #host: Pick<Host, 'hub' | 'clock'>;
  readonly #waiting = new Map<string, Set<Player>>();
  readonly #watch: Closer;

  constructor(host: Pick<Host, 'hub' | 'clock'>) {
    this.#host = host;
    this.#watch = host.hub.watch({ published: (stream) => this.#published(stream) });
  }

  /** Begins at once when the publisher is there, else when it comes. */
  add(name: StreamName, player: Player): void {
    const stream = this.#host.hub.find(name);
    if (stream?.published === true) {
      this.#begin(player, stream);
      return;
    }
    const key = streamKey(name);
    const others = this.#waiting.get(key);
    if (others === undefined) this.#waiting.set(key, new Set([player]));
    else others.add(player);
  }

  /** The player is over; one that plays already is not known any more. */
  remove(name: StreamName, player: Player): void {
    const key = streamKey(name);
    const others = this.#waiting.get(key);
    if (others?.delete(player) === true && others.size === 0) this.#waiting.delete(key);
  }

  /** Publishers that come begin nobody any more; who waits is ended by its owner. */
  close(): void {
    this.#watch.close();
  }

  #published(stream: Stream): void {
    const key = streamKey(stream.name);
    const players = this.#waiting.get(key);
    if (players === undefined) return;
    this.#waiting.delete(key);
    for (const player of players) this.#begin(player, stream);
  }

  /** A player that fails must not take the publisher with it, in whose call this may be. */
  #begin(player: Player, stream: Stream): void {
    guard(player, this.#host.clock.now(), () => player.begin(stream));
  }
}
