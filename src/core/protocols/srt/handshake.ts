// The body of a handshake packet (draft-sharabayko-srt-01 §3.2.1).
import { readU32, writeU32 } from '../../base/bytes.ts';
import type { Micros } from '../../base/time.ts';
import { errors } from './errors.ts';
import { type Extension, parseExtensions, writeExtensions } from './extension.ts';

const FIXED_BYTES = 48;

/** Version 4 is UDT's handshake, without extensions; 5 is SRT's since libsrt 1.3. */
export const HandshakeVersion = { legacy: 4, srt: 5 } as const;

/** draft-sharabayko-srt-01 §3.2.1, table 4; refusals are in `reject.ts`. */
export const HandshakeType = {
  done: 0xfffffffd,
  agreement: 0xfffffffe,
  conclusion: 0xffffffff,
  waveAHand: 0,
  induction: 1,
} as const;

/** The extension field of a listener's induction, by which a caller knows that SRT is spoken. */
export const SRT_MAGIC = 0x4a17;
/** The extension field of an induction and of version 4: UDT's datagram socket. */
export const DATAGRAM_SOCKET = 2;

/** Bits of the extension field of a conclusion. */
export const ExtensionFlag = { handshake: 1, keyMaterial: 2, config: 4 } as const;

/** The body of a handshake packet. */
export interface Handshake {
  readonly version: number;
  /** Length of the key in eighths of its bytes: 0, 2, 3, 4. */
  readonly encryption: number;
  readonly extensionField: number;
  readonly initialSequence: number;
  readonly mtu: number;
  readonly flowWindow: number;
  /** See `HandshakeType` and `reject.ts`. */
  readonly type: number;
  readonly socketId: number;
  readonly cookie: number;
  /** 16 bytes, as the peer sees the other end. */
  readonly peerAddress: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** A handshake as it came, with the time stamp of its packet, and when it came: it may be answered much later. */
export interface ReceivedHandshake {
  readonly handshake: Handshake;
  readonly timestamp: number;
  readonly at: Micros;
}

/** Throws SRT_HANDSHAKE. Extensions are views of `body`. */
export function parseHandshake(body: Uint8Array): Handshake {
  if (body.length < FIXED_BYTES) throw errors.protocol('HANDSHAKE', { why: `${body.length} bytes` });
  const flags = readU32(body, 4);
  const version = readU32(body, 0);
  const type = readU32(body, 20);
  const extended = version === HandshakeVersion.srt && type === HandshakeType.conclusion && (flags & 0xffff) !== 0;
  return {
    version,
    encryption: flags >>> 16,
    extensionField: flags & 0xffff,
    initialSequence: readU32(body, 8) & 0x7fffffff,
    mtu: readU32(body, 12),
    flowWindow: readU32(body, 16),
    type,
    socketId: readU32(body, 24),
    cookie: readU32(body, 28),
    peerAddress: body.subarray(32, 48),
    extensions: extended ? parseExtensions(body.subarray(FIXED_BYTES)) : [],
  };
}

/** 48 bytes and the extensions. */
export function writeHandshake(handshake: Handshake): Uint8Array {
  const extensions = writeExtensions(handshake.extensions);
  const body = new Uint8Array(FIXED_BYTES + extensions.length);
  writeU32(body, 0, handshake.version);
  writeU32(body, 4, ((handshake.encryption << 16) | handshake.extensionField) >>> 0);
  writeU32(body, 8, handshake.initialSequence);
  writeU32(body, 12, handshake.mtu);
  writeU32(body, 16, handshake.flowWindow);
  writeU32(body, 20, handshake.type);
  writeU32(body, 24, handshake.socketId);
  writeU32(body, 28, handshake.cookie);
  body.set(handshake.peerAddress.subarray(0, 16), 32);
  body.set(extensions, FIXED_BYTES);
  return body;
}

const NO_ADDRESS = new Uint8Array(16);

/** QUIRK(libsrt): an IPv4 address stands in the first word with its bytes reversed; nobody reads it. */
export function wireAddress(host: string): Uint8Array {
  const parts = host.split('.').map(Number);
  if (parts.length !== 4) return NO_ADDRESS;
  const address = new Uint8Array(16);
  address.set(parts.reverse());
  return address;
}
