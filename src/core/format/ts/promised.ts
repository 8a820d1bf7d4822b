// Streams that a program map lists before they are there, for players that do not look at it again.
import { firstTrackId } from '../../media/track.ts';
import { FIRST_PID } from './lane.ts';
import { streamType } from './wire.ts';

/** A place in the program map. */
export interface PromisedStream {
  readonly kind: 'video' | 'audio';
  readonly type: number;
  readonly pid: number;
}

const place = (kind: 'video' | 'audio', type: number): PromisedStream => ({
  ...{ kind, type },
  pid: FIRST_PID + firstTrackId[kind],
});

/** Where the first track of a codec will be. */
export const promisedStreams = {
  h264: place('video', streamType.h264),
  aac: place('audio', streamType.adts),
  mp3: place('audio', streamType.mpeg1Audio),
} as const;
