// Two ends of DTLS on a network in virtual time, which loses, repeats, swaps and damages datagrams as a test says.
import { fromMs, fromSeconds, type Micros } from '../../../../src/core/base/time.ts';
import {
  createIdentity,
  DtlsEndpoint,
  type DtlsKeys,
  type DtlsOptions,
  type Identity,
} from '../../../../src/core/wire/dtls/index.ts';
import { srtpProfile } from '../../../../src/core/wire/srtp/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';

export const identities = {
  client: await createIdentity('ecdsa'),
  server: await createIdentity('ecdsa'),
  rsa: await createIdentity('rsa'),
};

/** What becomes of the datagram number `index` of a direction: the datagrams that arrive instead, each after some time. */
export type Fate = (
  from: 'client' | 'server',
  index: number,
  datagram: Uint8Array,
) => readonly { readonly bytes: Uint8Array; readonly after: Micros }[];

const TRIP = fromMs(5);
const pass: Fate = (_, __, bytes) => [{ bytes, after: TRIP }];

interface End {
  readonly endpoint: DtlsEndpoint;
  keys: DtlsKeys | undefined;
  error: unknown;
  closed: boolean;
  sent: number;
}

interface UnderWay {
  readonly at: Micros;
  readonly to: End;
  readonly bytes: Uint8Array;
}

export interface PairOptions {
  readonly fate?: Fate;
  readonly client?: Partial<DtlsOptions>;
  readonly server?: Partial<DtlsOptions>;
  readonly identity?: Partial<Record<'client' | 'server', Identity>>;
  readonly seed?: number;
}

export class DtlsPair {
  now: Micros = 0;
  readonly client: End;
  readonly server: End;
  readonly #fate: Fate;
  #wire: UnderWay[] = [];

  constructor({ fate = pass, client, server, identity, seed = 1 }: PairOptions = {}) {
    this.#fate = fate;
    const own = { ...identities, ...identity };
    this.client = this.#end('client', own.client, own.server, client, seed);
    this.server = this.#end('server', own.server, own.client, server, seed + 1);
    this.server.endpoint.start(0);
    this.client.endpoint.start(0);
  }

  /** Runs until nothing is under way or due, or `time` is over. */
  run(time: Micros = fromSeconds(20)): this {
    const end = this.now + time;
    for (let steps = 0; steps < 10_000; steps++) {
      this.#wire.sort((a, b) => a.at - b.at);
      const next = Math.min(this.#wire[0]?.at ?? Number.POSITIVE_INFINITY, ...this.#deadlines());
      if (next > end || next === Number.POSITIVE_INFINITY) break;
      this.now = next;
      while (this.#wire[0] !== undefined && this.#wire[0].at <= next) {
        const { to, bytes } = this.#wire.shift() as UnderWay;
        this.#guard(to, () => to.endpoint.receive(bytes, next));
      }
      for (const one of [this.client, this.server]) {
        if (one.endpoint.deadline <= next) this.#guard(one, () => one.endpoint.tick(next));
      }
    }
    return this;
  }

  get bothOpen(): boolean {
    return this.client.endpoint.open && this.server.endpoint.open;
  }

  #deadlines(): Micros[] {
    return [this.client, this.server].map(({ endpoint }) => endpoint.deadline);
  }

  #guard(one: End, step: () => void): void {
    try {
      step();
    } catch (error) {
      one.error ??= error;
      one.endpoint.close();
    }
  }

  #end(
    role: 'client' | 'server',
    identity: Identity,
    peer: Identity,
    more: Partial<DtlsOptions> | undefined,
    seed: number,
  ): End {
    const end: End = {
      endpoint: new DtlsEndpoint({
        role,
        identity,
        fingerprints: [peer.fingerprint],
        profiles: [srtpProfile.aes128CmSha1_80, srtpProfile.aeadAes128Gcm],
        rng: new SeedRng(seed),
        send: (bytes) => this.#send(role, bytes),
        onKeys: (keys) => {
          end.keys = keys;
        },
        onClosed: () => {
          end.closed = true;
        },
        ...more,
      }),
      keys: undefined,
      error: undefined,
      closed: false,
      sent: 0,
    };
    return end;
  }

  #send(from: 'client' | 'server', datagram: Uint8Array): void {
    const [sender, to] = from === 'client' ? [this.client, this.server] : [this.server, this.client];
    for (const { bytes, after } of this.#fate(from, sender.sent++, datagram.slice())) {
      this.#wire.push({ at: this.now + after, to, bytes });
    }
  }
}
