// The ends of a relay: takes datagrams at a port of ours, or sends a stream to one of another machine.
import { concat } from '../../base/bytes.ts';
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import { type Address, idle, type Link, type Peer, type Port } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromMs, toSeconds } from '../../base/time.ts';
import type { ClientHost, PullOptions, PushOptions } from '../../control/host.ts';
import { containers, Intake } from '../../format/container/index.ts';
import { tsFormat } from '../../format/ts/index.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { Stream } from '../../media/stream.ts';
import { errors } from './errors.ts';

/** Seven packets of 188 bytes: the most that fit into an Ethernet frame. */
const DATAGRAM_BYTES = 7 * 188;
/** Longest time for which packets are held back to fill datagrams. */
const MERGE_WINDOW = fromMs(20);

/**
 * Reads what is sent to an address of this machine, `udp://127.0.0.1:8935`, until the signal (resolves), or rejects:
 * UDP_URL, UDP_SILENT when nothing comes any more, UDP_NO_MEDIA when nothing comes at all, TS_SYNC, NET_*.
 */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  const { signal, onBytes, onContainer } = options;
  const port = await host.net.listenUdp(addressOf(from));
  const { clock, limits } = host;
  const report = new Reporter((count, last) => host.log.warn('mpegts-udp', 'leaves parts out', { count, last }));
  const demuxer = containers.ts.demuxer(limits, (code) => report.note(code, clock.now()));
  const intake = new Intake(demuxer, to);
  let newest = clock.now();
  let cancel = (): void => undefined;
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        const patience = intake.hasMedia ? limits.silentTime : limits.firstMediaTime;
        const left = newest + patience - clock.now();
        const seconds = toSeconds(patience);
        if (left <= 0)
          reject(intake.hasMedia ? errors.protocol('SILENT', { seconds }) : errors.protocol('NO_MEDIA', { seconds }));
        else cancel = clock.after(left, look);
      };
      look();
      stop = resolve;
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      port.onDatagram = (datagram) => {
        if (intake.hasMedia) newest = clock.now();
        onBytes(datagram.length);
        onContainer?.('ts', datagram);
        try {
          intake.push(datagram);
        } catch (error) {
          reject(toSrsxError(error));
        }
      };
    });
    intake.end();
  } finally {
    signal.removeEventListener('abort', stop);
    cancel();
    port.close();
  }
}

/** Sends a stream until it ends or the signal comes (resolves). Nobody says whether it arrives. */
export async function push(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void> {
  const { signal, onBytes, onLink, mergeWindow } = options;
  const { host: name, port: number } = addressOf(to);
  const peer = { host: await host.net.lookup(name), port: number };
  const port = await host.net.listenUdp({ host: peer.host.includes(':') ? '::' : '0.0.0.0', port: 0 });
  const link = new DatagramLink(port, peer, onBytes);
  onLink?.(link);
  const cursor = from.play(tsFormat, link, Math.min(mergeWindow, MERGE_WINDOW));
  await new Promise<void>((resolve) => {
    const ending = from.onEnd(() => done());
    const done = (): void => {
      signal.removeEventListener('abort', done);
      ending.close();
      resolve();
    };
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
  cursor.close();
  link.close();
}

/** `udp://@:8935`, as other programs write it, is `udp://0.0.0.0:8935`. */
function addressOf(url: URL): Address {
  const port = Number(url.port);
  if (!(port > 0)) throw errors.config('URL', { url: url.href });
  return { host: url.hostname.replace(/^\[|\]$/g, '') || '0.0.0.0', port };
}

/** Never full: a live sender does not wait. */
class DatagramLink implements Link {
  readonly peer: Peer;
  readonly local: Address;
  readonly pending = 0;
  readonly #port: Port;
  readonly #onSent: (bytes: number) => void;
  #closed = false;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(port: Port, peer: Peer, onSent: (bytes: number) => void) {
    this.#port = port;
    this.peer = peer;
    this.local = port.local;
    this.#onSent = onSent;
  }

  send(chunks: readonly Uint8Array[]): boolean {
    if (this.#closed) return true;
    const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : concat(chunks);
    for (let at = 0; at < bytes.length; at += DATAGRAM_BYTES) {
      this.#port.send(bytes.subarray(at, at + DATAGRAM_BYTES), this.peer);
    }
    this.#onSent(bytes.length);
    return true;
  }

  close(_reason?: SrsxError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    this.onClose(undefined);
  }

  pause(): void {
    // Nothing is read.
  }

  resume(): void {
    // Nothing was paused.
  }
}
