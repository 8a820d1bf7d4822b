// Which server of a cluster has a stream: servers of SRS's origin cluster ask each other.
import { DEFAULT_VHOST } from '../../media/stream-name.ts';
import { toEndpoint } from '../config/value.ts';
import { bare, type Call } from './answer.ts';
import type { ApiContext } from './context.ts';

/** Clusters. */
export function clusterHandlers(context: ApiContext) {
  const clusters = (call: Call) => bare({ data: lookUp(context, call) });
  return { clusters, clustersPost: clusters };
}

function lookUp({ hub, settings, system, portOf }: ApiContext, { request }: Call) {
  const word = (name: string): string => request.query.get(name) ?? '';
  const query = { ip: word('ip'), vhost: word('vhost'), app: word('app'), stream: word('stream') };
  const vhost = query.vhost || DEFAULT_VHOST;
  const stream = hub.find({ vhost, app: query.app, stream: query.stream });
  if (stream?.published !== true) return { query, origin: null };
  const { root } = settings;
  const said = (words: readonly string[]): number => toEndpoint(words[0] ?? '')?.port ?? 0;
  // Who asks names this server by the address under which it knows it.
  const asked = toEndpoint(word('coworker'))?.host ?? '';
  const ip = asked || system.deviceIp(root.get('stats.network')) || request.local.host;
  const api = `${ip}:${portOf?.('api') ?? said(root.get('http_api.listen'))}`;
  const routers = [api, ...settings.vhost(vhost).get('vhost.cluster.coworkers')];
  const port = portOf?.('rtmp') ?? said(root.get('rtmp.listen'));
  // Beyond SRS, so only for those who ask: where players over HTTP are sent.
  const http = request.query.has('http') && { http: portOf?.('http') ?? said(root.get('http_server.listen')) };
  return { query, origin: { ip, port, vhost, api, routers, ...http } };
}
