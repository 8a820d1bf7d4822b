// What is served by its path: the segments, keys and init segments that templates name.
import type { StreamName } from '../../media/stream-name.ts';
import type { Channel } from './channel.ts';

export interface ShelfEntry {
  readonly channel: Channel;
  readonly kind: 'playlist' | 'ts' | 'fmp4' | 'key';
  /** Empty for a playlist, which is written when it is asked for. */
  readonly bytes: Uint8Array;
}

/** Bounded by the stores of the channels. Two streams that templates give one path: the newer one is served. */
export class Shelf {
  readonly #entries = new Map<string, ShelfEntry>();

  get size(): number {
    return this.#entries.size;
  }

  put(path: string, entry: ShelfEntry): void {
    this.#entries.set(keyOf(entry.channel.name.vhost, path), entry);
  }

  find(vhost: string, path: string): ShelfEntry | undefined {
    return this.#entries.get(keyOf(vhost, path));
  }

  /** Takes it away when it is still this channel's. */
  drop({ vhost }: Pick<StreamName, 'vhost'>, path: string, channel: Channel): void {
    const key = keyOf(vhost, path);
    if (this.#entries.get(key)?.channel === channel) this.#entries.delete(key);
  }
}

const keyOf = (vhost: string, path: string): string => `${vhost}\n${path}`;
