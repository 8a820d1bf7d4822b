// Who is behind a reverse proxy: the address that security, hooks and the API see of an HTTP client.

import { type IpBlock, type IpBytes, isInBlock, parseIp, parseIpBlock } from '../base/ip.ts';
import type { Peer } from '../base/link.ts';
import type { HttpRequest } from '../wire/http/exchange.ts';
import type { Section } from './config/config.ts';
import type { Settings } from './config/settings.ts';

/** Chosen: no chain of proxies is longer; what is before is not looked at. */
const MAX_HOPS = 20;

/**
 * The TCP peer; when that is a trusted proxy, the last address of X-Forwarded-For that is none, else X-Real-IP. The first
 * address, which SRS takes from anybody, is what the client itself may have written.
 */
export function clientPeer(request: Pick<HttpRequest, 'peer' | 'header'>, settings: Pick<Settings, 'root'>): Peer {
  const { peer } = request;
  const address = parseIp(peer.host);
  if (address === undefined) return peer;
  const trusted = trustedBlocks(settings.root);
  const isTrusted = (one: IpBytes): boolean => trusted.some((block) => isInBlock(one, block));
  if (!isTrusted(address)) return peer;
  const hops = (request.header('x-forwarded-for') ?? '').split(',').slice(-MAX_HOPS);
  for (const hop of hops.reverse()) {
    const host = hop.trim();
    const bytes = parseIp(host);
    // Whatever stands behind text that is no address may be the client's own words.
    if (bytes === undefined) break;
    if (!isTrusted(bytes)) return { host: host.replace(/^\[|\]$/g, ''), port: peer.port };
  }
  const real = request.header('x-real-ip')?.trim() ?? '';
  return parseIp(real) === undefined ? peer : { host: real.replace(/^\[|\]$/g, ''), port: peer.port };
}

/** Parsed once for each configuration: every request asks. */
const blocksOf = new WeakMap<Section, readonly IpBlock[]>();

function trustedBlocks(root: Section): readonly IpBlock[] {
  const known = blocksOf.get(root);
  if (known !== undefined) return known;
  const blocks = root.get('http_server.trusted_proxies').map(parseIpBlock);
  const trusted = blocks.filter((block): block is IpBlock => block !== undefined);
  blocksOf.set(root, trusted);
  return trusted;
}
