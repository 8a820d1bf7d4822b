// G.711 out of PES packets: samples without a frame of their own, so that a packet is a frame (GB/T 28181 annex C).
import { fromTicks, type Micros } from '../../base/time.ts';
import { g711SampleRate } from '../../codec/g711/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { EsCounts, EsReader, EsUnit, TrackSeed } from '../ts/es.ts';

/** A packet of samples is a frame. */
export class G711Reader implements EsReader {
  readonly heldBytes = 0;
  readonly #track: Track;
  readonly #counts: EsCounts;
  #next: Micros | undefined;

  constructor(codec: 'pcma' | 'pcmu', { id, epoch }: TrackSeed, counts: EsCounts) {
    this.#track = { id, kind: 'audio', codec, config: new Uint8Array(0), epoch };
    this.#counts = counts;
  }

  push({ data, dts }: EsUnit): Frame[] {
    const time = dts ?? this.#next;
    if (data.length === 0) return [];
    if (time === undefined) {
      this.#counts.droppedFrames++;
      return [];
    }
    this.#next = time + fromTicks(data.length, g711SampleRate);
    return [{ track: this.#track, dts: time, cts: 0, key: true, data: data.slice() }];
  }

  lost(): void {
    this.#next = undefined;
  }

  end(): Frame[] {
    return [];
  }
}
