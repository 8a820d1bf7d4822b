// The even and odd keys of one direction, their messages, and their refresh (draft-sharabayko-srt-01 §6.1.6).
import { concat, equalBytes } from '../../base/bytes.ts';
import type { Rng } from '../../base/rng.ts';
import { CtrCipher, deriveKek, GcmCipher, type PayloadCipher, unwrapKeys, wrapKeys } from './cipher.ts';
import { CipherId, KeyFlag, type KeyMaterial, parseKeyMaterial, writeKeyMaterial } from './key-material.ts';

/** Secret, cipher and size of keys, as agreed or wanted. */
export interface KeyTerms {
  readonly passphrase: string;
  /** `CipherId.ctr` or `CipherId.gcm`. */
  readonly cipher: number;
  /** 16, 24 or 32. */
  readonly keyBytes: number;
}

type Slot = typeof KeyFlag.even | typeof KeyFlag.odd;
const other = (slot: Slot): Slot => (slot === KeyFlag.even ? KeyFlag.odd : KeyFlag.even);

const makeCipher = (id: number, key: Uint8Array, salt: Uint8Array): PayloadCipher =>
  id === CipherId.gcm ? new GcmCipher(key, salt) : new CtrCipher(key, salt);

/** Keys of what arrives. */
export class ReceiveKeys {
  readonly #passphrase: string;
  /** Deriving costs a millisecond; a peer keeps its salt for its life. */
  #kek: { readonly salt: Uint8Array; readonly key: Uint8Array } | undefined;
  readonly #ciphers: (PayloadCipher | undefined)[] = [undefined, undefined, undefined];
  /** The newest message and the keys in it. */
  material: KeyMaterial | undefined;
  #plainKeys: Uint8Array | undefined;

  constructor(passphrase: string) {
    this.#passphrase = passphrase;
  }

  /** Takes the keys of a message. False: another passphrase. Throws SRT_KEY_MATERIAL. */
  accept(message: Uint8Array): boolean {
    const material = parseKeyMaterial(message);
    const kek = this.#known(material) ?? deriveKek(this.#passphrase, material.salt, material.keyBytes);
    const keys = unwrapKeys(kek, material.wrapped);
    if (keys === undefined) return false;
    this.#kek = { salt: material.salt, key: kek };
    this.material = material;
    this.#plainKeys = keys;
    const second = keys.subarray(keys.length - material.keyBytes);
    const first = keys.subarray(0, material.keyBytes);
    if ((material.keys & KeyFlag.even) !== 0)
      this.#ciphers[KeyFlag.even] = makeCipher(material.cipher, first, material.salt);
    if ((material.keys & KeyFlag.odd) !== 0)
      this.#ciphers[KeyFlag.odd] = makeCipher(material.cipher, second, material.salt);
    return true;
  }

  /** Whether a message would cost a key derivation, which the caller may want to ration. Throws SRT_KEY_MATERIAL. */
  needsDerivation(message: Uint8Array): boolean {
    return this.#known(parseKeyMaterial(message)) === undefined;
  }

  /** The cipher of the key bits of a packet, 1 or 2. */
  cipher(key: number): PayloadCipher | undefined {
    return this.#ciphers[key];
  }

