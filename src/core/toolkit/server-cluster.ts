// The cluster of a running server, with the protocols that it fetches and passes on with.
import { BugError } from '../base/errors.ts';
import { isThisMachine } from '../base/ip.ts';
import { SRS_VERSION_TEXT } from '../control/api/version.ts';
import { Cluster } from '../control/cluster/cluster.ts';
import type { Settings } from '../control/config/settings.ts';
import { type ClientHost, type Protocol, protocolFor } from '../control/host.ts';
import type { Sessions } from '../control/sessions.ts';
import type { Hub } from '../media/hub.ts';
import { Splice } from './splice.ts';

/** What a cluster needs of its server. */
export interface ServerClusterOptions {
  readonly client: ClientHost;
  readonly protocols: readonly Protocol[];
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly settings: Settings;
  readonly serverId: string;
  readonly pid: number;
  /** Where the server listens over TCP. */
  readonly ports: () => readonly number[];
}

/** The cluster; it is to be closed with the server. */
export function serverCluster({ client, protocols, ports, serverId, pid, ...server }: ServerClusterOptions): Cluster {
  const of = (url: URL): Protocol => {
    const found = protocolFor(url, protocols);
    if (found !== undefined) return found;
    throw new BugError({ code: 'BUG_UPSTREAM', text: `${url.protocol} is no protocol of a cluster` });
  };
  return new Cluster({
    ...client,
    ...server,
    pull: async (from, to, options) => of(from).pull?.(client, from, to, options),
    push: async (stream, to, options) => of(to).push?.(client, stream, to, options),
    splice: (to) => new Splice(to),
    isOwn: (url) => isThisMachine(url.hostname) && ports().includes(Number(url.port || defaultPort(url))),
    introduction: () => ({
      args: {
        srs_sig: 'SRS',
        srs_server: `SRS/${SRS_VERSION_TEXT}(srsx)`,
        srs_version: SRS_VERSION_TEXT,
        srs_id: serverId,
        srs_pid: pid,
      },
    }),
  });
}

const defaultPort = ({ protocol }: URL): number => ({ 'http:': 80, 'https:': 443 })[protocol] ?? 1935;
