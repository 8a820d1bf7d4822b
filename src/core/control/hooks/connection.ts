// on_connect and on_close of one connection, each once and in order with what happens between them.
import type { Micros } from '../../base/time.ts';
import { hookErrors } from './errors.ts';
import type { HookClient, HookConnection } from './hooks.ts';

type Bytes = Parameters<HookConnection['close']>[0];

/** Asks and tells for a connection. */
export interface ConnectionHooks {
  readonly connect: (client: HookClient, deadline: Micros) => Promise<void>;
  readonly close: (client: HookClient, bytes: Bytes) => void;
}

/** Told as closed when it is, and when nothing is asked about it any more. */
export class Connection implements HookConnection {
  readonly id: string;
  readonly #hooks: ConnectionHooks;
  #client: HookClient | undefined;
  #closed: Bytes | undefined;
  #holds = 0;

  constructor(id: string, hooks: ConnectionHooks) {
    this.id = id;
    this.#hooks = hooks;
  }

  async connect(client: HookClient, deadline: Micros): Promise<void> {
    this.#checkOpen();
    if (this.#client !== undefined) return;
    this.#client = client;
    await this.#hooks.connect(client, deadline);
    this.#checkOpen();
  }

  hold(): () => void {
    this.#holds++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds--;
      this.#tellClosed();
    };
  }

  close(bytes: Bytes): void {
    this.#closed ??= bytes;
    this.#tellClosed();
  }

  #checkOpen(): void {
    if (this.#closed === undefined) return;
    throw hookErrors.refused('REFUSED', { hook: 'on_connect', why: 'the client has left' });
  }

  #tellClosed(): void {
    const client = this.#client;
    if (this.#closed === undefined || client === undefined || this.#holds > 0) return;
    this.#client = undefined;
    this.#hooks.close(client, this.#closed);
  }
}
