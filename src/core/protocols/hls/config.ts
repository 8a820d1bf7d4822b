// The settings of HLS. Names in brackets are SRS's.
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';

/** All settings of HLS for one vhost. */
export interface HlsConfig {
  /** Segments named by templates, MPEG-TS or fMP4, at /app/stream.m3u8 (hls.enabled). */
  readonly classic: boolean;
  /** fMP4 segments in parts at /app/stream.ll.m3u8; SRS has no such thing (hls_ll, a directive of srsx). */
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
  /** Classic segments are fMP4 (hls_use_fmp4). */
  readonly fmp4: boolean;
  /** Streams `name_720p`, `name_480p` are variants of one playlist `name` (hls_variants, a directive of srsx). */
  readonly variants: boolean;
  /** Codecs that segments of MPEG-TS list before there is such a track (hls_acodec, hls_vcodec). */
  readonly promised: readonly ('h264' | 'aac' | 'mp3')[];
  /** Classic segments have times of AAC that are counted by its samples (hls_dts_directly off). */
  readonly sampleTimes: boolean;
  readonly names: NameTemplates;
  /** Keys of AES-128 for classic segments (hls_keys); undefined: they are not encrypted. */
  readonly keys: KeyConfig | undefined;
  /** Undefined: from memory only. */
  readonly disk: DiskConfig | undefined;
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

/** Templates of paths below the HTTP server, and below the directory where there is one. */
export interface NameTemplates {
  /** hls_m3u8_file. */
  readonly playlist: string;
  /** hls_ts_file, or hls_fmp4_file with `fmp4`. */
  readonly segment: string;
  /** hls_init_file. */
  readonly init: string;
  /** hls_key_file. */
  readonly key: string;
  /** In front of the segments in playlists (hls_entry_prefix); empty: relative. */
  readonly prefix: string;
  /** `[timestamp]` counts fragments of the wall's time (hls_ts_floor). */
  readonly floor: boolean;
  /** Dates of names are in UTC (utc_time). */
  readonly utc: boolean;
}

/** How segments are encrypted. */
export interface KeyConfig {
  /** Segments that share a key (hls_fragments_per_key). */
  readonly segments: number;
  /** In front of the key files in playlists (hls_key_url); undefined: relative, from memory. */
  readonly url: string | undefined;
}

/** What becomes of HLS when a file cannot be written: tried again, stopped, or the publisher is sent away. */
export type OnError = 'continue' | 'ignore' | 'disconnect';

/** Where files go, and what becomes of them. */
export interface DiskConfig {
  /** hls_path. */
  readonly root: string;
  /** hls_key_file_path. */
  readonly keyRoot: string;
  /** Segments that have left the playlist are removed (hls_cleanup). */
  readonly cleanup: boolean;
  /** The playlist of an earlier run is continued (hls_recover). */
  readonly recover: boolean;
  /** hls_on_error. */
  readonly onError: OnError;
  /** Bytes that may wait for the disk, for each stream. */
  readonly queueBytes: number;
}

/** SRS's names. */
export const defaultNames: NameTemplates = {
  playlist: '[app]/[stream].m3u8',
  segment: '[app]/[stream]-[seq].ts',
  init: '[app]/[stream]/init.mp4',
  key: '[app]/[stream]-[seq].key',
  prefix: '',
  floor: false,
  utc: false,
};

/** SRS's values; both forms are off. */
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
  fmp4: false,
  variants: false,
  promised: [],
  sampleTimes: false,
  names: defaultNames,
  keys: undefined,
  disk: undefined,
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
