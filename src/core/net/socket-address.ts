// `sockaddr_in` and `sockaddr_in6` of peers, as the C library takes them (ip(7), ipv6(7)).
import { isIPv4, isIPv6 } from 'node:net';
import type { Peer } from '../base/link.ts';

/** The longer of the two, in whole words. */
export const SOCKET_ADDRESS_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;
const IPV4_BYTES = 16;

/**
 * The bytes for a socket of that family; undefined for a name, for an address of IPv6 that has a zone, and for one that the
 * socket's family does not have.
 */
export function writeSocketAddress({ host, port }: Peer, ofSocket: 4 | 6): Uint8Array | undefined {
  if (ofSocket === 4) return isIPv4(host) ? ipv4(host, port) : undefined;
  // RFC 4291 §2.5.5.2: a socket of both families knows those of IPv4 by mapped addresses.
  const words = isIPv4(host) ? [0, 0, 0, 0, 0, 0xffff, ...ipv4Words(host)] : ipv6Words(host);
  return words === undefined ? undefined : ipv6(words, port);
}

/** The peer whose bytes are in `view` at `at`; undefined for another family. */
export function readSocketAddress(view: DataView, at: number): Peer | undefined {
  const family = view.getUint16(at, true);
  const port = view.getUint16(at + 2, false);
  if (family === AF_INET) return { host: ipv4Text(view, at + 4), port };
  if (family !== AF_INET6) return undefined;
  const word = (index: number): number => view.getUint16(at + 8 + 2 * index, false);
  const mapped = [0, 1, 2, 3, 4].every((index) => word(index) === 0) && word(5) === 0xffff;
  return { host: mapped ? ipv4Text(view, at + 20) : ipv6Text(Array.from({ length: 8 }, (_, i) => word(i))), port };
}

function ipv4(host: string, port: number): Uint8Array {
  const bytes = new Uint8Array(IPV4_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(host.split('.').map(Number), 4);
  return bytes;
}

function ipv6(words: readonly number[], port: number): Uint8Array {
  const bytes = new Uint8Array(SOCKET_ADDRESS_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port);
  for (const [index, word] of words.entries()) view.setUint16(8 + 2 * index, word);
  return bytes;
}

function ipv4Words(host: string): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = host.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}

/** Eight words of 16 bits (RFC 4291 §2.2). */
function ipv6Words(host: string): number[] | undefined {
  if (!isIPv6(host) || host.includes('%')) return undefined;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  const [high, low] = dotted === null ? [0, 0] : ipv4Words(dotted[2] as string);
  const text = dotted === null ? host : `${dotted[1]}${high.toString(16)}:${low.toString(16)}`;
  const [before = '', after] = text.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  if (after === undefined) return words(before);
  const [front, back] = [words(before), words(after)];
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

const ipv4Text = (view: DataView, at: number): string =>
  `${view.getUint8(at)}.${view.getUint8(at + 1)}.${view.getUint8(at + 2)}.${view.getUint8(at + 3)}`;

/** The longest run of two or more zeros, the first of equals, becomes `::` (RFC 5952 §4.2). */
function ipv6Text(words: readonly number[]): string {
  let [begin, size] = [0, 1];
  for (let at = 0; at < words.length; at++) {
    let end = at;
    while (words[end] === 0) end++;
    if (end - at > size) [begin, size] = [at, end - at];
  }
  const text = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':');
  return size === 1 ? text(words) : `${text(words.slice(0, begin))}::${text(words.slice(begin + size))}`;
}
