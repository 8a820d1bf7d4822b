// Clients of one connection: dialled, run until their session ends, and sent elsewhere by the server.
import type { SrsxError } from '../base/errors.ts';
import type { Link } from '../base/link.ts';
import { drive, guard, type Session } from '../base/session.ts';
import type { Micros } from '../base/time.ts';
import type { ClientHost, PullOptions } from './host.ts';

/** Where a client goes. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** The session is over; undefined: in order. */
export type SessionEnd = (reason: SrsxError | undefined) => void;

/** A session that can say good-bye. */
export type ClientSession = Session & { finish(now: Micros): void };

/** How a connection is made, and when it ends. */
export interface ConnectOptions extends Pick<PullOptions, 'signal' | 'insecure'> {
  /** Ends the dialling, but not the session. */
  readonly dialSignal?: AbortSignal;
}

/** Dials, runs the session that `make` gives, and waits for its end; the signal finishes it. */
export async function connect(
  host: ClientHost,
  target: DialTarget,
  { signal, dialSignal = signal, insecure = false }: ConnectOptions,
  make: (link: Link, end: SessionEnd) => ClientSession,
): Promise<void> {
  const dialling = AbortSignal.any([signal, dialSignal]);
  const link = dialling.aborted ? undefined : await dialLink(host, target, dialling, insecure);
  if (link === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const session = make(link, (reason) => {
      signal.removeEventListener('abort', abort);
      if (reason === undefined) resolve();
      else reject(reason);
    });
    const abort = (): void => {
      const now = host.clock.now();
      guard(session, now, () => session.finish(now));
    };
    signal.addEventListener('abort', abort);
    drive(link, session, host);
  });
}

/** Undefined when the signal came first. */
async function dialLink(
  host: ClientHost,
  { host: name, port, secure }: DialTarget,
  signal: AbortSignal,
  insecure: boolean,
): Promise<Link | undefined> {
  const tls = secure ? { tls: { serverName: name, insecure } } : {};
  try {
    const link = await host.net.dial({ host: name, port }, { signal, timeout: host.limits.handshakeTime, ...tls });
    if (!signal.aborted) return link;
    // It came although nobody wants it any more.
    link.close();
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** SRS follows as many. */
const MOST_REDIRECTS = 3;

/**
 * Calls `attempt`, again elsewhere as long as the server sends us on.
 *
 * @param follow where a fault sends us; undefined: it is one.
 */
export async function redirected<Target>(
  first: Target,
  attempt: (target: Target) => Promise<void>,
  follow: (fault: unknown, from: Target) => Target | undefined,
): Promise<void> {
  let target = first;
  for (let followed = 0; ; followed++) {
    try {
      return await attempt(target);
    } catch (fault) {
      const next = followed < MOST_REDIRECTS ? follow(fault, target) : undefined;
      if (next === undefined) throw fault;
      target = next;
    }
  }
}
