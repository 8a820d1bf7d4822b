// The checks of values that SRS makes before it starts, beyond names.
import { parseIp, parseIpBlock } from '../../base/ip.ts';
import type { Config, Found, Section } from './config.ts';
import type { Notice, Place } from './directive.ts';
import { configErrors } from './errors.ts';
import { iceServersFault } from './ice-servers.ts';
import { type Path, schema } from './schema/index.ts';
import { toEndpoint } from './value.ts';

/** What the checks must know of the machine; what is not given is not checked. */
export interface Machine {
  /** Local IP addresses (SRS: stats.network is an index into them). */
  readonly addresses?: number;
  /** Files that the process may open. */
  readonly openFiles?: number;
}

/**
 * Checks all values and their combinations; returns what is doubtful only.
 *
 * Errors: CONFIG_VALUE, CONFIG_CONFLICT, CONFIG_MACHINE.
 */
export function checkValues(config: Config, machine: Machine = {}): Notice[] {
  const check = new Check(config);
  check.endpoints();
  check.global(machine);
  check.http();
  for (const caster of config.streamCasters()) check.caster(caster);
  for (const vhost of config.vhosts()) check.vhost(vhost);
  check.files();
  return check.notices;
}

class Check {
  readonly notices: Notice[] = [];
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  endpoints(): void {
    const { root } = this.#config;
    for (const path of Object.keys(schema) as Path[]) {
      if (schema[path].kind !== 'endpoints') continue;
      const found = root.look(path) as Found<readonly string[]>;
      for (const word of found.value) {
        if (toEndpoint(word) !== undefined) continue;
        throw value(root, path, `${word} is not PORT, IP:PORT or [IPV6]:PORT`);
      }
    }
  }

  global({ addresses, openFiles }: Machine): void {
    const { root } = this.#config;
    if (root.get('is_full')) throw value(root, 'is_full', 'full.conf must never be used: it shows every directive');
    const connections = root.get('max_connections');
    if (connections <= 0) throw value(root, 'max_connections', `${connections} is not above 0`);
    if (openFiles !== undefined && connections + 128 >= openFiles) {
      const why = `${connections} connections and 128 more files are not below the ${openFiles} open files allowed`;
      throw configErrors.config('MACHINE', { ...placeOf(root, 'max_connections'), directive: 'max_connections', why });
    }
    if (root.get('heartbeat.interval') <= 0) throw value(root, 'heartbeat.interval', 'must be above 0 seconds');
    const network = root.get('stats.network');
    if (network < 0) throw value(root, 'stats.network', `${network} is below 0`);
    if (addresses !== undefined && network >= addresses) {
      const why = `there is no address ${network}, this machine has ${addresses}`;
      throw configErrors.config('MACHINE', { ...placeOf(root, 'stats.network'), directive: 'stats.network', why });
    }
    if (root.get('asprocess') && root.get('daemon')) {
      throw conflict(root, 'asprocess', 'on needs daemon off, and daemon is on by default');
    }
    const hole = toEndpoint(root.get('rtc_server.black_hole.addr'));
    if (root.get('rtc_server.black_hole.enabled') && (!hole || parseIp(hole.host) === undefined || hole.port === 0)) {
      throw value(root, 'rtc_server.black_hole.addr', 'must be IP:PORT or [IPV6]:PORT');
    }
    this.#iceServers(root, 'rtc_server.ice_servers');
    if (root.get('rtmp.listen').length === 0) this.#tell(root, 'rtmp.listen', 'is missing: RTMP is not served');
    this.#chunkSize(root, 'rtmp.chunk_size');
  }

  http(): void {
    const { root } = this.#config;
    for (const name of ['http_api', 'http_server'] as const) {
      if (root.get(`${name}.https.enabled`) && !root.get(`${name}.enabled`)) {
        throw conflict(root, `${name}.https.enabled`, `on needs ${name}.enabled on`);
      }
    }
    if (!root.get('http_api.enabled') || !root.get('http_server.enabled')) return;
    if (!root.get('http_api.https.enabled') || !root.get('http_server.https.enabled')) return;
    const same = (a: Path, b: Path): boolean => String(root.get(a)) === String(root.get(b));
    const plain = same('http_api.listen', 'http_server.listen');
    if (plain === same('http_api.https.listen', 'http_server.https.listen')) return;
    const [shared, other] = plain ? ['HTTP', 'HTTPS'] : ['HTTPS', 'HTTP'];
    throw conflict(root, 'http_api.listen', `API and server share the ${shared} port and must share ${other} too`);
  }

  caster(caster: Section): void {
    if (caster.get('stream_caster.enabled') && caster.get('stream_caster.listen') <= 0) {
      throw value(caster, 'stream_caster.listen', 'a caster needs a port above 0');
    }
  }

