// How well streams do: what dashboards and alarms need, and SRS's API does not tell.
import { toMs, toSeconds } from '../../base/time.ts';
import type { Stream } from '../../media/stream.ts';
import { streamKey, streamUrl } from '../../media/stream-name.ts';
import { Answer, type Body, type Call, code } from './answer.ts';
import type { ApiContext } from './context.ts';
import { Float, writeJson } from './json.ts';
import { page } from './paging.ts';
import { type ClientsByStream, clientsByStream } from './streams.ts';

/** Health of streams. */
export function healthHandlers(context: ApiContext) {
  const { hub, stats } = context;
  return {
    health: ({ request }: Call) => {
      const clients = clientsByStream(context);
      const streams = page(request, hub.streams()).map((stream) => describeHealth(context, stream, clients));
      return { streams, total: hub.size };
    },
    healthOne: ({ id }: Call) => {
      const stream = stats.find(id);
      if (stream === undefined) return new Answer(404, writeJson({ code: code.noStream }));
      return { stream: describeHealth(context, stream, clientsByStream(context)) };
    },
  };
}

function describeHealth({ clock, stats }: ApiContext, stream: Stream, clients: ClientsByStream): Body {
  const now = clock.now();
  const { id, received, sent, pictures } = stats.of(stream);
  const { pulse, starts } = stream;
  const protocols = new Map<string, number>();
  for (const { info } of clients.get(streamKey(stream.name)) ?? []) {
    protocols.set(info.protocol, (protocols.get(info.protocol) ?? 0) + 1);
  }
  return {
    id,
    url: streamUrl(stream.name),
    published: stream.published,
    players: stream.players,
    tracks: stream.tracks.map((track) => ({
      id: track.id,
      kind: track.kind,
      codec: track.codec,
      epoch: track.epoch,
    })),
    kbps: { recv_30s: received.kbps(now), send_30s: sent.kbps(now) },
    fps: new Float(pictures.perSecond(now)),
    gop: { frames: pulse.gopFrames, seconds: new Float(toSeconds(pulse.gopTime)) },
    av_offset_ms: toMs(pulse.offset),
    lag_ms: toMs(stream.lag),
    first_frame_ms: pulse.firstFrame === undefined ? null : toMs(pulse.firstFrame),
    players_first_frame_ms: starts.count === 0 ? null : toMs(starts.time / starts.count),
    dropped_packets: stream.droppedPackets,
    headless_frames: stream.headless,
    repairs: { ...stream.repairs },
    clients: Object.fromEntries(protocols),
  };
}
