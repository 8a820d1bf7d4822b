// The settings of one vhost: what its block hls says, over what the program was started with.
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Section } from '../../control/config/config.ts';
import type { Settings } from '../../control/config/settings.ts';
import {
  type DiskConfig,
  defaultNames,
  type HlsConfig,
  type KeyConfig,
  type NameTemplates,
  type OnError,
} from './config.ts';

/** Chosen: a minute of 9 Mbit/s; a disk that is farther behind does not catch up. */
const QUEUE_BYTES = 64 * 1024 * 1024;

/**
 * What a stream of a vhost is served with. Directives that somebody wrote count; for the others, `base`. Numbers that
 * make no sense (SRS reads garbage as 0) are those of `base` too.
 */
export function vhostConfig(settings: Settings, vhost: string, base: HlsConfig): HlsConfig {
  const section = settings.vhost(vhost);
  const enabled = section.get('vhost.hls.enabled');
  const keys = enabled ? keysOf(section) : base.keys;
  const fmp4 = section.written('vhost.hls.hls_use_fmp4') ?? base.fmp4;
  return {
    ...base,
    classic: base.classic || enabled,
    // Its parts are not encrypted: with keys it would give away what they protect.
    lowLatency: (base.lowLatency || (enabled && section.get('vhost.hls.hls_ll'))) && keys === undefined,
    fragment: time(section, 'vhost.hls.hls_fragment') ?? base.fragment,
    targetRatio: positive(section, 'vhost.hls.hls_td_ratio') ?? base.targetRatio,
    overflowRatio: positive(section, 'vhost.hls.hls_aof_ratio') ?? base.overflowRatio,
    waitKey: section.written('vhost.hls.hls_wait_keyframe') ?? base.waitKey,
    window: time(section, 'vhost.hls.hls_window') ?? base.window,
    dispose: disposeOf(section) ?? base.dispose,
    sessions: section.written('vhost.hls.hls_ctx') ?? base.sessions,
    segmentSessions: section.written('vhost.hls.hls_ts_ctx') ?? base.segmentSessions,
    relative: section.written('vhost.hls.hls_master_m3u8_path_relative') ?? base.relative,
    fmp4,
    variants: base.variants || section.get('vhost.hls.hls_variants'),
    // Players line variants up by their dates.
    dates: base.dates || section.get('vhost.hls.hls_variants'),
    promised: promisedOf(section),
    sampleTimes: !section.get('vhost.hls.hls_dts_directly'),
    names: enabled ? namesOf(section, fmp4, settings.root.get('utc_time')) : withEnding(base.names, fmp4),
    keys,
    disk: enabled && section.get('vhost.hls.hls_disk') ? diskOf(section) : base.disk,
  };
}

/** SRS lists its default codecs until the stream says others; here nothing is listed unless somebody wrote it. */
function promisedOf(section: Section): HlsConfig['promised'] {
  const words = [section.written('vhost.hls.hls_acodec'), section.written('vhost.hls.hls_vcodec')];
  return words.filter((word) => word === 'h264' || word === 'aac' || word === 'mp3');
}

type Amount =
  | 'vhost.hls.hls_fragment'
  | 'vhost.hls.hls_window'
  | 'vhost.hls.hls_td_ratio'
  | 'vhost.hls.hls_aof_ratio'
  | 'vhost.hls.hls_dispose';

function positive(section: Section, path: Amount): number | undefined {
  const value = section.written(path) ?? 0;
  return value > 0 ? value : undefined;
}

function time(section: Section, path: Amount): Micros | undefined {
  const seconds = positive(section, path);
  return seconds === undefined ? undefined : fromSeconds(seconds);
}

/** 0 has a meaning here: never. */
function disposeOf(section: Section): Micros | undefined {
  const seconds = section.written('vhost.hls.hls_dispose');
  return seconds === undefined ? undefined : fromSeconds(Math.max(0, seconds));
}

function namesOf(section: Section, fmp4: boolean, utc: boolean): NameTemplates {
  return {
    playlist: section.get('vhost.hls.hls_m3u8_file'),
    segment: section.get(fmp4 ? 'vhost.hls.hls_fmp4_file' : 'vhost.hls.hls_ts_file'),
    init: section.get('vhost.hls.hls_init_file'),
    key: section.get('vhost.hls.hls_key_file'),
    prefix: section.get('vhost.hls.hls_entry_prefix'),
    floor: section.get('vhost.hls.hls_ts_floor'),
    utc,
  };
}

const withEnding = (names: NameTemplates, fmp4: boolean): NameTemplates =>
  fmp4 && names.segment === defaultNames.segment ? { ...names, segment: '[app]/[stream]-[seq].m4s' } : names;

function keysOf(section: Section): KeyConfig | undefined {
  if (!section.get('vhost.hls.hls_keys')) return undefined;
  const { value, origin } = section.look('vhost.hls.hls_key_url');
  return {
    segments: Math.max(1, section.get('vhost.hls.hls_fragments_per_key')),
    // SRS's default is a path of its own disk, which no player can open.
    url: origin.kind === 'same' || value === '' ? undefined : value,
  };
}

function diskOf(section: Section): DiskConfig {
  const root = section.get('vhost.hls.hls_path');
  return {
    root,
    keyRoot: section.get('vhost.hls.hls_key_file_path') || root,
    cleanup: section.get('vhost.hls.hls_cleanup'),
    recover: section.get('vhost.hls.hls_recover'),
    onError: onErrorOf(section.get('vhost.hls.hls_on_error')),
    queueBytes: QUEUE_BYTES,
  };
}

/** SRS: every other word means continue. */
const onErrorOf = (word: string): OnError => (word === 'ignore' || word === 'disconnect' ? word : 'continue');
