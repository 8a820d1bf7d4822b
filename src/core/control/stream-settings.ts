// What a vhost says of its streams: caches and queues.
import { fromMs, fromSeconds } from '../base/time.ts';
import { noPacing, type Pacing } from '../media/feed.ts';
import type { StreamSettings } from '../media/hub.ts';
import type { StreamName } from '../media/stream-name.ts';
import type { TimelineMode } from '../media/timeline.ts';
import type { Section } from './config/config.ts';
import type { Settings } from './config/settings.ts';

/** The settings of each stream at the time when it begins; numbers that make no sense are left to the limits. */
export const streamSettings =
  (settings: Settings) =>
  (name: StreamName): StreamSettings => {
    const vhost = settings.vhost(name.vhost);
    const frames = vhost.get('vhost.play.gop_cache_max_frames');
    const seconds = vhost.get('vhost.play.queue_length');
    return {
      gopCache: vhost.get('vhost.play.gop_cache'),
      mergeWindow: mergeWindowOf(vhost),
      timeline: timelineOf(vhost),
      interleave: vhost.get('vhost.play.mix_correct'),
      soundCache: Math.min(MOST_CACHE, Math.max(0, fromSeconds(vhost.get('vhost.http_remux.fast_cache')))),
      limits: { ...(frames > 0 && { gopFrames: frames }), ...(seconds > 0 && { feedSpan: fromSeconds(seconds) }) },
    };
  };

/** Sound of more than this is no start, but a recording. */
const MOST_CACHE = fromSeconds(30);

/** SRS: atc means the publisher's own times, whatever time_jitter says. */
function timelineOf(vhost: Section): TimelineMode {
  const jitter = vhost.get('vhost.play.time_jitter');
  if (vhost.get('vhost.play.atc') || jitter === 'off') return 'raw';
  return jitter === 'zero' ? 'zero' : 'full';
}

/** SRS: mw_latency; with min_latency nothing is held back. */
export const mergeWindowOf = (vhost: Section): number =>
  vhost.get('vhost.min_latency') ? 0 : fromMs(Math.max(0, vhost.get('vhost.play.mw_latency')));

/** More than this would wait for itself. */
const MOST_MESSAGES = 128;
const MOST_INTERVAL = fromSeconds(1);

/** SRS: mw_msgs, where it is written; send_min_interval. With min_latency nothing is held back. */
export function pacingOf(vhost: Section): Pacing {
  if (vhost.get('vhost.min_latency')) return noPacing;
  const messages = vhost.written('vhost.play.mw_msgs') ?? 0;
  return {
    messages: Math.min(MOST_MESSAGES, Math.max(0, messages)),
    interval: Math.min(MOST_INTERVAL, Math.max(0, Math.round(fromMs(vhost.get('vhost.play.send_min_interval'))))),
  };
}

/** Whether the sockets of publishers and players send at once: not by Nagle's algorithm, unless it is written so. */
export const noDelayOf = (vhost: Section): boolean => vhost.written('vhost.tcp_nodelay') ?? true;
