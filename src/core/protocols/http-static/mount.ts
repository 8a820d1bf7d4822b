// Which file a path names: the directory of the vhost or of the server, and what is below it.
import type { Section } from '../../control/config/config.ts';
import type { Settings } from '../../control/config/settings.ts';
import { httpStaticErrors } from './errors.ts';

/** A file or directory that a request names. */
export interface Target {
  /** Directory of the mount. */
  readonly root: string;
  /** Below it, decoded; ends with a slash, or is empty, for a directory. */
  readonly path: string;
}

/** Linux: NAME_MAX. A longer name is in no directory. */
const MAX_NAME_BYTES = 255;

/**
 * The file of a path as received. Throws HTTP_STATIC_PATH for damaged percent-encoding and names that are dangerous:
 * dots, slashes, backslashes, control characters.
 */
export function targetOf(settings: Settings, host: string, path: string): Target {
  const levels = path.split('/').map(decodeLevel);
  const clean = levels.filter((level, index) => level !== '' || index === levels.length - 1).join('/');
  const vhost = settings.find(host);
  const mount = vhost === undefined ? undefined : mountOf(vhost, host);
  if (vhost !== undefined && mount !== undefined && clean.startsWith(mount)) {
    return { root: vhost.get('vhost.http_static.dir'), path: clean.slice(mount.length) };
  }
  return { root: settings.root.get('http_server.dir'), path: clean };
}

/**
 * The part of the path that is mounted, without its first and with its last slash; empty for all of it. SRS writes the host in
 * front: `[vhost]/`, `example.org/vod`.
 */
function mountOf(vhost: Section, host: string): string | undefined {
  if (!vhost.get('vhost.http_static.enabled')) return undefined;
  const template = vhost.get('vhost.http_static.mount');
  const own = template.replace('[vhost]', '');
  const slash = own.indexOf('/');
  const [named, path] = slash < 0 ? [own, ''] : [own.slice(0, slash), own.slice(slash)];
  if (named !== '' && named !== host && named !== vhost.name) return undefined;
  const levels = path.split('/').filter(Boolean);
  return levels.length === 0 ? '' : `${levels.join('/')}/`;
}

function decodeLevel(level: string): string {
  let name: string;
  try {
    name = decodeURIComponent(level);
  } catch (cause) {
    throw httpStaticErrors.protocol('PATH', { why: 'damaged percent-encoding' }, cause);
  }
  if (name === '..' || name === '.') throw httpStaticErrors.protocol('PATH', { why: 'dots' });
  if (/[/\\]|\p{Cc}/u.test(name)) throw httpStaticErrors.protocol('PATH', { why: 'a slash or control character' });
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw httpStaticErrors.protocol('PATH', { why: 'a name is too long' });
  return name;
}
