// A chunk writer of its own for tests: all header types and all ids, as encoders use them and our writer does not.
import { ByteWriter, concat } from '../../../../src/core/base/bytes.ts';
import type { Message } from '../../../../src/core/protocols/rtmp/message.ts';

/**
 * full: type 0 for each message. shortest: the shortest header that says it, extended time repeated in type 3.
 * unrepeated: as shortest, but the extended time is not repeated inside a message.
 */
export type ChunkStyle = 'full' | 'shortest' | 'unrepeated';

interface Last {
  readonly message: Message;
  readonly delta: number;
}

export class Encoder {
  readonly #style: ChunkStyle;
  readonly #chunkSize: number;
  readonly #last = new Map<number, Last>();

  constructor(style: ChunkStyle, chunkSize: number) {
    this.#style = style;
    this.#chunkSize = chunkSize;
  }

  message(csid: number, message: Message): Uint8Array {
    return concat(this.chunks(csid, message));
  }

  chunks(csid: number, message: Message): Uint8Array[] {
    const last = this.#style === 'full' ? undefined : this.#last.get(csid);
    const delta = last === undefined ? message.timestamp : (message.timestamp - last.message.timestamp) >>> 0;
    const format = headerType(message, delta, last);
    const time = format === 0 ? message.timestamp : delta;
    this.#last.set(csid, { message, delta: time });
    const out = [this.#header(csid, format, time, message)];
    for (let at = this.#chunkSize; at < message.body.length; at += this.#chunkSize) {
      const next = basic(3, csid);
      if (time >= 0xffffff && this.#style !== 'unrepeated') next.u32(time);
      out.push(next.put(message.body.subarray(at, at + this.#chunkSize)).done());
    }
    return out;
  }

  #header(csid: number, format: number, time: number, message: Message): Uint8Array {
    const head = basic(format, csid);
    if (format <= 2) head.u24(Math.min(time, 0xffffff));
    if (format <= 1) head.u24(message.body.length).u8(message.type);
    if (format === 0) head.u32le(message.streamId);
    if (time >= 0xffffff) head.u32(time);
    return head.put(message.body.subarray(0, this.#chunkSize)).done();
  }
}

function headerType(message: Message, delta: number, last: Last | undefined): number {
  if (last === undefined || last.message.streamId !== message.streamId) return 0;
  if (last.message.type !== message.type || last.message.body.length !== message.body.length) return 1;
  return last.delta === delta ? 3 : 2;
}

function basic(format: number, csid: number): ByteWriter {
  const writer = new ByteWriter();
  if (csid < 64) return writer.u8((format << 6) | csid);
  if (csid < 320) return writer.u8(format << 6).u8(csid - 64);
  return writer
    .u8((format << 6) | 1)
    .u8((csid - 64) & 0xff)
    .u8((csid - 64) >> 8);
}
