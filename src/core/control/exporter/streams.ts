// How well each stream does, as metrics; bounded, because whoever may publish makes names.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../base/clock.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { Hub } from '../../media/hub.ts';
import type { Stream } from '../../media/stream.ts';
import { streamKey } from '../../media/stream-name.ts';
import type { Settings } from '../config/settings.ts';
import type { Sessions } from '../sessions.ts';
import type { Stats } from '../stats.ts';

/** Where the numbers are kept. */
export interface StreamNumbers {
  readonly clock: Clock;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly stats: Stats;
  readonly settings: Settings;
}

/** Chosen: a name that is longer tells nobody more. */
const LABEL_LENGTH = 128;

const names = ['vhost', 'app', 'stream'] as const;
type Labels = Record<(typeof names)[number], string>;

/** One number of a stream; undefined: not known. */
interface Reading {
  readonly name: string;
  readonly help: string;
  readonly total?: boolean;
  readonly read: (stream: Stream, stats: Stats, now: Micros) => number | undefined;
}

const seconds = (time: Micros | undefined): number | undefined => (time === undefined ? undefined : toSeconds(time));

const readings: readonly Reading[] = [
  {
    name: 'receive_bitrate_bps',
    help: 'Bits a second from the publisher, average of 30 s.',
    read: (stream, stats, now) => stats.of(stream).received.perSecond(now) * 8,
  },
  {
    name: 'send_bitrate_bps',
    help: 'Bits a second to all players, average of 30 s.',
    read: (stream, stats, now) => stats.of(stream).sent.perSecond(now) * 8,
  },
  {
    name: 'fps',
    help: 'Pictures a second, average of 30 s.',
    read: (stream, stats, now) => stats.of(stream).pictures.perSecond(now),
  },
  { name: 'gop_seconds', help: 'Length of the last group of pictures.', read: ({ pulse }) => seconds(pulse.gopTime) },
  { name: 'gop_frames', help: 'Pictures of the last group of pictures.', read: ({ pulse }) => pulse.gopFrames },
  {
    name: 'av_offset_seconds',
    help: 'How far the picture is ahead of the sound.',
    read: ({ pulse }) => seconds(pulse.offset),
  },
  {
    name: 'queue_age_seconds',
    help: 'Media that the slowest player has still to be given.',
    read: ({ lag }) => seconds(lag),
  },
  {
    name: 'first_frame_seconds',
    help: 'From the begin of the publication to its first frame.',
    read: ({ pulse }) => seconds(pulse.firstFrame),
  },
  {
    name: 'players_first_frame_seconds_sum',
    help: 'How long players waited for their first media, all together.',
    total: true,
    read: ({ starts }) => seconds(starts.time),
  },
  {
    name: 'players_first_frame_seconds_count',
    help: 'Players that got their first media.',
    total: true,
    read: ({ starts }) => starts.count,
  },
  {
    name: 'dropped_packets_total',
    help: 'Packets that players jumped over because they were too slow.',
    total: true,
    read: ({ droppedPackets }) => droppedPackets,
  },
  {
    name: 'headless_frames_total',
    help: 'Pictures that came before the first key frame.',
    total: true,
    read: ({ headless }) => headless,
  },
  {
    name: 'timestamp_repairs_total',
    help: 'Jumps and steps back of time stamps that were repaired.',
    total: true,
    read: ({ repairs }) => repairs.jumps + repairs.lifts,
  },
];

/** Declares the metrics; the result brings them up to date. */
export function streamMetrics(registry: Registry, numbers: StreamNumbers): () => void {
  const registers = [registry];
  const metrics = readings.map(({ name, help, total, read }) => {
    const options = { name: `srsx_stream_${name}`, help, labelNames: names, registers };
    return { read, metric: total === true ? new Counter(options) : new Gauge(options) };
  });
  const clients = new Gauge({
    name: 'srsx_stream_clients',
    help: 'Publishers and players of a stream, by protocol.',
    labelNames: [...names, 'protocol', 'action'],
    registers,
  });
  const all = new Gauge({
    name: 'srsx_clients',
    help: 'Publishers and players, by protocol.',
    labelNames: ['protocol', 'action'],
    registers,
  });
  const hidden = new Gauge({ name: 'srsx_streams_hidden', help: 'Streams beyond exporter.streams.', registers });
  return () => {
    const { stats, sessions, clock, hub } = numbers;
    const now = clock.now();
    const shown = busiest(numbers);
    hidden.set(hub.size - shown.size);
    for (const { metric, read } of metrics) {
      metric.reset();
      for (const [stream, labels] of shown.values()) {
        const value = read(stream, stats, now);
        if (value !== undefined) metric.inc(labels, value);
      }
    }
    clients.reset();
    all.reset();
    for (const { info } of sessions.list()) {
      const by = { protocol: info.protocol, action: info.publish ? 'publish' : 'play' };
      all.inc(by);
      const labels = shown.get(streamKey(info.name))?.[1];
      if (labels !== undefined) clients.inc({ ...labels, ...by });
    }
  };
}

/** The streams that are shown, by their keys. */
function busiest({ hub, stats, settings, clock }: StreamNumbers): Map<string, [stream: Stream, labels: Labels]> {
  const limit = Math.max(0, settings.root.get('exporter.streams'));
  const now = clock.now();
  const load = (stream: Stream): number => {
    const { received, sent } = stats.of(stream);
    return received.perSecond(now) + sent.perSecond(now);
  };
  const all = [...hub.streams()];
  const list =
    all.length <= limit
      ? all
      : all
          .map((stream) => ({ stream, load: load(stream) }))
          .sort((a, b) => b.load - a.load)
          .slice(0, limit)
          .map(({ stream }) => stream);
  return new Map(list.map((stream) => [streamKey(stream.name), [stream, labelsOf(stream)]]));
}

const labelsOf = ({ name: { vhost, app, stream } }: Stream): Labels => ({
  vhost: vhost.slice(0, LABEL_LENGTH),
  app: app.slice(0, LABEL_LENGTH),
  stream: stream.slice(0, LABEL_LENGTH),
});
