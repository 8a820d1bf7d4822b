// What every part of the net layer is given.
import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { Rng } from '../base/rng.ts';
import type { SocketWriter } from './socket-writer.ts';

export interface NetOptions {
  readonly limits: Limits;
  readonly log: Log;
  readonly clock: Clock;
  /** Faster ways where the machine has them, see `native.ts`; false: only node's modules. */
  readonly accelerators?: boolean;
}

export interface NetContext extends NetOptions {
  readonly rng: Rng;
  /** For accepted sockets without TLS. */
  readonly writer: SocketWriter;
}

/** How long what was sent may take to leave after `close` before the link is cut. */
export const FLUSH_MS = 5000;

/**
 * How long a peer may go on sending after everything has left. Chosen: the answer has time to arrive, and a publisher
 * that does not read it (ffmpeg) soon learns from a reset that nobody listens.
 */
export const LINGER_MS = 1000;

/**
 * Open sockets of one listener. Sessions are counted by the control layer; this bounds the sockets that never become
 * one, with room for those that are just opening or closing.
 */
export const maxSockets = ({ sessions }: Limits): number => sessions + 1000;
