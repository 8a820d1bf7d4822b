// What the demuxer asks of a stream of its program.
import type { Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { PsKind } from './wire.ts';

/** Times of a PES packet on the unwrapped timeline. */
export interface PesTimes {
  readonly dts: Micros;
  readonly cts: Micros;
}

/** Whether two packets say the same time: parts of one frame do. */
export const sameTimes = (a: PesTimes | undefined, b: PesTimes | undefined): boolean =>
  a?.dts === b?.dts && a?.cts === b?.cts;

/** One stream: the payloads of its PES packets in, frames out of `onFrames`. */
export interface Lane {
  /** Of its track. */
  readonly id: number;
  readonly media: 'video' | 'audio';
  /** Undefined while nobody has said it and the stream has not shown it. */
  readonly kind: PsKind | undefined;
  /** Bytes held for what is not complete. */
  readonly heldBytes: number;
  /** A PES packet begins. */
  begin(times: PesTimes | undefined): void;
  /** Part of its payload; nothing of `bytes` is kept. */
  more(bytes: Uint8Array, from: number, to: number): void;
  /** The packet is over. */
  done(): void;
  /** Bytes are missing from here on. */
  lost(): void;
  /** The input is over, and no packet is open. */
  end(): void;
}

/** Given to each lane. */
export interface LaneOptions {
  readonly seed: { readonly id: number; readonly epoch: number };
  readonly kind: PsKind | undefined;
  readonly limitBytes: number;
  readonly onFrames: (frames: readonly Frame[]) => void;
}
