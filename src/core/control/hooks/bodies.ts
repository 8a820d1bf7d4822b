// The bodies of the hooks, key for key and in the order of SRS 7.
import { toSeconds } from '../../base/time.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { RecordedFile } from '../record/recorded-file.ts';
import type { SegmentFile } from '../storage/segment-file.ts';
import type { HookClient } from './hooks.ts';

/** Who tells: the ids of this server (SRS: server_id, service_id), and of a stream in its API. */
export interface Identity {
  readonly serverId: string;
  readonly serviceId: string;
  readonly streamId: (name: StreamName) => string;
  /** The directory that relative paths are below. */
  readonly workDir: () => string;
}

/** One body; its keys are sent in this order. */
export type HookBody = Readonly<Record<string, string | number>>;

/** Hooks of clients. */
export type ClientHook = 'on_connect' | 'on_close' | 'on_publish' | 'on_unpublish' | 'on_play' | 'on_stop';

const head = ({ serverId, serviceId }: Identity, action: string, { clientId, ip, name }: HookClient): HookBody => ({
  server_id: serverId,
  service_id: serviceId,
  action,
  client_id: clientId,
  ip,
  vhost: name.vhost,
  app: name.app,
});

const tail = ({ streamId }: Identity, { name }: HookClient): HookBody => ({
  stream_url: streamUrl(name),
  stream_id: streamId(name),
});

/** on_connect; the stream is known by then, because SRS asks when it has heard what the client wants. */
export const connectBody = (identity: Identity, client: HookClient): HookBody => ({
  ...head(identity, 'on_connect', client),
  stream: client.stream,
  param: client.param,
  tcUrl: client.tcUrl,
  pageUrl: client.pageUrl,
});

/** on_close; bytes of the whole connection. */
export const closeBody = (
  identity: Identity,
  client: HookClient,
  { sent, received }: { readonly sent: number; readonly received: number },
): HookBody => ({ ...head(identity, 'on_close', client), send_bytes: sent, recv_bytes: received });

/** on_publish, on_unpublish and on_stop. */
export const streamBody = (
  identity: Identity,
  action: 'on_publish' | 'on_unpublish' | 'on_stop',
  client: HookClient,
): HookBody => ({
  ...head(identity, action, client),
  ...named(client),
  ...tail(identity, client),
});

/** on_play. */
export const playBody = (identity: Identity, client: HookClient): HookBody => ({
  ...head(identity, 'on_play', client),
  stream: client.stream,
  tcUrl: client.tcUrl,
  param: client.param,
  pageUrl: client.pageUrl,
  ...tail(identity, client),
});

/** on_dvr. */
export const dvrBody = (identity: Identity, client: HookClient, { cwd, file }: RecordedFile): HookBody => ({
  ...head(identity, 'on_dvr', client),
  ...named(client),
  cwd,
  file,
  ...tail(identity, client),
});

/** on_hls; the duration is in seconds with two decimals. */
export const hlsBody = (identity: Identity, client: HookClient, segment: SegmentFile): HookBody => ({
  ...head(identity, 'on_hls', client),
  ...named(client),
  duration: Math.round(toSeconds(segment.duration) * 100) / 100,
  cwd: identity.workDir(),
  file: segment.file,
  url: segment.url,
  m3u8: segment.m3u8,
  m3u8_url: segment.m3u8Url,
  seq_no: segment.sequence,
  ...tail(identity, client),
});

/** on_forward: here SRS names the action first, and not the stream's id. */
export const forwardBody = (identity: Identity, client: HookClient): HookBody => ({
  action: 'on_forward',
  ...head(identity, 'on_forward', client),
  ...named(client),
});

/**
 * The URL of on_hls_notify: the template with its variables filled in, or the segment's own where that is absolute.
 * `[ts_url]` is relative to the playlist, as players see it.
 */
export function notifyUrl(template: string, identity: Identity, client: HookClient, segment: SegmentFile): string {
  if (/^https?:\/\//.test(segment.url)) return segment.url;
  const folder = segment.m3u8Url.slice(0, segment.m3u8Url.lastIndexOf('/') + 1);
  const variables: Readonly<Record<string, string>> = {
    server_id: identity.serverId,
    service_id: identity.serviceId,
    app: client.name.app,
    stream: client.name.stream,
    ts_url: segment.url.startsWith(folder) ? segment.url.slice(folder.length) : segment.url,
    param: client.param,
  };
  return template.replace(/\[(\w+)\]/g, (whole, name: string) => variables[name] ?? whole);
}

const named = ({ tcUrl, stream, param }: HookClient): HookBody => ({ tcUrl, stream, param });
