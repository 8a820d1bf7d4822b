// FLV bytes to tracks and frames, in whatever pieces they come (annex E.2 to E.4.1).
import { ByteQueue } from '../../base/bytes.ts';
import type { ProtocolError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { fromMs, Unwrapper } from '../../base/time.ts';
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { TrackKind } from '../../media/track.ts';
import { flvErrors, type OnBad } from './errors.ts';
import { TagDecoder } from './tag-decoder.ts';
import { BACK_SIZE_BYTES, TAG_HEADER_BYTES, TagType } from './wire.ts';

const FILE_HEADER_BYTES = 9;
/** Chosen: the header's own size field allows for extensions, of which none was ever made. */
const MAX_FILE_HEADER = 1024;
/** Memory is not given for a declared size above this until the bytes are there. */
const EAGER_BYTES = 256 * 1024;
const TYPE_MASK = 0x1f;
const ENCRYPTED = 0x20;

export type FlvLimits = Pick<Limits, 'messageBytes' | 'tracks' | 'amfDepth' | 'amfValues'>;

/**
 * Errors: FLV_HEADER, FLV_TAG_SIZE, FLV_ENCRYPTED from `push`, FLV_CUT from `end`. When a fault is found behind good
 * tags in one piece, their events are returned and the next call throws, so that every cut gives the same events.
 */
export class FlvDemuxer implements Demuxer {
  readonly #limits: FlvLimits;
  readonly #onBad: OnBad | undefined;
  readonly #decoder: TagDecoder;
  readonly #queue = new ByteQueue();
  readonly #clock = new Unwrapper(32);
  #want: 'header' | 'tag' | 'body' | 'skip' | 'backSize' = 'header';
  /** Bytes of a header extension, or of a tag of an unknown type, that are not read yet. */
  #skip = 0;
  #type = 0;
  #timestampMs = 0;
  #body = NOTHING;
  #filled = 0;
  #size = 0;
  /** Of the tag before, with its header; 0 before the first. */
  #backSize = 0;
  /** Bytes consumed so far. */
  #offset = 0;
  #fault: ProtocolError | undefined;
  #badTags = 0;

  constructor(limits: FlvLimits, { onBad }: { readonly onBad?: OnBad } = {}) {
    this.#limits = limits;
    this.#onBad = onBad;
    this.#decoder = new TagDecoder(onBad === undefined ? { limits } : { limits, onBad });
  }

  /** The kinds of tracks that the newest onMetaData announces. */
  promised(): readonly TrackKind[] {
    return this.#decoder.promised();
  }

  /** What was dropped or tolerated so far. */
  get dropped(): number {
    return this.#badTags + this.#decoder.dropped;
  }

  /** Bytes of memory held for what is not complete. */
  get held(): number {
    return this.#queue.size + this.#body.length;
  }

  /** Does not keep `bytes`. */
  push(bytes: Uint8Array): MediaEvent[] {
    if (this.#fault !== undefined) throw this.#fault;
    const events: MediaEvent[] = [];
    this.#queue.push(bytes);
    while (this.#fault === undefined && this.#step(events));
    if (this.#fault !== undefined && events.length === 0) throw this.#fault;
    this.#keepRest();
    return events;
  }

  end(): MediaEvent[] {
    if (this.#fault !== undefined) throw this.#fault;
    const left = this.#queue.size;
    if (this.#want === 'header') throw this.#fail(flvErrors.protocol('HEADER', { why: `it has ${left} bytes` }));
    const missing =
      this.#want === 'body' ? this.#size - this.#filled : this.#want === 'skip' ? this.#skip : TAG_HEADER_BYTES - left;
    // A missing previous tag size loses nothing.
    const whole = this.#want === 'backSize' || (this.#want === 'tag' && left === 0);
    if (!whole) throw this.#fail(flvErrors.protocol('CUT', { left: missing }));
    return [];
  }

  #fail(fault: ProtocolError): ProtocolError {
    this.#fault = fault;
    this.#queue.clear();
    this.#body = NOTHING;
    return fault;
  }

  /** At most one header's bytes remain; the array that they are in belongs to the caller. */
  #keepRest(): void {
    const { size } = this.#queue;
    if (size > 0) this.#queue.push(this.#queue.take(size));
  }

  /** True when something was consumed. */
  #step(events: MediaEvent[]): boolean {
    switch (this.#want) {
      case 'header':
        return this.#readHeader();
      case 'tag':
        return this.#readTag();
      case 'body':
        return this.#readBody(events);
      case 'skip':
        return this.#readSkipped();
      case 'backSize':
        return this.#readBackSize();
    }
  }

  #readHeader(): boolean {
    const queue = this.#queue;
    const known = Math.min(queue.size, 3);
    for (let i = 0; i < known; i++) {
      if (queue.peek(i) === SIGNATURE[i]) continue;
      this.#fail(flvErrors.protocol('HEADER', { why: `byte ${i} is ${queue.peek(i)}` }));
      return false;
    }
    if (queue.size < FILE_HEADER_BYTES) return false;
    const size = this.#peek32(5);
    if (size < FILE_HEADER_BYTES || size > MAX_FILE_HEADER) {
      this.#fail(flvErrors.protocol('HEADER', { why: `it says that it has ${size} bytes` }));
      return false;
    }
    this.#consume(FILE_HEADER_BYTES);
    this.#skip = size - FILE_HEADER_BYTES;
    this.#want = 'skip';
    return true;
  }

  #readTag(): boolean {
    const queue = this.#queue;
    if (queue.size < TAG_HEADER_BYTES) return false;
    const first = queue.peek(0);
    const size = this.#peek24(1);
    const limit = this.#limits.messageBytes;
    if (size > limit) {
      this.#fail(flvErrors.protocol('TAG_SIZE', { size, limit, offset: this.#offset }));
      return false;
    }
    if ((first & ENCRYPTED) !== 0) {
      this.#fail(flvErrors.protocol('ENCRYPTED', { offset: this.#offset }));
      return false;
    }
    this.#type = first & TYPE_MASK;
    this.#timestampMs = this.#peek24(4) + queue.peek(7) * 0x100_0000;
    this.#size = size;
    this.#backSize = TAG_HEADER_BYTES + size;
    this.#consume(TAG_HEADER_BYTES);
    if (this.#type === TagType.audio || this.#type === TagType.video || this.#type === TagType.script) {
      this.#body = new Uint8Array(Math.min(size, Math.max(EAGER_BYTES, queue.size)));
      this.#filled = 0;
      this.#want = 'body';
    } else {
      this.#bad('TAG_TYPE');
      this.#skip = size;
      this.#want = 'skip';
    }
    return true;
  }

  #readBody(events: MediaEvent[]): boolean {
    const queue = this.#queue;
    const part = Math.min(queue.size, this.#size - this.#filled);
    if (this.#filled + part > this.#body.length) this.#grow(this.#filled + part);
    queue.takeInto(this.#body, this.#filled, part);
    this.#filled += part;
    this.#offset += part;
    if (this.#filled < this.#size) return false;
    const body = this.#body;
    this.#body = NOTHING;
    this.#want = 'backSize';
    const time = fromMs(this.#clock.unwrap(this.#timestampMs));
    const decoded = this.#decoder.decode(this.#type, time, body);
    for (let i = 0; i < decoded.length; i++) events.push(decoded[i] as MediaEvent);
    return true;
  }

  /** Doubles, up to the declared size, so that the last array is exact. */
  #grow(wanted: number): void {
    const grown = new Uint8Array(Math.min(this.#size, Math.max(wanted, this.#body.length * 2)));
    grown.set(this.#body.subarray(0, this.#filled));
    this.#body = grown;
  }

  #readSkipped(): boolean {
    const part = Math.min(this.#queue.size, this.#skip);
    this.#consume(part);
    this.#skip -= part;
    if (this.#skip > 0) return false;
    this.#want = 'backSize';
    return true;
  }

  #readBackSize(): boolean {
    if (this.#queue.size < BACK_SIZE_BYTES) return false;
    if (this.#peek32(0) !== this.#backSize) this.#bad('BACK_SIZE');
    this.#consume(BACK_SIZE_BYTES);
    this.#want = 'tag';
    return true;
  }

  #consume(size: number): void {
    this.#queue.skip(size);
    this.#offset += size;
  }

  #peek24(at: number): number {
    const queue = this.#queue;
    return (queue.peek(at) << 16) | (queue.peek(at + 1) << 8) | queue.peek(at + 2);
  }

  #peek32(at: number): number {
    return this.#queue.peek(at) * 0x100_0000 + this.#peek24(at + 1);
  }

  #bad(name: 'TAG_TYPE' | 'BACK_SIZE'): void {
    this.#badTags++;
    this.#onBad?.(`FLV_${name}`);
  }
}

const NOTHING = new Uint8Array(0);
const SIGNATURE = [0x46, 0x4c, 0x56] as const;
