// A copy of all RTP that publishers send, without encryption, for whoever looks at it with other tools (SRS: black_hole).
import { type Address, type Closer, formatAddress, type Port } from '../../base/link.ts';
import { toEndpoint } from '../../control/config/value.ts';
import type { Host, Net } from '../../control/host.ts';
import type { RtcConfig } from './config.ts';

/** What it needs of the server. */
export interface BlackHoleOptions {
  readonly host: Pick<Host, 'log' | 'settings'> & { readonly net: Pick<Net, 'listenUdp'> };
  /** Ports on which we receive ourselves. */
  readonly own: () => readonly Address[];
  readonly interfaces: RtcConfig['interfaces'];
}

/**
 * Follows the configuration while it runs. Sends from a socket of its own, on which nothing is heard, so that neither an
 * answer nor a second server with the same setting can begin a circle.
 */
export class BlackHole implements Closer {
  readonly #options: BlackHoleOptions;
  readonly #change: Closer;
  #port: Port | undefined;
  #to: Address | undefined;
  #closed = false;

  private constructor(options: BlackHoleOptions) {
    this.#options = options;
    const { settings, log } = options.host;
    this.#change = settings.onChange(() => {
      this.#apply().catch((error: unknown) => log.error('webrtc', `there is no black hole: ${String(error)}`));
    });
  }

  /** Rejects with SystemError. */
  static async open(options: BlackHoleOptions): Promise<BlackHole> {
    const hole = new BlackHole(options);
    await hole.#apply();
    return hole;
  }

  /** @param packet RTP in the clear; nobody may write to it afterwards. */
  take(packet: Uint8Array): void {
    if (this.#to !== undefined) this.#port?.send(packet, this.#to);
  }

  close(): void {
    this.#closed = true;
    this.#change.close();
    this.#to = undefined;
    this.#port?.close();
  }

  async #apply(): Promise<void> {
    const { host } = this.#options;
    const { root } = host.settings;
    const to = root.get('rtc_server.black_hole.enabled')
      ? toEndpoint(root.get('rtc_server.black_hole.addr'))
      : undefined;
    this.#to = undefined;
    if (to === undefined) return;
    if (this.#isOwn(to)) {
      host.log.warn('webrtc', 'the black hole is our own port, which would take its own packets: nothing is copied');
      return;
    }
    const any = to.host.includes(':') ? '::' : '0.0.0.0';
    if (this.#port?.local.host !== any) {
      const port = await host.net.listenUdp({ host: any, port: 0 });
      this.#port?.close();
      this.#port = port;
    }
    if (this.#closed) return this.#port.close();
    this.#to = to;
    host.log.warn('webrtc', `copies the RTP of all publishers in the clear to ${formatAddress(to)}`);
  }

  #isOwn({ host, port }: Address): boolean {
    const local = [...this.#options.interfaces().map((one) => one.host), '0.0.0.0', '::', '127.0.0.1', '::1'];
    return this.#options.own().some((own) => own.port === port && (own.host === host || local.includes(host)));
  }
}
