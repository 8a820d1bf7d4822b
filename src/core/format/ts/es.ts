// What the demuxer and the readers of elementary streams say to each other.
import type { Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';

/** The payload of one PES packet with its times on the unwrapped timeline. */
export interface EsUnit {
  /** A view, valid during the call. */
  readonly data: Uint8Array;
  /** Undefined: the PES has no time stamp. */
  readonly dts: Micros | undefined;
  readonly cts: Micros;
}

/** What a reader needs for the tracks that it makes. */
export interface TrackSeed {
  readonly id: number;
  /** Of the first track; each change of parameters adds one. */
  readonly epoch: number;
}

export interface EsCounts {
  /** Frames without parameter sets or time to go with. */
  droppedFrames: number;
  /** Frames, units or runs of bytes inside PES packets that could not be read. */
  damagedUnits: number;
}

/** Frames out of one elementary stream. A frame whose `track` is a new value has new parameters. */
export interface EsReader {
  /** Bytes held for frames that are not complete. */
  readonly heldBytes: number;
  push(unit: EsUnit): Frame[];
  /** A PES packet was lost or cut before the next one. */
  lost(): void;
  /** The input is over. */
  end(): Frame[];
}
