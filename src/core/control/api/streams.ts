// Vhosts and streams as the API shows them.
import { toMs } from '../../base/time.ts';
import type { Stream } from '../../media/stream.ts';
import { DEFAULT_VHOST, streamKey, streamUrl } from '../../media/stream-name.ts';
import type { SessionEntry } from '../sessions.ts';
import { describeTrack } from '../stats.ts';
import { type Body, type Call, code, failure } from './answer.ts';
import type { ApiContext } from './context.ts';
import { Float, type Json } from './json.ts';
import { page } from './paging.ts';

/** Sessions of each stream, by the stream's key. */
export type ClientsByStream = ReadonlyMap<string, readonly SessionEntry[]>;

/** Vhosts and streams. */
export function streamHandlers(context: ApiContext) {
  const { hub, stats } = context;
  return {
    vhosts: () => ({ vhosts: vhostNames(context).map(describeVhosts(context)) }),
    vhost: ({ id }: Call) => {
      const name = vhostNames(context).find((one) => stats.vhost(one).id === id);
      return name === undefined ? failure(code.noVhost) : { vhost: describeVhosts(context)(name) };
    },
    streams: ({ request }: Call) => {
      const clients = clientsByStream(context);
      const streams = page(request, hub.streams()).map((stream) => describeStream(context, stream, clients));
      return { streams, total: hub.size };
    },
    stream: ({ id }: Call) => {
      const stream = stats.find(id);
      if (stream === undefined) return failure(code.noStream);
      return { stream: describeStream(context, stream, clientsByStream(context)) };
    },
  };
}

/** The sessions of all streams, sorted once for a whole list. */
export function clientsByStream({ sessions }: ApiContext): ClientsByStream {
  return Map.groupBy(sessions.list(), ({ info }) => streamKey(info.name));
}

/** Those of the configuration, and those that have or had streams. */
function vhostNames({ settings, stats }: ApiContext): string[] {
  const written = settings.vhosts.map(({ name }) => name);
  const seen = [...stats.vhosts()].map(([name]) => name);
  const names = new Set([...written, ...seen]);
  return names.size > 0 ? [...names] : [DEFAULT_VHOST];
}

function describeVhosts(context: ApiContext): (name: string) => Body {
  const { hub, sessions, stats, settings, clock } = context;
  const now = clock.now();
  stats.tick(now);
  const streams = countBy(hub.streams(), ({ name, published }) => (published ? name.vhost : undefined));
  const clients = countBy(sessions.list(), ({ info }) => info.name.vhost);
  return (name) => {
    const { id, received, sent } = stats.vhost(name);
    const vhost = settings.vhost(name);
    const hls = vhost.get('vhost.hls.enabled');
    return {
      id,
      name,
      enabled: vhost.get('vhost.enabled'),
      clients: clients.get(name) ?? 0,
      streams: streams.get(name) ?? 0,
      send_bytes: sent.total,
      recv_bytes: received.total,
      kbps: { recv_30s: received.kbps(now), send_30s: sent.kbps(now) },
      hls: { enabled: hls, fragment: hls ? new Float(vhost.get('vhost.hls.hls_fragment')) : undefined },
    };
  };
}

function countBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function describeStream(context: ApiContext, stream: Stream, clients: ClientsByStream): Body {
  const { clock, stats, settings } = context;
  const { id, received, sent } = stats.of(stream);
  const now = clock.now();
  const entries = clients.get(streamKey(stream.name)) ?? [];
  const publisher = entries.find((entry) => entry.info.publish);
  return {
    id,
    name: stream.name.stream,
    vhost: stats.vhost(stream.name.vhost).id,
    app: stream.name.app,
    tcUrl: (publisher ?? entries[0])?.info.tcUrl ?? '',
    url: streamUrl(stream.name),
    live_ms: toMs(clock.wall()),
    clients: entries.length,
    frames: stream.frames.video,
    audio_frames: stream.frames.audio,
    video_frames: stream.frames.video,
    send_bytes: sent.total,
    recv_bytes: received.total,
    kbps: { recv_30s: received.kbps(now), send_30s: sent.kbps(now) },
    publish: { active: stream.published, cid: stats.publisher(stream) },
    video: describePicture(stream, settings.vhost(stream.name.vhost).get('vhost.publish.parse_sps')),
    audio: describeSound(stream),
  };
}

/** @param sized the sequence parameter set is read; without it, only what the configuration says in front of it is told. */
function describePicture(stream: Stream, sized: boolean): Json {
  const info = describeTrack(stream, 'video');
  if (info === undefined) return null;
  const { name, profile = 'Other', level = 'Other', width = 0, height = 0 } = info;
  return { codec: name, profile, level, width: sized ? width : 0, height: sized ? height : 0 };
}

function describeSound(stream: Stream): Json {
  const info = describeTrack(stream, 'audio');
  if (info === undefined) return null;
  const { name, sampleRate = 0, channels = 0, profile = 'Other' } = info;
  return { codec: name, sample_rate: sampleRate, channel: channels, profile };
}
