// Playlists as values (RFC 8216bis §4). Durations and dates are in microseconds, lines count from 1.
import type { Micros } from '../../base/time.ts';

/** The attribute list of a tag (§4.2), names to values without their quotes. */
export type Attributes = ReadonlyMap<string, string>;

/** EXT-X-BYTERANGE (§4.4.4.2), in bytes. */
export interface ByteRange {
  readonly length: number;
  /** Undefined: behind the range before. */
  readonly offset: number | undefined;
}

/** EXT-X-MAP. */
export interface PlaylistMap {
  readonly uri: string;
  readonly byteRange: ByteRange | undefined;
  /** The EXT-X-KEY in front of it, which its bytes are encrypted with. */
  readonly key: Attributes | undefined;
}

/** EXT-X-PART. */
export interface PlaylistPart {
  readonly line: number;
  readonly uri: string;
  readonly duration: Micros;
  readonly independent: boolean;
  readonly gap: boolean;
  readonly byteRange: ByteRange | undefined;
}

/** A segment with the tags that apply to it (§4.4.4). */
export interface PlaylistSegment {
  readonly line: number;
  /** Media sequence number. */
  readonly sequence: number;
  readonly discontinuitySequence: number;
  readonly uri: string;
  readonly duration: Micros;
  readonly title: string;
  readonly discontinuity: boolean;
  readonly gap: boolean;
  readonly byteRange: ByteRange | undefined;
  /** The one that applies, also when an earlier segment said it. */
  readonly map: PlaylistMap | undefined;
  /** EXT-X-KEY that applies; undefined also for METHOD=NONE. */
  readonly key: Attributes | undefined;
  /** EXT-X-PROGRAM-DATE-TIME of this segment, since 1970. */
  readonly date: Micros | undefined;
  readonly parts: readonly PlaylistPart[];
}

/** EXT-X-SERVER-CONTROL (§4.4.3.8). */
export interface ServerControl {
  readonly line: number;
  readonly canBlockReload: boolean;
  readonly partHoldBack: Micros | undefined;
  readonly holdBack: Micros | undefined;
  readonly canSkipUntil: Micros | undefined;
}

/** EXT-X-PRELOAD-HINT (§4.4.5.3). */
export interface PreloadHint {
  readonly line: number;
  readonly type: string;
  readonly uri: string;
}

/** A list of segments (§4.4.3). */
export interface MediaPlaylist {
  readonly kind: 'media';
  readonly version: number;
  /** Whole seconds; undefined where the tag is missing. */
  readonly targetDuration: number | undefined;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly playlistType: 'EVENT' | 'VOD' | undefined;
  readonly endList: boolean;
  readonly independentSegments: boolean;
  readonly partTarget: Micros | undefined;
  readonly control: ServerControl | undefined;
  /** EXT-X-SKIP: how many segments at the beginning are left out; the sequence numbers know. */
  readonly skipped: number;
  readonly segments: readonly PlaylistSegment[];
  /** Parts of the segment that is still being made. */
  readonly parts: readonly PlaylistPart[];
  /** The segment that is being made follows a discontinuity. */
  readonly openDiscontinuity: boolean;
  /** EXT-X-MAP and EXT-X-KEY that apply to it. */
  readonly openMap: PlaylistMap | undefined;
  readonly openKey: Attributes | undefined;
  readonly hints: readonly PreloadHint[];
  /** EXT-X-RENDITION-REPORT. */
  readonly reports: readonly Attributes[];
}

/** EXT-X-STREAM-INF with its URI (§4.4.6.2). */
export interface Variant {
  readonly line: number;
  readonly uri: string;
  readonly attributes: Attributes;
}

/** A list of variants (§4.4.6). */
export interface MasterPlaylist {
  readonly kind: 'master';
  readonly version: number;
  readonly independentSegments: boolean;
  readonly variants: readonly Variant[];
  /** EXT-X-MEDIA. */
  readonly renditions: readonly Attributes[];
}

/** Either kind; `kind` says which. */
export type Playlist = MediaPlaylist | MasterPlaylist;

/** Number of the segment behind the last complete one. */
export const nextSequenceOf = ({ mediaSequence, skipped, segments }: MediaPlaylist): number =>
  mediaSequence + skipped + segments.length;
