// Ways to a peer: an address beyond a UDP socket, or a TCP link with framed packets (RFC 4571 §2).
import { type Address, formatAddress, type Link, type Peer, type Port, type Span } from '../../base/link.ts';
import { framed } from '../../wire/rtp/index.ts';

/** One way; two with the same key are the same. */
export interface Path {
  readonly key: string;
  readonly kind: 'udp' | 'tcp';
  readonly peer: Peer;
  readonly local: Address;
  /** Copies. False: the way is full. */
  send(datagram: Uint8Array): boolean;
  /** The first `count` spans of `memory` as datagrams. Copies. False: the way is full. */
  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number): boolean;
  close(): void;
}

export class UdpPath implements Path {
  readonly kind = 'udp';
  readonly key: string;
  readonly peer: Peer;
  readonly local: Address;
  readonly #port: Port;

  constructor(port: Port, peer: Peer, key: string) {
    this.#port = port;
    this.peer = peer;
    this.key = key;
    this.local = port.local;
  }

  send(datagram: Uint8Array): boolean {
    this.#port.send(datagram, this.peer);
    return true;
  }

  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number): boolean {
    this.#port.sendBatch(memory, spans, count, this.peer);
    return true;
  }

  close(): void {
    // Other peers use the socket.
  }
}

/** RTP packets are below 1500 bytes, and DTLS below 1200; more is no peer of ours. */
export const MOST_FRAME_BYTES = 4096;

export class TcpPath implements Path {
  readonly kind = 'tcp';
  readonly key: string;
  readonly peer: Peer;
  readonly local: Address;
  readonly #link: Link;

  constructor(link: Link, id: number) {
    this.#link = link;
    this.peer = link.peer;
    this.local = link.local;
    this.key = `tcp/${id}/${formatAddress(link.peer)}`;
  }

  send(datagram: Uint8Array): boolean {
    return this.sendBatch(datagram, [{ begin: 0, end: datagram.length }], 1);
  }

  /** What does not fit is dropped, as a router does: media that waits in a socket is late for ever. */
  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number): boolean {
    if (this.#full) return false;
    this.#full = !this.#link.send([framed(memory, spans, count)]);
    return !this.#full;
  }

  close(): void {
    this.#link.close();
  }

  #full = false;

  /** The link has room again. */
  drained(): void {
    this.#full = false;
  }
}
