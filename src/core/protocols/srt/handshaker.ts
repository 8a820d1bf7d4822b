// What the ways to a connection have in common: they send handshakes, repeat them, and end in an agreement.
import type { Rng } from '../../base/rng.ts';
import { fromMs, type Micros } from '../../base/time.ts';
import type { Handshake, ReceivedHandshake } from './handshake.ts';
import type { Agreement, Rejection } from './negotiation.ts';
import type { SrtOptions } from './options.ts';

/** An unanswered handshake goes out again after this time, as in libsrt. */
export const REPEAT_TIME = fromMs(250);

/** What a handshaker may use. */
export interface HandshakeSetup {
  readonly options: SrtOptions;
  readonly socketId: number;
  /** First sequence number of what we send, where we may choose. */
  readonly initialSequence: number;
  readonly peerAddress: Uint8Array;
  readonly rng: Rng;
  readonly send: (handshake: Handshake, destination: number, now: Micros) => void;
}

/** One way to a connection. */
export interface Handshaker {
  /** When to repeat; Infinity: it only answers. */
  readonly deadline: Micros;
  start(now: Micros): void;
  /** Also called after the agreement, for peers whose packets were lost. Throws SRT_HANDSHAKE and SRT_KEY_MATERIAL. */
  receive(received: ReceivedHandshake, now: Micros): Agreement | Rejection | undefined;
  tick(now: Micros): void;
  /** Something that is no handshake came: a rendezvous peer that has connected says so by it. */
  connectedByPeer?(now: Micros): Agreement | undefined;
}