  vhost(vhost: Section): void {
    this.#chunkSize(vhost, 'vhost.chunk_size');
    const remuxes = vhost.count('http_remux');
    if (remuxes > 1) throw conflict(vhost, 'vhost.http_remux.enabled', `${remuxes} http_remux blocks in one vhost`);
    const remuxTs = vhost.get('vhost.http_remux.enabled') && /\.ts$/.test(vhost.get('vhost.http_remux.mount'));
    if (remuxTs && vhost.get('vhost.hls.enabled')) {
      throw conflict(vhost, 'vhost.http_remux.mount', '.ts and HLS cannot be in one vhost: their URLs are the same');
    }
    if (vhost.get('vhost.forward.enabled') && vhost.get('vhost.publish.kickoff_for_idle') > 0) {
      throw conflict(vhost, 'vhost.publish.kickoff_for_idle', 'cannot be used together with forward');
    }
    if (vhost.get('vhost.rtc.enabled') && vhost.get('vhost.rtc.dtls_version') === 'dtls1.0') {
      const why = 'DTLS 1.0 is forbidden (RFC 8996) and no browser speaks it: write auto or dtls1.2';
      throw value(vhost, 'vhost.rtc.dtls_version', why);
    }
    this.#iceServers(vhost, 'vhost.rtc.ice_servers');
    this.#security(vhost);
    this.#hooks(vhost);
    const names = new Set<string>();
    for (const { name, place } of vhost.sections('vhost.ingest')) {
      const why = `two ingests of vhost ${vhost.name} have the name "${name}"`;
      if (names.has(name)) throw configErrors.config('CONFLICT', { ...place, directive: 'vhost.ingest', why });
      names.add(name);
    }
  }

  /** Streams of one name in two vhosts whose files have one place overwrite each other; SRS lets them without a word. */
  files(): void {
    const owners = new Map<string, string>();
    for (const vhost of this.#config.vhosts()) {
      if (!vhost.get('vhost.enabled')) continue;
      for (const written of filesOf(vhost)) {
        const taken = written.find(({ file }) => (owners.get(file) ?? vhost.name) !== vhost.name);
        for (const { file } of written) if (!owners.has(file)) owners.set(file, vhost.name);
        if (taken === undefined) continue;
        const { path, file } = taken;
        const who = `vhost ${owners.get(file)} and vhost ${vhost.name}`;
        this.#tell(vhost, path, `gives streams of ${who} one place, ${file}: use [vhost] in it, or another directory`);
      }
    }
  }

  /** SRS reads rules that fit nobody without a word; a deny that fits nobody denies nobody. */
  #security(vhost: Section): void {
    for (const path of ['vhost.security.allow', 'vhost.security.deny'] as const) {
      for (const [action = '', place = '', ...rest] of vhost.get(path)) {
        const known = /^(publish|play)$/.test(action) && (place === 'all' || parseIpBlock(place) !== undefined);
        if (known && rest.length === 0) continue;
        const words = [action, place, ...rest].join(' ').trim();
        this.#tell(vhost, path, `"${words}" fits nobody: write publish or play, then all, an address or a block`);
      }
    }
  }

  #hooks(vhost: Section): void {
    for (const path of hookPaths) {
      for (const url of vhost.get(path)) {
        if (/^https?:\/\/[^/]/.test(url)) continue;
        this.#tell(vhost, path, `${url} is no http:// or https:// URL: what it is asked is refused`);
      }
    }
  }

  #iceServers(scope: Section, path: 'rtc_server.ice_servers' | 'vhost.rtc.ice_servers'): void {
    const why = iceServersFault(scope.get(path));
    if (why !== undefined) throw value(scope, path, why);
  }

  #chunkSize(scope: Section, path: 'rtmp.chunk_size' | 'vhost.chunk_size'): void {
    const size = scope.get(path);
    if (size < 128 || size > 65_536)
      this.#tell(scope, path, `${size} is outside 128..65536: the nearest of these is used`);
  }

  #tell(scope: Section, path: Path, text: string): void {
    this.notices.push({ ...placeOf(scope, path), directive: path, text });
  }
}

/** What HLS and DASH of a vhost write: templates with the vhost filled in, and the directives that say them. */
function filesOf(vhost: Section): readonly (readonly { readonly path: Path; readonly file: string }[])[] {
  const file = (root: string, path: FilePath) => ({
    path,
    file: `${root}/${vhost.get(path)}`.replaceAll('[vhost]', vhost.name),
  });
  const hls = vhost.get('vhost.hls.enabled') && vhost.get('vhost.hls.hls_disk');
  const dash = vhost.get('vhost.dash.enabled') && vhost.get('vhost.dash.dash_disk');
  const segments = vhost.get('vhost.hls.hls_use_fmp4') ? 'vhost.hls.hls_fmp4_file' : 'vhost.hls.hls_ts_file';
  const [hlsRoot, dashRoot] = [vhost.get('vhost.hls.hls_path'), vhost.get('vhost.dash.dash_path')];
  return [
    hls ? [file(hlsRoot, 'vhost.hls.hls_m3u8_file'), file(hlsRoot, segments)] : [],
    dash ? [file(dashRoot, 'vhost.dash.dash_mpd_file')] : [],
  ];
}

type FilePath =
  | 'vhost.hls.hls_m3u8_file'
  | 'vhost.hls.hls_ts_file'
  | 'vhost.hls.hls_fmp4_file'
  | 'vhost.dash.dash_mpd_file';

const hooks = ['connect', 'close', 'publish', 'unpublish', 'play', 'stop', 'dvr', 'hls', 'hls_notify'] as const;
const hookPaths = hooks.map((hook) => `vhost.http_hooks.on_${hook}` as const);

const value = (scope: Section, path: Path, why: string): Error =>
  configErrors.config('VALUE', { ...placeOf(scope, path), directive: path, why });

const conflict = (scope: Section, path: Path, why: string): Error =>
  configErrors.config('CONFLICT', { ...placeOf(scope, path), directive: path, why });

/** Where a value was written: in the file, else in the environment (line 0), else the block that lacks it. */
function placeOf(scope: Section, path: Path): Place {
  const { origin } = scope.look(path);
  if (origin.kind === 'file') return { file: origin.file, line: origin.line };
  if (origin.kind === 'environment') return { file: origin.name, line: 0 };
  return scope.place;
}
