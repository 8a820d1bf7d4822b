// The SIP server: who is registered, what is answered to requests, and whose the answers are that come back.
import { Reporter } from '../../base/counters.ts';
import { SrsxError } from '../../base/errors.ts';
import type { Link, Peer, Port } from '../../base/link.ts';
import { randomId } from '../../base/rng.ts';
import { drive, type Session } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import {
  addressOf,
  callIdOf,
  cseqOf,
  headerOf,
  parseAddress,
  parseSip,
  parseUri,
  respond,
  type SipHeaders,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  viaOf,
  writeSip,
} from '../../wire/sip/index.ts';
import type { GbOptions } from './config.ts';
import { Device, type DeviceHost, type Registration, type SipPath } from './device.ts';
import { errors } from './errors.ts';
import { isDeviceId } from './names.ts';
import type { Receiver } from './receiver.ts';
import type { Receivers } from './receivers.ts';
import { SipLink } from './sip-link.ts';

/** What the registrar is made of. */
export interface RegistrarOptions {
  readonly host: Host;
  readonly options: GbOptions['sip'];
  readonly receivers: Receivers;
  readonly sipPort: () => number;
  readonly mediaPort: () => number;
  /** The address that a device is told, when it has come to this one. */
  readonly ownHost: (reached: string, peer: Peer) => string;
}

/** Driven by the wheel for all its devices together. */
export class Registrar implements Session {
  readonly #options: RegistrarOptions;
  /** By id; bounded by limits.sessions. */
  readonly #devices = new Map<string, Device>();
  /** By Call-ID; at most one for each device. */
  readonly #calls = new Map<string, Device>();
  readonly #callOf = new Map<Device, string>();
  /** Bounded by the sockets of the listener, and by their deadlines. */
  readonly #links = new Set<SipLink>();
  readonly #odd: Reporter;
  readonly #shared: DeviceHost;
  #port: Port | undefined;
  #closed = false;

  constructor(options: RegistrarOptions) {
    const { host, receivers, sipPort, mediaPort } = options;
    this.#options = options;
    this.#odd = new Reporter((count, last) => host.log.warn('gb28181', 'SIP messages are left out', { count, last }));
    this.#shared = {
      ...{ clock: host.clock, log: host.log, rng: host.rng },
      ...{ options: options.options, receivers, sipPort, mediaPort },
      onCall: (device, call) => this.#setCall(device, call),
      onOver: (device) => {
        if (this.#devices.get(device.id) === device) this.#devices.delete(device.id);
      },
    };
    host.wheel.add(this);
  }

