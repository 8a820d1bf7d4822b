// What both ends of a handshake agree on, and the extensions in which they say so (draft-sharabayko-srt-01 §4.3).
import type { Rng } from '../../base/rng.ts';
import type { Micros } from '../../base/time.ts';
import { errors } from './errors.ts';
import {
  type Capabilities,
  Capability,
  type Extension,
  ExtensionType,
  parseCapabilities,
  parseText,
  writeCapabilities,
  writeText,
} from './extension.ts';
import { ExtensionFlag, type Handshake, HandshakeVersion, type ReceivedHandshake } from './handshake.ts';
import { CipherId, KeyState, parseKeyMaterial, parseKeyState, writeKeyState } from './key-material.ts';
import { ReceiveKeys, SendKeys } from './keys.ts';
import { MAX_PAYLOAD_BYTES, type SrtOptions } from './options.ts';
import { Reject, rejectName } from './reject.ts';

/** The version that we say to have: what libsrt had when it had all that is here. */
export const OUR_VERSION = 0x010504;

/** What a connection begins with. */
export interface Agreement {
  readonly peerSocketId: number;
  /** First sequence number of each direction, 31 bits. */
  readonly sendSequence: number;
  readonly receiveSequence: number;
  /** Packets that the peer takes before it acknowledges. */
  readonly flowWindow: number;
  readonly maxPayload: number;
  /** Undefined before an old peer has said what it can. */
  readonly terms: Terms | undefined;
  readonly sendKeys: SendKeys | undefined;
  readonly receiveKeys: ReceiveKeys | undefined;
  readonly streamid: string;
  /** The peer's start of time on our clock: arrival of its handshake less the time stamp in it. */
  readonly peerStart: Micros;
}

/** The result of HSREQ and HSRSP. */
export interface Terms {
  readonly peerVersion: number;
  readonly receiveDelay: Micros;
  readonly sendDelay: Micros;
  /** The peer delivers by time and drops what is too late; so the sender may drop too. */
  readonly peerDrops: boolean;
}

/** The handshake is refused with a code of `reject.ts`. */
export class Rejection {
  readonly code: number;
  /** The peer said so; else we do. */
  readonly byPeer: boolean;

  constructor(code: number, byPeer = false) {
    this.code = code;
    this.byPeer = byPeer;
  }
}

/** The error for a refusal that we received, or that we sent. */
export const rejectedBy = (code: number) => errors.refused('REJECTED', { code, reason: rejectName(code) });
/** The error for a refusal that we sent. */
export const refusedWith = (code: number) => errors.refused('REFUSED', { code, reason: rejectName(code) });

/** What a handshake extension says about us. */
export function ourCapabilities(options: SrtOptions, terms?: Terms): Capabilities {
  let flags: number = Capability.retransmitFlag | Capability.crypt;
  if (options.tsbpdmode) flags |= Capability.tsbpdSender | Capability.tsbpdReceiver;
  if (options.tlpktdrop) flags |= Capability.tooLateDrop;
  if (options.nakreport) flags |= Capability.periodicNak;
  return {
    version: OUR_VERSION,
    flags,
    receiverDelay: terms?.receiveDelay ?? options.rcvlatency,
    senderDelay: terms?.sendDelay ?? options.peerlatency,
  };
}

/** The responder's side: each delay is the larger of what both want. Refuses a peer below SRTO_MINVERSION. */
export const answerTerms = (options: SrtOptions, request: Capabilities): Terms | Rejection =>
  newEnough(options, largerDelays(options, request));

/** The initiator's side: the answer is the agreement. Refuses a peer below SRTO_MINVERSION. */
export const acceptTerms = (options: SrtOptions, response: Capabilities): Terms | Rejection =>
  newEnough(options, answeredDelays(response));

/**
 * Terms of an old peer, which has `asked` or has answered. SRTO_MINVERSION does not hold for it: it is connected when it
 * says its version, and one forged packet must not end a connection.
 */
export const lateTerms = (options: SrtOptions, capabilities: Capabilities, asked: boolean): Terms =>
  asked ? largerDelays(options, capabilities) : answeredDelays(capabilities);

const newEnough = ({ minversion }: SrtOptions, terms: Terms): Terms | Rejection =>
  terms.peerVersion < minversion ? new Rejection(Reject.version) : terms;

const largerDelays = ({ rcvlatency, peerlatency }: SrtOptions, request: Capabilities): Terms =>
  makeTerms(request, Math.max(rcvlatency, request.senderDelay), Math.max(peerlatency, request.receiverDelay));

