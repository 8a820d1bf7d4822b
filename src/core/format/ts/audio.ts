// Sound that describes itself (AAC, MP3, AC-3) out of PES packets; frames may lie across two of them.
import type { Frame } from '../../media/frame.ts';
import { FrameSplitter, type FrameSyntax } from '../adts/splitter.ts';
import type { EsCounts, EsReader, EsUnit, TrackSeed } from './es.ts';

export class AudioReader implements EsReader {
  readonly #splitter: FrameSplitter;
  readonly #counts: EsCounts;
  #timed = false;

  constructor(syntax: FrameSyntax, seed: TrackSeed, counts: EsCounts) {
    this.#splitter = new FrameSplitter(syntax, seed);
    this.#counts = counts;
  }

  get heldBytes(): number {
    return this.#splitter.heldBytes;
  }

  push({ data, dts }: EsUnit): Frame[] {
    this.#timed ||= dts !== undefined;
    const before = this.#damage();
    const frames = this.#splitter.push(data, dts, true);
    if (this.#damage() > before) this.#counts.damagedUnits++;
    if (this.#timed) return frames;
    this.#counts.droppedFrames += frames.length;
    return [];
  }

  lost(): void {
    this.#splitter.lost();
  }

  end(): Frame[] {
    return [];
  }

  #damage(): number {
    return this.#splitter.counts.skippedBytes + this.#splitter.counts.resyncs;
  }
}
