// A stream of pictures: the payloads of PES packets are one run of bytes, in which access units begin anywhere. A unit is
// cut off where the next one begins that has a time of its own:
//
//   PES with time 1            PES without       PES with time 2
//   | SPS PPS SEI IDR ........ | ............... | ..... slice of picture 2 ...
//   ^ begins, time 1                                    ^ cut, time 2
//
// Cameras begin a packet with each picture, and repeat the time in each packet of it; ffmpeg does neither.

import { findStartCode } from '../../codec/nal.ts';
import { AnnexBReader } from '../ts/annexb.ts';
import type { EsReader } from '../ts/es.ts';
import { type VideoSyntax, videoSyntax } from '../ts/video-syntax.ts';
import { type Lane, type LaneOptions, type PesTimes, sameTimes } from './lane.ts';
import type { PsReport } from './report.ts';
import type { PsKind } from './wire.ts';

/** Bytes that are looked at behind a start code: a NAL header, and the first byte of a slice header. */
const HEAD_BYTES = 3;
/** Chosen: so many pictures in a row without a time are given on, for the reader to time. */
const MOST_PICTURES = 16;
/** Chosen: what stands in front of the first parameter sets of a stream without a map, such as a message of the encoder. */
const SNIFF_BYTES = 64 * 1024;
const SNIFF_MARKS = 64;
const MIN_BUFFER = 4096;
/** A buffer that one big picture has made larger than this is given back. */
const KEEP_BUFFER = 256 * 1024;

/** A time, and from where on in the buffer it counts. */
interface Mark {
  readonly at: number;
  readonly times: PesTimes;
}

/** Holds one access unit, at most `limitBytes`. */
export class VideoLane implements Lane {
  readonly media = 'video';
  readonly id: number;
  readonly #options: LaneOptions;
  readonly #report: PsReport;
  #kind: 'h264' | 'h265' | undefined;
  #syntax: VideoSyntax | undefined;
  #reader: EsReader | undefined;
  #buffer = new Uint8Array(0);
  #size = 0;
  /** Start codes in front of this have been looked at. */
  #scanned = 0;
  /** A unit begins at the head of the buffer; without one, what comes is thrown away until one begins. */
  #open = false;
  #times: PesTimes | undefined;
  /** The last time that a unit has had: it counts once. */
  #used: PesTimes | undefined;
  /** The open unit has a slice, and so many pictures. */
  #sliced = false;
  #pictures = 0;
  /** In order of their places; looking is at most a head behind the end, so that there are few. */
  #marks: Mark[] = [];

  constructor(options: LaneOptions, report: PsReport) {
    this.id = options.seed.id;
    this.#options = options;
    this.#report = report;
    const { kind } = options;
    if (kind === 'h264' || kind === 'h265') this.#begin(kind);
  }

  get kind(): PsKind | undefined {
    return this.#kind;
  }

  get heldBytes(): number {
    return this.#size + (this.#reader?.heldBytes ?? 0);
  }

