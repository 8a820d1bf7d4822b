// What a reload changes: the values that differ, and those that only a new start brings into force. The log tells them, so
// that secrets are not in them.
import { hideValue } from '../hide-secrets.ts';
import type { Config, Section } from './config.ts';
import { type Path, schema } from './schema/index.ts';
import { showValue } from './setting.ts';

/** One value that differs. */
export interface Change {
  readonly directive: string;
  /** Empty outside of vhosts. */
  readonly vhost: string;
  readonly before: string;
  readonly after: string;
  /** In force at once, or after a restart only. */
  readonly when: 'now' | 'restart';
}

/**
 * Read once at the start of the process: where the log and the process' files are, and the parts that own a UDP socket or
 * a thread of work from the start on.
 */
const atStartOnly =
  /^(accelerators|daemon|disable_daemon_for_docker|pid|server_id|work_dir|utc_time|asprocess|srs_log_\w+|inotify_auto_reload|auto_reload_for_docker|in_docker|srt_server|rtc_server\.(enabled|listen|ecdsa|reuseport|tcp)|rtsp_server|stream_caster|exporter|threads|vhost\.cluster\.mode)(\.|$)/;

/** Changed values by vhost, vhosts that came and went included. */
export function changesOf(before: Config, after: Config): Change[] {
  const paths = Object.keys(schema) as Path[];
  const globals = paths.filter((path) => !/^(vhost|stream_caster)\.|^include$/.test(path));
  const ofVhosts = paths.filter((path) => path.startsWith('vhost.'));
  const [vhostsBefore, vhostsAfter] = [byName(before), byName(after)];
  const names = new Set([...vhostsBefore.keys(), ...vhostsAfter.keys()]);
  return [
    ...differing('', globals, before.root, after.root),
    ...[...names].flatMap((name) => differing(name, ofVhosts, vhostsBefore.get(name), vhostsAfter.get(name))),
    ...castersChanged(before, after),
  ];
}

function differing(vhost: string, paths: readonly Path[], before?: Section, after?: Section): Change[] {
  if (before === undefined || after === undefined) {
    const there = (section?: Section): string => (section === undefined ? 'not there' : 'there');
    return [{ directive: 'vhost', vhost, before: there(before), after: there(after), when: 'now' }];
  }
  return paths.flatMap((path): Change[] => {
    const values = [valueIn(before, path), valueIn(after, path)] as const;
    if (values[0] === values[1]) return [];
    const when = atStartOnly.test(path) ? 'restart' : 'now';
    const [was, is] = values.map((text) => hideValue(path, text)) as [string, string];
    return [{ directive: path, vhost, before: was, after: is, when }];
  });
}

/** Blocks that may repeat are compared as they are written. */
function valueIn(section: Section, path: Path): string {
  if (/^vhost\.(ingest|transcode)\./.test(path)) return '';
  const value: unknown = section.get(path);
  const isBlock = Array.isArray(value) && value.some((item) => typeof item === 'object' && !Array.isArray(item));
  return isBlock ? written(value) : showValue(value);
}

/** The words of directives without their places in the file, so that a moved block counts as the same. */
function written(value: unknown): string {
  return JSON.stringify(value, (key, item: unknown) => (key === 'file' || key === 'line' ? undefined : item));
}

function castersChanged(before: Config, after: Config): Change[] {
  const text = (config: Config): string =>
    config
      .streamCasters()
      .map((caster) =>
        namesOf(caster)
          .map((name) => showCaster(caster, name))
          .join(' '),
      )
      .join('; ');
  const values = [text(before), text(after)] as const;
  if (values[0] === values[1]) return [];
  return [{ directive: 'stream_caster', vhost: '', before: values[0], after: values[1], when: 'restart' }];
}

/** What a caster of its kind listens to. */
const namesOf = (caster: Section): readonly string[] =>
  caster.get('stream_caster.caster') === 'gb28181' ? [...casterNames, ...gbNames] : casterNames;

const casterNames = ['caster', 'listen', 'output'];
const gbNames = [
  'media_connect_timeout',
  ...['enabled', 'listen', 'timeout', 'reinvite', 'candidate'].map((name) => `sip.${name}`),
];

const showCaster = (caster: Section, name: string): string => showValue(caster.get(`stream_caster.${name}` as Path));

/** In the order of writing; of two vhosts of one name the first one is in force. */
function byName(config: Config): Map<string, Section> {
  const vhosts = new Map<string, Section>();
  for (const vhost of config.vhosts()) if (!vhosts.has(vhost.name)) vhosts.set(vhost.name, vhost);
  return vhosts;
}
