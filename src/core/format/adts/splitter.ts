// Frames of sound that describe themselves (ADTS, MPEG audio, AC-3) out of bytes: search, hold, time, resync.
import { concat } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import { fromTicks, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import { type Codec, firstTrackId, type Track } from '../../media/track.ts';

/** What the header of one frame says. */
export interface FrameHead {
  /** Bytes of the whole frame. */
  readonly size: number;
  /** Bytes in front of the canonical frame: the ADTS header; 0 when the header is part of it. */
  readonly skip: number;
  readonly samples: number;
  readonly rate: number;
  /** Frames with the same value are of one stream; a change is a change of parameters. */
  readonly parameters: number;
  /** False: the frame is well formed, but none of the track's. */
  readonly keep: boolean;
}

/** How frames of one kind are recognised. */
export interface FrameSyntax {
  /** Bytes that `parse` needs. */
  readonly headBytes: number;
  /** The first byte of every frame, to look for. */
  readonly firstByte: number;
  /** The head at `at`, where `headBytes` are there; undefined when no frame begins there. */
  parse(bytes: Uint8Array, at: number): FrameHead | undefined;
  codec(head: FrameHead, bytes: Uint8Array, at: number): Codec;
  /** The track's configuration, for a frame at `at`. */
  config(head: FrameHead, bytes: Uint8Array, at: number): Uint8Array;
}

export interface SplitCounts {
  /** Bytes that belong to no frame, and frames whose parameters are damaged. */
  skippedBytes: number;
  resyncs: number;
}

/**
 * Any cut of the same bytes gives the same frames. A place is believed when the next frame begins where this one
 * says, with the same parameters; once believed, each head is taken as it comes.
 *
 * Keeps at most one frame and one head between calls (ADTS: 8 KiB, MPEG audio and AC-3: 4 KiB).
 */
export class FrameSplitter {
  readonly #syntax: FrameSyntax;
  readonly #seed: { readonly id: number; readonly epoch: number };
  readonly counts: SplitCounts = { skippedBytes: 0, resyncs: 0 };
  #held: Uint8Array = new Uint8Array(0);
  /** Time for the frame at the beginning of the held bytes, whose head is not all there. */
  #heldTime: Micros | undefined;
  #synced = false;
  #parameters = -1;
  #track: Track | undefined;
  /** Time of the anchor, and samples since it: sums of rounded durations would drift. */
  #anchor: Micros;
  #samples = 0;

  /**
   * @param seed id of the track, and epoch of its first parameters.
   * @param start time of the first frame when nobody says another.
   */
  constructor(syntax: FrameSyntax, seed = { id: firstTrackId.audio as number, epoch: 0 }, start: Micros = 0) {
    this.#syntax = syntax;
    this.#seed = seed;
    this.#anchor = start;
  }

  /** Bytes of a frame that is not whole. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Parameters of the newest frame. */
  get track(): Track | undefined {
    return this.#track;
  }

  /** Forgets the frame that was begun. */
  lost(): void {
    this.#held = new Uint8Array(0);
    this.#heldTime = undefined;
    this.#synced = false;
  }

  /**
   * @param time of the first frame that begins in `bytes`; undefined: it follows the last one.
   * @param whole a frame that ends with `bytes` is believed although no other follows.
   */
  push(bytes: Uint8Array, time?: Micros, whole = false): Frame[] {
    const boundary = this.#held.length;
    const all = concat([this.#held, bytes]);
    const frames: Frame[] = [];
    let fresh = time;
    let at = 0;
    for (;;) {
      const { at: found, head } = this.#seek(all, at, whole);
      this.counts.skippedBytes += found - at;
      at = found;
      if (head === undefined) break;
      if (at >= boundary && fresh !== undefined) {
        this.#setAnchor(fresh);
        fresh = undefined;
      } else if (this.#heldTime !== undefined) this.#setAnchor(this.#heldTime);
      if (at + head.size > all.length) break;
      const frame = this.#frame(all, at, head);
      if (frame !== undefined) frames.push(frame);
      at += head.size;
    }
    if (fresh !== undefined && at >= boundary) this.#heldTime = fresh;
    this.#held = all.slice(at);
    return frames;
  }

  #setAnchor(time: Micros): void {
    this.#anchor = time;
    this.#samples = 0;
    this.#heldTime = undefined;
  }

  /** The next frame from `from` on, which may be only begun; without a head when more bytes are needed. */
  #seek(bytes: Uint8Array, from: number, whole: boolean): { at: number; head: FrameHead | undefined } {
    const { headBytes, firstByte } = this.#syntax;
    let at = from;
    while (at + headBytes <= bytes.length) {
      const head = bytes[at] === firstByte ? this.#syntax.parse(bytes, at) : undefined;
      if (head !== undefined) {
        const verdict = this.#synced ? 'yes' : this.#confirm(bytes, at, head, whole);
        this.#synced = verdict === 'yes';
        if (verdict !== 'no') return { at, head: this.#synced ? head : undefined };
      } else if (this.#synced) {
        this.#synced = false;
        this.counts.resyncs++;
      }
      const next = bytes.indexOf(firstByte, at + 1);
      at = next < 0 ? bytes.length : next;
    }
    return { at, head: undefined };
  }

  /** Whether the frame at `at` is followed by one of its kind. */
  #confirm(bytes: Uint8Array, at: number, head: FrameHead, whole: boolean): 'yes' | 'no' | 'wait' {
    const next = at + head.size;
    if (next + this.#syntax.headBytes > bytes.length) return whole && next === bytes.length ? 'yes' : 'wait';
    const second = bytes[next] === this.#syntax.firstByte ? this.#syntax.parse(bytes, next) : undefined;
    return second !== undefined && second.parameters === head.parameters ? 'yes' : 'no';
  }

  #frame(bytes: Uint8Array, at: number, head: FrameHead): Frame | undefined {
    if (!head.keep || head.size === head.skip) {
      this.counts.skippedBytes += head.size;
      return undefined;
    }
    const changed = this.#track === undefined || head.parameters !== this.#parameters;
    const dts = this.#anchor + fromTicks(this.#samples, head.rate);
    if (changed) {
      // Samples of another rate cannot be added up.
      this.#setAnchor(dts);
      if (!this.#retrack(bytes, at, head)) return undefined;
    }
    this.#samples += head.samples;
    const track = this.#track as Track;
    return { track, dts, cts: 0, key: true, data: bytes.slice(at + head.skip, at + head.size) };
  }

  #retrack(bytes: Uint8Array, at: number, head: FrameHead): boolean {
    try {
      const config = this.#syntax.config(head, bytes, at);
      const codec = this.#syntax.codec(head, bytes, at);
      const epoch = this.#track === undefined ? this.#seed.epoch : this.#track.epoch + 1;
      this.#track = { id: this.#seed.id, kind: 'audio', codec, config, epoch };
      this.#parameters = head.parameters;
      return true;
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      // One damaged header among good frames costs its frame.
      this.counts.skippedBytes += head.size;
      return false;
    }
  }
}
