// One end of a DTLS connection that makes keys for SRTP: both roles, told the time, without a socket.
//
//   server:  hello -> [ClientHello]  proof -> [Certificate, ClientKeyExchange, CertificateVerify]  finish -> [Finished]  open
//   client:  hello -> [ServerHello]  proof -> [Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone]
//            finish -> [Finished]  open
//
// Messages are taken in the order of their numbers, whatever the network did; what is damaged before a key protects it is a
// message that ends the session, and records that are no messages are dropped without a word.
import { createECDH, type ECDH, type KeyObject, timingSafeEqual } from 'node:crypto';
import { concat } from '../../base/bytes.ts';
import type { Rng } from '../../base/rng.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { MasterKey, SrtpProfile } from '../srtp/index.ts';
import { dtlsErrors } from './errors.ts';
import { DATAGRAM_BYTES, Flight } from './flight.ts';
import { fragment, type HandshakeMessage, handshakeType, MessageQueue, writeMessage } from './handshake.ts';
import {
  type ClientHello,
  P256,
  parseClientHello,
  parseServerHello,
  parsing,
  suite,
  writeClientHello,
  writeServerHello,
} from './hello.ts';
import { type Fingerprint, type Identity, isKnown } from './identity.ts';
import {
  keyParameters,
  parseCertificate,
  parseClientKeyExchange,
  parseServerKeyExchange,
  parseSignature,
  writeCertificate,
  writeCertificateRequest,
  writeClientKeyExchange,
  writeServerKeyExchange,
  writeSignature,
} from './messages.ts';
import { checkProof, publicKeyOf, signWith } from './proof.ts';
import {
  contentType,
  type DtlsRecord,
  parseRecords,
  RECORD_HEADER_BYTES,
  RecordOpener,
  RecordSealer,
  writeRecord,
} from './record.ts';
import { extendedMasterSecret, masterSecret, recordKeys, srtpKeys, verifyData } from './secrets.ts';

/** What the handshake gives: who encrypts with what. */
export interface DtlsKeys {
  readonly profile: SrtpProfile;
  /** What we send is protected with it. */
  readonly local: MasterKey;
  readonly remote: MasterKey;
}

export interface DtlsOptions {
  readonly role: 'server' | 'client';
  readonly identity: Identity;
  /** Of the peer's certificate, as it was signalled: one must fit. */
  readonly fingerprints: readonly Fingerprint[];
  /** By preference. */
  readonly profiles: readonly SrtpProfile[];
  readonly rng: Rng;
  readonly send: (datagram: Uint8Array) => void;
  /** Called once. */
  readonly onKeys: (keys: DtlsKeys) => void;
  /** The peer has closed the connection in an authentic way. */
  readonly onClosed: () => void;
}

/** Chosen: ICE stands already, so a peer that needs longer is gone. */
const HANDSHAKE_TIME = fromSeconds(15);
/** Records that came before their keys: a flight that was overtaken has one. */
const MOST_EARLY = 4;
const ALERT = { warning: 1, fatal: 2, closeNotify: 0, handshakeFailure: 40 } as const;
/** The one epoch behind the handshake: there is no renegotiation. */
const SEALED_EPOCH = 1;

type State = 'idle' | 'hello' | 'proof' | 'finish' | 'open' | 'closed';

/** Errors that `receive` and `tick` throw end the session: table DTLS. */
export class DtlsEndpoint {
  readonly #options: DtlsOptions;
  readonly #queue = new MessageQueue();
  readonly #flight: Flight;
  readonly #ecdh: ECDH = createECDH('prime256v1');
  #state: State = 'idle';
  #failAt: Micros = Number.POSITIVE_INFINITY;
  #transcript: Uint8Array[] = [];
  #nextMessage = 0;
  #nextRecord = 0;
  #sealer: RecordSealer | undefined;
  #opener: RecordOpener | undefined;
  #early: DtlsRecord[] = [];
  readonly #random: Uint8Array;
  #peerRandom = new Uint8Array(32);
  #cookie = new Uint8Array(0);
  #profile: SrtpProfile | undefined;
  #suite: number | undefined;
  #extended = false;
  #peerKey: KeyObject | undefined;
  #peerPoint: Uint8Array | undefined;
  #proven = false;
  #asked = false;
  #master: Uint8Array | undefined;
  /** The last alert that came before there were keys: nobody can tell whose it is, so it only explains a time-out. */
  #alert: number | undefined;

