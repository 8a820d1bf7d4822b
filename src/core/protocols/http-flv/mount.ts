// Where a vhost wants its live streams, and what of them (SRS: http_remux).
import type { Section } from '../../control/config/config.ts';
import type { Settings } from '../../control/config/settings.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import type { Track, TrackKind } from '../../media/track.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';
import { requestedVhost } from '../../wire/http/stream-path.ts';

/** Switched off by the configuration; a vhost that does not speak of it serves, unlike in SRS. */
export function isOff(vhost: Section): boolean {
  return vhost.written('vhost.http_remux.enabled') === false;
}

/**
 * The path that a request means: itself, or `/app/stream.ext` when the vhost has a mount of its own that fits, such as
 * `[vhost]/tv/[app]-[stream].flv`. A mount is tried before the usual place.
 */
export function mountedPath(request: HttpRequest, settings: Settings): string {
  const name = requestedVhost(request);
  const mount = settings.vhost(name).written('vhost.http_remux.mount');
  if (mount === undefined) return request.path;
  const match = patternOf(mount, name)?.exec(request.path);
  const { app, stream } = match?.groups ?? {};
  if (app === undefined || stream === undefined) return request.path;
  return `/${app}/${stream}${/\.\w+$/.exec(request.path)?.[0] ?? ''}`;
}

/** Words that stand once each; `[vhost]` at the front is the host of the request. Undefined: it names no stream. */
function patternOf(mount: string, vhost: string): RegExp | undefined {
  const path = mount.replace(/^\[vhost\]/, '').replaceAll('[vhost]', vhost);
  if (!path.includes('[stream]')) return undefined;
  const escaped = path.replace(/[.*+?^${}()|\\]/g, '\\$&');
  const source = escaped
    .replace('[app]', '(?<app>[^?]+?)')
    .replace('[stream]', '(?<stream>[^/?]+?)')
    // Several extensions are served, whichever the mount names.
    .replace(/\\\.\w+$/, '\\.\\w+');
  // Without both names, or with one twice, it is not a place of streams.
  if (!source.includes('?<app>') || /\[(app|stream)\]/.test(source)) return undefined;
  return new RegExp(`^${source.startsWith('/') ? '' : '/'}${source}$`);
}

/** Kinds of tracks that the vhost leaves out: flags that are not guessed, and no packets against them. */
export function leftOut(vhost: Section): readonly TrackKind[] {
  if (vhost.get('vhost.http_remux.guess_has_av') || !vhost.get('vhost.http_remux.drop_if_not_match')) return [];
  const kinds: TrackKind[] = [];
  if (!vhost.get('vhost.http_remux.has_audio')) kinds.push('audio');
  if (!vhost.get('vhost.http_remux.has_video')) kinds.push('video');
  return kinds;
}

/** The same format without some kinds of tracks: a feed of its own. */
export function without(format: Format, kinds: readonly TrackKind[]): Format {
  if (kinds.length === 0) return format;
  return { ...format, key: `${format.key}-${kinds.join('-')}`, make: () => new Sieve(format.make(), kinds) };
}

class Sieve implements Muxer {
  readonly #muxer: Muxer;
  readonly #kinds: readonly TrackKind[];

  constructor(muxer: Muxer, kinds: readonly TrackKind[]) {
    this.#muxer = muxer;
    this.#kinds = kinds;
  }

  header(tracks: readonly Track[]): ReturnType<Muxer['header']> {
    return this.#muxer.header(this.#sifted(tracks));
  }

  retrack(tracks: readonly Track[]): ReturnType<Muxer['retrack']> {
    return this.#muxer.retrack(this.#sifted(tracks));
  }

  write(frame: Parameters<Muxer['write']>[0]): ReturnType<Muxer['write']> {
    return this.#kinds.includes(frame.track.kind) ? [] : this.#muxer.write(frame);
  }

  flush(): ReturnType<Muxer['write']> {
    return this.#muxer.flush?.() ?? [];
  }

  #sifted(tracks: readonly Track[]): readonly Track[] {
    return tracks.filter(({ kind }) => !this.#kinds.includes(kind));
  }
}
