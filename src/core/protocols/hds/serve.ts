// Streams of vhosts with HDS are written to the disk, where the HTTP server's files are.
import type { Closer } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Host, Listener } from '../../control/host.ts';
import { Channels } from '../../control/storage/channels.ts';
import { HdsChannel } from './channel.ts';
import { type HdsConfig, vhostConfig } from './config.ts';

/** @param config for what a vhost does not say. */
export function serve(host: Host, config: HdsConfig): Closer & { readonly listeners: readonly Listener[] } {
  return new Server(host, config);
}

class Server implements Closer, Session {
  readonly listeners = [];
  readonly #host: Host;
  readonly #channels: Channels<HdsConfig, HdsChannel>;

  constructor(host: Host, config: HdsConfig) {
    this.#host = host;
    this.#channels = new Channels({
      ...{ host, topic: 'hds', title: 'HDS' },
      configOf: (vhost) => vhostConfig(host.settings, vhost, config),
      wanted: ({ enabled }) => enabled,
      make: ({ after, ...plan }) => new HdsChannel({ ...plan, host }, after),
    });
    host.wheel.add(this);
  }

  /** The wheel asks often enough for whole seconds. */
  get deadline(): Micros {
    return this.#channels.size > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  tick(now: Micros): void {
    this.#channels.tick(now);
  }

  receive(): void {
    // Frames come by taps.
  }

  close(): void {
    this.#host.wheel.remove(this);
    // As in SRS they stay; the next run removes what their bootstrap names.
    this.#channels.close(() => ({ files: false }));
  }
}
