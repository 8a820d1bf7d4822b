// One track on its way into a transport stream: its PID, its carriage, and audio that waits to share a PES packet.
import { SrsxError } from '../../base/errors.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { Carriage } from './carriage.ts';
import { openCarriage } from './open-carriage.ts';
import type { PidState } from './packetise.ts';

/** PID of track 0; those below 0x10 are reserved, and 0x100 is where everybody begins. */
export const FIRST_PID = 0x100;
/** The PMT has 0x1000. */
const MAX_ID = 0xeff;
/** Entries of 15 bytes, which Opus takes, fill a PMT section with 67; a stream has at most limits.tracks. */
const MAX_LANES = 64;

export class Lane {
  readonly track: Track;
  readonly kind: 'video' | 'audio';
  readonly carriage: Carriage;
  readonly pid: PidState;
  readonly frames: Frame[] = [];
  /** Bytes of the elementary stream of the held frames. */
  heldBytes = 0;
  /** Wire PTS of the first held frame, and of the frame that follows them without a gap; not wrapped. */
  firstPts = 0;
  nextPts = 0;

  /** Ticks by which decode times are written earlier, and the last one written. */
  #early = 0;
  #lastDts = Number.NEGATIVE_INFINITY;

  constructor(track: Track, carriage: Carriage, pid: PidState) {
    this.track = track;
    this.kind = track.kind === 'video' ? 'video' : 'audio';
    this.carriage = carriage;
    this.pid = pid;
  }

  /** Frames held. */
  get held(): number {
    return this.frames.length;
  }

  /**
   * The DTS to write. PTS must not be before it (§2.4.3.6), but MP4 has negative composition offsets: from the first
   * of them on, every DTS of the track is earlier by the largest one seen, and never goes back.
   */
  decodeTime(dts: number, pts: number): number {
    if (dts - pts > this.#early) this.#early = dts - pts;
    const time = Math.min(pts, Math.max(dts - this.#early, this.#lastDts + 1));
    this.#lastDts = this.#early === 0 ? Number.NEGATIVE_INFINITY : time;
    return time;
  }

  hold(frame: Frame, size: number, pts: number, nextPts: number): void {
    if (this.frames.length === 0) this.firstPts = pts;
    this.frames.push(frame);
    this.heldBytes += size;
    this.nextPts = nextPts;
  }

  release(): void {
    this.frames.length = 0;
    this.heldBytes = 0;
  }
}

/**
 * A lane for a track, which takes over the continuity counter of the one before; or why it cannot be carried.
 *
 * @param others lanes that the program has besides.
 */
export function openLane(track: Track, before: Lane | undefined, others: number): Lane | string {
  if (track.id > MAX_ID || others >= MAX_LANES) return 'there are too many tracks for one program';
  try {
    const carriage = openCarriage(track);
    if (carriage === undefined) return `MPEG-TS has no place for ${track.codec}`;
    return new Lane(track, carriage, before?.pid ?? { pid: FIRST_PID + track.id, continuity: 15 });
  } catch (error) {
    // A publisher's damaged configuration costs its track, not the stream.
    if (error instanceof SrsxError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
