// What a vhost says of its part in a cluster, and where its streams are at an origin.
import { ConfigError } from '../../base/errors.ts';
import { DEFAULT_VHOST, type StreamName } from '../../media/stream-name.ts';
import type { Section } from '../config/config.ts';
import { destinationUrl } from '../forward/target.ts';
import { wordsBeside } from '../rtmp-name.ts';
import { clusterErrors } from './errors.ts';

/** How an edge fetches a stream: RTMP, HTTP-FLV, or that with TLS. */
export type Upstream = 'rtmp' | 'flv' | 'flvs';

/** Chosen: more origins than one edge has uses for. */
const MAX_ORIGINS = 64;

/** Whether a stream that is not here may be at another server, so that the admission is worth asking. */
export const mayBeElsewhere = (vhost: Section): boolean =>
  vhost.get('vhost.cluster.mode') === 'remote' || vhost.get('vhost.cluster.origin_cluster');

/** SRS: what is not known is RTMP. @param overHttp the player's protocol, for follow_client. */
export function upstreamOf(vhost: Section, overHttp: boolean): Upstream {
  const protocol = vhost.get('vhost.cluster.protocol');
  const said = protocol === 'flv' || protocol === 'flvs' ? protocol : 'rtmp';
  if (!vhost.get('vhost.cluster.follow_client')) return said;
  if (!overHttp) return 'rtmp';
  return said === 'flvs' ? 'flvs' : 'flv';
}

/** The stream at all origins, in their order. Throws CLUSTER_ORIGIN. @param param of the client, with its `?`. */
export function originUrls(vhost: Section, name: StreamName, param: string, upstream: Upstream): URL[] {
  const there = { ...name, vhost: vhost.get('vhost.cluster.vhost').replaceAll('[vhost]', name.vhost) };
  const places = vhost.get('vhost.cluster.origin').slice(0, MAX_ORIGINS);
  const urls = places.flatMap((place) => urlAt(place, there, param, upstream) ?? []);
  if (urls.length === 0) throw clusterErrors.config('ORIGIN', { vhost: name.vhost });
  return urls;
}

/** Undefined for what is no place. */
function urlAt(place: string, name: StreamName, param: string, upstream: Upstream): URL | undefined {
  let url: URL;
  try {
    url = destinationUrl(place, name, param);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
  return upstream === 'rtmp' ? url : flvUrl(place, name, param, upstream);
}

function flvUrl(place: string, { vhost, app, stream }: StreamName, param: string, upstream: Upstream): URL {
  const path = [...app.split('/'), `${stream}.flv`].map(encodeURIComponent).join('/');
  // What is passed on: the vhost is another one there, and a session is of this server.
  const words = wordsBeside(param, /^(vhost|domain|hls_ctx)=/);
  if (vhost !== DEFAULT_VHOST) words.unshift(`vhost=${encodeURIComponent(vhost)}`);
  const query = words.length === 0 ? '' : `?${words.join('&')}`;
  return new URL(`${upstream === 'flvs' ? 'https' : 'http'}://${place}/${path}${query}`);
}