  /** Keys to send with: both directions begin with the keys of the initiator. */
  toSend(rng: Rng, refresh: Refresh): SendKeys | undefined {
    const { material } = this;
    if (material === undefined || this.#plainKeys === undefined || this.#kek === undefined) return undefined;
    const even = (material.keys & KeyFlag.even) !== 0;
    const key = this.#plainKeys.subarray(0, material.keyBytes);
    const slot = even ? KeyFlag.even : KeyFlag.odd;
    return new SendKeys({ cipher: material.cipher, salt: material.salt, kek: this.#kek.key, rng, refresh }, key, slot);
  }

  /** The wrapping key that was derived before, when it fits the message. */
  #known({ salt, keyBytes }: KeyMaterial): Uint8Array | undefined {
    const kek = this.#kek;
    return kek !== undefined && kek.key.length === keyBytes && equalBytes(kek.salt, salt) ? kek.key : undefined;
  }
}

/** When keys change, in packets sent with one key: SRTO_KMREFRESHRATE and SRTO_KMPREANNOUNCE. */
export interface Refresh {
  readonly rate: number;
  readonly preAnnounce: number;
}

interface SendTerms {
  readonly cipher: number;
  readonly salt: Uint8Array;
  readonly kek: Uint8Array;
  readonly rng: Rng;
  readonly refresh: Refresh;
}

/**
 * Keys of what is sent. The next key is announced `preAnnounce` packets before it is used; the peer keeps the last one
 * until a third takes its place, for packets that are sent again.
 *
 *   packets sent with a key    0 ----------- rate - preAnnounce ---------- rate: the next key is used, 0 again
 *                                            message with both keys
 */
export class SendKeys {
  readonly #terms: SendTerms;
  #slot: Slot;
  #key: Uint8Array;
  #cipher: PayloadCipher;
  #next: { readonly key: Uint8Array; readonly cipher: PayloadCipher } | undefined;
  #sent = 0;
  /** Not yet confirmed by the peer; the connection sends it until it is. */
  pending: Uint8Array | undefined;

  constructor(terms: SendTerms, key: Uint8Array, slot: Slot) {
    this.#terms = terms;
    this.#slot = slot;
    this.#key = key;
    this.#cipher = makeCipher(terms.cipher, key, terms.salt);
  }

  /** New keys for `terms`. */
  static create({ passphrase, cipher, keyBytes }: KeyTerms, rng: Rng, refresh: Refresh): SendKeys {
    const salt = rng.bytes(16);
    const kek = deriveKek(passphrase, salt, keyBytes);
    return new SendKeys({ cipher, salt, kek, rng, refresh }, rng.bytes(keyBytes), KeyFlag.even);
  }

  get overhead(): number {
    return this.#cipher.overhead;
  }

  /** The key bits for the next packet; `encrypt` must follow. */
  get slot(): number {
    return this.#slot;
  }

  /** Encrypts in place and counts; may leave a new message in `pending`. */
  encrypt(datagram: Uint8Array): void {
    this.#cipher.encrypt(datagram);
    this.#sent++;
    const { rate, preAnnounce } = this.#terms.refresh;
    if (this.#next === undefined && this.#sent >= rate - preAnnounce) this.#announce();
    if (this.#sent >= rate) this.#switch();
  }

  /** The message with the keys that are in use. */
  message(): Uint8Array {
    const { cipher, salt, kek } = this.#terms;
    const next = this.#next?.key;
    const keys = next === undefined ? this.#key : this.#inOrder(this.#key, next);
    return writeKeyMaterial({
      keys: next === undefined ? this.#slot : KeyFlag.both,
      cipher,
      salt,
      keyBytes: this.#key.length,
      wrapped: wrapKeys(kek, keys),
    });
  }

  /** The peer has answered with `echo`. */
  confirm(echo: Uint8Array): void {
    const { pending } = this;
    if (pending !== undefined && equalBytes(pending, echo)) this.pending = undefined;
  }

  #announce(): void {
    const key = this.#terms.rng.bytes(this.#key.length);
    this.#next = { key, cipher: makeCipher(this.#terms.cipher, key, this.#terms.salt) };
    this.pending = this.message();
  }

  #switch(): void {
    const next = this.#next;
    if (next === undefined) return;
    this.#slot = other(this.#slot);
    this.#key = next.key;
    this.#cipher = next.cipher;
    this.#next = undefined;
    this.#sent = 0;
  }

  #inOrder(current: Uint8Array, next: Uint8Array): Uint8Array {
    return concat(this.#slot === KeyFlag.even ? [current, next] : [next, current]);
  }
}
