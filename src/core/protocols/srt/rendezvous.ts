// Both ends call each other (draft-sharabayko-srt-01 §4.3.2); the cookies decide who asks and who answers.
import type { Micros } from '../../base/time.ts';
import { type Extension, ExtensionType, parseCapabilities } from './extension.ts';
import { type Handshake, HandshakeType, HandshakeVersion, type ReceivedHandshake } from './handshake.ts';
import { type Handshaker, type HandshakeSetup, REPEAT_TIME } from './handshaker.ts';
import type { SendKeys } from './keys.ts';
import {
  type Agreement,
  acceptTerms,
  answerExtensions,
  answerKeys,
  answerTerms,
  basics,
  confirmKeys,
  extensionField,
  findExtension,
  initiatorKeys,
  ourHandshake,
  Rejection,
  readWish,
  requestExtensions,
} from './negotiation.ts';
import { Reject, rejectToType, typeToReject } from './reject.ts';

/**
 *   both       wave a hand, with a cookie, until they hear of each other
 *   initiator  conclusion with HSREQ and KMREQ, until a conclusion with HSRSP comes: connected; says agreement
 *   responder  conclusion without anything, then with HSRSP, until an agreement or any other packet comes: connected
 */
export class Rendezvous implements Handshaker {
  readonly #setup: HandshakeSetup;
  readonly #cookie: number;
  #message: Handshake;
  #peerSocketId = 0;
  #initiator: boolean | undefined;
  #keys: SendKeys | undefined;
  /** The responder's agreement, which holds when the peer confirms it. */
  #offer: Agreement | undefined;
  #done = false;
  deadline: Micros = Number.POSITIVE_INFINITY;

  constructor(setup: HandshakeSetup) {
    this.#setup = setup;
    this.#cookie = setup.rng.below(2 ** 32);
    const encryption = setup.options.passphrase === '' ? 0 : setup.options.pbkeylen / 8;
    this.#message = this.#ours({ type: HandshakeType.waveAHand, encryption });
  }

  start(now: Micros): void {
    this.#send(now);
  }

  tick(now: Micros): void {
    if (now >= this.deadline) this.#send(now);
  }

  receive(received: ReceivedHandshake, now: Micros): Agreement | Rejection | undefined {
    const result = this.#receive(received, now);
    if (result instanceof Rejection && !result.byPeer) {
      const refusal = this.#ours({ type: rejectToType(result.code) });
      this.#setup.send(refusal, received.handshake.socketId, now);
    }
    return result;
  }

  #receive(received: ReceivedHandshake, now: Micros): Agreement | Rejection | undefined {
    const { handshake } = received;
    const refused = typeToReject(handshake.type);
    if (refused !== undefined) return this.#done ? undefined : new Rejection(refused, true);
    if (handshake.type === HandshakeType.agreement) return this.connectedByPeer(now);
    if (this.#done) return this.#repeat(handshake, now);
    if (handshake.version < HandshakeVersion.srt) return new Rejection(Reject.version);
    const faced = this.#face(handshake, now);
    if (faced !== undefined) return faced;
    if (handshake.type !== HandshakeType.conclusion) return undefined;
    return this.#initiator ? this.#confirm(received, now) : this.#answer(received, now);
  }

  connectedByPeer(_now: Micros): Agreement | undefined {
    const offer = this.#offer;
    if (offer === undefined || this.#done) return undefined;
    this.#finish();
    return offer;
  }

  /** Decides the roles when the peer is first heard. */
  #face(handshake: Handshake, now: Micros): Rejection | undefined {
    if (this.#initiator !== undefined) return undefined;
    const contest = (this.#cookie - handshake.cookie) | 0;
    if (contest === 0) return new Rejection(Reject.rendezvousCookie);
    this.#initiator = contest > 0;
    this.#peerSocketId = handshake.socketId;
    const { options, rng } = this.#setup;
    const advised = handshake.encryption <= 4 ? handshake.encryption * 8 : 0;
    if (this.#initiator) this.#keys = initiatorKeys(options, advised, rng);
    this.#conclude(this.#initiator ? requestExtensions(options, this.#keys) : []);
    this.#send(now);
    return undefined;
  }

  /** The initiator gets the answer. */
  #confirm(received: ReceivedHandshake, now: Micros): Agreement | Rejection | undefined {
    const { handshake } = received;
    const response = findExtension(handshake, ExtensionType.handshakeResponse);
    if (response === undefined) return undefined;
    const { options, initialSequence } = this.#setup;
    const terms = acceptTerms(options, parseCapabilities(response));
    if (terms instanceof Rejection) return terms;
    const keys = confirmKeys(handshake, this.#keys, options);
    if (keys instanceof Rejection) return keys;
    this.#finish();
    this.#agreement(now);
    const shared = { sendSequence: initialSequence, streamid: options.streamid };
    return { ...basics(received), ...shared, terms, ...keys };
  }

  /** The responder gets the question. */
  #answer(received: ReceivedHandshake, now: Micros): Rejection | undefined {
    const { handshake } = received;
    if (this.#offer !== undefined) {
      this.#send(now);
      return undefined;
    }
    const wish = readWish(handshake);
    if (wish.capabilities === undefined) return undefined;
    if (wish.unsupported !== undefined) return new Rejection(wish.unsupported);
    const { options, rng, initialSequence } = this.#setup;
    const terms = answerTerms(options, wish.capabilities);
    if (terms instanceof Rejection) return terms;
    const keys = answerKeys(wish, options, rng);
    if (keys instanceof Rejection) return keys;
    this.#conclude(answerExtensions(options, terms, keys));
    this.#send(now);
    const { sendKeys, receiveKeys } = keys;
    const shared = { sendSequence: initialSequence, streamid: wish.streamid };
    this.#offer = { ...basics(received), ...shared, terms, sendKeys, receiveKeys };
    return undefined;
  }

  /** The peer has not heard our last word. */
  #repeat(handshake: Handshake, now: Micros): undefined {
    if (handshake.type !== HandshakeType.conclusion) return;
    if (this.#initiator) this.#agreement(now);
    else this.#setup.send(this.#message, this.#peerSocketId, now);
  }

  #agreement(now: Micros): void {
    this.#setup.send(this.#ours({ type: HandshakeType.agreement }), this.#peerSocketId, now);
  }

  #conclude(extensions: readonly Extension[]): void {
    const type = HandshakeType.conclusion;
    this.#message = this.#ours({ type, extensionField: extensionField(extensions), extensions });
  }

  #finish(): void {
    this.#done = true;
    this.deadline = Number.POSITIVE_INFINITY;
  }

  #ours(fields: Partial<Handshake> & Pick<Handshake, 'type'>): Handshake {
    const { options, socketId, initialSequence, peerAddress } = this.#setup;
    return ourHandshake(options, { socketId, initialSequence, peerAddress, cookie: this.#cookie, ...fields });
  }

  #send(now: Micros): void {
    this.deadline = now + REPEAT_TIME;
    this.#setup.send(this.#message, this.#peerSocketId, now);
  }
}
