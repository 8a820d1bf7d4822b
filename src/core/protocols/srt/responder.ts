// The listener's side of one handshake, after the cookie was right and somebody agreed (draft-sharabayko-srt-01 §4.3.1).
import type { Micros } from '../../base/time.ts';
import {
  DATAGRAM_SOCKET,
  type Handshake,
  HandshakeType,
  HandshakeVersion,
  type ReceivedHandshake,
} from './handshake.ts';
import type { Handshaker, HandshakeSetup } from './handshaker.ts';
import {
  type Agreement,
  answerExtensions,
  answerKeys,
  answerTerms,
  basics,
  extensionField,
  type KeyAnswer,
  ourHandshake,
  Rejection,
  type Terms,
  type Wish,
} from './negotiation.ts';
import { Reject, rejectToType } from './reject.ts';

/** Answers one conclusion, at first and each time that it comes again. */
export class Responder implements Handshaker {
  readonly #setup: HandshakeSetup;
  readonly #request: ReceivedHandshake;
  readonly #wish: Wish;
  #answer: Handshake | undefined;
  readonly deadline = Number.POSITIVE_INFINITY;

  /** @param request the caller's conclusion, whose first sequence number counts for both directions. */
  constructor(setup: HandshakeSetup, request: ReceivedHandshake, wish: Wish) {
    this.#setup = setup;
    this.#request = request;
    this.#wish = wish;
  }

  start(): void {
    // A responder speaks only when it is asked.
  }

  tick(): void {
    // The caller repeats.
  }

  receive(received: ReceivedHandshake, now: Micros): Agreement | Rejection | undefined {
    if (received.handshake.type !== HandshakeType.conclusion) return undefined;
    if (this.#answer !== undefined) {
      this.#setup.send(this.#answer, this.#request.handshake.socketId, now);
      return undefined;
    }
    const result = this.#agree(now);
    if (result instanceof Rejection)
      this.#setup.send(this.#refusal(result.code), this.#request.handshake.socketId, now);
    return result;
  }

  #refusal(code: number): Handshake {
    const { cookie, initialSequence } = this.#request.handshake;
    const { options, socketId, peerAddress } = this.#setup;
    return ourHandshake(options, { type: rejectToType(code), socketId, cookie, initialSequence, peerAddress });
  }

  #agree(now: Micros): Agreement | Rejection {
    const { options, rng } = this.#setup;
    const { handshake } = this.#request;
    const legacy = handshake.version < HandshakeVersion.srt;
    const { capabilities } = this.#wish;
    if (!legacy && capabilities === undefined) return new Rejection(Reject.rogue);
    const terms = capabilities === undefined ? undefined : answerTerms(options, capabilities);
    if (terms instanceof Rejection) return terms;
    const keys = legacy ? noKeys : answerKeys(this.#wish, options, rng);
    if (keys instanceof Rejection) return keys;
    this.#answer = legacy ? this.#legacyAnswer(handshake) : this.#srtAnswer(handshake, terms, keys);
    this.#setup.send(this.#answer, handshake.socketId, now);
    return {
      ...basics(this.#request),
      sendSequence: handshake.initialSequence,
      terms,
      sendKeys: keys.sendKeys,
      receiveKeys: keys.receiveKeys,
      streamid: this.#wish.streamid,
    };
  }

  #srtAnswer({ cookie, initialSequence }: Handshake, terms: Terms | undefined, keys: KeyAnswer): Handshake {
    const { options, socketId, peerAddress } = this.#setup;
    const extensions = answerExtensions(options, terms, keys);
    const type = HandshakeType.conclusion;
    const field = extensionField(extensions);
    const shared = { type, socketId, cookie, initialSequence, peerAddress };
    return ourHandshake(options, { ...shared, extensionField: field, extensions });
  }

  #legacyAnswer({ cookie, initialSequence }: Handshake): Handshake {
    const { options, socketId, peerAddress } = this.#setup;
    const type = HandshakeType.conclusion;
    const shared = { type, socketId, cookie, initialSequence, peerAddress };
    return ourHandshake(options, { ...shared, version: HandshakeVersion.legacy, extensionField: DATAGRAM_SOCKET });
  }
}

const noKeys: KeyAnswer = { sendKeys: undefined, receiveKeys: undefined, response: undefined };
