// What a bench measured: plain objects for JSON, every quantity with its unit.
import type { Percentiles } from './percentiles.ts';
import type { Verdict } from './thresholds.ts';

export interface BenchClients {
  readonly wanted: number;
  /** Began to connect. */
  readonly started: number;
  /** Had an open connection. */
  readonly connected: number;
  /** Had media: a first frame came, or the server took the stream. */
  readonly served: number;
  /** Have media now. */
  readonly active: number;
  /** Never had media, and ended with an error. */
  readonly failed: number;
  /** Had media, and were left by the server before the bench ended, for good. */
  readonly ended: number;
}

/** The state once a second. */
export interface BenchInterval {
  readonly elapsedMs: number;
  readonly clients: BenchClients;
  /** Of all clients, since the interval before. */
  readonly bytes: number;
  readonly bitrateBps: number;
  readonly frames: number;
  readonly stalls: number;
}

export interface BenchReport {
  readonly mode: 'play' | 'publish';
  readonly url: string;
  readonly elapsedMs: number;
  readonly clients: BenchClients;
  /** Why clients failed, ended or had to connect again: error codes, most frequent first. */
  readonly reasons: readonly BenchReason[];
  /** From a client's start to its open connection; over the clients that had one. */
  readonly connectMs: Percentiles | null;
  /** From a client's start to its first frame; when publishing: until the server takes media. */
  readonly firstFrameMs: Percentiles | null;
  readonly bytes: number;
  readonly bitrateBps: number;
  /** Of each client that had media, while it had. */
  readonly bitratePerClientBps: Percentiles | null;
  /** Received, or offered to the servers when publishing. */
  readonly frames: number;
  /** Times of more than a second in which a client got nothing, or could send nothing. */
  readonly stalls: number;
  /** Clients that had one. */
  readonly stalled: number;
  /** Steps of more than a second in the media time of a client. */
  readonly gaps: number;
  /** Largest delay of a frame of each client against its own best; null when publishing. */
  readonly lateMs: Percentiles | null;
  readonly reconnects: number;
  /** Packets that publishers jumped over because a server was too slow. */
  readonly dropped: number;
  readonly thresholds: readonly Verdict[];
  /** Those of them that were not reached. */
  readonly failed: readonly Verdict[];
}

export interface BenchReason {
  readonly code: string;
  /** Of the first one. */
  readonly text: string;
  readonly count: number;
}
