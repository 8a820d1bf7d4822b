// Reads an MP4 file that can be read anywhere: plain ones with their index at the end, and fragmented ones.
import { defaultLimits } from '../../base/limits.ts';
import type { Micros } from '../../base/time.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import { primaryVideo, type Track } from '../../media/track.ts';
import { Fmp4Demuxer, type Fmp4Limits, MOOV_BYTES } from './demux.ts';
import { fmp4Errors } from './errors.ts';
import { Framer } from './framer.ts';
import { type Movie, parseMoov } from './moov.ts';
import { type RandomAccess, readBox, topBoxes } from './random-access.ts';
import { byTime, TableSupply } from './supply.ts';
import type { Coming } from './weave.ts';

/** Bytes read at once. Chosen: some frames of video, some seconds of sound. */
const READ_BYTES = 256 * 1024;

/** An open file: its index is in memory, its data is read as the events are taken. */
export class Mp4File {
  readonly #file: RandomAccess;
  readonly #movie: Movie;
  readonly #limits: Fmp4Limits;
  readonly #windows = new Map<number, { readonly start: number; readonly bytes: Uint8Array }>();

  private constructor(file: RandomAccess, movie: Movie, limits: Fmp4Limits) {
    this.#file = file;
    this.#movie = movie;
    this.#limits = limits;
  }

  /** Finds and reads the index. Rejects with ProtocolError FMP4_BOX_MISSING when there is none, or with that of `read`. */
  static async open(file: RandomAccess, limits: Fmp4Limits = defaultLimits): Promise<Mp4File> {
    for await (const top of topBoxes(file)) {
      if (top.type !== 'moov') continue;
      return new Mp4File(file, parseMoov(await readBox(file, top, MOOV_BYTES), limits), limits);
    }
    throw fmp4Errors.protocol('BOX_MISSING', { type: 'the file', child: 'moov' });
  }

  /** At the beginning; `events` tells changes. */
  get tracks(): readonly Track[] {
    return this.#movie.tracks.map(({ track }) => track);
  }

  get fragmented(): boolean {
    return this.#movie.fragmented;
  }

  /**
   * The tracks, then the frames in decode order across tracks. Holds one window of the file for each track.
   *
   * Rejects with FMP4_DATA for samples beyond the end, FMP4_SAMPLE_SIZE, FMP4_TABLE, and those of `Fmp4Demuxer` for
   * fragmented files, after everything before the fault was given.
   *
   * @param from begins at the last key frame of the picture up to this time. A plain file is not read before it.
   */
  events(from: Micros = 0): AsyncGenerator<MediaEvent> {
    const plain = this.#movie.tracks.some(({ table }) => table !== undefined);
    return plain ? this.#plainEvents(from) : behind(this.#fragmentEvents(), from);
  }

  async *#plainEvents(from: Micros): AsyncGenerator<MediaEvent> {
    const framer = new Framer(this.#movie.tracks);
    const supply = new TableSupply(this.#movie.tracks, byTime);
    const start = from > 0 ? this.#keyUpTo(from) : Number.NEGATIVE_INFINITY;
    while (supply.next !== undefined && supply.next.dts < start) supply.shift();
    let announced = framer.tracks;
    // A table may name the same bytes again and again: nobody needs more than the file has.
    let budget = this.#file.size;
    yield { type: 'tracks', tracks: announced };
    for (let sample = supply.next; sample !== undefined; sample = supply.next) {
      supply.shift();
      this.#check(sample);
      budget -= sample.size;
      if (budget < 0) throw fmp4Errors.protocol('TABLE', { id: sample.index, why: 'more bytes than the file has' });
      const frame = framer.frame(sample, await this.#read(sample));
      if (frame === undefined) continue;
      if (announced !== framer.tracks) {
        announced = framer.tracks;
        yield { type: 'tracks', tracks: announced };
      }
      yield { type: 'frame', frame };
    }
  }

  async *#fragmentEvents(): AsyncGenerator<MediaEvent> {
    const demuxer = new Fmp4Demuxer(this.#limits);
    for (let offset = 0; offset < this.#file.size; ) {
      const bytes = await this.#file.read(offset, Math.min(READ_BYTES, this.#file.size - offset));
      if (bytes.length === 0) throw fmp4Errors.protocol('CUT');
      offset += bytes.length;
      yield* demuxer.push(bytes);
    }
    yield* demuxer.end();
  }

  /** The decode time of the last key frame up to a time; without a picture, the time itself. */
  #keyUpTo(time: Micros): Micros {
    const picture = this.#movie.tracks.findIndex(({ track }) => track.kind === 'video');
    if (picture < 0) return time;
    const supply = new TableSupply(this.#movie.tracks, byTime);
    let start = 0;
    for (; supply.next !== undefined && supply.next.dts <= time; supply.shift()) {
      if (supply.next.index === picture && supply.next.key) start = supply.next.dts;
    }
    return start;
  }

  #check({ at, size }: Coming): void {
    const limit = this.#limits.messageBytes;
    if (size > limit) throw fmp4Errors.protocol('SAMPLE_SIZE', { size, limit });
    if (at + size > this.#file.size) throw fmp4Errors.protocol('DATA', { offset: at, why: 'the file ends before' });
  }

  /** A copy of a sample's bytes. */
  async #read({ index, at, size }: Coming): Promise<Uint8Array> {
    let window = this.#windows.get(index);
    if (window === undefined || at < window.start || at + size > window.start + window.bytes.length) {
      const wanted = Math.min(Math.max(size, READ_BYTES), this.#file.size - at);
      window = { start: at, bytes: await this.#file.read(at, wanted) };
      this.#windows.set(index, window);
      if (window.bytes.length < size) throw fmp4Errors.protocol('CUT');
    }
    return window.bytes.slice(at - window.start, at - window.start + size);
  }
}

/** What comes from the first key frame of the picture on whose time has come: fragments are not known before they are read. */
async function* behind(events: AsyncGenerator<MediaEvent>, from: Micros): AsyncGenerator<MediaEvent> {
  let picture: Track | undefined;
  let begun = from <= 0;
  for await (const event of events) {
    if (event.type === 'tracks') picture = primaryVideo(event.tracks);
    else if (!begun) {
      const { track, dts, key } = event.frame;
      begun = dts >= from && (picture === undefined || (key && track.id === picture.id));
    }
    if (begun || event.type === 'tracks') yield event;
  }
}
