// The settings of HLS. Names in brackets are SRS's.
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';

export interface HlsConfig {
  /** MPEG-TS segments at /app/stream.m3u8 (hls.enabled). */
  readonly classic: boolean;
  /** fMP4 segments in parts at /app/stream.ll.m3u8; SRS has no such thing. */
  readonly lowLatency: boolean;
  /** Length of a segment (hls_fragment). */
  readonly fragment: Micros;
  /** Segments may end from this part of it on (hls_td_ratio). */
  readonly targetRatio: number;
  /** Segments end without a key frame at this multiple of it (hls_aof_ratio). */
  readonly overflowRatio: number;
  /** Segments begin with a key frame (hls_wait_keyframe). */
  readonly waitKey: boolean;
  /** How much the playlists hold (hls_window). */
  readonly window: Micros;
  /** What a stream that has ended leaves is kept for this long; 0: for ever (hls_dispose). */
  readonly dispose: Micros;
  /** Players get a session by a playlist that names it (hls_ctx). */
  readonly sessions: boolean;
  /** Segments are named with the session, so that their bytes are counted (hls_ts_ctx). */
  readonly segmentSessions: boolean;
  /** The session playlist names the stream's playlist relatively (hls_master_m3u8_path_relative). */
  readonly relative: boolean;
  /** Classic playlists say dates. */
  readonly dates: boolean;
  /** Length of a segment and of a part of low latency. */
  readonly lowLatencyFragment: Micros;
  readonly partTime: Micros;
  /** How long a playlist that has no segment yet is waited for. */
  readonly waitTime: Micros;
  /** Bytes of one segment, and of all segments of a stream in each of the two forms. */
  readonly segmentBytes: number;
  readonly storeBytes: number;
  /** Segments kept of a stream, in each form. */
  readonly storeSegments: number;
}

export const defaults: HlsConfig = {
  classic: false,
  lowLatency: false,
  fragment: fromSeconds(10),
  targetRatio: 1,
  overflowRatio: 2.1,
  waitKey: true,
  window: fromSeconds(60),
  dispose: fromSeconds(120),
  sessions: true,
  segmentSessions: true,
  relative: false,
  dates: false,
  // Chosen: a GOP of most live encoders; a player starts at most this far behind.
  lowLatencyFragment: fromSeconds(2),
  partTime: fromMs(200),
  // Chosen: above the longest segment by default, below the time-outs of proxies.
  waitTime: fromSeconds(30),
  // 20 s at 25 Mbit/s; 120 s at 17 Mbit/s.
  segmentBytes: 64 * 1024 * 1024,
  storeBytes: 256 * 1024 * 1024,
  storeSegments: 1000,
};
