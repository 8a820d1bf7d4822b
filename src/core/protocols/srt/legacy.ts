// Peers from before libsrt 1.3: they connect by UDT's handshake and say what they can in control packets afterwards.
import type { Micros } from '../../base/time.ts';
import { ExtensionType, parseCapabilities, writeCapabilities } from './extension.ts';
import { lateTerms, ourCapabilities, type Terms } from './negotiation.ts';
import type { SrtOptions } from './options.ts';
import type { RoundTrip } from './round-trip.ts';

const MAX_TRIES = 10;

/** What the late agreement needs. */
export interface LateTermsSetup {
  readonly options: SrtOptions;
  readonly roundTrip: RoundTrip;
  readonly send: (subtype: number, body: Uint8Array, now: Micros) => void;
  /** The peer has said what it can, in a packet of this time stamp. */
  readonly agreed: (terms: Terms, timestamp: number, now: Micros) => void;
}

/** The end that sends media asks by HSREQ, the other answers by HSRSP. */
export class LateTerms {
  readonly #setup: LateTermsSetup;
  #terms: Terms | undefined;
  #tries = 0;
  deadline: Micros = Number.POSITIVE_INFINITY;

  constructor(setup: LateTermsSetup) {
    this.#setup = setup;
  }

  /** We have media to send. */
  want(now: Micros): void {
    if (this.#tries === 0 && this.#terms === undefined) this.#ask(now);
  }

  tick(now: Micros): void {
    if (now >= this.deadline) this.#ask(now);
  }

  /** HSREQ or HSRSP. Throws SRT_HANDSHAKE. */
  receive(subtype: number, body: Uint8Array, timestamp: number, now: Micros): void {
    const { options, send, agreed } = this.#setup;
    const capabilities = parseCapabilities(body);
    const asked = subtype === ExtensionType.handshakeRequest;
    if (this.#terms === undefined) {
      this.#terms = lateTerms(options, capabilities, asked);
      this.deadline = Number.POSITIVE_INFINITY;
      agreed(this.#terms, timestamp, now);
    }
    if (asked) send(ExtensionType.handshakeResponse, writeCapabilities(ourCapabilities(options, this.#terms)), now);
  }

  #ask(now: Micros): void {
    const { options, roundTrip, send } = this.#setup;
    this.deadline = ++this.#tries >= MAX_TRIES ? Number.POSITIVE_INFINITY : now + roundTrip.patience;
    send(ExtensionType.handshakeRequest, writeCapabilities(ourCapabilities(options)), now);
  }
}
