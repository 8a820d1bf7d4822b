// Frames to fragments of HDS: FLV tags in a box `mdat`, the headers in front, so that a player begins with any of them.
import { concat } from '../../base/bytes.ts';
import type { Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Packet } from '../../media/packet.ts';
import { sameMedia, type Track } from '../../media/track.ts';
import { FlvMuxer, TagEncoder } from '../flv/index.ts';
import { type CutSettings, cutsBefore, leadOf } from '../hls/index.ts';
import { box } from './bootstrap.ts';

/** One fragment. */
export interface Fragment {
  readonly start: Micros;
  readonly duration: Micros;
  readonly bytes: Uint8Array;
}

/** When fragments end. */
export interface FragmenterOptions {
  readonly fragment: Micros;
  /** A fragment ends before it has more bytes than this, wherever that is. */
  readonly fragmentBytes: number;
}

interface Open {
  readonly start: Micros;
  readonly packets: Packet[];
  size: number;
}

/** Cuts in front of key frames; a GOP without end at twice the length. */
export class Fragmenter {
  readonly #options: FragmenterOptions;
  readonly #cut: CutSettings;
  readonly #muxer = new FlvMuxer();
  #tracks: readonly Track[] = [];
  #lead: Track | undefined;
  #open: Open | undefined;
  #newest: Micros = 0;

  constructor(options: FragmenterOptions) {
    this.#options = options;
    const { fragment } = options;
    this.#cut = { fragment, ratio: 1, overflowRatio: 2, waitKey: true, sound: 'fragment' };
  }

  /** Body of the onMetaData of the tracks. */
  get metadata(): Uint8Array {
    return concat(new TagEncoder().metadata(this.#tracks).chunks);
  }

  /** New parameters end the open fragment. */
  retrack(tracks: readonly Track[]): Fragment[] {
    const ended = sameMedia(tracks, this.#tracks) ? [] : this.end();
    this.#tracks = tracks;
    this.#lead = leadOf(tracks);
    return ended;
  }

  write(frame: Frame): Fragment[] {
    const lead = this.#lead;
    if (lead === undefined || !this.#tracks.includes(frame.track)) return [];
    const ended = this.#isDue(frame, lead) ? this.end(frame.dts) : [];
    const packets = this.#muxer.write(frame);
    if (packets.length === 0) return ended;
    this.#newest = Math.max(this.#newest, frame.dts);
    this.#open ??= this.#begin(frame.dts);
    this.#add(packets);
    return ended;
  }

  /** The open fragment. @param end where the next one begins; without it, nothing comes. */
  end(end: Micros = this.#newest): Fragment[] {
    const open = this.#open;
    if (open === undefined) return [];
    this.#open = undefined;
    const bytes = box('mdat', concat(open.packets.flatMap(({ chunks }) => chunks)));
    return [{ start: open.start, duration: Math.max(0, end - open.start), bytes }];
  }

  #isDue(frame: Frame, lead: Track): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    if (open.size + frame.data.length > this.#options.fragmentBytes) return true;
    return cutsBefore(frame, lead, frame.dts - open.start, this.#cut);
  }

  /** The muxer knows the time of the frame that it has just written. */
  #begin(start: Micros): Open {
    this.#open = { start, packets: [], size: 0 };
    this.#add(this.#muxer.retrack(this.#tracks));
    return this.#open;
  }

  #add(packets: readonly Packet[]): void {
    for (const packet of packets) {
      this.#open?.packets.push(packet);
      if (this.#open !== undefined) this.#open.size += packet.size;
    }
  }
}