  begin(times: PesTimes | undefined): void {
    if (times === undefined) return;
    if (this.#syntax !== undefined) this.#timesAt(this.#scanned);
    const last = this.#marks.at(-1);
    if (last?.at === this.#size) this.#marks.pop();
    this.#marks.push({ at: this.#size, times });
  }

  more(bytes: Uint8Array, from: number, to: number): void {
    const size = this.#size + to - from;
    if (size > this.#options.limitBytes) {
      this.lost();
      return;
    }
    this.#room(size);
    this.#buffer.set(bytes.subarray(from, to), this.#size);
    this.#size = size;
    this.#scan();
  }

  done(): void {
    // Only the next picture says that this one is whole.
  }

  lost(): void {
    if (this.#open) this.#report.damagedPes++;
    this.#drop(this.#size);
    this.#open = false;
    this.#marks = [];
    this.#reader?.lost();
  }

  end(): void {
    if (this.#open) this.#unit(this.#size);
    this.#drop(this.#size);
    this.#open = false;
    this.#options.onFrames(this.#reader?.end() ?? []);
  }

  #begin(kind: 'h264' | 'h265'): void {
    this.#kind = kind;
    this.#syntax = videoSyntax[kind];
    this.#reader = new AnnexBReader(kind, this.#options.seed, this.#report);
  }

  #scan(): void {
    for (;;) {
      const bytes = this.#buffer.subarray(0, this.#size);
      const code = findStartCode(bytes, this.#scanned);
      if (code + 3 + HEAD_BYTES > this.#size) {
        // The last two bytes may be the beginning of a start code.
        this.#scanned = Math.max(this.#scanned, Math.min(code, this.#size - 2));
        break;
      }
      this.#scanned = code + 3;
      this.#look(code, bytes.subarray(code + 3, code + 3 + HEAD_BYTES));
    }
    if (this.#syntax === undefined) this.#boundSniffing();
    else if (!this.#open) this.#drop(this.#scanned);
  }

  /** A unit may begin before it shows its codec: all is kept until it does, up to a limit. */
  #boundSniffing(): void {
    if (this.#scanned <= SNIFF_BYTES && this.#marks.length <= SNIFF_MARKS) return;
    this.#drop(this.#scanned);
    this.#marks = this.#marks.slice(-1);
  }

  /** A NAL unit begins at `code`. */
  #look(code: number, nal: Uint8Array): void {
    // forbidden_zero_bit: a packet was longer than what came, and has swallowed the header of the next one.
    if (((nal[0] as number) & 0x80) !== 0) {
      this.#cancel(code);
      return;
    }
    if (this.#syntax === undefined) {
      const kind = sniff(nal);
      if (kind === undefined) return;
      this.#begin(kind);
      this.#scanned = 0;
      return;
    }
    const { typeOf, isSlice, isFirst, leads } = this.#syntax;
    const type = typeOf(nal);
    const slice = isSlice(type);
    const starts = slice ? isFirst(nal) : leads(type);
    if (!this.#open) {
      if (starts) this.#start(code, slice);
    } else if (this.#sliced && starts) {
      const times = this.#timesAt(code);
      const fresh = times !== undefined && !sameTimes(times, this.#used);
      if (fresh || this.#pictures >= MOST_PICTURES) {
        this.#unit(code);
        this.#start(code, slice);
      } else this.#pictures++;
    } else if (slice) this.#sliced = true;
  }

  #start(code: number, slice: boolean): void {
    const times = this.#timesAt(code);
    // What has no time of its own is timed by the reader.
    this.#times = sameTimes(times, this.#used) ? undefined : times;
    this.#used = times ?? this.#used;
    this.#drop(code);
    this.#open = true;
    this.#sliced = slice;
    this.#pictures = 1;
  }

  #cancel(code: number): void {
    if (this.#open) this.#report.damagedPes++;
    this.#open = false;
    this.#drop(code + 3);
    this.#reader?.lost();
  }

  #unit(end: number): void {
    const data = this.#buffer.subarray(0, end);
    const { dts, cts = 0 } = this.#times ?? {};
    this.#options.onFrames(this.#reader?.push({ data, dts, cts }) ?? []);
  }

  /** The time of what begins at `at`: that of its packet. Older ones, and with them what came before `at`, are forgotten. */
  #timesAt(at: number): PesTimes | undefined {
    while ((this.#marks[1]?.at ?? Number.POSITIVE_INFINITY) <= at) this.#marks.shift();
    const [first] = this.#marks;
    return first !== undefined && first.at <= at ? first.times : undefined;
  }

  /** Forgets the first `bytes` of the buffer. */
  #drop(bytes: number): void {
    if (bytes <= 0) return;
    const left = this.#size - bytes;
    if (this.#buffer.length > KEEP_BUFFER && left <= MIN_BUFFER) {
      const small = new Uint8Array(MIN_BUFFER);
      small.set(this.#buffer.subarray(bytes, this.#size));
      this.#buffer = small;
    } else this.#buffer.copyWithin(0, bytes, this.#size);
    this.#size = left;
    this.#scanned = Math.max(0, this.#scanned - bytes);
    this.#marks = this.#marks.map(({ at, times }) => ({ at: Math.max(0, at - bytes), times }));
  }

  #room(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(MIN_BUFFER, Math.min(size * 2, this.#options.limitBytes)));
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
  }
}

/** By the first parameter set: an SPS of H.264, or a VPS or SPS of H.265. */
function sniff(nal: Uint8Array): 'h264' | 'h265' | undefined {
  const [first = 0, second = 0] = nal;
  if ((first & 0x1f) === 7 && (first & 0x60) !== 0) return 'h264';
  const type = (first >> 1) & 0x3f;
  return (type === 32 || type === 33) && second === 1 ? 'h265' : undefined;
}
