// The unit that leaves: a piece of the wire, shared by every player of a format.
import type { Micros } from '../base/time.ts';

export interface Packet {
  readonly chunks: readonly Uint8Array[];
  readonly dts: Micros;
  readonly size: number;
  /** config: everybody needs it; join: a player may start here; more: needs what came before. */
  readonly kind: 'config' | 'join' | 'more';
}

/** A packet out of its chunks. */
export function packet(kind: Packet['kind'], dts: Micros, chunks: readonly Uint8Array[]): Packet {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return { chunks, dts, size, kind };
}
