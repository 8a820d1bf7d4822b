// A stream of sound: one PES packet at a time to the reader of its codec.

import { adtsSyntax } from '../adts/syntax.ts';
import { mp3Syntax } from '../mp3/syntax.ts';
import { AudioReader } from '../ts/audio.ts';
import type { EsReader } from '../ts/es.ts';
import { G711Reader } from './g711.ts';
import { type Lane, type LaneOptions, type PesTimes, sameTimes } from './lane.ts';
import type { PsReport } from './report.ts';
import type { PsKind } from './wire.ts';

/** PES_packet_length has 16 bits; sound without one ends there too. */
const MAX_PES_BYTES = 0xffff;

/** Frames may lie across packets; the reader of the codec knows. Holds one packet and one frame. */
export class AudioLane implements Lane {
  readonly media = 'audio';
  readonly id: number;
  readonly #options: LaneOptions;
  readonly #report: PsReport;
  #kind: PsKind | undefined;
  #reader: EsReader | undefined;
  #parts: Uint8Array[] = [];
  #size = 0;
  #times: PesTimes | undefined;
  /** Of the packet before. */
  #before: PesTimes | undefined;

  constructor(options: LaneOptions, report: PsReport) {
    this.id = options.seed.id;
    this.#options = options;
    this.#report = report;
    if (options.kind !== undefined) this.#open(options.kind);
  }

  get kind(): PsKind | undefined {
    return this.#kind;
  }

  get heldBytes(): number {
    return this.#size + (this.#reader?.heldBytes ?? 0);
  }

  begin(times: PesTimes | undefined): void {
    this.#clear();
    // The same time again is no new one: the packet goes on where the last one ended.
    this.#times = sameTimes(times, this.#before) ? undefined : times;
    this.#before = times ?? this.#before;
  }

  more(bytes: Uint8Array, from: number, to: number): void {
    if (this.#size + to - from > MAX_PES_BYTES) {
      this.lost();
      return;
    }
    this.#parts.push(bytes.slice(from, to));
    this.#size += to - from;
  }

  done(): void {
    const data = join(this.#parts, this.#size);
    this.#clear();
    if (this.#kind === undefined) {
      const kind = sniff(data);
      if (kind !== undefined) this.#open(kind);
    }
    if (this.#reader === undefined) this.#report.droppedFrames++;
    else this.#options.onFrames(this.#reader.push({ data, dts: this.#times?.dts, cts: 0 }));
  }

  lost(): void {
    if (this.#size > 0) this.#report.damagedPes++;
    this.#clear();
    this.#reader?.lost();
  }

  end(): void {
    this.#options.onFrames(this.#reader?.end() ?? []);
  }

  #clear(): void {
    this.#parts = [];
    this.#size = 0;
  }

  #open(kind: PsKind): void {
    const { seed } = this.#options;
    this.#kind = kind;
    if (kind === 'pcma' || kind === 'pcmu') this.#reader = new G711Reader(kind, seed, this.#report);
    else this.#reader = new AudioReader(kind === 'aac' ? adtsSyntax : mp3Syntax, seed, this.#report);
  }
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const data = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return data;
}

/** By the head of the first frame; samples of G.711 have none, so that only a map can name them. */
function sniff(data: Uint8Array): PsKind | undefined {
  const [first = 0, second = 0] = data;
  if (first !== 0xff) return undefined;
  if ((second & 0xf6) === 0xf0) return 'aac';
  return (second & 0xe6) === 0xe2 ? 'mp3' : undefined;
}