  /** What is kept, for tests. */
  get sizes(): Readonly<Record<'devices' | 'calls' | 'links', number>> {
    return { devices: this.#devices.size, calls: this.#calls.size, links: this.#links.size };
  }

  find(id: string): Device | undefined {
    return this.#devices.get(id);
  }

  get deadline(): Micros {
    let deadline = Number.POSITIVE_INFINITY;
    for (const device of this.#devices.values()) deadline = Math.min(deadline, device.deadline);
    return deadline;
  }

  /** A TCP connection. */
  accept(link: Link): void {
    const { host, options, ownHost } = this.#options;
    const sip = new SipLink({
      ...{ link, host, timeout: options.timeout, ownHost: ownHost(link.local.host, link.peer) },
      onMessage: (bytes, path, now) => this.#handle(bytes, path, now),
      onOver: (over) => void this.#links.delete(over),
    });
    this.#links.add(sip);
    drive(link, sip, host);
  }

  /** A UDP socket: one message in each datagram. */
  listen(port: Port): void {
    this.#port = port;
    port.onDatagram = (datagram, from) => this.receive(datagram, this.#options.host.clock.now(), from);
  }

  receive(datagram: Uint8Array, now: Micros, from: Peer): void {
    const port = this.#port;
    // Line breaks alone keep a way through a NAT open.
    if (this.#closed || port === undefined || datagram.length < 8) return;
    const { ownHost } = this.#options;
    const path: SipPath = {
      peer: from,
      transport: 'UDP',
      host: ownHost(port.local.host, from),
      closed: false,
      send: (message) => port.send(writeSip(message), from),
    };
    this.#handle(datagram.slice(), path, now);
  }

  tick(now: Micros): void {
    for (const device of this.#devices.values()) if (device.deadline <= now) device.tick(now);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.host.wheel.remove(this);
    for (const device of this.#devices.values()) device.close(errors.refused('STOPPED'));
    for (const link of this.#links) link.close(errors.refused('STOPPED'));
    this.#port?.close();
  }

  /** The receiver of the only device at this address whose media is awaited: some cameras choose their SSRC themselves. */
  learn({ host }: Peer): Receiver | undefined {
    let found: Receiver | undefined;
    for (const device of this.#devices.values()) {
      if (!device.awaited || device.peer.host !== host) continue;
      if (found !== undefined) return undefined;
      found = device.receiver;
    }
    return found;
  }

  /** A message that cannot be read is dropped, as SRS does: the next one may be better. */
  #handle(bytes: Uint8Array, path: SipPath, now: Micros): void {
    try {
      const message = parseSip(bytes);
      callIdOf(message);
      if (message.kind === 'request') this.#request(message, path, now);
      else this.#response(message, now);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#odd.note(error.code, now);
    }
  }

  #response(message: SipResponse, now: Micros): void {
    const { method } = cseqOf(message);
    this.#calls.get(callIdOf(message))?.response(message, method, now);
  }

  #request(request: SipRequest, path: SipPath, now: Micros): void {
    viaOf(request);
    cseqOf(request);
    const { uri } = addressOf(request, 'from');
    if (request.method === 'REGISTER') this.#register(request, path, now);
    else if (request.method === 'MESSAGE') {
      const device = this.#devices.get(uri.user);
      this.#answer(request, path, device === undefined ? 403 : 200);
      device?.message(path, now);
    } else if (request.method === 'BYE') {
      const device = this.#calls.get(callIdOf(request));
      this.#answer(request, path, device === undefined ? 481 : 200);
      device?.close(errors.protocol('GONE'), true);
    } else this.#odd.note(`method ${request.method.slice(0, 16)}`, now);
  }

  #register(request: SipRequest, path: SipPath, now: Micros): void {
    const { uri } = addressOf(request, 'from');
    const own = parseUri(request.uri);
    if (own === undefined || !isDeviceId(uri.user)) {
      this.#answer(request, path, 400);
      throw errors.protocol('ID', { id: uri.user.slice(0, 64) });
    }
    const expires = expiresOf(request);
    const known = this.#devices.get(uri.user);
    if (expires === 0) {
      this.#answer(request, path, 200, [['expires', '0']]);
      known?.close(errors.protocol('GONE'), true);
      return;
    }
    const registration = {
      id: uri.user,
      host: uri.host,
      server: isDeviceId(own.user) ? own.user : '',
      domain: own.host,
    };
    if (known === undefined && !this.#welcome(registration, path, now)) {
      this.#answer(request, path, 503);
      return;
    }
    const contact = headerOf(request, 'contact');
    const more: SipHeaders = contact === undefined ? [] : [['contact', contact]];
    this.#answer(request, path, 200, [...more, ['expires', String(expires)]]);
    known?.register(registration, path, now);
  }

  /** False: there is no room, or the id is expected otherwise. */
  #welcome(registration: Registration, path: SipPath, now: Micros): boolean {
    try {
      this.#devices.set(registration.id, new Device(this.#shared, registration, path, now));
      return true;
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#odd.note(error.code, now);
      return false;
    }
  }

  #answer(request: SipRequest, path: SipPath, status: number, more: SipHeaders = []): void {
    const tag = `SRS${randomId(this.#options.host.rng, 8)}`;
    path.send(respond(request, { status, peer: path.peer, tag, more }));
  }

  #setCall(device: Device, call: string | undefined): void {
    const before = this.#callOf.get(device);
    if (before !== undefined) this.#calls.delete(before);
    this.#callOf.delete(device);
    if (call === undefined) return;
    this.#callOf.set(device, call);
    this.#calls.set(call, device);
  }
}

/** RFC 3261 §10.2.1.1: of the Contact, or of the message; an hour where nothing is said. */
function expiresOf(message: SipMessage): number {
  const contact = parseAddress(headerOf(message, 'contact') ?? '')?.parameters.get('expires');
  const text = headerOf(message, 'expires') ?? contact ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : 3600;
}
