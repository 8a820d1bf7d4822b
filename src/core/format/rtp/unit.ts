// The two directions: a frame to payloads, and payloads to one frame at a time, with its parameters when they changed.
import { rtpErrors } from '../../wire/rtp/index.ts';

/** Payloads of one track. */
export interface Packetiser {
  /** The payloads of a frame, each in parts; none when there is nothing to send. */
  packetise(data: Uint8Array, key: boolean): readonly (readonly Uint8Array[])[];
}

/** A frame in its canonical form (docs/codecs.md). */
export interface MediaUnit {
  readonly data: Uint8Array;
  readonly key: boolean;
  /** Of the packets, unwrapped. */
  readonly ticks: number;
  /** Parameters that are new with this frame. */
  readonly config?: Uint8Array;
}

/** One payload in order. */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly marker: boolean;
  /** Unwrapped. */
  readonly ticks: number;
}

/** Payloads of one codec in order to frames. */
export interface Depacketiser {
  /** Frames that are complete now. Throws RTP_PAYLOAD for what is damaged; the frame around it is lost. */
  push(payload: Payload): MediaUnit[];
  /** Payloads are missing before the next one. */
  lost(): void;
  /** Nothing comes out before a key frame does: somebody should ask for one. */
  readonly needsKey: boolean;
}

/** Bytes of one frame; more is no picture that anybody sends by RTP. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Pieces of one frame, so that tiny fragments cost no more than their bytes. */
const MOST_PIECES = 16_384;

/** Collects the pieces of frames, for all codecs of pictures. */
export class Gatherer {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #ticks: number | undefined;
  /** A piece of this frame is missing. */
  #broken = false;
  /** Pieces are missing in front of the next one; what comes next tells of which frame. */
  #hole = false;
  /** A key frame must come first. */
  needsKey = true;

  get ticks(): number {
    return this.#ticks ?? 0;
  }

  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  get empty(): boolean {
    return this.#pieces.length === 0;
  }

  /** A hole: the frame around it is lost, and whatever refers to it. */
  lost(): void {
    this.#broken = true;
    this.#hole = true;
    this.needsKey = true;
  }

  /** Whether a payload belongs to the next frame although the last one had no marker. */
  isNext(ticks: number): boolean {
    return this.#ticks !== undefined && ticks !== this.#ticks && !this.empty;
  }

  /**
   * The caller keeps nothing of `piece`; it is copied when the frame is complete. Throws RTP_PAYLOAD.
   *
   * @param begins nothing of the frame comes before this piece, so that a hole in front of it was of other frames.
   */
  add(piece: Uint8Array, ticks: number, begins: boolean): void {
    if (ticks !== this.#ticks) this.#begin(ticks);
    if (this.#hole && this.empty) this.#broken = !begins;
    this.#hole = false;
    this.#bytes += piece.length;
    if (this.#bytes > MOST_BYTES || this.#pieces.length >= MOST_PIECES) {
      this.drop();
      throw rtpErrors.protocol('PAYLOAD', { why: `a frame above ${MOST_BYTES} bytes or ${MOST_PIECES} pieces` });
    }
    this.#pieces.push(piece);
  }

  /** The pieces of a whole frame, and an empty gatherer; undefined when a hole was in it. */
  take(): readonly Uint8Array[] | undefined {
    const pieces = this.#pieces;
    const broken = this.#broken;
    this.drop();
    return broken || pieces.length === 0 ? undefined : pieces;
  }

  /** Forgets the frame. */
  drop(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#broken = false;
  }

  /** A frame that was not finished by its marker goes with it, unless its pieces were taken before. */
  #begin(ticks: number): void {
    if (this.#pieces.length > 0) {
      this.drop();
      this.needsKey = true;
    }
    this.#ticks = ticks;
  }
}
