// Who publishes a stream, in the words of hooks: files are complete long after their publisher was admitted.
import type { Closer } from '../../base/link.ts';
import type { Hub } from '../../media/hub.ts';
import { type StreamName, streamKey } from '../../media/stream-name.ts';
import type { HookClient } from './hooks.ts';

/**
 * A session opens, then takes the name of its stream in the hub, or is refused there because somebody else has it: only
 * who really has it is the publisher.
 */
export class Publishers implements Closer {
  readonly #limit: number;
  readonly #watch: Closer;
  /** Sessions that are about to take their stream's name. */
  readonly #next = new Map<string, HookClient>();
  /** The publisher of each stream, or the last one; the oldest are forgotten. */
  readonly #known = new Map<string, HookClient>();
  /** Those that had their name. */
  readonly #held = new WeakSet<HookClient>();

  /** @param limit publishers that are remembered. */
  constructor(hub: Hub, limit: number) {
    this.#limit = limit;
    this.#watch = hub.watch({ published: ({ name }) => this.#published(name) });
  }

  /** A session is open and will publish now. */
  begin(client: HookClient): void {
    this.#next.set(streamKey(client.name), client);
  }

  /** The session is over; true when it had the name of its stream. */
  end(client: HookClient): boolean {
    const key = streamKey(client.name);
    if (this.#next.get(key) === client) this.#next.delete(key);
    return this.#held.has(client);
  }

  /** Who publishes a stream, or did so last. */
  of(name: StreamName): HookClient | undefined {
    return this.#known.get(streamKey(name));
  }

  close(): void {
    this.#watch.close();
  }

  #published(name: StreamName): void {
    const key = streamKey(name);
    const client = this.#next.get(key);
    this.#next.delete(key);
    // Deleted first, so that it is the newest.
    this.#known.delete(key);
    if (client === undefined) return;
    this.#held.add(client);
    this.#known.set(key, client);
    if (this.#known.size <= this.#limit) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
