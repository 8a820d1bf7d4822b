// IP addresses as bytes, and blocks of them (RFC 4291 §2.2, RFC 4632 §3.1).

/** 16 bytes; IPv4 addresses are those of ::ffff:0:0/96, so that both notations of one address are equal. */
export type IpBytes = Uint8Array;

/** Addresses that share their first `bits`. */
export interface IpBlock {
  readonly address: IpBytes;
  /** 0 to 128. */
  readonly bits: number;
}

const MAPPED_BITS = 96;
const mapped = (...four: readonly number[]): IpBytes => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...four);
const MAPPED: IpBlock = { address: mapped(0, 0, 0, 0), bits: MAPPED_BITS };
const LOOPBACK: readonly IpBlock[] = [
  { address: mapped(127, 0, 0, 0), bits: MAPPED_BITS + 8 },
  { address: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), bits: 128 },
];

/** The bytes of an address in text, with brackets or a zone if it has them; undefined when it is none. */
export function parseIp(text: string): IpBytes | undefined {
  const plain = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (!plain.includes(':')) {
    const four = parseFour(plain);
    return four === undefined ? undefined : mapped(...four);
  }
  const dots = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  const four = dots === null ? undefined : parseFour(dots[2] ?? '');
  if (dots !== null && four === undefined) return undefined;
  const groups = four === undefined ? plain : `${dots?.[1]}${hexPair(four, 0)}:${hexPair(four, 2)}`;
  return parseGroups(groups);
}

/** `10.0.0.0/8`, `2001:db8::/32`, or an address alone; undefined when it is none of these. */
export function parseIpBlock(text: string): IpBlock | undefined {
  const [, host = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseIp(host);
  if (address === undefined) return undefined;
  if (length === undefined) return { address, bits: 128 };
  const bits = Number(length) + (host.includes(':') ? 0 : MAPPED_BITS);
  return bits > 128 ? undefined : { address, bits };
}

/** The four bytes of an address of IPv4, of a mapped one too, or the sixteen of another one. */
export const shortest = (address: IpBytes): Uint8Array => (isInBlock(address, MAPPED) ? address.subarray(12) : address);

/** Whether a host is an address of the loopback: 127.0.0.0/8 or ::1 (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(host: string): boolean {
  const address = parseIp(host);
  return address !== undefined && LOOPBACK.some((block) => isInBlock(address, block));
}

/** Whether a host means this machine wherever it is read: the loopback, its name, and the address that is none. */
export function isThisMachine(host: string): boolean {
  if (/^localhost$/i.test(host) || isLoopback(host)) return true;
  const address = parseIp(host);
  return address !== undefined && shortest(address).every((byte) => byte === 0);
}

/** Whether an address is in a block. */
export function isInBlock(address: IpBytes, block: IpBlock): boolean {
  const whole = block.bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== block.address[i]) return false;
  const rest = block.bits & 7;
  return rest === 0 || ((address[whole] ?? 0) ^ (block.address[whole] ?? 0)) >> (8 - rest) === 0;
}

function parseFour(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

const hexPair = (bytes: readonly number[], at: number): string =>
  (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16);

/** Eight groups of 16 bits, of which one run of zeros may be `::`. */
function parseGroups(text: string): IpBytes | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 255];
    }),
  );
}
