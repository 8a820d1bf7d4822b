// The seams to the network: an open byte pipe, a datagram socket, and the addresses they have.
import type { SrsxError } from './errors.ts';
import type { Micros } from './time.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The other end of a link or datagram. */
export type Peer = Address;

/**
 * A byte pipe that is already open: a TCP socket, the body of an HTTP answer, a WebSocket, a test array. No method
 * throws; a broken pipe is told once by `onClose`, after which nothing else is called.
 */
export interface Link {
  readonly peer: Peer;
  /** The local end. */
  readonly local: Address;
  /** Bytes that the other end has not taken yet. */
  readonly pending: number;
  /**
   * Sends chunks in order and keeps them by reference: nobody may write to them afterwards. False when more than the
   * link's limit is waiting: the bytes were taken, but the caller keeps its place until `onDrain`.
   */
  send(chunks: readonly Uint8Array[]): boolean;
  /** Ends the link after what was sent is flushed, bounded by a time of the net layer. Idempotent. */
  close(reason?: SrsxError): void;
  /** Stops and restarts reading, so that a session can wait for an admission. */
  pause(): void;
  resume(): void;
  /** Whether small writes leave at once, or wait for others (RFC 896); links that have no such choice do not have it. */
  noDelay?(on: boolean): void;
  /** Received bytes; the array is only valid during the call unless the callee copies. */
  onData: (bytes: Uint8Array) => void;
  /** Everything that was waiting has left. */
  onDrain: () => void;
  /** The pipe is gone: undefined when the peer simply left. Called once. */
  onClose: (reason: Error | undefined) => void;
}

/** A file, an HTTP resource with ranges, an array: bytes that can be read in any order. */
export interface RandomAccess {
  /** In bytes. */
  readonly size: number;
  /** The bytes at `offset`; fewer than `size` only at the end. The caller may keep the result. */
  read(offset: number, size: number): Promise<Uint8Array>;
}

/** A file that is read from its beginning; `anywhere` is there when it can also be read in any order (no pipe). */
export interface FileLink extends Link {
  /** Until the link is closed. */
  readonly anywhere?: RandomAccess;
}

/** Where a datagram lies in a memory that it shares with others. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/**
 * A datagram socket. A full or broken network loses datagrams; nobody is told, as on the wire. What is sent may leave at the
 * end of the turn, together with what others send meanwhile; to one peer it keeps its order.
 */
export interface Port {
  readonly local: Address;
  /** How long what came may wait to be read with what comes meanwhile; a port that cannot wait does not have it. */
  patience?: Micros;
  /** Copies: the bytes are the caller's again. `rest` ends the same datagram: bytes that those to many peers end with. */
  send(datagram: Uint8Array, to: Peer, rest?: Uint8Array): void;
  /** The first `count` spans of `memory`, which follow each other, as datagrams; cheapest when all but the last have the same size. Copies. */
  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number, to: Peer): void;
  close(): void;
  /** `datagram` is only valid during the call. */
  onDatagram: (datagram: Uint8Array, from: Peer) => void;
}

/** Stops something that was started: a listener, a route, a tap. Idempotent. */
export interface Closer {
  close(): void;
}

/** `host:port`, with brackets around IPv6 addresses. */
export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const ignore = (): undefined => undefined;

/** Callbacks that do nothing, for a link that nobody listens to yet. */
export const idle = { onData: ignore, onDrain: ignore, onClose: ignore } as const;
