// Sends parts of a file as fast as the peer takes them.
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Link, RandomAccess } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import { httpStaticErrors } from './errors.ts';
import type { Piece } from './ranges.ts';

/** One read. Chosen: a disk is busy, and a thousand downloads hold 128 MiB. */
const READ_BYTES = 128 * 1024;

/** How long a peer is waited for. */
export interface SendOptions {
  readonly clock: Clock;
  /** A peer that takes nothing for so long is left. */
  readonly stallTime: Micros;
  /** Of the request, for errors. */
  readonly path: string;
}

/**
 * A link that is written to at its own pace: `send` resolves when more may be sent, false when there is nobody any more or
 * the peer stalled.
 */
export class PacedLink {
  readonly #link: Link;
  readonly #options: SendOptions;
  #gone = false;
  #ready: (() => void) | undefined;

  constructor(link: Link, options: SendOptions) {
    this.#link = link;
    this.#options = options;
    link.onClose = () => {
      this.#gone = true;
      this.#ready?.();
    };
    link.onDrain = () => this.#ready?.();
  }

  async send(chunks: readonly Uint8Array[]): Promise<boolean> {
    if (this.#gone) return false;
    if (!this.#link.send(chunks)) await this.#drained();
    return !this.#gone;
  }

  close(reason?: SrsxError): void {
    this.#gone = true;
    this.#link.close(reason);
  }

  #drained(): Promise<void> {
    const { clock, stallTime } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.after(stallTime, () => {
        this.close(httpStaticErrors.limit('STALLED', { seconds: toSeconds(stallTime) }));
        this.#ready?.();
      });
      this.#ready = () => {
        this.#ready = undefined;
        cancel();
        resolve();
      };
    });
  }
}

/** Sends everything and ends the link; a file that fails or became shorter breaks the answer off. Never rejects. */
export async function sendPieces(
  file: RandomAccess,
  pieces: readonly Piece[],
  link: Link,
  options: SendOptions,
): Promise<void> {
  const paced = new PacedLink(link, options);
  try {
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        if (!(await paced.send([piece]))) return;
        continue;
      }
      for (let at = piece.start; at < piece.end; ) {
        const bytes = await file.read(at, Math.min(READ_BYTES, piece.end - at));
        if (bytes.length === 0) throw httpStaticErrors.system('SHRUNK', { path: options.path });
        if (!(await paced.send([bytes]))) return;
        at += bytes.length;
      }
    }
    paced.close();
  } catch (error) {
    paced.close(toSrsxError(error));
  }
}
