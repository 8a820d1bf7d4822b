// What the server tells others about its clients and files (SRS: http_hooks), as the parts that raise it see it.
import type { Peer } from '../../base/link.ts';
import type { Micros } from '../../base/time.ts';
import type { StreamName } from '../../media/stream-name.ts';
import type { RecordedFile } from '../record/recorded-file.ts';
import type { SegmentFile } from '../storage/segment-file.ts';

/** What hooks say of a client; the words are SRS's. */
export interface HookClient {
  /** Id of its session: the same in the API and the log. */
  readonly clientId: string;
  readonly ip: string;
  /** With the vhost that serves it. */
  readonly name: StreamName;
  /** The stream in the words of its protocol: HLS adds the extension. */
  readonly stream: string;
  /** Stream parameters, with their leading `?` where the protocol has one; or empty. */
  readonly param: string;
  readonly tcUrl: string;
  readonly pageUrl: string;
}

/** A connection that stands before and after what it plays or publishes: RTMP and SRT. */
export interface HookConnection {
  /** Of its sessions too; empty when nobody is told anything. */
  readonly id: string;
  /** Asks on_connect, once for each connection. Rejects with RefusedError HOOKS_REFUSED. */
  connect(client: HookClient, deadline: Micros): Promise<void>;
  /** Something is asked about a client of it: on_close comes after that. The result ends this; idempotent. */
  hold(): () => void;
  /** on_close, when somebody was connected. Idempotent; never waits. */
  close(bytes: { readonly sent: number; readonly received: number }): void;
}

/**
 * Tells and asks. What asks rejects with a RefusedError; what tells returns at once, and its failures are in the log.
 * Events of files name the client that publishes the stream, or did so last.
 */
export interface Hooks {
  /** To be made for each link of a protocol with connections; given to the admission with each request. */
  connection(peer: Peer): HookConnection;
  /** on_publish, on_play. @param deadline when the answer must be there. */
  ask(action: 'publish' | 'play', client: HookClient, deadline: Micros): Promise<void>;
  /** Who was admitted has a session, and takes the name of its stream next. */
  begin(action: 'publish' | 'play', client: HookClient): void;
  /**
   * on_unpublish, on_stop; not for a publisher that began and found the name taken.
   *
   * @param begun false: it left before it had a session.
   */
  over(action: 'publish' | 'play', client: HookClient, begun: boolean): void;
  /** on_dvr: a recorded file has its last name. */
  dvr(file: RecordedFile): void;
  /** on_hls: a segment has its last name. */
  hls(segment: SegmentFile): void;
  /** on_hls_notify: a segment can be fetched. */
  hlsNotify(segment: SegmentFile): void;
  /**
   * Asks `forward.backend` where to forward the stream to: RTMP URLs, at most 64. Rejects with HOOKS_REFUSED; SRS then
   * ends the publication.
   */
  forward(name: StreamName): Promise<readonly string[]>;
}

const told = async (): Promise<void> => undefined;
const nothing = (): void => undefined;

/** Nobody is asked or told: for tests, and servers without hooks. */
export const noHooks: Hooks = {
  connection: () => ({ id: '', connect: told, hold: () => nothing, close: nothing }),
  ask: told,
  begin: nothing,
  over: nothing,
  dvr: nothing,
  hls: nothing,
  hlsNotify: nothing,
  forward: async () => [],
};
