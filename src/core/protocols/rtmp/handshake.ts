// The handshake of RTMP 1.0 §5.2, simple and with digests, of both sides. Knows nothing of chunks.
import type { Rng } from '../../base/rng.ts';
import {
  BLOCK_SIZE,
  clientKeys,
  findDigest,
  type Schema,
  schemas,
  serverKeys,
  signAnswer,
  signBlock,
} from './digest.ts';
import { errors } from './errors.ts';

/** Plain RTMP. */
const VERSION = 3;
/** RTMPE. */
const VERSION_ENCRYPTED = 6;
/** Versions of a Flash Media Server and a Flash Player that know digests; below 5.0.3 old peers do not look for them. */
const SERVER_RELEASE = [5, 0, 3, 1] as const;
const CLIENT_RELEASE = [10, 0, 32, 18] as const;

export interface HandshakeStep {
  /** Bytes consumed; the rest belongs to the chunk stream when `done`. */
  readonly used: number;
  /** To be sent now. */
  readonly reply: readonly Uint8Array[];
  readonly done: boolean;
}

export interface Handshake {
  /** What is sent before the peer has said anything. */
  begin(): readonly Uint8Array[];
  /** Takes received bytes. Errors: RTMP_VERSION, RTMP_ENCRYPTED. */
  push(bytes: Uint8Array): HandshakeStep;
}

/** Collects a version byte and one block, then lets a second block of any content pass. */
class BlockCollector {
  #version: number | undefined;
  #block: Uint8Array | undefined;
  #filled = 0;
  #toSkip = BLOCK_SIZE;

  /** The number of bytes used; `onBlock` is called when the first block is there. */
  push(bytes: Uint8Array, onBlock: (block: Uint8Array) => void): { readonly used: number; readonly done: boolean } {
    let at = 0;
    if (this.#version === undefined && bytes.length > 0) {
      this.#version = checkVersion(bytes[at++] as number);
      this.#block = new Uint8Array(BLOCK_SIZE);
    }
    if (this.#block !== undefined) {
      const part = Math.min(BLOCK_SIZE - this.#filled, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + part), this.#filled);
      this.#filled += part;
      at += part;
      if (this.#filled < BLOCK_SIZE) return { used: at, done: false };
      const block = this.#block;
      this.#block = undefined;
      onBlock(block);
    }
    // The second block repeats our random bytes or proves that our digest was read. Neither is checked: peers that
    // do it wrong are many, and nothing depends on it.
    const skip = Math.min(this.#toSkip, bytes.length - at);
    this.#toSkip -= skip;
    return { used: at + skip, done: this.#version !== undefined && this.#toSkip === 0 };
  }
}

function checkVersion(version: number): number {
  if (version === VERSION) return version;
  throw version === VERSION_ENCRYPTED ? errors.protocol('ENCRYPTED') : errors.protocol('VERSION', { version });
}

/** C0 C1 -> S0 S1 S2, then C2. */
export class ServerHandshake implements Handshake {
  readonly #rng: Rng;
  readonly #collector = new BlockCollector();

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  begin(): readonly Uint8Array[] {
    return [];
  }

  push(bytes: Uint8Array): HandshakeStep {
    let reply: readonly Uint8Array[] = [];
    const { used, done } = this.#collector.push(bytes, (c1) => {
      reply = serverReply(c1, this.#rng);
    });
    return { used, reply, done };
  }
}

/** S0 S1 S2 for a C1: with digests when it has one in either schema, else plain with S2 equal to C1. */
function serverReply(c1: Uint8Array, rng: Rng): Uint8Array[] {
  const version = Uint8Array.of(VERSION);
  for (const schema of schemas) {
    const digest = findDigest(c1, schema, clientKeys.short);
    if (digest === undefined) continue;
    const s2 = rng.bytes(BLOCK_SIZE);
    signAnswer(s2, digest, serverKeys.long);
    return [version, ownBlock(rng, SERVER_RELEASE, schema, serverKeys.short), s2];
  }
  return [version, ownBlock(rng), c1];
}

/** C0 C1 at once, then S0 S1 S2 -> C2. */
export class ClientHandshake implements Handshake {
  readonly #rng: Rng;
  readonly #collector = new BlockCollector();

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  begin(): readonly Uint8Array[] {
    return [Uint8Array.of(VERSION), ownBlock(this.#rng, CLIENT_RELEASE, 1, clientKeys.short)];
  }

  push(bytes: Uint8Array): HandshakeStep {
    let reply: readonly Uint8Array[] = [];
    const { used, done } = this.#collector.push(bytes, (s1) => {
      reply = [clientAnswer(s1, this.#rng)];
    });
    return { used, reply, done };
  }
}

/** C2 for an S1: signed when it has a digest, else S1 itself. */
function clientAnswer(s1: Uint8Array, rng: Rng): Uint8Array {
  for (const schema of schemas) {
    const digest = findDigest(s1, schema, serverKeys.short);
    if (digest === undefined) continue;
    const c2 = rng.bytes(BLOCK_SIZE);
    signAnswer(c2, digest, clientKeys.long);
    return c2;
  }
  return s1;
}

/** C1 or S1: time 0, the release or zero, random bytes, and the digest when there is a schema. */
function ownBlock(rng: Rng, release?: readonly number[], schema?: Schema, key?: Uint8Array): Uint8Array {
  const block = rng.bytes(BLOCK_SIZE);
  block.fill(0, 0, 8);
  if (release !== undefined) block.set(release, 4);
  if (schema !== undefined && key !== undefined) signBlock(block, schema, key);
  return block;
}
