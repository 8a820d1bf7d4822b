// The ends of a relay: calls, is called, or meets a peer, and reads or sends a transport stream.
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Address } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { ClientHost, PullOptions, PushOptions, ReadStatistics } from '../../control/host.ts';
import { tsFormat } from '../../format/ts/index.ts';
import type { Cursor } from '../../media/feed.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { Stream } from '../../media/stream.ts';
import type { ConnectionEvents, SrtConnection } from './connection.ts';
import { MERGE_WINDOW, SrtLink } from './egress.ts';
import { textOf } from './endpoint-url.ts';
import { SrtIngest } from './ingest.ts';
import { Cutter } from './messages.ts';
import { SrtMultiplexer } from './multiplexer.ts';
import { Reject } from './reject.ts';
import { toTransmitJson } from './statistics.ts';
import { parseSrtUrl, type SrtUrl } from './url.ts';

/** What one end does with its connection. */
interface Work {
  readonly signal: AbortSignal;
  connected(connection: SrtConnection): void;
  message(payload: Uint8Array): void;
  /** The peer ended in order; called before the promise resolves. */
  ended?(): void;
}

/**
 * Reads from the peer until it ends (resolves), fails (rejects), or the signal (resolves). A listener waits for its
 * caller. Rejects with SRT_URL, SRT_OPTION, SRT_REJECTED, SRT_CONNECT_TIMEOUT, SRT_IDLE, SRT_PAYLOAD, NET_*.
 */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  const { signal, onBytes, onContainer } = options;
  const report = new Reporter((count, last) => host.log.warn('srt', 'leaves parts out', { count, last }));
  const ingest = new SrtIngest({ limits: host.limits, to, onBad: (name, now) => report.note(name, now) });
  await run(host, parseSrtUrl(textOf(from)), {
    signal,
    connected: (connection) => options.onStatistics?.(statisticsOf(host, connection)),
    message: (payload) => {
      onBytes(payload.length);
      onContainer?.('ts', payload);
      ingest.message(payload, host.clock.now());
    },
    ended: () => ingest.end(),
  });
}

/** Sends a stream until it ends (resolves), the peer fails (rejects), or the signal (resolves). */
export async function push(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void> {
  const url = parseSrtUrl(textOf(to));
  let link: SrtLink | undefined;
  let cursor: Cursor | undefined;
  let over = false;
  const finish = (): void => {
    over = true;
    cursor?.close();
    link?.close();
  };
  const ending = from.onEnd(finish);
  try {
    await run(host, url, {
      signal: options.signal,
      connected: (connection) => {
        link = new SrtLink(connection, {
          local: url.local,
          cutter: new Cutter(connection.maxPayload),
          clock: host.clock,
          onSent: options.onBytes,
        });
        options.onLink?.(link);
        options.onStatistics?.(statisticsOf(host, connection));
        if (over) link.close();
        else cursor = from.play(tsFormat, link, Math.min(options.mergeWindow, MERGE_WINDOW));
      },
      message: () => undefined,
    });
  } finally {
    cursor?.close();
    ending.close();
  }
}

/** As srt-live-transmit prints them. */
const statisticsOf =
  ({ clock }: ClientHost, connection: SrtConnection): ReadStatistics =>
  () =>
    toTransmitJson(connection.statistics(clock.now()), connection.socketId, clock.wall());

/** Connects as the URL says, works, and resolves when the connection is over or the signal has come. */
async function run(host: ClientHost, url: SrtUrl, work: Work): Promise<void> {
  const { signal } = work;
  if (signal.aborted) return;
  const peer = url.remote === undefined ? undefined : await resolved(host, url.remote);
  const { clock, rng, log } = host;
  const port = await host.net.listenUdp(localFor(url, peer));
  const multiplexer = new SrtMultiplexer({ port, clock, rng, log });
  let fault: SrsxError | undefined;
  let abort = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let connection: SrtConnection | undefined;
      const fail = (error: unknown): void => {
        fault ??= toSrsxError(error);
        connection?.close(fault, clock.now());
        reject(fault);
      };
      abort = () => {
        if (connection === undefined || connection.state !== 'connected') resolve();
        else connection.finish(clock.now());
      };
      signal.addEventListener('abort', abort);
      const events: ConnectionEvents = {
        connected: (connected) => attempt(() => work.connected(connected)),
        message: (payload) => attempt(() => work.message(payload)),
        ended: (reason) => {
          if (signal.aborted) resolve();
          else if (reason !== undefined) reject(fault ?? reason);
          else {
            attempt(() => work.ended?.());
            resolve();
          }
        },
      };
      const attempt = (step: () => void): void => {
        try {
          step();
        } catch (error) {
          fail(error);
        }
      };
      if (signal.aborted) resolve();
      else if (peer === undefined) listenForOne(multiplexer, url, events, (accepted) => (connection = accepted));
      else if (url.mode === 'rendezvous') connection = multiplexer.rendezvous(peer, url.options, events);
      else connection = multiplexer.call(peer, url.options, events);
    });
  } finally {
    signal.removeEventListener('abort', abort);
    multiplexer.close();
  }
}

/** The first caller is taken; those who come later are told that the place is taken. */
function listenForOne(
  multiplexer: SrtMultiplexer,
  { options }: SrtUrl,
  events: ConnectionEvents,
  taken: (connection: SrtConnection | undefined) => void,
): void {
  let busy = false;
  multiplexer.listen((request) => {
    if (busy) {
      request.reject(Reject.conflict);
      return;
    }
    busy = true;
    taken(request.accept(events));
  }, options);
}

async function resolved(host: ClientHost, { host: name, port }: Address): Promise<Address> {
  return { host: await host.net.lookup(name), port };
}

/** A socket of the peer's family, when nobody said where to bind. */
function localFor({ local }: SrtUrl, peer: Address | undefined): Address {
  const six = peer?.host.includes(':') === true && local.host === '0.0.0.0';
  return six ? { host: '::', port: local.port } : local;
}
