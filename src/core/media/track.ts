// A track: what a decoder must know before it can use the frames.

/** Codec ids of the whole program; docs/codecs.md says what configuration and frame bytes each has. */
export type Codec =
  | 'h264'
  | 'h265'
  | 'av1'
  | 'vp8'
  | 'vp9'
  | 'aac'
  | 'mp3'
  | 'opus'
  | 'flac'
  | 'ac3'
  | 'eac3'
  | 'pcma'
  | 'pcmu'
  | 'amf0'
  | 'unknown';

export type TrackKind = 'video' | 'audio' | 'data';

/** A change of parameters is a new value with a higher epoch. */
export interface Track {
  /** Unique in the stream and stable over epochs. 0 to 255 video, 256 to 511 audio, 512 and up data. */
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  /**
   * avcC, hvcC, av1C, vpcC, AudioSpecificConfig, OpusHead, STREAMINFO; empty for codecs that need none. For `amf0` it
   * is the body of the last onMetaData: the AMF0 values behind `@setDataFrame`.
   */
  readonly config: Uint8Array;
  readonly epoch: number;
}

/** Track ids are ranges, so that a track number on the wire (E-RTMP: 0 to 255) maps to an id and back. */
export const firstTrackId = { video: 0, audio: 256, data: 512 } as const satisfies Record<TrackKind, number>;

/** The number of a track among those of its kind. */
export const trackNumber = (track: Track): number => track.id - firstTrackId[track.kind];

/** The video track that decides about join points: the one with the lowest id. */
export function primaryVideo(tracks: readonly Track[]): Track | undefined {
  let found: Track | undefined;
  for (const track of tracks) {
    if (track.kind === 'video' && (found === undefined || track.id < found.id)) found = track;
  }
  return found;
}

/** Whether sound and picture have the same parameters in both lists; data tracks may differ. */
export function sameMedia(a: readonly Track[], b: readonly Track[]): boolean {
  const left = a.filter((track) => track.kind !== 'data');
  const right = b.filter((track) => track.kind !== 'data');
  return left.length === right.length && left.every((track, index) => track === right[index]);
}