const answeredDelays = (response: Capabilities): Terms =>
  makeTerms(response, response.senderDelay, response.receiverDelay);

function makeTerms({ version, flags }: Capabilities, receiveDelay: Micros, sendDelay: Micros): Terms {
  return {
    peerVersion: version,
    receiveDelay,
    sendDelay,
    peerDrops: (flags & Capability.tooLateDrop) !== 0 && (flags & Capability.tsbpdReceiver) !== 0,
  };
}

/** The keys of an initiator; undefined without a passphrase. `advised` is the key length in the listener's induction. */
export function initiatorKeys(options: SrtOptions, advised: number, rng: Rng): SendKeys | undefined {
  if (options.passphrase === '') return undefined;
  const cipher = options.cryptomode === 2 ? CipherId.gcm : CipherId.ctr;
  const fallback = advised === 0 ? 16 : advised;
  const keyBytes = options.pbkeylen === 0 ? fallback : options.pbkeylen;
  return SendKeys.create({ passphrase: options.passphrase, cipher, keyBytes }, rng, refreshOf(options));
}

const refreshOf = ({ kmrefreshrate, kmpreannounce }: SrtOptions) => ({
  rate: kmrefreshrate,
  preAnnounce: kmpreannounce,
});

/** The conclusion's extensions of an initiator. */
export function requestExtensions(options: SrtOptions, keys: SendKeys | undefined): Extension[] {
  const extensions: Extension[] = [
    { type: ExtensionType.handshakeRequest, content: writeCapabilities(ourCapabilities(options)) },
  ];
  if (keys !== undefined) extensions.push({ type: ExtensionType.keyMaterialRequest, content: keys.message() });
  if (options.streamid !== '') extensions.push({ type: ExtensionType.streamId, content: writeText(options.streamid) });
  return extensions;
}

/** The conclusion's extensions of a responder. */
export function answerExtensions(options: SrtOptions, terms: Terms | undefined, keys: KeyAnswer): Extension[] {
  const content = writeCapabilities(ourCapabilities(options, terms));
  const extensions: Extension[] = [{ type: ExtensionType.handshakeResponse, content }];
  if (keys.response !== undefined) extensions.push(keys.response);
  return extensions;
}

/** The extension field that says what is there. */
export function extensionField(extensions: readonly Extension[]): number {
  let field = 0;
  for (const { type } of extensions) {
    if (type <= ExtensionType.handshakeResponse) field |= ExtensionFlag.handshake;
    else if (type <= ExtensionType.keyMaterialResponse) field |= ExtensionFlag.keyMaterial;
    else field |= ExtensionFlag.config;
  }
  return field;
}

/** The content of the first extension of a type. */
export const findExtension = (handshake: Handshake, type: number): Uint8Array | undefined =>
  handshake.extensions.find((extension) => extension.type === type)?.content;

/** What a request asks for, read before anybody decides. Throws SRT_HANDSHAKE and SRT_KEY_MATERIAL. */
export interface Wish {
  readonly capabilities: Capabilities | undefined;
  readonly streamid: string;
  /** The key length in bytes, 0 without encryption. */
  readonly keyBytes: number;
  readonly cipher: number;
  readonly keyMessage: Uint8Array | undefined;
  /** Features that are not here; their code, else undefined. */
  readonly unsupported: number | undefined;
}

/** Reads all extensions of a request once. */
export function readWish(handshake: Handshake): Wish {
  const capabilities = findExtension(handshake, ExtensionType.handshakeRequest);
  const keyMessage = findExtension(handshake, ExtensionType.keyMaterialRequest);
  const streamid = findExtension(handshake, ExtensionType.streamId);
  const material = keyMessage === undefined ? undefined : parseKeyMaterial(keyMessage);
  return {
    capabilities: capabilities === undefined ? undefined : parseCapabilities(capabilities),
    streamid: streamid === undefined ? '' : parseText(streamid),
    keyBytes: material?.keyBytes ?? 0,
    cipher: material?.cipher ?? CipherId.none,
    // A view of the datagram; whoever decides may take its time.
    keyMessage: keyMessage === undefined ? undefined : new Uint8Array(keyMessage),
    unsupported: unsupportedFeature(handshake),
  };
}

