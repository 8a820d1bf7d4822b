// The sample tables of a plain MP4 (ISO 14496-12 §8.6, §8.7), read where they lie: nothing is expanded in memory.
import { fmp4Errors } from './errors.ts';
import { type BoxView, signed } from './wire.ts';

/** One sample of a plain file. */
export interface TableSample {
  /** Decode time in ticks, before the edit list. */
  readonly dts: number;
  readonly duration: number;
  /** Composition offset in ticks. */
  readonly offset: number;
  readonly key: boolean;
  /** Where its bytes are in the file. */
  readonly at: number;
  readonly size: number;
}

/** A table of 32-bit fields: `width` fields for each of `count` rows. */
export class Rows {
  readonly #view: DataView;
  readonly #width: number;
  readonly count: number;

  constructor(view: DataView, width: number, count: number) {
    this.#view = view;
    this.#width = width;
    this.count = count;
  }

  field(row: number, index: number): number {
    return this.#view.getUint32((row * this.#width + index) * 4);
  }
}

/** Rows of a FullBox whose count is the field before them, checked against the bytes that are there. */
function rowsOf(box: BoxView, trackId: number, width: number): Rows {
  return box.readFull((reader) => {
    const count = reader.u32();
    if (count * width * 4 > reader.left) {
      throw fmp4Errors.protocol('TABLE', {
        id: trackId,
        why: `${box.type} has ${count} entries in ${reader.left} bytes`,
      });
    }
    return new Rows(viewOf(reader.rest()), width, count);
  });
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const NO_ROWS = new Rows(new DataView(new ArrayBuffer(0)), 1, 0);

/** The tables of one track. Errors: FMP4_TABLE, FMP4_BOX_MISSING, FMP4_BOX_CUT. */
export class SampleTable {
  readonly trackId: number;
  /** Samples of the track. */
  readonly count: number;
  readonly times: Rows;
  readonly offsets: Rows;
  readonly chunks: Rows;
  /** stco, or co64 with two fields a row. */
  readonly places: Rows;
  readonly wide: boolean;
  readonly keys: Rows | undefined;
  readonly #sizes: Rows;
  readonly #oneSize: number;

  constructor(stbl: BoxView, trackId: number) {
    this.trackId = trackId;
    this.times = rowsOf(stbl.need('stts'), trackId, 2);
    const ctts = stbl.find('ctts');
    this.offsets = ctts === undefined ? NO_ROWS : rowsOf(ctts, trackId, 2);
    this.chunks = rowsOf(stbl.need('stsc'), trackId, 3);
    const stco = stbl.find('stco');
    this.wide = stco === undefined;
    this.places = stco === undefined ? rowsOf(stbl.need('co64'), trackId, 2) : rowsOf(stco, trackId, 1);
    const stss = stbl.find('stss');
    this.keys = stss === undefined ? undefined : rowsOf(stss, trackId, 1);
    const stsz = stbl.need('stsz');
    this.#oneSize = stsz.readFull((reader) => reader.u32());
    const { sizes, count } = stsz.readFull((reader) => {
      reader.skip(4);
      const wanted = reader.u32();
      if (this.#oneSize !== 0) return { sizes: NO_ROWS, count: wanted };
      if (wanted * 4 > reader.left) {
        throw fmp4Errors.protocol('TABLE', { id: trackId, why: `stsz has ${wanted} entries in ${reader.left} bytes` });
      }
      return { sizes: new Rows(viewOf(reader.rest()), 1, wanted), count: wanted };
    });
    this.#sizes = sizes;
    // A time or a chunk table that ends early ends the track: some recorders write it before the last samples.
    this.count = this.places.count === 0 || this.chunks.count === 0 ? 0 : count;
  }

  size(sample: number): number {
    return this.#oneSize !== 0 ? this.#oneSize : this.#sizes.field(sample, 0);
  }

  place(chunk: number): number {
    if (!this.wide) return this.places.field(chunk, 0);
    const high = this.places.field(chunk, 0);
    if (high >= 0x200000) throw fmp4Errors.protocol('TABLE', { id: this.trackId, why: 'a chunk offset above 2^53' });
    return high * 2 ** 32 + this.places.field(chunk, 1);
  }
}

/** Walks the samples of a track in decode order. Each step is O(1); run lengths are counted down, never expanded. */
export class SampleWalk {
  readonly #table: SampleTable;
  #sample = 0;
  #dts = 0;
  #time = new RunCount();
  #offset = new RunCount();
  #key = 0;
  /** Index of the chunk and of the stsc row that covers it. */
  #chunk = -1;
  #chunkRow = 0;
  #inChunk = 0;
  #at = 0;

  constructor(table: SampleTable) {
    this.#table = table;
  }

  /** The next sample; undefined at the end of the track. Errors: FMP4_TABLE. */
  next(): TableSample | undefined {
    const table = this.#table;
    if (this.#sample >= table.count) return undefined;
    while (this.#inChunk === 0) if (!this.#openChunk()) return undefined;
    if (!this.#time.step(table.times)) return undefined;
    const size = table.size(this.#sample);
    const duration = this.#time.value;
    const offset = this.#offset.step(table.offsets) ? signed(this.#offset.value) : 0;
    const sample = { dts: this.#dts, duration, offset, key: this.#isKey(), at: this.#at, size };
    this.#dts += duration;
    this.#at += size;
    this.#inChunk--;
    this.#sample++;
    return sample;
  }

  /** Moves to the next chunk; false when there is none. Each call takes a row of stco, so empty chunks are bounded. */
  #openChunk(): boolean {
    const { chunks, places } = this.#table;
    this.#chunk++;
    if (this.#chunk >= places.count) return false;
    const next = this.#chunkRow + 1;
    if (next < chunks.count && this.#chunk + 1 >= chunks.field(next, 0)) this.#chunkRow = next;
    this.#inChunk = chunks.field(this.#chunkRow, 1);
    this.#at = this.#table.place(this.#chunk);
    return true;
  }

  #isKey(): boolean {
    const { keys } = this.#table;
    if (keys === undefined) return true;
    while (this.#key < keys.count && keys.field(this.#key, 0) < this.#sample + 1) this.#key++;
    return this.#key < keys.count && keys.field(this.#key, 0) === this.#sample + 1;
  }
}

/** A place in a table of (count, value) rows. */
class RunCount {
  value = 0;
  #row = -1;
  #left = 0;

  /** Moves on by one sample; false behind the last row. */
  step(rows: Rows): boolean {
    while (this.#left === 0) {
      this.#row++;
      if (this.#row >= rows.count) return false;
      this.#left = rows.field(this.#row, 0);
      this.value = rows.field(this.#row, 1);
    }
    this.#left--;
    return true;
  }
}
