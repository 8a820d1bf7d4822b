// The settings of DASH, and those of one vhost. Names in brackets are SRS's.
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Settings } from '../../control/config/settings.ts';

/** All settings of DASH for one vhost. */
export interface DashConfig {
  /** Manifests at /app/stream.mpd (dash.enabled). */
  readonly enabled: boolean;
  /** Length of a segment (dash_fragment). */
  readonly fragment: Micros;
  /** How often players look for a new manifest, at the least once for each segment (dash_update_period). */
  readonly updatePeriod: Micros;
  /** How much the manifest holds at least; 0: what `segments` says (dash_timeshift). */
  readonly window: Micros;
  /** Segments that it holds at least (dash_window_size). */
  readonly segments: number;
  /** Template of the manifest's path; segments are in a folder of the stream beside it (dash_mpd_file). */
  readonly manifest: string;
  /** Dates of names are in UTC (utc_time). */
  readonly utc: boolean;
  /** What a stream that has ended leaves is kept for this long; 0: for ever (dash_dispose). */
  readonly dispose: Micros;
  /** Undefined: from memory only. */
  readonly disk: DashDiskConfig | undefined;
  /** How long a manifest that has no segment yet is waited for. */
  readonly waitTime: Micros;
  /** Bytes of one segment, of all segments of a stream, and of those that may wait for the disk. */
  readonly segmentBytes: number;
  readonly storeBytes: number;
  readonly queueBytes: number;
}

/** Where files go, and whether old ones leave. */
export interface DashDiskConfig {
  /** dash_path. */
  readonly root: string;
  /** Segments that have left the manifest are removed (dash_cleanup). */
  readonly cleanup: boolean;
}

/** SRS's values; DASH is off. */
export const defaults: DashConfig = {
  enabled: false,
  fragment: fromSeconds(10),
  updatePeriod: fromSeconds(5),
  window: 0,
  segments: 5,
  manifest: '[app]/[stream].mpd',
  utc: false,
  dispose: fromSeconds(120),
  disk: undefined,
  // As HLS: above the longest segment by default, below the time-outs of proxies.
  waitTime: fromSeconds(30),
  segmentBytes: 64 * 1024 * 1024,
  storeBytes: 256 * 1024 * 1024,
  queueBytes: 64 * 1024 * 1024,
};

/** What a stream of a vhost is served with; numbers that make no sense are those of `base`. */
export function vhostConfig(settings: Settings, vhost: string, base: DashConfig): DashConfig {
  const section = settings.vhost(vhost);
  if (!section.get('vhost.dash.enabled')) return base;
  const seconds = (value: number, otherwise: Micros): Micros => (value > 0 ? fromSeconds(value) : otherwise);
  const timeShift = section.written('vhost.dash.dash_timeshift') ?? 0;
  const root = section.get('vhost.dash.dash_path');
  const segments = Math.floor(section.get('vhost.dash.dash_window_size'));
  return {
    ...base,
    enabled: true,
    fragment: seconds(section.get('vhost.dash.dash_fragment'), base.fragment),
    updatePeriod: seconds(section.get('vhost.dash.dash_update_period'), base.updatePeriod),
    // SRS has a default here that it does not use: only what somebody wrote counts.
    window: seconds(timeShift, base.window),
    segments: segments > 0 ? segments : base.segments,
    manifest: section.get('vhost.dash.dash_mpd_file'),
    utc: settings.root.get('utc_time'),
    dispose: fromSeconds(Math.max(0, section.get('vhost.dash.dash_dispose'))),
    disk: section.get('vhost.dash.dash_disk') ? { root, cleanup: section.get('vhost.dash.dash_cleanup') } : undefined,
  };
}
