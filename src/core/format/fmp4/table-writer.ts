// Builds the sample tables of one track of a plain MP4 (ISO 14496-12 §8.6, §8.7), in compact arrays.
import { fmp4Errors } from './errors.ts';
import { fullBox, putU32 } from './wire.ts';

/** Numbers that grow: four bytes each instead of a heap value. */
class Column {
  #values = new Uint32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  addToLast(value: number): void {
    this.#values[this.length - 1] = this.at(this.length - 1) + value;
  }
}

/** Equal values in a row as (count, value). */
class Runs {
  readonly counts = new Column();
  readonly values = new Column();

  push(value: number): void {
    const last = this.values.length - 1;
    if (last >= 0 && this.values.at(last) === value >>> 0) {
      this.counts.addToLast(1);
      return;
    }
    this.counts.push(1);
    this.values.push(value);
  }
}

/** One sample on the track's clock. */
export interface IndexedSample {
  readonly dts: number;
  readonly duration: number;
  readonly offset: number;
  readonly key: boolean;
  readonly size: number;
}

/** Chosen: a week of 25 pictures a second; their index is below what readers accept. */
const MAX_SAMPLES = 16_000_000;

/** Takes samples one by one and their chunks behind them; gives the boxes at the end. */
export class TableWriter {
  readonly #durations = new Runs();
  readonly #offsets = new Runs();
  readonly #sizes = new Column();
  readonly #keys = new Column();
  readonly #chunkHigh = new Column();
  readonly #chunkLow = new Column();
  readonly #chunkSamples = new Column();
  #hasOffsets = false;
  #negative = false;
  #last: IndexedSample | undefined;
  /** First decode time, and the earliest and latest end of composition, in ticks. */
  firstDts = 0;
  firstPts = Number.POSITIVE_INFINITY;
  endPts = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#sizes.length;
  }

  /** Ticks of all samples. */
  get duration(): number {
    return this.#last === undefined ? 0 : this.#last.dts + this.#last.duration - this.firstDts;
  }

  /** Samples in decode order. Throws LimitError FMP4_SAMPLES. */
  add(sample: IndexedSample): void {
    if (this.count >= MAX_SAMPLES) throw fmp4Errors.limit('SAMPLES', { count: this.count, limit: MAX_SAMPLES });
    const last = this.#last;
    if (last === undefined) this.firstDts = sample.dts;
    // The distance of the times, not the stored duration: a pause between two fragments stays a pause.
    else this.#durations.push(Math.min(0xffffffff, Math.max(0, sample.dts - last.dts)));
    this.#last = sample;
    this.#offsets.push(sample.offset);
    if (sample.offset !== 0) this.#hasOffsets = true;
    if (sample.offset < 0) this.#negative = true;
    this.#sizes.push(sample.size);
    if (sample.key) this.#keys.push(this.#sizes.length);
    const pts = sample.dts + sample.offset;
    this.firstPts = Math.min(this.firstPts, pts);
    this.endPts = Math.max(this.endPts, pts + sample.duration);
  }

  /** The `samples` added last lie in one piece, `at` bytes behind the beginning of the data. */
  chunk(at: number, samples: number): void {
    this.#chunkHigh.push(Math.floor(at / 2 ** 32));
    this.#chunkLow.push(at % 2 ** 32);
    this.#chunkSamples.push(samples);
  }

  /**
   * stts, ctts, stss, stsc, stsz, and stco or co64; their sizes do not depend on `dataAt`.
   *
   * @param dataAt where the data begins in the file.
   * @param wide co64: the file is larger than 4 GiB.
   */
  boxes(dataAt: number, wide: boolean): Uint8Array[] {
    const last = this.#last;
    if (last === undefined) return [];
    const durations = this.#durations;
    const boxes = [
      rowTable('stts', 0, durations.counts.length + 1, 2, (row, column) => {
        if (row === durations.counts.length) return column === 0 ? 1 : last.duration;
        return (column === 0 ? durations.counts : durations.values).at(row);
      }),
    ];
    const offsets = this.#offsets;
    if (this.#hasOffsets) {
      const version = this.#negative ? 1 : 0;
      boxes.push(
        rowTable('ctts', version, offsets.counts.length, 2, (row, column) =>
          (column === 0 ? offsets.counts : offsets.values).at(row),
        ),
      );
    }
    // Without the box, every sample is a sync sample.
    if (this.#keys.length < this.count)
      boxes.push(rowTable('stss', 0, this.#keys.length, 1, (row) => this.#keys.at(row)));
    boxes.push(this.#stsc(), this.#stsz(), this.#places(dataAt, wide));
    return boxes;
  }

  #stsc(): Uint8Array {
    const starts = new Column();
    for (let i = 0; i < this.#chunkSamples.length; i++) {
      if (i === 0 || this.#chunkSamples.at(i) !== this.#chunkSamples.at(i - 1)) starts.push(i);
    }
    return rowTable('stsc', 0, starts.length, 3, (row, column) => {
      if (column === 0) return starts.at(row) + 1;
      return column === 1 ? this.#chunkSamples.at(starts.at(row)) : 1;
    });
  }

  #stsz(): Uint8Array {
    const content = new Uint8Array(8 + this.count * 4);
    putU32(content, 4, this.count);
    for (let i = 0; i < this.count; i++) putU32(content, 8 + i * 4, this.#sizes.at(i));
    return fullBox('stsz', 0, 0, content);
  }

  #places(dataAt: number, wide: boolean): Uint8Array {
    const place = (row: number): number => this.#chunkHigh.at(row) * 2 ** 32 + this.#chunkLow.at(row) + dataAt;
    const count = this.#chunkLow.length;
    if (!wide) return rowTable('stco', 0, count, 1, place);
    return rowTable('co64', 0, count, 2, (row, column) =>
      column === 0 ? Math.floor(place(row) / 2 ** 32) : place(row) % 2 ** 32,
    );
  }
}

/** A FullBox of a count and rows of 32-bit fields. */
function rowTable(
  type: string,
  version: number,
  count: number,
  width: number,
  field: (row: number, column: number) => number,
): Uint8Array {
  const content = new Uint8Array(4 + count * width * 4);
  putU32(content, 0, count);
  let at = 4;
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < width; column++) {
      putU32(content, at, field(row, column));
      at += 4;
    }
  }
  return fullBox(type, version, 0, content);
}
