// Transport streams as SRT carries them: messages of whole packets, seven at most in the usual 1316 bytes.
import { concat } from '../../base/bytes.ts';
import { PACKET_BYTES, SYNC_BYTE } from '../../format/ts/index.ts';

/** Whether a message is made of whole packets, as SRS demands of publishers. */
export function isTransportStream(message: Uint8Array): boolean {
  if (message.length === 0 || message.length % PACKET_BYTES !== 0) return false;
  for (let at = 0; at < message.length; at += PACKET_BYTES) if (message[at] !== SYNC_BYTE) return false;
  return true;
}

/** Cuts merged writes of a feed into messages, once for all players that get the same bytes. */
export class Cutter {
  readonly #size: number;
  /** By the array of chunks, which all cursors at one position share. */
  readonly #known = new WeakMap<readonly Uint8Array[], readonly Uint8Array[]>();

  /** @param maxPayload longest message in bytes; at least one packet is sent whatever it says. */
  constructor(maxPayload: number) {
    this.#size = Math.max(1, Math.floor(maxPayload / PACKET_BYTES)) * PACKET_BYTES;
  }

  /** The messages are views of one array: nobody may write to them. */
  cut(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
    const known = this.#known.get(chunks);
    if (known !== undefined) return known;
    const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : concat(chunks);
    const messages: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += this.#size) messages.push(bytes.subarray(at, at + this.#size));
    this.#known.set(chunks, messages);
    return messages;
  }
}
