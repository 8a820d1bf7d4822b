// The settings of live streams over HTTP.
import { fromSeconds, type Micros } from '../../base/time.ts';

export interface HttpFlvConfig {
  /** Serve players over HTTP and WebSocket (SRS: http_remux.enabled). */
  readonly play: boolean;
  /** Take streams by POST (SRS: a stream_caster of kind flv, on a port of its own). */
  readonly publish: boolean;
  /** How long a player that came before its publisher waits until it is answered 404; SRS waits for ever. */
  readonly waitTime: Micros;
}

export const defaults: HttpFlvConfig = {
  play: true,
  publish: true,
  // Chosen: longer than an encoder takes to come back, shorter than the time-out of proxies in front (60 s).
  waitTime: fromSeconds(30),
};
