// One TCP connection of a device: SIP messages out of its bytes.
import type { SrsxError } from '../../base/errors.ts';
import { formatAddress, type Link, type Peer } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import { type SipMessage, SipReader, sipErrors, writeSip } from '../../wire/sip/index.ts';
import type { SipPath } from './device.ts';

/** What a connection needs. */
export interface SipLinkOptions {
  readonly link: Link;
  readonly host: Host;
  /** Of one keep-alive. */
  readonly timeout: Micros;
  /** Where the device reaches us. */
  readonly ownHost: string;
  /** A whole message. */
  readonly onMessage: (bytes: Uint8Array, path: SipPath, now: Micros) => void;
  readonly onOver: (over: SipLink) => void;
}

/** A device that says nothing for so many keep-alives is gone. */
const PATIENCE = 3;

/** Its deadline is that of a device that says nothing any more. */
export class SipLink implements Session, SipPath {
  readonly transport = 'TCP';
  readonly host: string;
  readonly #options: SipLinkOptions;
  readonly #reader = new SipReader();
  #closed = false;
  deadline: Micros;

  constructor(options: SipLinkOptions) {
    const { host } = options;
    this.#options = options;
    this.host = options.ownHost;
    this.deadline = host.clock.now() + host.limits.handshakeTime;
  }

  get peer(): Peer {
    return this.#options.link.peer;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(message: SipMessage): void {
    if (this.#closed) return;
    // Messages are few and small: who does not read them has a full link for another reason.
    if (!this.#options.link.send([writeSip(message)]))
      this.close(sipErrors.protocol('STREAM', { why: 'it is not read' }));
  }

  /** Throws SIP_STREAM. */
  receive(bytes: Uint8Array, now: Micros): void {
    if (this.#closed) return;
    this.#reader.push(bytes, (message) => {
      if (this.#closed) return;
      this.deadline = now + PATIENCE * this.#options.timeout;
      this.#options.onMessage(message, this, now);
    });
  }

  tick(): void {
    if (!this.#closed) throw sipErrors.protocol('STREAM', { why: 'nothing comes any more' });
  }

  close(reason: SrsxError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { link, host, onOver } = this.#options;
    const peer = formatAddress(link.peer);
    if (reason !== undefined) host.log.warn('gb28181', `SIP ends: ${reason.message}`, { peer, code: reason.code });
    onOver(this);
    link.close(reason);
  }
}
