// Makes a plain MP4 out of a fragmented one: one index, the data copied, nothing decoded.
import { concat } from '../../base/bytes.ts';
import { ProtocolError } from '../../base/errors.ts';
import { defaultLimits, type Limits } from '../../base/limits.ts';
import { fromTicks, type Micros, toTicks } from '../../base/time.ts';
import { MOOF_BYTES, MOOV_BYTES } from './demux.ts';
import { fmp4Errors } from './errors.ts';
import { type FragmentSample, parseMoof } from './moof.ts';
import { type MovieTrack, parseMoov } from './moov.ts';
import { type Edit, ftyp, MOVIE_TIMESCALE, mvhd, trak } from './movie.ts';
import { type RandomAccess, readBox, type TopBox, topBoxes } from './random-access.ts';
import { TableWriter } from './table-writer.ts';
import { box, putBoxHead, putU32 } from './wire.ts';

/** The form of the new file. */
export interface FinishOptions {
  /** Where the index goes; `first` (the default) lets players begin before they have the whole file. */
  readonly index?: 'first' | 'last';
  readonly limits?: Pick<Limits, 'messageBytes' | 'tracks'>;
}

/** What was written. */
export interface Finished {
  /** Of the file that was written. */
  readonly size: number;
  /** Of the longest track. */
  readonly duration: Micros;
  readonly samples: number;
  /** The recording ended in the middle of a fragment, which was left out. */
  readonly cut: boolean;
}

/** Bytes copied at once. */
const COPY_BYTES = 1024 * 1024;

/**
 * Reads the fragmented file twice: its boxes for the index, then its data. Holds the index (about 16 bytes a sample)
 * and one piece of data. Decode and composition times, gaps too, stay what they are; an edit list keeps sound and
 * picture together where they begin at different times.
 *
 * @param write appends to the new file; awaited before the next call.
 * Rejects with FMP4_PLAIN (not fragmented, or nothing in it), FMP4_EPOCHS, LimitError FMP4_SAMPLES, the errors of a
 * damaged index, and those of `read` and `write`. A damaged or cut fragment ends the copy before it.
 */
export async function finishMp4(
  file: RandomAccess,
  write: (bytes: Uint8Array) => Promise<void>,
  options: FinishOptions = {},
): Promise<Finished> {
  const scan = new Scan(options.limits ?? defaultLimits);
  await scan.read(file);
  const plan = new Plan(scan);
  if (options.index === 'last') {
    await write(concat([plan.head, plan.dataHead]));
    await copy(file, scan.ranges, write);
    await write(plan.moov(plan.head.length + plan.dataHead.length));
  } else {
    const dataAt = plan.head.length + plan.moovSize + plan.dataHead.length;
    await write(concat([plan.head, plan.moov(dataAt), plan.dataHead]));
    await copy(file, scan.ranges, write);
  }
  const samples = scan.tables.reduce((sum, table) => sum + table.count, 0);
  return { size: plan.size, duration: plan.duration, samples, cut: scan.cut };
}

/** Bytes of the source that follow each other in the new file. */
interface Range {
  readonly at: number;
  readonly size: number;
}

/** What the fragments hold, and where. */
class Scan {
  readonly #limits: Pick<Limits, 'messageBytes' | 'tracks'>;
  readonly #nextTimes = new Map<number, number>();
  tracks: readonly MovieTrack[] = [];
  tables: readonly TableWriter[] = [];
  readonly ranges: Range[] = [];
  dataSize = 0;
  cut = false;

  constructor(limits: Pick<Limits, 'messageBytes' | 'tracks'>) {
    this.#limits = limits;
  }

  async read(file: RandomAccess): Promise<void> {
    try {
      for await (const top of topBoxes(file)) {
        if (top.type === 'moov') await this.#readMoov(file, top);
        else if (top.type === 'moof') await this.#readMoof(file, top);
        if (this.cut) break;
      }
    } catch (error) {
      // Before the first fragment there is nothing to save; behind it, the file was cut while it was written.
      if (!(error instanceof ProtocolError) || this.dataSize === 0 || error.code === 'FMP4_EPOCHS') throw error;
      this.cut = true;
    }
    if (this.dataSize === 0) throw fmp4Errors.protocol('PLAIN');
  }

  async #readMoov(file: RandomAccess, top: TopBox): Promise<void> {
    const { tracks, fragmented } = parseMoov(await readBox(file, top, MOOV_BYTES), this.#limits, this.#sources());
    if (!fragmented) throw fmp4Errors.protocol('PLAIN');
    if (this.tracks.length === 0) {
      this.tracks = tracks;
      this.tables = tracks.map(() => new TableWriter());
      return;
    }
    const before = this.#sources();
    const same = tracks.length === before.length && tracks.every(({ track }) => before.includes(track));
    if (!same) throw fmp4Errors.protocol('EPOCHS');
  }

