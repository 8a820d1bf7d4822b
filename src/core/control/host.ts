// Everything a protocol may use, and what a protocol is. The engine passes the real host, tests pass fakes.
import type { Clock } from '../base/clock.ts';
import type { ErrorTable } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { Address, Closer, FileLink, Link, Port, RandomAccess } from '../base/link.ts';
import type { Log } from '../base/log.ts';
import type { Rng } from '../base/rng.ts';
import type { Wheel } from '../base/session.ts';
import type { Micros } from '../base/time.ts';
import type { Hub } from '../media/hub.ts';
import type { MediaSink } from '../media/sink.ts';
import type { Stream } from '../media/stream.ts';
import type { HttpHandler, HttpHeaders, HttpResponse } from '../wire/http/exchange.ts';
import type { SrtpCiphers } from '../wire/srtp/index.ts';
import type { Admission } from './admission.ts';
import type { Children } from './children/child.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Settings } from './config/settings.ts';
import type { Hooks } from './hooks/hooks.ts';
import type { Sessions } from './sessions.ts';
import type { SoundBridges } from './sound/index.ts';

/** Certificate and key as PEM files; they are read again when they change. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Where a kind of listener listens, in the form of the configuration. */
export interface ListenSettings {
  /** `host:port`, `:port` or `port`; without a host all interfaces. Port 0 takes a free one. */
  readonly listen: readonly string[];
  /** The same with TLS. */
  readonly tls?: TlsFiles & { readonly listen: readonly string[] };
}

export interface Listener extends Closer {
  /** Where it listens; the port is real also when 0 was asked for. */
  readonly address: Address;
}

export interface DialOptions {
  readonly signal: AbortSignal;
  /** Server name for TLS; undefined: plain TCP. */
  readonly tls?: { readonly serverName: string; readonly insecure?: boolean };
  readonly timeout: Micros;
}

export interface HttpRequestOptions {
  readonly method: string;
  readonly headers: HttpHeaders;
  readonly signal: AbortSignal;
  readonly timeout: Micros;
  readonly insecure?: boolean;
  /** Redirects of GET and HEAD are followed, five at most; unless this is false. */
  readonly follow?: boolean;
  /** The request has a body: `send` is called with the link for it. Without a Content-Length its length is open. */
  readonly upload?: (body: Link) => void;
}

/** A file of a folder that is open. Whoever has it closes it; everything rejects with SystemError. */
export interface FolderFile extends RandomAccess {
  /** When its bytes were last changed, since 1970. */
  readonly modified: Micros;
  /** Adds to the end; keeps `chunks` until then. What a failure leaves behind `size` is overwritten by the next call. */
  append(chunks: readonly Uint8Array[]): Promise<void>;
  /** Puts other bytes in the place of those that are there. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Cuts off what a failed `append` left behind `size`, if anything; idempotent. */
  close(): Promise<void>;
}

/**
 * A directory tree that a part of the server owns. Paths are relative to its root, with slashes; what would leave it, by
 * `..`, as an absolute path or by a symbolic link, is refused. Everything rejects with SystemError.
 */
export interface Folder {
  /** As it was given: relative to the working directory, or absolute. */
  readonly root: string;
  /**
   * Puts a whole file in place, and the directories for it: who reads it sees all of the bytes, or the file that was
   * there before, also when the program dies meanwhile. Keeps `chunks` until then.
   */
  write(path: string, chunks: readonly Uint8Array[]): Promise<void>;
  /** The whole file; rejects when it is larger. */
  read(path: string, limitBytes: number): Promise<Uint8Array>;
  /** Bytes of a file; undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** Nothing happens when it is not there. */
  remove(path: string): Promise<void>;
  /** Opens a file: to read it, or a new and empty one to write, and the directories for it. */
  open(path: string, use: 'read' | 'create'): Promise<FolderFile>;
  /** Gives a file another name, whose directory is there; a file that had the name is gone. */
  rename(from: string, to: string): Promise<void>;
}

