// Which segments and parts of a playlist are next. Pure: playlists in, pieces to load out.
import { fromSeconds, type Micros } from '../../../base/time.ts';
import {
  type Attributes,
  type ByteRange,
  type MediaPlaylist,
  nextSequenceOf,
  type PlaylistMap,
  type PlaylistSegment,
} from '../../../format/hls/index.ts';

/** A segment or part that is to be loaded. */
export interface Piece {
  readonly uri: string;
  readonly sequence: number;
  readonly duration: Micros;
  readonly range: { readonly first: number; readonly last: number } | undefined;
  readonly map: PlaylistMap | undefined;
  readonly key: Attributes | undefined;
  /** It has other parameters or another timeline than the piece before. */
  readonly breaks: boolean;
}

/** What a playlist gave. */
export interface Taken {
  readonly pieces: readonly Piece[];
  /** Segments that had left before they were loaded. */
  readonly missed: number;
  /** The server has begun anew. */
  readonly restarted: boolean;
}

/** RFC 8216 §6.3.3: players stay so many target durations behind the end. */
const EDGE_TARGETS = 3;

/**
 * Begins at the live edge: three target durations before the end; with parts at the newest segment, which a decoder can
 * start with. A playlist that is over is taken from its beginning.
 */
export class Follower {
  #sequence: number | undefined;
  /** Parts of `#sequence` that were taken. */
  #part = 0;
  #breaks = false;
  /** Where the range behind the last one of a resource begins. */
  #rangeEnd: { readonly uri: string; readonly at: number } | undefined;

  /** What a blocking reload waits for (RFC 8216bis §6.2.5.2); undefined before the first playlist. */
  get next(): { readonly msn: number; readonly part: number } | undefined {
    return this.#sequence === undefined ? undefined : { msn: this.#sequence, part: this.#part };
  }

  take(playlist: MediaPlaylist): Taken {
    const end = nextSequenceOf(playlist);
    const restarted = this.#sequence !== undefined && this.#sequence > end;
    if (this.#sequence === undefined || restarted) this.#begin(playlist, restarted);
    const sequence = this.#sequence ?? end;
    const missed = Math.max(0, playlist.mediaSequence - sequence);
    if (missed > 0) this.#jump(playlist.mediaSequence);
    const pieces: Piece[] = [];
    for (const segment of playlist.segments) {
      if (segment.sequence >= (this.#sequence ?? end)) this.#takeSegment(segment, pieces);
    }
    if (usesParts(playlist)) this.#takeParts(playlist, pieces);
    return { pieces, missed, restarted };
  }

  #begin(playlist: MediaPlaylist, restarted: boolean): void {
    this.#sequence = startOf(playlist);
    this.#part = 0;
    this.#breaks = restarted;
  }

  #jump(sequence: number): void {
    this.#sequence = sequence;
    this.#part = 0;
    this.#breaks = true;
  }

  #takeSegment(segment: PlaylistSegment, pieces: Piece[]): void {
    const { sequence, map, key, discontinuity, gap } = segment;
    const done = this.#part;
    this.#sequence = sequence + 1;
    this.#part = 0;
    const resources = done === 0 ? [segment] : segment.parts.slice(done);
    // Its parts are not listed any more: the rest of it is lost.
    if (done > 0 && segment.parts.length < done) this.#breaks = true;
    for (const [index, resource] of resources.entries()) {
      const range = this.#range(resource.uri, resource.byteRange);
      if (gap) {
        this.#breaks = true;
        continue;
      }
      const breaks = this.#breaks || (discontinuity && done === 0 && index === 0);
      this.#breaks = false;
      pieces.push({ uri: resource.uri, duration: resource.duration, sequence, range, map, key, breaks });
    }
  }

  #takeParts({ parts, openMap: map, openKey: key, openDiscontinuity, ...rest }: MediaPlaylist, pieces: Piece[]): void {
    const sequence = nextSequenceOf({ ...rest, parts, openMap: map, openKey: key, openDiscontinuity });
    for (const [index, { uri, duration, byteRange, gap }] of parts.entries()) {
      const range = this.#range(uri, byteRange);
      if (index < this.#part) continue;
      this.#part = index + 1;
      if (gap) {
        this.#breaks = true;
        continue;
      }
      const breaks = this.#breaks || (openDiscontinuity && index === 0);
      this.#breaks = false;
      pieces.push({ uri, duration, sequence, range, map, key, breaks });
    }
  }

  #range(uri: string, range: ByteRange | undefined): Piece['range'] {
    if (range === undefined) return undefined;
    const before = this.#rangeEnd?.uri === uri ? this.#rangeEnd.at : 0;
    const first = range.offset ?? before;
    this.#rangeEnd = { uri, at: first + range.length };
    return { first, last: first + range.length - 1 };
  }
}

/** Parts are taken where they come as they are made. Encrypted ones are waited for as segments. */
export const usesParts = ({ parts, partTarget, openKey }: MediaPlaylist): boolean =>
  parts.length > 0 && partTarget !== undefined && openKey === undefined;

function startOf(playlist: MediaPlaylist): number {
  const { segments, parts, mediaSequence, endList, targetDuration = 0, partTarget } = playlist;
  const end = nextSequenceOf(playlist);
  if (endList || playlist.playlistType === 'VOD') return mediaSequence;
  if (partTarget !== undefined) return parts[0]?.independent === true ? end : Math.max(mediaSequence, end - 1);
  const wanted = fromSeconds(targetDuration * EDGE_TARGETS);
  let behind = 0;
  for (let i = segments.length - 1; i >= 0; i--) {
    behind += segments[i]?.duration ?? 0;
    if (behind >= wanted) return end - (segments.length - i);
  }
  return mediaSequence;
}
