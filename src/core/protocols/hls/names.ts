// Paths and what they name.
//
//   /app/stream.m3u8                    classic playlist        /app/stream-14.ts            its segments
//   /app/stream.ll.m3u8                 low-latency playlist    /app/stream.ll-RUN-14.m4s    its segments
//   /app/stream.ll-RUN-14.3.m4s         part 3 of segment 14    /app/stream.ll-RUN-i0.mp4    init segment
//
// RUN is an id of the stream's life in memory: numbers begin again when it ends, and caches must not mix the two.
import { parseStreamPath } from '../../wire/http/stream-path.ts';

interface Named {
  readonly app: string;
  readonly stream: string;
}

/** What a path names. */
export type Resource = Named &
  (
    | { readonly kind: 'playlist'; readonly lowLatency: boolean }
    | { readonly kind: 'ts'; readonly sequence: number }
    | { readonly kind: 'cmaf'; readonly run: string; readonly sequence: number }
    | { readonly kind: 'part'; readonly run: string; readonly sequence: number; readonly index: number }
    | { readonly kind: 'init'; readonly run: string; readonly index: number }
  );

const LOW = '.ll';
/** Numbers of up to 15 digits are exact. */
const FORM =
  /(?:(?<low>\.ll)?\.m3u8|-(?<ts>\d{1,15})\.ts|\.ll-(?<run>[0-9a-z]{1,16})-(?:i(?<init>\d{1,9})\.mp4|(?<cmaf>\d{1,15})(?:\.(?<part>\d{1,9}))?\.m4s))$/;

/** What a path names; undefined when it is nothing of ours. Throws HTTP_PATH. */
export function parseResource(path: string): Resource | undefined {
  const found = FORM.exec(path);
  if (found === null) return undefined;
  const { low, ts, run, init, cmaf, part } = found.groups ?? {};
  const named = parseStreamPath(path, found[0]);
  if (ts !== undefined) return { ...named, kind: 'ts', sequence: Number(ts) };
  if (run === undefined) return { ...named, kind: 'playlist', lowLatency: low !== undefined };
  if (init !== undefined) return { ...named, kind: 'init', run, index: Number(init) };
  const sequence = Number(cmaf);
  if (part === undefined) return { ...named, kind: 'cmaf', run, sequence };
  return { ...named, kind: 'part', run, sequence, index: Number(part) };
}

/** URIs relative to the playlist. */
export class Names {
  readonly #stream: string;
  readonly run: string;

  constructor(stream: string, run: string) {
    this.#stream = encodeURIComponent(stream);
    this.run = run;
  }

  cmaf(sequence: number): string {
    return `${this.#stream}${LOW}-${this.run}-${sequence}.m4s`;
  }

  part(sequence: number, index: number): string {
    return `${this.#stream}${LOW}-${this.run}-${sequence}.${index}.m4s`;
  }

  init(index: number): string {
    return `${this.#stream}${LOW}-${this.run}-i${index}.mp4`;
  }
}
