// Where a peer is told to send to: SRS's rules, in their order.
import { isThisMachine, parseIp } from '../../base/ip.ts';
import type { Address } from '../../base/link.ts';
import type { Candidate } from '../../wire/sdp/index.ts';
import type { InterfaceAddress, ServerOptions } from './config.ts';

export interface CandidateRequest {
  /** Query values `eip` and `candidate`, each an address or `address:port`. */
  readonly external: readonly string[];
  /** The name or address by which the API was asked, without its port. */
  readonly apiHost: string;
  /** Only these transports; undefined: as the settings say. */
  readonly protocol?: 'udp' | 'tcp' | 'all';
}

export interface CandidateSources {
  readonly options: ServerOptions;
  readonly interfaces: readonly InterfaceAddress[];
  /** Where it listens. */
  readonly udp: readonly Address[];
  readonly tcp: readonly Address[];
  /** Undefined: no address, or none in time. */
  readonly lookup: (name: string) => Promise<string | undefined>;
}

/** Addresses of one answer: a page that names hundreds gains nothing. */
const MOST_HOSTS = 16;

/**
 * 1. `eip` and `candidate` of the query; 2. the host of the API; 3. the setting, unless it is `*`; 4. the interfaces; 5. any
 * address rather than none. A server that listens at one address only is there and nowhere else.
 */
export async function candidatesFor(request: CandidateRequest, sources: CandidateSources): Promise<Candidate[]> {
  const hosts = new Map<string, number | undefined>();
  const add = (host: string, port?: number): void => {
    if (host !== '' && !hosts.has(host) && hosts.size < MOST_HOSTS) hosts.set(host, port);
  };
  for (const text of request.external) {
    const { host, port } = splitPort(text);
    add(host, port);
  }
  for (const host of await apiHosts(request.apiHost, sources)) add(host);
  for (const host of ownHosts(sources, hosts.size > 0)) add(host);
  const protocol = request.protocol ?? sources.options.protocol;
  const [udpPort] = sources.udp.map(({ port }) => port);
  const [tcpPort] = sources.tcp.map(({ port }) => port);
  return [...hosts].flatMap(([host, port]): Candidate[] => [
    ...(protocol !== 'tcp' && udpPort !== undefined
      ? [{ transport: 'udp' as const, host, port: port ?? udpPort }]
      : []),
    ...(protocol !== 'udp' && tcpPort !== undefined
      ? [{ transport: 'tcp' as const, host, port: port ?? tcpPort }]
      : []),
  ]);
}

async function apiHosts(apiHost: string, { options, lookup }: CandidateSources): Promise<string[]> {
  if (!options.apiHost || apiHost === '' || isThisMachine(apiHost)) return [];
  if (parseIp(apiHost) !== undefined) return [apiHost];
  const hosts = options.keepApiHost ? [apiHost] : [];
  if (!options.resolveApiHost) return hosts;
  const address = await lookup(apiHost);
  return address === undefined || isThisMachine(address) ? hosts : [...hosts, address];
}

function ownHosts({ options, interfaces, udp, tcp }: CandidateSources, hasOthers: boolean): string[] {
  const fixed = options.candidates.filter((host) => host !== '*' && host !== '0.0.0.0' && host !== '');
  if (fixed.length > 0) return fixed;
  const bound = [...udp, ...tcp].map(({ host }) => host).filter((host) => host !== '0.0.0.0' && host !== '::');
  if (bound.length > 0) return [...new Set(bound)];
  const outward = interfaces.filter(({ internal, family }) => !internal && isWanted(family, options));
  const scanned = options.scan ? outward.map(({ host }) => host) : [];
  if (scanned.length > 0 || hasOthers) return scanned;
  const last = interfaces.find(({ family }) => family === 'ipv4') ?? interfaces[0];
  return last === undefined ? [] : [last.host];
}

const isWanted = (family: 'ipv4' | 'ipv6', options: ServerOptions): boolean =>
  options.family === 'all' || options.family === family;

/** `1.2.3.4`, `1.2.3.4:8000`, `[::1]:8000`, `::1`, `name:8000`. What is not one of these, or has odd letters, is nothing. */
function splitPort(text: string): { host: string; port?: number } {
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([0-9a-zA-Z.-]+))(?::(\d{1,5}))?$/.exec(text) ?? /^([0-9a-fA-F:.]+)$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  return port !== undefined && Number(port) <= 65_535 && Number(port) > 0 ? { host, port: Number(port) } : { host };
}
