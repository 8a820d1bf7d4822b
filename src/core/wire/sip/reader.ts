// SIP messages out of a TCP stream (RFC 3261 §18.3): the head ends with an empty line, Content-Length says the rest.
import { SrsxError } from '../../base/errors.ts';
import { sipErrors } from './errors.ts';
import { contentLength, headEnd, latin1, MAX_BODY_BYTES, MAX_HEAD_BYTES, parseHeader } from './message.ts';

const FIRST_BYTES = 1024;
const CR = 13;
const LF = 10;

/** Cuts messages out of bytes in any cut; holds one message. */
export class SipReader {
  #buffer = new Uint8Array(0);
  #size = 0;
  /** In front of this no head ends. */
  #searched = 0;
  /** Of the message whose head has come. */
  #wanted: number | undefined;
  #fault: SrsxError | undefined;

  /** Bytes of a message that is not whole. */
  get heldBytes(): number {
    return this.#size;
  }

  /**
   * Gives whole messages, each with memory of its own, for `parseSip`. Throws SIP_STREAM, and again whenever it is called
   * after that.
   */
  push(bytes: Uint8Array, onMessage: (message: Uint8Array) => void): void {
    // In pieces, so that what is held stays bounded however much comes at once.
    for (let at = 0; at < bytes.length; at += MAX_HEAD_BYTES) {
      if (this.#fault !== undefined) throw this.#fault;
      this.#add(bytes.subarray(at, at + MAX_HEAD_BYTES));
      for (let message = this.#take(); message !== undefined; message = this.#take()) onMessage(message);
    }
  }

  #add(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(FIRST_BYTES, size * 2));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#size);
    this.#size = size;
  }

  #take(): Uint8Array | undefined {
    if (this.#wanted === undefined) {
      this.#skipBreaks();
      this.#wanted = this.#measure();
    }
    if (this.#wanted === undefined || this.#size < this.#wanted) return undefined;
    const message = this.#buffer.slice(0, this.#wanted);
    this.#drop(this.#wanted);
    this.#wanted = undefined;
    return message;
  }

  /** Line breaks between messages keep a connection alive (§7.5, RFC 5626 §3.5.1). */
  #skipBreaks(): void {
    let at = 0;
    while (at < this.#size && (this.#buffer[at] === CR || this.#buffer[at] === LF)) at++;
    if (at > 0) this.#drop(at);
  }

  /** Bytes of the message at the beginning, once its head is there. */
  #measure(): number | undefined {
    const end = headEnd(this.#buffer, this.#searched, this.#size);
    if (end > MAX_HEAD_BYTES || (end < 0 && this.#size > MAX_HEAD_BYTES + 4)) this.#fail('a head is too long');
    if (end < 0) {
      this.#searched = Math.max(0, this.#size - 3);
      return undefined;
    }
    const length = this.#bodyBytes(latin1(this.#buffer.subarray(0, end)));
    if (length > MAX_BODY_BYTES) this.#fail('a body is too long');
    return end + 4 + length;
  }

  /** A message without a Content-Length has no body: RFC 3261 wants one in every message over TCP. */
  #bodyBytes(head: string): number {
    const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
    try {
      return contentLength(lines.filter((line) => /^(content-length|l)\s*:/i.test(line)).map(parseHeader)) ?? 0;
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      return this.#fail(error.message);
    }
  }

  #drop(bytes: number): void {
    this.#buffer.copyWithin(0, bytes, this.#size);
    this.#size -= bytes;
    this.#searched = 0;
  }

  #fail(why: string): never {
    this.#fault = sipErrors.protocol('STREAM', { why });
    this.#buffer = new Uint8Array(0);
    this.#size = 0;
    throw this.#fault;
  }
}
