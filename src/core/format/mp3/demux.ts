// A raw MP3 stream (HTTP-MP3, .mp3 files): ID3v2 tags are skipped, then frames follow one another.
import { ByteQueue } from '../../base/bytes.ts';
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import { audioEvents } from '../adts/demux.ts';
import { FrameSplitter } from '../adts/splitter.ts';
import { mp3Syntax } from './syntax.ts';

/** Bytes of the header of an ID3v2 tag. */
const TAG_HEAD = 10;

/** Frames get times from 0 on; a file says none. Never throws: what is no frame is skipped and counted. */
export class Mp3Demuxer implements Demuxer {
  readonly #splitter = new FrameSplitter(mp3Syntax);
  readonly #head = new ByteQueue();
  /** Bytes of a tag that are still to be skipped; undefined while its header may still come. */
  #skip: number | undefined;

  get skippedBytes(): number {
    return this.#splitter.counts.skippedBytes;
  }

  /** Bytes of a frame that is not whole. */
  get heldBytes(): number {
    return this.#splitter.heldBytes + this.#head.size;
  }

  push(bytes: Uint8Array): MediaEvent[] {
    const before = this.#splitter.track;
    return audioEvents(this.#splitter.push(this.#behindTag(bytes)), before);
  }

  end(): MediaEvent[] {
    const before = this.#splitter.track;
    const rest = this.#skip === undefined ? this.#head.take(this.#head.size) : new Uint8Array(0);
    return audioEvents(this.#splitter.push(rest, undefined, true), before);
  }

  /** The bytes behind a tag at the very beginning. */
  #behindTag(bytes: Uint8Array): Uint8Array {
    if (this.#skip === 0) return bytes;
    if (this.#skip === undefined) {
      this.#head.push(bytes);
      if (this.#head.size < TAG_HEAD) return new Uint8Array(0);
      const head = this.#head.take(this.#head.size);
      this.#skip = tagSize(head);
      return this.#pass(head);
    }
    return this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): Uint8Array {
    const part = Math.min(this.#skip ?? 0, bytes.length);
    this.#skip = (this.#skip ?? 0) - part;
    return bytes.subarray(part);
  }
}

/** The size of an ID3v2 tag with its header and footer (ID3v2.4 §3.1); 0 when there is none. */
export function tagSize(bytes: Uint8Array): number {
  if (bytes.length < TAG_HEAD || bytes[0] !== 0x49 || bytes[1] !== 0x44 || bytes[2] !== 0x33) return 0;
  let size = 0;
  for (let i = 6; i < 10; i++) size = size * 128 + ((bytes[i] as number) & 0x7f);
  const footer = ((bytes[5] as number) & 0x10) !== 0 ? TAG_HEAD : 0;
  return TAG_HEAD + size + footer;
}