/** The network and the files. Everything rejects with SystemError. */
export interface Net {
  listenTcp(at: Address, on: (link: Link) => void, tls?: TlsFiles): Promise<Listener>;
  /** @param options shared: several sockets take the datagrams of one address; all of them must say so. */
  listenUdp(at: Address, options?: { readonly shared?: boolean }): Promise<Port>;
  /** The address of a name (an address is its own); the first one that the resolver gives. */
  lookup(name: string): Promise<string>;
  dial(to: Address, options: DialOptions): Promise<Link>;
  /** Serves HTTP (and WebSocket) at an address; every request goes to `on`. */
  listenHttp(at: Address, on: HttpHandler, tls?: TlsFiles): Promise<Listener>;
  request(url: URL, options: HttpRequestOptions): Promise<HttpResponse>;
  /** A WebSocket as a client: `onData` gives message payloads, `send` takes framed bytes (`messageEnvelope`). */
  dialWebSocket(
    url: URL,
    options: { readonly signal: AbortSignal; readonly timeout: Micros; readonly insecure?: boolean },
  ): Promise<Link>;
  /** Reads a file, or standard input for `-`, as a link: `onData`, `pause`, `onClose(undefined)` at its end. */
  openFile(path: string): Promise<FileLink>;
  /** Writes a file, or standard output for `-`, as a link. */
  createFile(path: string): Promise<Link>;
  /** A directory tree to write into; it is made when its first file comes. */
  folder(root: string): Folder;
  /** Ciphers that cost less than those of node:crypto, where the machine has them. */
  readonly srtp?: SrtpCiphers | undefined;
  /** RFC 1952, made behind the program's own work. */
  gzip(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Routes shared by the protocols that live on the HTTP server port. */
export interface HttpRoutes {
  /**
   * Offers each request to `on`, in the order of registration, until one answers true. False leaves the exchange
   * untouched. Who must look at a disk first promises its answer; the next route is asked after it.
   */
  add(on: (exchange: Parameters<HttpHandler>[0]) => boolean | Promise<boolean>): Closer;
}

export interface Host {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly limits: Limits;
  readonly hub: Hub;
  readonly admission: Admission;
  /** Who is told what clients do, and of files that are complete. */
  readonly hooks: Hooks;
  readonly sessions: Sessions;
  /** The configuration in force, by vhost. */
  readonly settings: Settings;
  readonly wheel: Wheel;
  readonly net: Net;
  readonly http: HttpRoutes;
  /** Streams with their sound in another codec; undefined where no programs may run. */
  readonly sound?: SoundBridges;
  /** What is given up while the CPU is short; undefined: nothing ever. */
  readonly breaker?: Pick<CircuitBreaker, 'relief'>;
}

/** The parts of a host that a client needs: no hub, no admission. */
export type ClientHost = Pick<Host, 'clock' | 'rng' | 'log' | 'limits' | 'wheel' | 'net'>;

/** Numbers of a connection at this moment, with the keys that its protocol's own tools have; also after its end. */
export type ReadStatistics = () => Readonly<Record<string, unknown>>;

/** What a client with programs of its own needs. */
export type ToolHost = ClientHost & { readonly children: Children };

export interface PullOptions {
  readonly signal: AbortSignal;
  /** Resolves when more may be read; only sources that can wait (files) ask. */
  readonly ready: () => Promise<void>;
  /** Bytes received from the source. */
  readonly onBytes: (bytes: number) => void;
  readonly insecure?: boolean;
  /**
   * The bytes of a container as they come, by its name (`ts`, `flv`), for those who look closer than frames show. Only
   * valid during the call. Sources that have no such bytes do not call it.
   *
   * @param bursts they come in segments: when they arrive says nothing of the stream.
   */
  readonly onContainer?: (name: string, bytes: Uint8Array, bursts?: boolean) => void;
  /** What a source says against its own rules, where nothing else would show it. */
  readonly onRemark?: (remark: SourceRemark) => void;
  /** Connected; protocols without numbers of their own do not call it. */
  readonly onStatistics?: (read: ReadStatistics) => void;
  /** The remote has said that we may play; protocols without such an answer do not call it. */
  readonly onRunning?: () => void;
  readonly introduction?: Introduction;
}

/** What a client says of itself beyond what is needed; protocols without a place for it leave it out. */
export interface Introduction {
  readonly pageUrl?: string;
  readonly swfUrl?: string;
  /** User arguments of RTMP's connect. */
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Something in a source that its specification does not allow; `must` and `should` as there. */
export interface SourceRemark {
  /** A name that does not change, such as `part-too-long`. */
  readonly id: string;
  readonly severity: 'must' | 'should';
  /** What, and where in the specification that is written. */
  readonly text: string;
}

export interface PushOptions {
  readonly signal: AbortSignal;
  readonly mergeWindow: Micros;
  readonly onBytes: (bytes: number) => void;
  readonly insecure?: boolean;
  /** Called once with the link that carries the media, so that the caller can see what is pending. */
  readonly onLink?: (link: Link) => void;
  /** As for a pull. */
  readonly onStatistics?: (read: ReadStatistics) => void;
  /** The push must know the tracks before it takes the stream: a source that waits for it must go on until they are there. */
  readonly onTracksWanted?: () => void;
  /** The remote has said that we may publish; protocols without such an answer do not call it. */
  readonly onRunning?: () => void;
  readonly introduction?: Introduction;
}

/** A protocol: one folder, one line in protocols.ts. */
export interface Protocol<Config = unknown> {
  /** Also its settings section and log topic. */
  readonly name: string;
  /** URL schemes without the colon. */
  readonly schemes: readonly string[];
  readonly defaults: Config;
  readonly errors: ErrorTable;
  /** Starts to serve; what listens of its own is in `listeners`. */
  serve?(host: Host, config: Config): Promise<Closer & { readonly listeners: readonly Listener[] }>;
  /** What was typed as a URL, for protocols whose texts are no web URLs. */
  url?(text: string): URL;
  /** Whether `url` is its, beyond the scheme: HTTP URLs differ by their extension. */
  accepts?(url: URL): boolean;
  /** Reads a remote stream until its end (resolves), an error (rejects with SrsxError), or the signal (resolves). */
  pull?(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void>;
  /** Publishes a stream to a remote until the stream ends (resolves), an error (rejects) or the signal (resolves). */
  push?(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void>;
}

/** The protocol that a URL is of, by its scheme and by what that protocol says of it. */
export const protocolFor = (url: URL, protocols: readonly Protocol[]): Protocol | undefined =>
  protocols.find(({ schemes, accepts }) => schemes.includes(url.protocol.slice(0, -1)) && accepts?.(url) !== false);

/** Whether a text has a scheme, as against the path of a file. */
export const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
