// One playlist for many sessions. Its bytes are made once; what each session has of its own is written into them.
import { utf8 } from '../../base/bytes.ts';
import { MARK } from './form.ts';
import { CTX } from './request.ts';

/** Bytes in which all sessions of one length have their places. */
interface Filled {
  readonly bytes: Uint8Array;
  /** Where the session stands in them. */
  readonly places: readonly number[];
  readonly length: number;
}

/**
 * A text with MARK where the session goes. The bytes for a session are lent: who has them knows when nobody reads them
 * any more, and returns them then, for the next session to be written into. What is not returned is made anew.
 */
export class SharedText {
  readonly #text: string;
  #plain: Uint8Array | undefined;
  #spare: Filled | undefined;
  #lent: Filled | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Without any session, for all; nobody may write to them. */
  get plain(): Uint8Array {
    return (this.#plain ??= utf8(this.#text.replaceAll(MARK, '')));
  }

  /** @param ctx an id as `isCtx` allows it. */
  lend(ctx: string): Uint8Array {
    const spare = this.#spare;
    this.#spare = undefined;
    const filled = spare?.length === ctx.length ? spare : this.#make(ctx);
    if (filled === spare) write(filled, ctx);
    this.#lent = filled;
    return filled.bytes;
  }

  giveBack(bytes: Uint8Array): void {
    if (this.#lent?.bytes === bytes) this.#spare = this.#lent;
  }

  #make(ctx: string): Filled {
    const places: number[] = [];
    const pieces = this.#text.split(MARK);
    const name = `?${CTX}=`;
    let at = 0;
    for (const piece of pieces.slice(0, -1)) {
      at += Buffer.byteLength(piece) + name.length;
      places.push(at);
      at += ctx.length;
    }
    return { bytes: Buffer.from(pieces.join(name + ctx)), places, length: ctx.length };
  }
}

const letters = new Uint8Array(64);

/** Letter by letter: for some forty places of eight letters that is faster than any call of the library. */
function write({ bytes, places, length }: Filled, ctx: string): void {
  for (let i = 0; i < length; i++) letters[i] = ctx.charCodeAt(i);
  for (let p = 0; p < places.length; p++) {
    const at = places[p] as number;
    for (let i = 0; i < length; i++) bytes[at + i] = letters[i] as number;
  }
}