  async #readMoof(file: RandomAccess, top: TopBox): Promise<void> {
    const moof = await readBox(file, top, MOOF_BYTES);
    const { tracks } = this;
    const options = { moofAt: top.offset, tracks, nextTimes: this.#nextTimes, limits: this.#limits };
    const { samples } = parseMoof(moof, options);
    if (samples.some(({ at, size }) => at < 0 || at + size > file.size)) {
      this.cut = true;
      return;
    }
    for (let start = 0; start < samples.length; ) start = this.#addRun(samples, start);
  }

  /** A chunk of the samples of one track that lie together; returns the index behind it. */
  #addRun(samples: readonly FragmentSample[], start: number): number {
    const first = samples[start] as FragmentSample;
    const table = this.tables[first.index] as TableWriter;
    let at = first.at;
    let end = start;
    for (; end < samples.length; end++) {
      const sample = samples[end] as FragmentSample;
      if (sample.index !== first.index || sample.at !== at) break;
      table.add(sample);
      at += sample.size;
    }
    table.chunk(this.dataSize, end - start);
    this.#addRange(first.at, at - first.at);
    return end;
  }

  #addRange(at: number, size: number): void {
    const last = this.ranges[this.ranges.length - 1];
    this.dataSize += size;
    if (last === undefined || last.at + last.size !== at) this.ranges.push({ at, size });
    else this.ranges[this.ranges.length - 1] = { at: last.at, size: last.size + size };
  }

  #sources() {
    return this.tracks.map(({ track }) => track);
  }
}

/** The new file around the data. */
class Plan {
  readonly #scan: Scan;
  readonly #wide: boolean;
  readonly head: Uint8Array;
  readonly dataHead: Uint8Array;
  /** The start of the earliest track. */
  readonly #start: Micros;
  duration: Micros = 0;

  constructor(scan: Scan) {
    this.#scan = scan;
    const hasAv1 = scan.tracks.some(({ track }) => track.codec === 'av1');
    this.head = ftyp('isom', ['isom', 'iso2', 'mp41', ...(hasAv1 ? ['av01'] : [])]);
    this.dataHead = mdatHead(scan.dataSize);
    this.#start = Math.min(...this.#filled().map(([track, table]) => fromTicks(table.firstPts, track.timescale)));
    // Room for the index: with more than 4 GiB it is below a tenth of the data.
    this.#wide = scan.dataSize > 0xe0000000;
  }

  get moovSize(): number {
    return this.moov(0).length;
  }

  get size(): number {
    return this.head.length + this.dataHead.length + this.#scan.dataSize + this.moovSize;
  }

  /** @param dataAt where the data begins in the new file. */
  moov(dataAt: number): Uint8Array {
    const traks: Uint8Array[] = [];
    let longest = 0;
    let lastId = 0;
    for (const [track, table] of this.#filled()) {
      const edits = this.#edits(track, table);
      const movieDuration = edits.reduce((sum, edit) => sum + edit.duration, 0);
      longest = Math.max(longest, movieDuration);
      lastId = Math.max(lastId, track.id);
      const { id, timescale, width, height, entry, track: source } = track;
      traks.push(
        trak(
          { id, source, timescale, width, height, entry, frameTicks: () => undefined },
          { mediaDuration: table.duration, movieDuration, edits, tables: table.boxes(dataAt, this.#wide) },
        ),
      );
    }
    this.duration = fromTicks(longest, MOVIE_TIMESCALE);
    return box('moov', mvhd(longest, lastId + 1), ...traks);
  }

  /** Empty until the track begins, then from its first shown tick: the tables begin at decode time 0 (§8.6.6). */
  #edits({ timescale }: MovieTrack, { firstDts, firstPts, endPts }: TableWriter): Edit[] {
    const delay = toTicks(fromTicks(firstPts, timescale) - this.#start, MOVIE_TIMESCALE);
    const duration = toTicks(fromTicks(endPts - firstPts, timescale), MOVIE_TIMESCALE);
    const shown: Edit = { duration, mediaTime: firstPts - firstDts };
    return delay > 0 ? [{ duration: delay, mediaTime: -1 }, shown] : [shown];
  }

  #filled(): (readonly [MovieTrack, TableWriter])[] {
    return this.#scan.tracks.flatMap((track, index) => {
      const table = this.#scan.tables[index];
      return table === undefined || table.count === 0 ? [] : [[track, table] as const];
    });
  }
}

/** mdat with the 32-bit size, or with the 64-bit one where it is needed (§4.2). */
function mdatHead(size: number): Uint8Array {
  const wide = size + 8 > 0xffffffff;
  const head = new Uint8Array(wide ? 16 : 8);
  putBoxHead(head, 0, 'mdat', wide ? 1 : size + 8);
  if (!wide) return head;
  putU32(head, 8, Math.floor((size + 16) / 2 ** 32));
  putU32(head, 12, size + 16);
  return head;
}

async function copy(
  file: RandomAccess,
  ranges: readonly Range[],
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  for (const range of ranges) {
    for (let done = 0; done < range.size; ) {
      const bytes = await file.read(range.at + done, Math.min(COPY_BYTES, range.size - done));
      if (bytes.length === 0) throw fmp4Errors.protocol('CUT');
      await write(bytes);
      done += bytes.length;
    }
  }
}
