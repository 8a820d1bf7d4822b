// DTLS records: bytes to values and back, and their protection by AES-128-GCM (RFC 6347 §4.1, RFC 5288 §3).
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { putUint16, putUint32, uint16, uint32 } from '../rtp/index.ts';
import { ReplayWindow } from '../srtp/replay.ts';

export const contentType = { changeCipherSpec: 20, alert: 21, handshake: 22 } as const;

export const RECORD_HEADER_BYTES = 13;
/** DTLS 1.2, as the wire writes it. */
export const VERSION = 0xfefd;
const EXPLICIT_BYTES = 8;
const TAG_BYTES = 16;
/** What protection adds to a record. */
export const PROTECTION_BYTES = EXPLICIT_BYTES + TAG_BYTES;
/** Records of one datagram; each has at least its header. */
const MOST_RECORDS = 64;

/** `body` is a view. */
export interface DtlsRecord {
  readonly type: number;
  readonly epoch: number;
  /** 48 bits. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Whether a datagram is DTLS (RFC 7983 §7). */
export const isDtls = (datagram: Uint8Array): boolean => {
  const first = datagram[0] ?? 0;
  return first >= 20 && first <= 63 && datagram.length >= RECORD_HEADER_BYTES;
};

/** The records of a datagram; what is damaged is left out without a word (RFC 6347 §4.1.2.7). */
export function parseRecords(datagram: Uint8Array): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= datagram.length && records.length < MOST_RECORDS) {
    const end = at + RECORD_HEADER_BYTES + uint16(datagram, at + 11);
    if (end > datagram.length) break;
    // The first flight may say DTLS 1.0.
    if (datagram[at + 1] === 0xfe) {
      records.push({
        type: datagram[at] as number,
        epoch: uint16(datagram, at + 3),
        sequence: uint16(datagram, at + 5) * 2 ** 32 + uint32(datagram, at + 7),
        body: datagram.subarray(at + RECORD_HEADER_BYTES, end),
      });
    }
    at = end;
  }
  return records;
}

/** One record with its header. */
export function writeRecord(type: number, epoch: number, sequence: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + body.length);
  bytes[0] = type;
  putUint16(bytes, 1, VERSION);
  putUint16(bytes, 3, epoch);
  putUint16(bytes, 5, Math.floor(sequence / 2 ** 32));
  putUint32(bytes, 7, sequence >>> 0);
  putUint16(bytes, 11, body.length);
  bytes.set(body, RECORD_HEADER_BYTES);
  return bytes;
}

/** Key and fixed part of the nonce of one direction. */
export interface WriteKeys {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 4 bytes. */
  readonly iv: Uint8Array;
}

/** Encrypts what we send in an epoch, and numbers it. */
export class RecordSealer {
  readonly #key: KeyObject;
  readonly #iv: Uint8Array;
  readonly #epoch: number;
  #sequence = 0;

  constructor({ key, iv }: WriteKeys, epoch: number) {
    this.#key = createSecretKey(key);
    this.#iv = iv;
    this.#epoch = epoch;
  }

  seal(type: number, body: Uint8Array): Uint8Array {
    const sequence = this.#sequence++;
    const explicit = number64(this.#epoch, sequence);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce(this.#iv, explicit));
    cipher.setAAD(associated(explicit, type, body.length));
    const sealed = new Uint8Array(body.length + PROTECTION_BYTES);
    sealed.set(explicit);
    sealed.set(cipher.update(body), EXPLICIT_BYTES);
    cipher.final();
    sealed.set(cipher.getAuthTag(), EXPLICIT_BYTES + body.length);
    return writeRecord(type, this.#epoch, sequence, sealed);
  }
}

/** Decrypts what a peer sends in an epoch: authentic records once. */
export class RecordOpener {
  readonly #key: KeyObject;
  readonly #iv: Uint8Array;
  readonly #window = new ReplayWindow();

  constructor({ key, iv }: WriteKeys) {
    this.#key = createSecretKey(key);
    this.#iv = iv;
  }

  /** Undefined for what is forged, damaged or seen before. */
  open({ type, epoch, sequence, body }: DtlsRecord): Uint8Array | undefined {
    const size = body.length - PROTECTION_BYTES;
    if (size < 0 || !this.#window.fresh(sequence)) return undefined;
    const decipher = createDecipheriv('aes-128-gcm', this.#key, nonce(this.#iv, body.subarray(0, EXPLICIT_BYTES)), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associated(number64(epoch, sequence), type, size));
    decipher.setAuthTag(body.subarray(EXPLICIT_BYTES + size));
    const opened = decipher.update(body.subarray(EXPLICIT_BYTES, EXPLICIT_BYTES + size));
    try {
      decipher.final();
    } catch {
      // Not authentic.
      return undefined;
    }
    this.#window.accept(sequence);
    return opened;
  }
}

/** Epoch and sequence in 64 bits. */
function number64(epoch: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(EXPLICIT_BYTES);
  putUint16(bytes, 0, epoch);
  putUint16(bytes, 2, Math.floor(sequence / 2 ** 32));
  putUint32(bytes, 4, sequence >>> 0);
  return bytes;
}

function nonce(iv: Uint8Array, explicit: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(iv.length + EXPLICIT_BYTES);
  bytes.set(iv);
  bytes.set(explicit, iv.length);
  return bytes;
}

/** RFC 5246 §6.2.3.3 with the number of RFC 6347 §4.1.2.1. */
function associated(number: Uint8Array, type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(13);
  bytes.set(number);
  bytes[8] = type;
  putUint16(bytes, 9, VERSION);
  putUint16(bytes, 11, size);
  return bytes;
}