  constructor(options: DtlsOptions) {
    this.#options = options;
    this.#random = options.rng.bytes(32);
    this.#flight = new Flight(options.send);
    this.#ecdh.setPrivateKey(privateKey(options.rng));
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** When `tick` has something to do. */
  get deadline(): Micros {
    return Math.min(this.#failAt, this.#flight.deadline);
  }

  /** The path is there: a client begins, a server waits. */
  start(now: Micros): void {
    if (this.#state !== 'idle') return;
    this.#state = 'hello';
    this.#failAt = now + HANDSHAKE_TIME;
    if (this.#options.role === 'client') this.#sayHello(now);
  }

  /** Throws the errors of table DTLS. */
  receive(datagram: Uint8Array, now: Micros): void {
    if (this.#state === 'idle' || this.#state === 'closed') return;
    let repeated = false;
    for (const record of parseRecords(datagram)) {
      repeated = (record.epoch === 0 ? this.#plain(record) : this.#sealed(record)) || repeated;
      this.#takeMessages(now);
    }
    if (repeated) this.#flight.again(now);
  }

  /** Throws DTLS_TIMEOUT. */
  tick(now: Micros): void {
    if (now >= this.#failAt) {
      const alert = this.#alert === undefined ? '' : `; the last alert was ${this.#alert}`;
      throw dtlsErrors.protocol('TIMEOUT', { seconds: toSeconds(HANDSHAKE_TIME), alert });
    }
    this.#flight.tick(now);
  }

  /** Says good-bye; nothing comes or goes afterwards. */
  close(): void {
    if (this.#state === 'closed') return;
    const { send } = this.#options;
    if (this.#state === 'open' && this.#sealer !== undefined) {
      send(this.#sealer.seal(contentType.alert, Uint8Array.of(ALERT.warning, ALERT.closeNotify)));
    } else if (this.#state !== 'idle') {
      const alert = Uint8Array.of(ALERT.fatal, ALERT.handshakeFailure);
      send(writeRecord(contentType.alert, 0, this.#nextRecord++, alert));
    }
    this.#state = 'closed';
    this.#flight.end();
    this.#failAt = Number.POSITIVE_INFINITY;
  }

  /** True when the peer repeats messages that were taken before. */
  #plain({ type, body }: DtlsRecord): boolean {
    if (type === contentType.alert && body.length === 2) this.#alert = body[1];
    return type === contentType.handshake && this.#queue.push(body, false);
  }

  #sealed(record: DtlsRecord): boolean {
    if (record.epoch !== SEALED_EPOCH) return false;
    if (this.#opener === undefined) {
      if (this.#early.length < MOST_EARLY) this.#early.push({ ...record, body: record.body.slice() });
      return false;
    }
    const body = this.#opener.open(record);
    if (body === undefined) return false;
    if (record.type === contentType.handshake) return this.#queue.push(body, true);
    if (record.type === contentType.alert) this.#alerted(body);
    return false;
  }

  #alerted(body: Uint8Array): void {
    const [level, alert = 0] = body;
    if (alert === ALERT.closeNotify) this.#options.onClosed();
    else if (level === ALERT.fatal) throw dtlsErrors.protocol('ALERT', { alert });
  }

  #takeMessages(now: Micros): void {
    for (let message = this.#queue.take(); message !== undefined; message = this.#queue.take()) {
      if (this.#state === 'closed') return;
      const finished = message.type === handshakeType.finished;
      // What is not protected could be anybody's; only the last message is.
      if (finished !== message.sealed) throw wrongTime('in the wrong epoch');
      if (this.#options.role === 'server') this.#asServer(message, now);
      else this.#asClient(message, now);
    }
  }

  #asServer(message: HandshakeMessage, now: Micros): void {
    switch (message.type) {
      case handshakeType.clientHello:
        this.#need('hello');
        this.#note(message);
        this.#answerHello(parseClientHello(message.body), now);
        break;
      case handshakeType.certificate:
        this.#need('proof');
        this.#note(message);
        this.#takeCertificate(message.body);
        break;
      case handshakeType.clientKeyExchange:
        this.#need('proof');
        if (this.#peerKey === undefined) throw wrongTime('a key without a certificate');
        this.#note(message);
        this.#peerPoint = parseClientKeyExchange(message.body);
        this.#makeKeys();
        break;
      case handshakeType.certificateVerify:
        this.#need('proof');
        if (this.#peerKey === undefined || this.#master === undefined) throw wrongTime('a proof before the key');
        checkProof(this.#peerKey, parseSignature(message.body), concat(this.#transcript));
        this.#note(message);
        this.#proven = true;
        this.#expectFinish(now);
        break;
      case handshakeType.finished:
        this.#checkFinished(message);
        this.#lastFlight(now);
        break;
      default:
        throw wrongTime(`type ${message.type}`);
    }
  }

  #asClient(message: HandshakeMessage, now: Micros): void {
    switch (message.type) {
      case handshakeType.helloRequest:
        break;
      case handshakeType.helloVerifyRequest:
        this.#need('hello');
        this.#sayHelloAgain(message.body, now);
        break;
      case handshakeType.serverHello:
        this.#need('hello');
        this.#note(message);
        this.#takeServerHello(message.body);
        break;
      case handshakeType.certificate:
        this.#need('proof');
        this.#note(message);
        this.#takeCertificate(message.body);
        break;
      case handshakeType.serverKeyExchange:
        this.#need('proof');
        this.#note(message);
        this.#takeServerKey(message.body);
        break;
      case handshakeType.certificateRequest:
        this.#need('proof');
        this.#note(message);
        this.#asked = true;
        break;
      case handshakeType.serverHelloDone:
        this.#need('proof');
        this.#note(message);
        this.#answerServer(now);
        break;
      case handshakeType.finished:
        this.#checkFinished(message);
        this.#isOpen();
        break;
      default:
        throw wrongTime(`type ${message.type}`);
    }
  }

  // Server -------------------------------------------------------------------------------------------------------------

  #answerHello(hello: ClientHello, now: Micros): void {
    const { identity, profiles } = this.#options;
    this.#peerRandom.set(hello.random);
    this.#extended = hello.extendedMasterSecret;
    const wanted = suite[identity.kind];
    if (!hello.suites.includes(wanted)) throw dtlsErrors.refused('NO_COMMON', { what: 'cipher suite' });
    if (!hello.groups.includes(P256)) throw dtlsErrors.refused('NO_COMMON', { what: 'curve' });
    this.#profile = profiles.find((profile) => hello.srtpProfiles.includes(profile));
    if (this.#profile === undefined) throw dtlsErrors.refused('NO_COMMON', { what: 'SRTP profile' });
    const point = this.#point();
    const signature = signWith(identity, concat([...this.#randoms(), keyParameters(point)]));
    const records = [
      this.#say(handshakeType.serverHello, writeServerHello(this.#random, wanted, this.#profile, hello)),
      this.#say(handshakeType.certificate, writeCertificate(identity.certificate)),
      this.#say(handshakeType.serverKeyExchange, writeServerKeyExchange(point, signature)),
      this.#say(handshakeType.certificateRequest, writeCertificateRequest()),
      this.#say(handshakeType.serverHelloDone, new Uint8Array(0)),
    ];
    this.#state = 'proof';
    this.#flight.begin(records.flat(), now, true);
  }

  #expectFinish(now: Micros): void {
    this.#state = 'finish';
    this.#replayEarly(now);
  }

  #lastFlight(now: Micros): void {
    // First, since media that is sent in `onKeys` cannot be opened before it has come.
    this.#flight.begin([this.#changeCipherSpec(), this.#sayFinished()], now, false);
    this.#isOpen();
  }

  // Client -------------------------------------------------------------------------------------------------------------

  #sayHello(now: Micros): void {
    const { profiles } = this.#options;
    const body = writeClientHello(this.#random, this.#cookie, profiles);
    this.#flight.begin(this.#say(handshakeType.clientHello, body), now, true);
  }

  /** The first hello and the request for its cookie are not part of the transcript (RFC 6347 §4.2.1). */
  #sayHelloAgain(body: Uint8Array, now: Micros): void {
    if (this.#cookie.length > 0) throw wrongTime('a second cookie');
    this.#cookie = parsing('HelloVerifyRequest', () => {
      const size = body[2] ?? 0;
      if (size === 0 || body.length < 3 + size) throw dtlsErrors.protocol('MESSAGE', { why: 'its cookie is cut' });
      return body.slice(3, 3 + size);
    });
    this.#transcript = [];
    this.#sayHello(now);
  }

  #takeServerHello(body: Uint8Array): void {
    const hello = parseServerHello(body);
    this.#peerRandom.set(hello.random);
    this.#extended = hello.extendedMasterSecret;
    this.#suite = hello.suite;
    this.#profile = this.#options.profiles.find((profile) => profile === hello.srtpProfile);
    const known = hello.suite === suite.ecdsa || hello.suite === suite.rsa;
    if (!known) throw dtlsErrors.refused('NO_COMMON', { what: 'cipher suite' });
    if (this.#profile === undefined) throw dtlsErrors.refused('NO_COMMON', { what: 'SRTP profile' });
    this.#state = 'proof';
  }

  #takeServerKey(body: Uint8Array): void {
    if (this.#peerKey === undefined) throw wrongTime('a key without a certificate');
    const kind = this.#suite === suite.ecdsa ? 'ec' : 'rsa';
    if (this.#peerKey.asymmetricKeyType !== kind) throw dtlsErrors.protocol('PROOF');
    const { point, signature } = parseServerKeyExchange(body);
    checkProof(this.#peerKey, signature, concat([...this.#randoms(), keyParameters(point)]));
    this.#peerPoint = point;
    this.#proven = true;
  }

  #answerServer(now: Micros): void {
    if (!this.#proven) throw wrongTime('the end of a flight without a key');
    const { identity } = this.#options;
    const records: Uint8Array[][] = [];
    if (this.#asked) records.push(this.#say(handshakeType.certificate, writeCertificate(identity.certificate)));
    records.push(this.#say(handshakeType.clientKeyExchange, writeClientKeyExchange(this.#point())));
    this.#makeKeys();
    if (this.#asked) {
      const signature = signWith(identity, concat(this.#transcript));
      records.push(this.#say(handshakeType.certificateVerify, writeSignature(signature)));
    }
    records.push([this.#changeCipherSpec()], [this.#sayFinished()]);
    this.#state = 'finish';
    this.#flight.begin(records.flat(), now, true);
    this.#replayEarly(now);
  }

  // Both ---------------------------------------------------------------------------------------------------------------

  #takeCertificate(body: Uint8Array): void {
    if (this.#peerKey !== undefined) throw wrongTime('a second certificate');
    const certificate = parseCertificate(body);
    if (certificate === undefined || !isKnown(certificate, this.#options.fingerprints)) {
      throw dtlsErrors.refused('FINGERPRINT');
    }
    this.#peerKey = publicKeyOf(certificate);
  }

  /** From here on both sides can protect records. The transcript ends with the client's key. */
  #makeKeys(): void {
    if (this.#master !== undefined) throw wrongTime('a second key');
    const shared = this.#sharedSecret();
    const randoms = this.#namedRandoms();
    this.#master = this.#extended
      ? extendedMasterSecret(shared, concat(this.#transcript))
      : masterSecret(shared, randoms);
    const keys = recordKeys(this.#master, randoms);
    const { role } = this.#options;
    this.#sealer = new RecordSealer(keys[role], SEALED_EPOCH);
    this.#opener = new RecordOpener(keys[role === 'server' ? 'client' : 'server']);
  }

  #sharedSecret(): Uint8Array {
    try {
      return this.#ecdh.computeSecret(this.#peerPoint ?? new Uint8Array(0));
    } catch (cause) {
      throw dtlsErrors.protocol('MESSAGE', { why: 'its point is not on the curve' }, cause);
    }
  }

  /** Throws DTLS_PROOF when the peer has seen another handshake. */
  #checkFinished(message: HandshakeMessage): void {
    this.#need('finish');
    if (!this.#proven || this.#master === undefined) throw wrongTime('an end without a proof');
    const side = this.#options.role === 'server' ? 'client' : 'server';
    const wanted = verifyData(this.#master, side, concat(this.#transcript));
    if (wanted.length !== message.body.length || !timingSafeEqual(wanted, message.body)) {
      throw dtlsErrors.protocol('PROOF');
    }
    this.#note(message);
  }

  #isOpen(): void {
    const { role, onKeys } = this.#options;
    if (this.#master === undefined || this.#profile === undefined) throw wrongTime('no keys');
    this.#state = 'open';
    this.#failAt = Number.POSITIVE_INFINITY;
    this.#flight.end();
    const keys = srtpKeys(this.#master, this.#namedRandoms(), this.#profile);
    const peer = role === 'server' ? 'client' : 'server';
    this.#transcript = [];
    onKeys({ profile: this.#profile, local: keys[role], remote: keys[peer] });
  }

  /** What came before its keys. */
  #replayEarly(now: Micros): void {
    const early = this.#early;
    this.#early = [];
    for (const record of early) this.#sealed(record);
    if (early.length > 0) this.#takeMessages(now);
  }

  #need(state: State): void {
    if (this.#state !== state) throw wrongTime(`while ${this.#state}`);
  }

  #note({ bytes }: HandshakeMessage): void {
    this.#transcript.push(bytes);
  }

  /** Records of a message of ours, in fragments when it is long. */
  #say(type: number, body: Uint8Array): Uint8Array[] {
    const message = writeMessage(type, this.#nextMessage++, body);
    this.#transcript.push(message);
    return fragment(message, DATAGRAM_BYTES - RECORD_HEADER_BYTES).map((piece) =>
      writeRecord(contentType.handshake, 0, this.#nextRecord++, piece),
    );
  }

  #changeCipherSpec(): Uint8Array {
    return writeRecord(contentType.changeCipherSpec, 0, this.#nextRecord++, Uint8Array.of(1));
  }

  #sayFinished(): Uint8Array {
    if (this.#master === undefined || this.#sealer === undefined) throw wrongTime('no keys');
    const data = verifyData(this.#master, this.#options.role, concat(this.#transcript));
    const message = writeMessage(handshakeType.finished, this.#nextMessage++, data);
    this.#transcript.push(message);
    return this.#sealer.seal(contentType.handshake, message);
  }

  #point(): Uint8Array {
    return this.#ecdh.getPublicKey();
  }

  /** Client's and server's. */
  #randoms(): [Uint8Array, Uint8Array] {
    return this.#options.role === 'client' ? [this.#random, this.#peerRandom] : [this.#peerRandom, this.#random];
  }

  #namedRandoms(): { client: Uint8Array; server: Uint8Array } {
    const [client, server] = this.#randoms();
    return { client, server };
  }
}

const wrongTime = (why: string): Error => dtlsErrors.protocol('STATE', { why });

/** P-256's order begins with 32 one bits: with the first bit cleared a number is below it; the last bit keeps it from zero. */
function privateKey(rng: Rng): Uint8Array {
  const key = rng.bytes(32);
  key[0] = (key[0] as number) & 0x7f;
  key[31] = (key[31] as number) | 1;
  return key;
}
