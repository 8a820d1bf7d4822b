// What the muxer asks of a track's codec: how its frames lie in an elementary stream.
import type { Frame } from '../../media/frame.ts';
import type { Packetiser } from './packetise.ts';
import type { Descriptor } from './psi.ts';

/** One track on its way out. `measure` comes first for each frame, `put` then writes as many bytes. */
export interface Carriage {
  /** stream_type; it may change with `adapt`. */
  readonly type: number;
  readonly streamId: number;
  readonly descriptors: readonly Descriptor[];
  /** Looks at a frame that is about to be written; true when `type` is another one now. */
  adapt(frame: Frame): boolean;
  /** Bytes of the frame in the elementary stream; -1 when it is damaged. */
  measure(frame: Frame): number;
  put(frame: Frame, into: Packetiser): void;
  /** Ticks of 90 kHz, a fraction included; 0 when unknown. */
  duration(frame: Frame): number;
}
