// The settings of HDS for one vhost. Names in brackets are SRS's.
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Settings } from '../../control/config/settings.ts';

/** What a vhost says of HDS. */
export interface HdsConfig {
  /** Files are written (hds.enabled). */
  readonly enabled: boolean;
  /** Length of a fragment (hds_fragment). */
  readonly fragment: Micros;
  /** How much the bootstrap names, and for how long the files of a stream that has ended stay (hds_window). */
  readonly window: Micros;
  /** The directory of the files, which the HTTP server should have too (hds_path). */
  readonly root: string;
  /** Bytes of a fragment, and of those that may wait for the disk. */
  readonly fragmentBytes: number;
  readonly queueBytes: number;
}

/** SRS's values; HDS is off. */
export const defaults: HdsConfig = {
  enabled: false,
  fragment: fromSeconds(10),
  window: fromSeconds(60),
  root: './objs/nginx/html',
  fragmentBytes: 64 * 1024 * 1024,
  queueBytes: 128 * 1024 * 1024,
};

/** What streams of a vhost have; numbers that make no sense are those of `base`. */
export function vhostConfig(settings: Settings, vhost: string, base: HdsConfig): HdsConfig {
  const section = settings.vhost(vhost);
  const time = (seconds: number, otherwise: Micros): Micros => (seconds > 0 ? fromSeconds(seconds) : otherwise);
  return {
    ...base,
    enabled: section.get('vhost.hds.enabled'),
    fragment: time(section.get('vhost.hds.hds_fragment'), base.fragment),
    window: time(section.get('vhost.hds.hds_window'), base.window),
    root: section.get('vhost.hds.hds_path') || base.root,
  };
}
