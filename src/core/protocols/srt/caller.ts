// The caller's side of a handshake (draft-sharabayko-srt-01 §4.3.1).
import type { Micros } from '../../base/time.ts';
import { ExtensionType, parseCapabilities } from './extension.ts';
import {
  DATAGRAM_SOCKET,
  type Handshake,
  HandshakeType,
  HandshakeVersion,
  type ReceivedHandshake,
  SRT_MAGIC,
} from './handshake.ts';
import { type Handshaker, type HandshakeSetup, REPEAT_TIME } from './handshaker.ts';
import type { SendKeys } from './keys.ts';
import {
  type Agreement,
  acceptTerms,
  basics,
  confirmKeys,
  extensionField,
  findExtension,
  initiatorKeys,
  ourHandshake,
  Rejection,
  requestExtensions,
} from './negotiation.ts';
import { Reject, typeToReject } from './reject.ts';

/**
 *   induction ->                    version 4, no cookie
 *             <- induction          version 5, SRT's magic, cookie, advised key length; or version 4: an old listener
 *   conclusion ->                   cookie, HSREQ, KMREQ, streamid
 *             <- conclusion         HSRSP, KMRSP; or a reason to refuse
 */
export class Caller implements Handshaker {
  readonly #setup: HandshakeSetup;
  #message: Handshake;
  #keys: SendKeys | undefined;
  #done = false;
  deadline: Micros = Number.POSITIVE_INFINITY;

  constructor(setup: HandshakeSetup) {
    this.#setup = setup;
    this.#message = this.#ours({
      version: HandshakeVersion.legacy,
      extensionField: DATAGRAM_SOCKET,
      type: HandshakeType.induction,
      cookie: 0,
    });
  }

  start(now: Micros): void {
    this.#send(now);
  }

  tick(now: Micros): void {
    if (now >= this.deadline) this.#send(now);
  }

  receive(received: ReceivedHandshake, now: Micros): Agreement | Rejection | undefined {
    const { handshake } = received;
    if (this.#done) return undefined;
    const refused = typeToReject(handshake.type);
    if (refused !== undefined) return new Rejection(refused, true);
    if (handshake.type === HandshakeType.induction) return this.#conclude(handshake, now);
    // A conclusion can only answer ours.
    if (handshake.type !== HandshakeType.conclusion || this.#message.type !== HandshakeType.conclusion)
      return undefined;
    return this.#agree(received);
  }

  #conclude(handshake: Handshake, now: Micros): Rejection | undefined {
    if (this.#message.type === HandshakeType.conclusion) return undefined;
    if (handshake.version === HandshakeVersion.srt && handshake.extensionField !== SRT_MAGIC) {
      return new Rejection(Reject.rogue);
    }
    if (handshake.version < HandshakeVersion.srt) this.#concludeLegacy(handshake);
    else this.#concludeSrt(handshake);
    this.#send(now);
    return undefined;
  }

  #concludeSrt(handshake: Handshake): void {
    const { options, rng } = this.#setup;
    this.#keys = initiatorKeys(options, handshake.encryption <= 4 ? handshake.encryption * 8 : 0, rng);
    const extensions = requestExtensions(options, this.#keys);
    const encryption = this.#keys === undefined ? 0 : options.pbkeylen / 8;
    const { cookie } = handshake;
    const type = HandshakeType.conclusion;
    this.#message = this.#ours({ type, cookie, encryption, extensionField: extensionField(extensions), extensions });
  }

  #concludeLegacy({ cookie }: Handshake): void {
    const type = HandshakeType.conclusion;
    this.#message = this.#ours({ version: HandshakeVersion.legacy, extensionField: DATAGRAM_SOCKET, type, cookie });
  }

  #agree(received: ReceivedHandshake): Agreement | Rejection {
    const { handshake } = received;
    const { options, initialSequence } = this.#setup;
    const shared = { ...basics(received), sendSequence: initialSequence, streamid: options.streamid };
    if (handshake.version < HandshakeVersion.srt) {
      this.#finish();
      return { ...shared, terms: undefined, sendKeys: undefined, receiveKeys: undefined };
    }
    const response = findExtension(handshake, ExtensionType.handshakeResponse);
    if (response === undefined) return new Rejection(Reject.rogue);
    const terms = acceptTerms(options, parseCapabilities(response));
    if (terms instanceof Rejection) return terms;
    const keys = confirmKeys(handshake, this.#keys, options);
    if (keys instanceof Rejection) return keys;
    this.#finish();
    return { ...shared, terms, ...keys };
  }

  #finish(): void {
    this.#done = true;
    this.deadline = Number.POSITIVE_INFINITY;
  }

  #ours(fields: Partial<Handshake> & Pick<Handshake, 'type' | 'cookie'>): Handshake {
    const { options, socketId, initialSequence, peerAddress } = this.#setup;
    return ourHandshake(options, { socketId, initialSequence, peerAddress, ...fields });
  }

  #send(now: Micros): void {
    this.deadline = now + REPEAT_TIME;
    this.#setup.send(this.#message, 0, now);
  }
}
