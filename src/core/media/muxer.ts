// The interface of formats on the way out: frames in, packets out.
import type { Frame } from './frame.ts';
import type { Packet } from './packet.ts';
import type { Track } from './track.ts';

/** Synchronous, no I/O. One for each feed, never for each player. */
export interface Muxer {
  /** For a player that starts now: everything before the first frame. Called before the first `write`. */
  header(tracks: readonly Track[]): Packet[];
  /** For a player already in the stream: what changed parameters need. */
  retrack(tracks: readonly Track[]): Packet[];
  write(frame: Frame): Packet[];
  /** The publication is over, or stops for a while: what was held back. For muxers that hold something. */
  flush?(): Packet[];
}

/** How a stream becomes bytes. Two players with the same key and merge window share one feed. */
export interface Format {
  /** Such as `flv` or `rtmp/60000`: everything that changes the bytes is in the key. */
  readonly key: string;
  make(): Muxer;
  /** Sound alone, of which a player may begin with what is past (SRS: fast_cache). */
  readonly soundOnly?: true;
  /**
   * The wire's own frame around each merged write (an HTTP chunk, a WebSocket message), made once for all players.
   * `size` is that of the bytes inside.
   */
  readonly envelope?: (size: number) => { readonly head: Uint8Array; readonly tail: Uint8Array };
}
