// The controlling agent of ICE that our clients are: checks the candidates of an answer and keeps the one that works
// (RFC 8445 §7.2, with the first success nominated at once; RFC 7675 for consent).
import { type Address, formatAddress } from '../../base/link.ts';
import type { Rng } from '../../base/rng.ts';
import { fromMs, fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { IceCredentials } from '../../wire/sdp/index.ts';
import { checkIntegrity, parseStun, type StunMessage, stunType, writeStun } from '../../wire/stun/index.ts';
import { rtcErrors } from './errors.ts';

export interface AgentOptions {
  readonly local: IceCredentials;
  readonly remote: IceCredentials;
  /** By preference. */
  readonly candidates: readonly Address[];
  readonly rng: Rng;
  readonly send: (datagram: Uint8Array, to: Address) => void;
  /** A way was found; called again when another one is used. */
  readonly onPath: (to: Address, now: Micros) => void;
}

/** RFC 8445 §14.2: between two new checks. */
const PACE = fromMs(50);
/** Between two checks of one candidate: doubled each time, up to the second. */
const FIRST_PAUSE = fromMs(200);
const MOST_PAUSE = fromMs(1600);
/** RFC 7675 §5.1: consent is asked for every five seconds, and lasts thirty. */
const CONSENT_INTERVAL = fromSeconds(5);
const CONSENT_TIME = fromSeconds(30);
/** Type preference of a host candidate (RFC 8445 §5.1.2.2), for what we are seen as. */
const PRIORITY = 0x6e7fffff;
/** Answers that may still come. */
const MOST_OPEN = 64;

interface Candidate {
  readonly address: Address;
  next: Micros;
  pause: Micros;
}

export class IceAgent {
  readonly #options: AgentOptions;
  readonly #candidates: Candidate[];
  readonly #tieBreaker: Uint8Array;
  /** Checks without an answer, by their transaction. */
  readonly #open = new Map<string, Address>();
  #selected: Address | undefined;
  #lastAnswer: Micros;

  constructor(options: AgentOptions, now: Micros) {
    this.#options = options;
    this.#tieBreaker = options.rng.bytes(8);
    this.#lastAnswer = now;
    this.#candidates = options.candidates.map((address, index) => ({
      address,
      next: now + index * PACE,
      pause: FIRST_PAUSE,
    }));
  }

  get deadline(): Micros {
    let deadline = this.#lastAnswer + CONSENT_TIME;
    for (const { next } of this.#candidates) deadline = Math.min(deadline, next);
    return deadline;
  }

  /** Throws RTC_NO_PATH. */
  tick(now: Micros): void {
    if (now >= this.#lastAnswer + CONSENT_TIME) {
      throw rtcErrors.protocol('NO_PATH', { seconds: toSeconds(CONSENT_TIME) });
    }
    for (const candidate of this.#candidates) if (candidate.next <= now) this.#check(candidate, now);
  }

  /** A STUN message; what is not authentic is ignored. Throws STUN_MESSAGE. */
  receive(bytes: Uint8Array, from: Address, now: Micros): void {
    const message = parseStun(bytes);
    const { local, remote } = this.#options;
    if (message.type === stunType.request) this.#answer(message, bytes, from, local.pwd);
    else if (message.type === stunType.success && checkIntegrity(bytes, message, remote.pwd))
      this.#succeeded(message, now);
  }

  #check(candidate: Candidate, now: Micros): void {
    const { rng, local, remote, send } = this.#options;
    const transaction = rng.bytes(12);
    if (this.#open.size >= MOST_OPEN) this.#open.clear();
    this.#open.set(transaction.join(), candidate.address);
    const username = `${remote.ufrag}:${local.ufrag}`;
    const fields = { type: stunType.request, transaction, username, priority: PRIORITY, useCandidate: true };
    send(writeStun({ ...fields, controlling: this.#tieBreaker }, remote.pwd), candidate.address);
    candidate.next = now + candidate.pause;
    candidate.pause = Math.min(MOST_PAUSE, candidate.pause * 2);
  }

  #succeeded({ transaction }: StunMessage, now: Micros): void {
    const address = this.#open.get(transaction.join());
    if (address === undefined) return;
    this.#open.clear();
    this.#lastAnswer = now;
    // The others are not needed; if this one dies, the session does.
    for (const candidate of this.#candidates) {
      candidate.next = candidate.address === address ? now + CONSENT_INTERVAL : Number.POSITIVE_INFINITY;
    }
    if (this.#selected !== undefined) return;
    this.#selected = address;
    this.#options.onPath(address, now);
  }

  /** A full agent checks us too. */
  #answer(message: StunMessage, bytes: Uint8Array, from: Address, pwd: string): void {
    if (!checkIntegrity(bytes, message, pwd)) return;
    const { transaction } = message;
    this.#options.send(writeStun({ type: stunType.success, transaction, mapped: from }, pwd), from);
  }

  /** For the log. */
  describe(): string {
    const { candidates } = this.#options;
    return this.#selected === undefined ? candidates.map(formatAddress).join(' ') : formatAddress(this.#selected);
  }
}