function unsupportedFeature(handshake: Handshake): number | undefined {
  const congestion = findExtension(handshake, ExtensionType.congestion);
  if (congestion !== undefined && parseText(congestion) !== 'live') return Reject.congestion;
  const filter = findExtension(handshake, ExtensionType.filter);
  if (filter !== undefined && parseText(filter) !== '') return Reject.filter;
  return findExtension(handshake, ExtensionType.group) === undefined ? undefined : Reject.group;
}

/** Keys of a responder, and its answer to the key message. */
export interface KeyAnswer {
  readonly sendKeys: SendKeys | undefined;
  readonly receiveKeys: ReceiveKeys | undefined;
  readonly response: Extension | undefined;
}

/** The responder's decision about encryption: keys, or the reason to refuse. */
export function answerKeys(wish: Wish, options: SrtOptions, rng: Rng): KeyAnswer | Rejection {
  const { passphrase, enforcedencryption, cryptomode } = options;
  const { keyMessage } = wish;
  if (keyMessage === undefined) {
    if (passphrase !== '' && enforcedencryption) return new Rejection(Reject.unsecure);
    return { sendKeys: undefined, receiveKeys: undefined, response: undefined };
  }
  if (passphrase === '') return failedKeys(enforcedencryption, Reject.unsecure, KeyState.noSecret);
  const wanted = cryptomode === 0 ? wish.cipher : cryptomode === 2 ? CipherId.gcm : CipherId.ctr;
  if (wish.cipher !== wanted) return failedKeys(enforcedencryption, Reject.crypto, KeyState.badCipher);
  const receiveKeys = new ReceiveKeys(passphrase);
  if (!receiveKeys.accept(keyMessage)) return failedKeys(enforcedencryption, Reject.badSecret, KeyState.badSecret);
  return {
    receiveKeys,
    sendKeys: receiveKeys.toSend(rng, refreshOf(options)),
    response: { type: ExtensionType.keyMaterialResponse, content: keyMessage },
  };
}

/** SRTO_ENFORCEDENCRYPTION off: connected, but what is encrypted stays unreadable. */
function failedKeys(enforced: boolean, code: number, state: number): KeyAnswer | Rejection {
  if (enforced) return new Rejection(code);
  const response = { type: ExtensionType.keyMaterialResponse, content: writeKeyState(state) };
  return { sendKeys: undefined, receiveKeys: undefined, response };
}

/** What the initiator makes of the answer to its keys. */
export function confirmKeys(
  handshake: Handshake,
  keys: SendKeys | undefined,
  options: SrtOptions,
): { readonly sendKeys: SendKeys | undefined; readonly receiveKeys: ReceiveKeys | undefined } | Rejection {
  const none = { sendKeys: undefined, receiveKeys: undefined };
  if (keys === undefined) return none;
  const response = findExtension(handshake, ExtensionType.keyMaterialResponse);
  const state = response === undefined ? KeyState.unsecured : parseKeyState(response);
  if (response === undefined || state !== undefined) {
    if (options.enforcedencryption)
      return new Rejection(state === KeyState.badSecret ? Reject.badSecret : Reject.unsecure);
    // Sent encrypted all the same: whoever set a passphrase does not want it in the clear.
    return { sendKeys: keys, receiveKeys: undefined };
  }
  const receiveKeys = new ReceiveKeys(options.passphrase);
  return receiveKeys.accept(keys.message()) ? { sendKeys: keys, receiveKeys } : new Rejection(Reject.crypto);
}

/** The parts of an agreement that come from the bare handshake. */
export function basics({ handshake, timestamp, at }: ReceivedHandshake) {
  return {
    peerSocketId: handshake.socketId,
    receiveSequence: handshake.initialSequence,
    flowWindow: Math.max(2, Math.min(handshake.flowWindow, MAX_WINDOW)),
    maxPayload: Math.max(MIN_PAYLOAD, Math.min(handshake.mtu - 44, MAX_PAYLOAD_BYTES)),
    peerStart: at - timestamp,
  };
}

/** Chosen: more than any buffer here holds. */
const MAX_WINDOW = 1_000_000;
/** Chosen: the least that an IPv4 network must carry, less its headers. */
const MIN_PAYLOAD = 32;

/** A handshake of ours, with what all have in common filled in. */
export function ourHandshake(
  options: SrtOptions,
  fields: Pick<Handshake, 'type' | 'socketId' | 'cookie' | 'initialSequence' | 'peerAddress'> & Partial<Handshake>,
): Handshake {
  return {
    version: HandshakeVersion.srt,
    encryption: 0,
    extensionField: 0,
    mtu: options.mss,
    flowWindow: options.fc,
    extensions: [],
    ...fields,
  };
}
