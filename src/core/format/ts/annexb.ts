// H.264 and H.265 out of PES packets: access units as canonical frames, parameter sets as the track's configuration
// (ISO 13818-1 §2.14, §2.17; H.264 §7.4.1.2.3, H.265 §7.4.2.4.4).
import { equalBytes, totalSize } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import { maxUnits } from '../../codec/bounds.ts';
import { findStartCode, joinLengthPrefixed } from '../../codec/nal.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { EsCounts, EsReader, EsUnit, TrackSeed } from './es.ts';
import { type VideoSyntax, videoSyntax } from './video-syntax.ts';

/** One picture while it is collected; the units are views. */
interface AccessUnit {
  readonly units: Uint8Array[];
  sliced: boolean;
}

/** Bytes of parameter sets and messages that may wait for their picture. */
const MAX_LEAD_BYTES = 64 * 1024;

export class AnnexBReader implements EsReader {
  readonly #codec: 'h264' | 'h265';
  readonly #syntax: VideoSyntax;
  readonly #seed: TrackSeed;
  readonly #counts: EsCounts;
  #track: Track | undefined;
  /** The parameter sets that made the configuration. */
  #sets: readonly Uint8Array[] = [];
  #fields = false;
  /** Time from one picture to the next, for those without a time stamp. */
  #step: Micros = fromMs(40);
  #last: Micros | undefined;
  /** Units without a picture, which belong to the next one. */
  #lead: Uint8Array[] = [];

  constructor(codec: 'h264' | 'h265', seed: TrackSeed, counts: EsCounts) {
    this.#codec = codec;
    this.#syntax = videoSyntax[codec];
    this.#seed = seed;
    this.#counts = counts;
  }

  get heldBytes(): number {
    return totalSize(this.#lead);
  }

  push({ data, dts, cts }: EsUnit): Frame[] {
    const pictures = this.#split(data);
    const frames: Frame[] = [];
    let time = dts ?? (this.#last === undefined ? undefined : this.#last + this.#step);
    this.#measure(dts, pictures.length);
    for (const units of pictures) {
      const frame = time === undefined ? undefined : this.#frame(units, time, cts);
      if (frame !== undefined) frames.push(frame);
      else this.#counts.droppedFrames++;
      if (time === undefined) continue;
      this.#last = time;
      time += this.#step;
    }
    return frames;
  }

  lost(): void {
    this.#lead = [];
  }

  end(): Frame[] {
    return [];
  }

  /** The distance between pictures that the stream itself shows, when a PES holds several. */
  #measure(dts: Micros | undefined, pictures: number): void {
    if (dts === undefined || this.#last === undefined || pictures === 0) return;
    const step = dts - this.#last;
    if (step > 0 && step < fromSeconds(1) && pictures === 1) this.#step = step;
  }

  #split(data: Uint8Array): Uint8Array[][] {
    const { typeOf, isSlice, delimiter, leads, isFirst, sets } = this.#syntax;
    const pictures: Uint8Array[][] = [];
    let open: AccessUnit = { units: this.#lead, sliced: false };
    this.#lead = [];
    let count = 0;
    for (let code = findStartCode(data, 0); code < data.length; ) {
      const next = findStartCode(data, code + 3);
      const nal = data.subarray(code + 3, trim(data, code + 3, next));
      code = next;
      if (nal.length === 0) continue;
      if (++count > maxUnits) {
        this.#counts.damagedUnits++;
        break;
      }
      const type = typeOf(nal);
      if (type === sets[sets.length - 2]) this.#readFields(nal);
      const slice = isSlice(type);
      // With fields, the second one of a frame looks like a new picture; there a PES is one frame.
      if (open.sliced && !this.#fields && (slice ? isFirst(nal) : leads(type))) {
        pictures.push(open.units);
        open = { units: [], sliced: false };
      }
      if (slice) open.sliced = true;
      if (type !== delimiter) open.units.push(nal);
    }
    if (open.sliced) pictures.push(open.units);
    else this.#keepLead(open.units);
    return pictures;
  }

  /** Fields decide how the very pictures behind this SPS are cut apart. */
  #readFields(sps: Uint8Array): void {
    if (this.#sets.some((set) => equalBytes(set, sps))) return;
    try {
      this.#fields = this.#syntax.timing(sps).fields;
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#counts.damagedUnits++;
    }
  }

  #keepLead(units: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const unit of units) bytes += unit.length;
    if (bytes > MAX_LEAD_BYTES) this.#counts.damagedUnits++;
    else this.#lead = units.map((unit) => unit.slice());
  }

  /** The frame, or undefined when it cannot be decoded yet or its parameter sets are damaged. */
  #frame(units: readonly Uint8Array[], dts: Micros, cts: Micros): Frame | undefined {
    try {
      const key = units.some((nal) => this.#syntax.isKey(nal, this.#syntax.typeOf(nal)));
      if (key) this.#configure(units);
      const track = this.#track;
      if (track === undefined) return undefined;
      const rest = units.filter((nal) => !this.#isKnown(nal));
      return { track, dts, cts, key, data: joinLengthPrefixed(rest) };
    } catch (error) {
      // Damage inside one picture is no reason to end the session; what is not ours goes on.
      if (!(error instanceof SrsxError)) throw error;
      this.#counts.damagedUnits++;
      return undefined;
    }
  }

  /** Whether a unit is a parameter set that the configuration says already. */
  #isKnown(nal: Uint8Array): boolean {
    if (!this.#syntax.sets.includes(this.#syntax.typeOf(nal))) return false;
    return this.#sets.some((set) => equalBytes(set, nal));
  }

  /** Takes the parameter sets of a key frame; kinds that it lacks stay as they are. */
  #configure(units: readonly Uint8Array[]): void {
    const { sets, typeOf, configOf, timing } = this.#syntax;
    const found: Uint8Array[] = [];
    for (const kind of sets) {
      const fresh = units.filter((nal) => typeOf(nal) === kind);
      const source = fresh.length > 0 ? fresh : this.#sets.filter((nal) => typeOf(nal) === kind);
      for (const nal of source) if (!found.some((other) => equalBytes(other, nal))) found.push(nal);
    }
    if (sameUnits(found, this.#sets)) return;
    const config = configOf(found);
    if (config === undefined) return;
    const sps = found.find((nal) => typeOf(nal) === sets[sets.length - 2]) as Uint8Array;
    const { fps } = timing(sps);
    if (fps !== undefined && fps >= 1) this.#step = fromSeconds(1 / fps);
    this.#sets = found.map((nal) => nal.slice());
    const epoch = this.#track === undefined ? this.#seed.epoch : this.#track.epoch + 1;
    this.#track = { id: this.#seed.id, kind: 'video', codec: this.#codec, config, epoch };
  }
}

const sameUnits = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((unit, index) => equalBytes(unit, b[index] as Uint8Array));

/** The end of a unit without its trailing zero bytes (trailing_zero_8bits, and the first byte of a 4-byte code). */
function trim(data: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && data[at - 1] === 0) at--;
  return at;
}
