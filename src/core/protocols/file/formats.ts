// What a container of files is, and how one is chosen: by content when reading, by name when writing.
import type { Limits } from '../../base/limits.ts';
import type { RandomAccess } from '../../base/link.ts';
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { Format } from '../../media/muxer.ts';
import type { Codec, TrackKind } from '../../media/track.ts';

/** A demuxer that may know beforehand which kinds of tracks will come. */
export interface FileDemuxer extends Demuxer {
  promised?(): readonly TrackKind[];
}

export interface FileFormat {
  readonly name: string;
  /** Lower case, without the dot; decide about the container when writing. */
  readonly extensions: readonly string[];
  /** Bytes that `matches` wants to see. */
  readonly headBytes: number;
  /** Whether a file that begins so is one of these; decides when reading. Files shorter than `headBytes` come whole. */
  matches(head: Uint8Array): boolean;
  /** @param onBad is told the code or count of each part of the file that is left out or tolerated. */
  demuxer(limits: Limits, onBad: (code: string) => void): FileDemuxer;
  /** Reads a file that is no pipe, where `demuxer` alone cannot read every file: an index at its end. */
  anywhere?(file: RandomAccess, limits: Limits, onBad: (code: string) => void): AsyncIterable<MediaEvent>;
  readonly format: Format;
  /** Whether a track with this codec has a place in what is written; absent: all have. */
  carries?(codec: Codec): boolean;
}

/** The container of content that begins with `head`. */
export const formatByContent = (formats: readonly FileFormat[], head: Uint8Array): FileFormat | undefined =>
  formats.find((format) => format.matches(head));

/** The container with that name or file ending. */
export const formatByName = (formats: readonly FileFormat[], name: string): FileFormat | undefined =>
  formats.find((format) => format.name === name || format.extensions.includes(name));

/** Names for messages. */
export const knownFormats = (formats: readonly FileFormat[]): string =>
  formats.flatMap((format) => format.extensions.map((extension) => `.${extension}`)).join(', ');
