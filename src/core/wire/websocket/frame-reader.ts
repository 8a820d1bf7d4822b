// Frames on the way in (RFC 6455 §5): bytes in, whole messages and control frames out.
import { ByteQueue, concat } from '../../base/bytes.ts';
import { webSocketErrors } from './errors.ts';
import { applyMask, opcodes } from './message.ts';

export type WebSocketEvent =
  | { readonly type: 'message'; readonly text: boolean; readonly data: Uint8Array }
  | { readonly type: 'ping'; readonly data: Uint8Array }
  | { readonly type: 'pong'; readonly data: Uint8Array }
  /** `code` is 1005 when the peer gave none. */
  | { readonly type: 'close'; readonly code: number; readonly reason: string };

export interface FrameReaderOptions {
  /** Frames must be masked (a server reads) or must not be (a client reads). */
  readonly masked: boolean;
  /** Bytes of one message over all its fragments. */
  readonly limitBytes: number;
}

interface Head {
  readonly fin: boolean;
  readonly opcode: number;
  readonly size: number;
  readonly key: Uint8Array | undefined;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Copies what it is given and keeps at most one message of `limitBytes` and one frame head. Nothing is allocated for
 * a length that was only announced. After a close frame everything is ignored (§5.5.1).
 *
 * Errors: all of WEBSOCKET_*.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #queue = new ByteQueue();
  #head: Head | undefined;
  #fragments: Uint8Array[] = [];
  #size = 0;
  /** Opcode of the message whose fragments are coming. */
  #open: number | undefined;
  #closed = false;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  push(bytes: Uint8Array): WebSocketEvent[] {
    const events: WebSocketEvent[] = [];
    if (this.#closed) return events;
    this.#queue.push(bytes.slice());
    while (!this.#closed) {
      this.#head ??= this.#readHead();
      const head = this.#head;
      if (head === undefined || this.#queue.size < head.size) break;
      this.#head = undefined;
      const payload = this.#queue.take(head.size);
      if (head.key !== undefined) applyMask(payload, head.key);
      const event = head.opcode >= opcodes.close ? this.#control(head, payload) : this.#fragment(head, payload);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /** The next frame's head; undefined until all of it is there. */
  #readHead(): Head | undefined {
    const queue = this.#queue;
    if (queue.size < 2) return undefined;
    const first = queue.peek(0);
    const second = queue.peek(1);
    const masked = (second & 0x80) !== 0;
    this.#checkFirst(first, masked);
    const short = second & 0x7f;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    const headSize = 2 + lengthBytes + (masked ? 4 : 0);
    const control = (first & 8) !== 0;
    if (control && (short > 125 || (first & 0x80) === 0)) throw webSocketErrors.protocol('CONTROL', { size: short });
    if (queue.size < headSize) return undefined;
    queue.skip(2);
    const size = lengthBytes === 0 ? short : this.#readLength(lengthBytes);
    const total = control ? size : size + this.#size;
    const limit = this.#options.limitBytes;
    if (total > limit) throw webSocketErrors.protocol('SIZE', { size: total, limit });
    const key = masked ? queue.take(4) : undefined;
    return { fin: (first & 0x80) !== 0, opcode: first & 15, size, key };
  }

  #checkFirst(first: number, masked: boolean): void {
    const bits = first & 0x70;
    if (bits !== 0) throw webSocketErrors.protocol('RESERVED', { bits: bits >> 4 });
    const opcode = first & 15;
    if (opcode > opcodes.pong || (opcode > opcodes.binary && opcode < opcodes.close)) {
      throw webSocketErrors.protocol('OPCODE', { opcode });
    }
    if (masked !== this.#options.masked) {
      const name = (value: boolean): string => (value ? 'masked' : 'not masked');
      throw webSocketErrors.protocol('MASK', { found: name(masked), wanted: name(!masked) });
    }
  }

  /** The shortest form is required, and the highest bit of 64 must be 0 (§5.2). */
  #readLength(lengthBytes: number): number {
    let size = 0;
    for (const byte of this.#queue.take(lengthBytes)) size = size * 256 + byte;
    const shortest = lengthBytes === 2 ? 126 : 65_536;
    if (size < shortest || size >= 2 ** 53) throw webSocketErrors.protocol('LENGTH', { size });
    return size;
  }

  #fragment({ fin, opcode, size }: Head, payload: Uint8Array): WebSocketEvent | undefined {
    if ((opcode === opcodes.continuation) !== (this.#open !== undefined)) {
      const what = this.#open === undefined ? 'a continuation of nothing' : 'a new message inside another';
      throw webSocketErrors.protocol('CONTINUATION', { what });
    }
    this.#open ??= opcode;
    // Empty fragments are legal and without number; they must not make a list grow.
    if (size > 0) this.#fragments.push(payload);
    this.#size += size;
    if (!fin) return undefined;
    const text = this.#open === opcodes.text;
    const data = concat(this.#fragments, this.#size);
    this.#open = undefined;
    this.#fragments = [];
    this.#size = 0;
    if (text) checkUtf8(data);
    return { type: 'message', text, data };
  }

  #control({ opcode }: Head, data: Uint8Array): WebSocketEvent {
    if (opcode === opcodes.ping) return { type: 'ping', data };
    if (opcode === opcodes.pong) return { type: 'pong', data };
    this.#closed = true;
    this.#queue.clear();
    this.#fragments = [];
    return readClose(data);
  }
}

function readClose(data: Uint8Array): WebSocketEvent {
  if (data.length === 0) return { type: 'close', code: 1005, reason: '' };
  const code = data.length === 1 ? 0 : ((data[0] as number) << 8) | (data[1] as number);
  if (!mayBeSent(code)) throw webSocketErrors.protocol('CLOSE', { code });
  return { type: 'close', code, reason: checkUtf8(data.subarray(2)) };
}

/** Codes that may stand in a close frame (RFC 6455 §7.4 and its registry). */
const mayBeSent = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999);

function checkUtf8(data: Uint8Array): string {
  try {
    return strictUtf8.decode(data);
  } catch (cause) {
    throw webSocketErrors.protocol('UTF8', {}, cause);
  }
}
