// Publishers and players as the API shows them, and how the operator ends them.
import { toSeconds } from '../../base/time.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { SessionEntry } from '../sessions.ts';
import { Answer, type Body, type Call, code, failure } from './answer.ts';
import type { ApiContext } from './context.ts';
import { Float, type Json, writeJson } from './json.ts';
import { page } from './paging.ts';

/** Clients. */
export function clientHandlers(context: ApiContext) {
  const { sessions } = context;
  return {
    clients: ({ request }: Call) => {
      const clients = page(request, sessions.list()).map((entry) => describeClient(context, entry));
      return { clients, total: sessions.size };
    },
    client: ({ id }: Call) => {
      const entry = sessions.find(id);
      return entry === undefined ? failure(code.noClient) : { client: describeClient(context, entry) };
    },
    kick: ({ id }: Call) => (sessions.kick(id) ? {} : failure(code.noClient)),
    session: ({ id }: Call) => {
      const entry = sessions.find(id);
      // Endpoints of our own have a status that says it.
      if (entry === undefined) return new Answer(404, writeJson({ code: code.noClient }));
      const { protocol, peer, describe } = entry.info;
      const details = (describe?.() ?? {}) as Record<string, Json>;
      return { session: { ...describeClient(context, entry), protocol, port: peer.port, details } };
    },
  };
}

function describeClient({ clock, hub, stats }: ApiContext, { id, info, since, received, sent }: SessionEntry): Body {
  const now = clock.now();
  const stream = hub.find(info.name);
  return {
    id,
    vhost: stats.vhost(info.name.vhost).id,
    stream: stream === undefined ? '' : stats.of(stream).id,
    ip: info.peer.host,
    pageUrl: info.pageUrl,
    swfUrl: info.swfUrl,
    tcUrl: info.tcUrl,
    url: streamUrl(info.name),
    name: info.shownName,
    type: info.type,
    publish: info.publish,
    alive: new Float(toSeconds(now - since)),
    send_bytes: sent.total,
    recv_bytes: received.total,
    kbps: { recv_30s: received.kbps(now), send_30s: sent.kbps(now) },
  };
}
