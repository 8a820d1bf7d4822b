// The hellos: what both sides can, and what the server chose (RFC 5246 §7.4.1, RFC 6347 §4.2.1, RFC 5764 §4.1).
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import { dtlsErrors } from './errors.ts';
import { VERSION } from './record.ts';

/** Cipher suites: AES-128-GCM with ephemeral ECDH, by the kind of the server's key. */
export const suite = { ecdsa: 0xc02b, rsa: 0xc02f } as const;
/** RFC 5746 §3.3: a suite that says the same as an empty renegotiation_info. */
const RENEGOTIATION_SCSV = 0x00ff;
export const P256 = 23;
/** Signature algorithms that are understood, by preference: ECDSA, RSA, RSA-PSS, each with SHA-256. */
export const signatureSchemes: readonly number[] = [0x0403, 0x0401, 0x0804];

const extension = {
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
  renegotiationInfo: 0xff01,
} as const;

/** Extensions of one hello: browsers send about a dozen. */
const MOST_EXTENSIONS = 64;

export interface ClientHello {
  readonly random: Uint8Array;
  readonly cookie: Uint8Array;
  readonly suites: readonly number[];
  readonly groups: readonly number[];
  readonly srtpProfiles: readonly number[];
  readonly extendedMasterSecret: boolean;
  readonly pointFormats: boolean;
  readonly renegotiation: boolean;
}

export interface ServerHello {
  readonly random: Uint8Array;
  readonly suite: number;
  readonly srtpProfile: number | undefined;
  readonly extendedMasterSecret: boolean;
}

/** Runs a parse, whose failures are all DTLS_MESSAGE. */
export function parsing<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof SrsxError && cause.code.startsWith('DTLS_')) throw cause;
    throw dtlsErrors.protocol('MESSAGE', { why: `${what} ends too early` }, cause);
  }
}

export function parseClientHello(body: Uint8Array): ClientHello {
  return parsing('ClientHello', () => {
    const reader = new ByteReader(body);
    if (reader.u16() > VERSION) throw dtlsErrors.refused('NO_COMMON', { what: 'version' });
    const random = reader.take(32).slice();
    reader.skip(reader.u8());
    const cookie = reader.take(reader.u8()).slice();
    const suites = numbers(reader.take(reader.u16()));
    reader.skip(reader.u8());
    const extensions = parseExtensions(reader);
    return {
      random,
      cookie,
      suites,
      groups: listIn(extensions.get(extension.supportedGroups)),
      srtpProfiles: listIn(extensions.get(extension.useSrtp)),
      extendedMasterSecret: extensions.has(extension.extendedMasterSecret),
      pointFormats: extensions.has(extension.pointFormats),
      renegotiation: extensions.has(extension.renegotiationInfo) || suites.includes(RENEGOTIATION_SCSV),
    };
  });
}

export function parseServerHello(body: Uint8Array): ServerHello {
  return parsing('ServerHello', () => {
    const reader = new ByteReader(body);
    if (reader.u16() !== VERSION) throw dtlsErrors.refused('NO_COMMON', { what: 'version' });
    const random = reader.take(32).slice();
    reader.skip(reader.u8());
    const chosen = reader.u16();
    reader.skip(1);
    const extensions = parseExtensions(reader);
    return {
      random,
      suite: chosen,
      srtpProfile: listIn(extensions.get(extension.useSrtp))[0],
      extendedMasterSecret: extensions.has(extension.extendedMasterSecret),
    };
  });
}

function parseExtensions(reader: ByteReader): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  if (reader.left === 0) return found;
  const inside = new ByteReader(reader.take(reader.u16()));
  while (inside.left > 0 && found.size < MOST_EXTENSIONS) {
    const type = inside.u16();
    found.set(type, inside.take(inside.u16()));
  }
  return found;
}

/** A list of 16-bit numbers behind its length in bytes; empty for what is not there. */
function listIn(data: Uint8Array | undefined): number[] {
  if (data === undefined) return [];
  const reader = new ByteReader(data);
  return numbers(reader.take(reader.u16()));
}

function numbers(bytes: Uint8Array): number[] {
  const reader = new ByteReader(bytes);
  const list: number[] = [];
  while (reader.left >= 2) list.push(reader.u16());
  return list;
}

export function writeClientHello(random: Uint8Array, cookie: Uint8Array, srtpProfiles: readonly number[]): Uint8Array {
  const out = new ByteWriter();
  out.u16(VERSION).put(random).u8(0).u8(cookie.length).put(cookie);
  writeList(out, [suite.ecdsa, suite.rsa]);
  out.u8(1).u8(0);
  writeExtensions(out, [
    [extension.renegotiationInfo, Uint8Array.of(0)],
    [extension.extendedMasterSecret, new Uint8Array(0)],
    [extension.supportedGroups, list([P256])],
    [extension.pointFormats, Uint8Array.of(1, 0)],
    [extension.signatureAlgorithms, list(signatureSchemes)],
    [extension.useSrtp, srtpExtension(srtpProfiles)],
  ]);
  return out.done();
}

export function writeServerHello(random: Uint8Array, chosen: number, profile: number, hello: ClientHello): Uint8Array {
  const out = new ByteWriter();
  out.u16(VERSION).put(random).u8(0).u16(chosen).u8(0);
  const extensions: [number, Uint8Array][] = [[extension.useSrtp, srtpExtension([profile])]];
  if (hello.renegotiation) extensions.push([extension.renegotiationInfo, Uint8Array.of(0)]);
  if (hello.extendedMasterSecret) extensions.push([extension.extendedMasterSecret, new Uint8Array(0)]);
  if (hello.pointFormats) extensions.push([extension.pointFormats, Uint8Array.of(1, 0)]);
  writeExtensions(out, extensions);
  return out.done();
}

function writeExtensions(out: ByteWriter, extensions: readonly (readonly [number, Uint8Array])[]): void {
  out.u16(extensions.reduce((sum, [, data]) => sum + 4 + data.length, 0));
  for (const [type, data] of extensions) out.u16(type).u16(data.length).put(data);
}

function writeList(out: ByteWriter, values: readonly number[]): void {
  out.u16(values.length * 2);
  for (const value of values) out.u16(value);
}

function list(values: readonly number[]): Uint8Array {
  const out = new ByteWriter();
  writeList(out, values);
  return out.done();
}

/** With an empty MKI. */
function srtpExtension(profiles: readonly number[]): Uint8Array {
  const out = new ByteWriter();
  writeList(out, profiles);
  return out.u8(0).done();
}
