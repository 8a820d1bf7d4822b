// The keys of a stream's segments: a new one every few segments.

import type { Rng } from '../../base/rng.ts';
import type { Micros } from '../../base/time.ts';
import type { SegmentKey } from '../../format/hls/index.ts';
import { encodeLevels } from '../../wire/http/stream-path.ts';
import type { KeyConfig } from './config.ts';
import type { Paths } from './paths.ts';

/** Bytes of a key and of an initialisation vector (RFC 8216 §4.3.2.4). */
const KEY_BYTES = 16;

/** Makes the keys of one stream. */
export class Keys {
  readonly #rng: Rng;
  readonly #config: KeyConfig;
  readonly #paths: Paths;
  #key: SegmentKey | undefined;

  constructor(rng: Rng, config: KeyConfig, paths: Paths) {
    this.#rng = rng;
    this.#config = config;
    this.#paths = paths;
  }

  /** The key of a segment: SRS changes it where the number is a multiple. */
  at(sequence: number, wall: Micros): SegmentKey {
    if (this.#key !== undefined && sequence % this.#config.segments !== 0) return this.#key;
    this.#key = {
      path: this.#paths.key(sequence, wall),
      bytes: this.#rng.bytes(KEY_BYTES),
      iv: this.#rng.bytes(KEY_BYTES),
    };
    return this.#key;
  }

  /** As the playlist says it: SRS's prefix, whose query goes behind the file. */
  uri({ path }: Pick<SegmentKey, 'path'>): string {
    const { url } = this.#config;
    if (url === undefined) return this.#paths.uri(path);
    const question = url.indexOf('?');
    const [head, query] = question < 0 ? [url, ''] : [url.slice(0, question), url.slice(question)];
    return head + encodeLevels(path) + query;
  }
}
