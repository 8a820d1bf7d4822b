// Keys that change while a connection runs: KMREQ and KMRSP as control packets (draft-sharabayko-srt-01 §6.1.6, §3.2.2).
import { fromSeconds, type Micros } from '../../base/time.ts';
import { ExtensionType } from './extension.ts';
import { KeyState, parseKeyState, writeKeyState } from './key-material.ts';
import { ReceiveKeys } from './keys.ts';
import type { SrtOptions } from './options.ts';
import type { Receiver } from './receiver.ts';
import type { RoundTrip } from './round-trip.ts';
import type { Sender } from './sender.ts';

/** As libsrt: then the peer does without, and counts what it cannot read. */
const MAX_TRIES = 10;
/** A new salt or key length costs a key derivation of about a millisecond; a peer needs one in its life. */
const DERIVE_PERIOD = fromSeconds(1);

/** The halves of the connection whose keys change. */
export interface KeyExchangeSetup {
  readonly options: SrtOptions;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly roundTrip: RoundTrip;
  readonly send: (subtype: number, body: Uint8Array, now: Micros) => void;
}

/** Announces our next keys and takes the peer's. */
export class KeyExchange {
  readonly #setup: KeyExchangeSetup;
  #announced: Uint8Array | undefined;
  #tries = 0;
  #deriveAt: Micros = Number.NEGATIVE_INFINITY;
  deadline: Micros = Number.POSITIVE_INFINITY;

  constructor(setup: KeyExchangeSetup) {
    this.#setup = setup;
  }

  /** Announces a new key of ours, again until the peer confirms it. */
  poll(now: Micros): void {
    const pending = this.#setup.sender.keys?.pending;
    if (pending !== this.#announced) {
      this.#announced = pending;
      this.#tries = 0;
      this.deadline = pending === undefined ? Number.POSITIVE_INFINITY : now;
    }
    if (pending === undefined || now < this.deadline) return;
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.#tries++ === MAX_TRIES) return;
    this.deadline = now + this.#setup.roundTrip.rtt * 1.5;
    this.#setup.send(ExtensionType.keyMaterialRequest, pending, now);
  }

  /** Keys of the peer. Throws SRT_KEY_MATERIAL. */
  request(body: Uint8Array, now: Micros): void {
    const { options, receiver } = this.#setup;
    if (options.passphrase === '') {
      this.#answer(writeKeyState(KeyState.noSecret), now);
      return;
    }
    const keys = receiver.keys ?? new ReceiveKeys(options.passphrase);
    if (keys.needsDerivation(body)) {
      if (now < this.#deriveAt) return;
      this.#deriveAt = now + DERIVE_PERIOD;
    }
    if (!keys.accept(body)) {
      this.#answer(writeKeyState(KeyState.badSecret), now);
      return;
    }
    receiver.keys = keys;
    this.#answer(body, now);
  }

  /** The peer's answer to keys of ours. */
  response(body: Uint8Array, now: Micros): void {
    if (parseKeyState(body) === undefined) this.#setup.sender.keys?.confirm(body);
    this.poll(now);
  }

  #answer(body: Uint8Array, now: Micros): void {
    this.#setup.send(ExtensionType.keyMaterialResponse, body, now);
  }
}
