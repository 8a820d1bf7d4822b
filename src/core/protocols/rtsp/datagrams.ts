// UDP players: the feed of all players, cut at its frames, each a datagram from one of two ports of the server.
import type { Clock } from '../../base/clock.ts';
import { type Address, type Closer, idle, type Link, type Peer, type Port } from '../../base/link.ts';
import { fromMs } from '../../base/time.ts';
import type { Net } from '../../control/host.ts';
import { Row } from '../../wire/feedback/index.ts';
import { writeRtcp } from '../../wire/rtcp/index.ts';
import { uint32 } from '../../wire/rtp/index.ts';
import { FRAME_HEAD_BYTES } from './message.ts';
import type { PortPair } from './transport.ts';

/** Both ports of a server; all its players share them, and are told apart by their addresses. */
export class DatagramPorts implements Closer {
  readonly #rtp: Port;
  readonly #rtcp: Port;
  /** By the address that RTCP comes from; bounded by the connections. */
  readonly #players = new Map<string, () => void>();

  private constructor(rtp: Port, rtcp: Port) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    rtcp.onDatagram = (_, from) => this.#players.get(keyOf(from))?.();
  }

  /** RTP at the address, RTCP at the port behind it (RFC 3550 §11). Rejects with SystemError. */
  static async open(net: Pick<Net, 'listenUdp'>, at: Address): Promise<DatagramPorts> {
    const rtp = await net.listenUdp(at);
    try {
      return new DatagramPorts(rtp, await net.listenUdp({ host: at.host, port: at.port + 1 }));
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  /** Undefined for a client that these ports cannot reach. */
  pairFor({ host }: Peer): PortPair | undefined {
    if (host.includes(':') && !this.#rtp.local.host.includes(':')) return undefined;
    return { rtp: this.#rtp.local.port, rtcp: this.#rtcp.local.port };
  }

  /** Calls `heard` for each datagram from there, until closed. */
  watch(from: Peer, heard: () => void): Closer {
    const key = keyOf(from);
    this.#players.set(key, heard);
    return {
      close: () => {
        if (this.#players.get(key) === heard) this.#players.delete(key);
      },
    };
  }

  send(kind: 'rtp' | 'rtcp', datagram: Uint8Array, to: Peer): void {
    (kind === 'rtp' ? this.#rtp : this.#rtcp).send(datagram, to);
  }

  close(): void {
    this.#players.clear();
    this.#rtp.close();
    this.#rtcp.close();
  }
}

const keyOf = ({ host, port }: Peer): string => `${host} ${port}`;

/** Datagrams of one turn; with `TURN` 75 Mbit/s: what is live passes at once, the pictures before it are no burst. */
const MOST_AT_ONCE = 40;
const TURN = fromMs(5);
/** Above this many the feed keeps its place: a key frame of 2 MB. */
const MOST_WAITING = 2048;

/** What a link to one player needs. */
export interface DatagramLinkOptions {
  readonly ports: DatagramPorts;
  readonly clock: Clock;
  readonly host: string;
  /** Ports of the player by the even channel of the feed. */
  readonly clientPorts: ReadonlyMap<number, PortPair>;
}

/** A player as the link of a feed. Datagrams are views of the feed's bytes. */
export class DatagramLink implements Link {
  readonly peer: Peer;
  readonly local: Address = { host: '', port: 0 };
  readonly #options: DatagramLinkOptions;
  readonly #waiting = new Row<Uint8Array>();
  /** Of what was sent, by channel. */
  readonly #ssrcs = new Map<number, number>();
  #cancel: (() => void) | undefined;
  #full = false;
  #closed = false;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(options: DatagramLinkOptions) {
    this.#options = options;
    this.peer = { host: options.host, port: 0 };
  }

  /** Bytes are not counted; what waits is at most a few milliseconds old. */
  get pending(): number {
    return this.#waiting.length;
  }

  send(chunks: readonly Uint8Array[]): boolean {
    if (this.#closed) return true;
    for (const chunk of chunks) this.#cut(chunk);
    if (this.#cancel === undefined) this.#turn();
    this.#full = this.#waiting.length > MOST_WAITING;
    return !this.#full;
  }

  /** The stream is over: a player that only listens knows it by this (RFC 3550 §6.6). */
  bye(): void {
    const { ports, host, clientPorts } = this.#options;
    for (const [channel, ssrc] of this.#ssrcs) {
      const goodbye = writeRtcp([
        { type: 'rr', ssrc, reports: [] },
        { type: 'bye', ssrcs: [ssrc] },
      ]);
      const port = clientPorts.get(channel)?.rtcp;
      if (port !== undefined) ports.send('rtcp', goodbye, { host, port });
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  pause(): void {
    // A player sends nothing here.
  }

  resume(): void {
    // Nothing was paused.
  }

  /** A run of a feed has whole frames only. */
  #cut(run: Uint8Array): void {
    for (let at = 0; at + FRAME_HEAD_BYTES <= run.length; ) {
      const end = at + FRAME_HEAD_BYTES + (((run[at + 2] as number) << 8) | (run[at + 3] as number));
      this.#waiting.push(run.subarray(at, end));
      at = end;
    }
  }

  #turn(): void {
    this.#cancel = undefined;
    for (let sent = 0; sent < MOST_AT_ONCE; sent++) {
      const framed = this.#waiting.shift();
      if (framed === undefined) break;
      this.#sendOne(framed);
    }
    if (this.#waiting.length > 0) this.#cancel = this.#options.clock.after(TURN, () => this.#turn());
    else if (this.#full) {
      this.#full = false;
      this.onDrain();
    }
  }

  #sendOne(framed: Uint8Array): void {
    const { ports, host, clientPorts } = this.#options;
    const channel = framed[1] as number;
    const kind = (channel & 1) === 0 ? 'rtp' : 'rtcp';
    const port = clientPorts.get(channel & ~1)?.[kind];
    if (kind === 'rtp') this.#ssrcs.set(channel, uint32(framed, FRAME_HEAD_BYTES + 8));
    if (port !== undefined) ports.send(kind, framed.subarray(FRAME_HEAD_BYTES), { host, port });
  }
}
