// A live stream as fragmented MP4: for HTTP-fMP4 and Media Source Extensions.
import { fromMs, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import { sameMedia, type Track } from '../../media/track.ts';
import { CmafWriter, type Part } from './cmaf.ts';
import { initSegment } from './init.ts';
import { Roster } from './roster.ts';

/** How much a fragment holds. */
export interface Fmp4Options {
  /**
   * A fragment ends when it would become longer than this, and before each key frame. 0: one for each video frame, the
   * least latency; each costs about 200 bytes. `key`: one for each group of pictures.
   */
  readonly fragmentTime: Micros | 'key';
}

/** One fragment for each video frame: what comes in goes out one frame later. */
export const fmp4Format: Format = { key: 'fmp4', make: () => new Fmp4Muxer() };

/** The same with longer fragments, which cost fewer bytes; another key, so another feed. */
export const fmp4FormatOf = (options: Fmp4Options): Format => ({
  key: `fmp4/${options.fragmentTime}`,
  make: () => new Fmp4Muxer(options),
});

/** Chosen: five fragments a second of sound alone; one for each frame would be half headers. */
const SOUND_ALONE: Micros = fromMs(200);

/**
 * Header: the init segment. Then one packet for each fragment: `join` when it begins with a key frame of the first
 * video track, or when there is no video.
 *
 * A codec that describes itself only in its frames (MP3, AC-3, VP8, VP9) cannot be in a header that may be made, and
 * is kept by the feed, before its first frame. Then the header is empty and every join packet begins with the init
 * segment. So do those that were made before anybody told the muxer all tracks.
 */
export class Fmp4Muxer implements Muxer {
  readonly #fragmentTime: Micros | 'key';
  #tracks: readonly Track[] = [];
  /** `header` or `retrack` named all tracks; until then they are those of the frames that came. */
  #told = false;
  #roster = new Roster([]);
  #writer: CmafWriter | undefined;
  /** Join packets carry the init segment. */
  #inline = true;
  /** The roster changed since the writer last looked. */
  #fresh = true;
  #sequence = 1;

  constructor(options: Fmp4Options = { fragmentTime: 0 }) {
    this.#fragmentTime = options.fragmentTime;
  }

  header(tracks: readonly Track[]): Packet[] {
    // The frames of the cache may have come before: the same tracks, perhaps not yet all of them.
    if (!this.#told || !sameMedia(tracks, this.#tracks)) this.#tell(tracks);
    return this.#config();
  }

  retrack(tracks: readonly Track[]): Packet[] {
    // The feed also asks for players that jumped over packets; then nothing changed, and nothing may be flushed.
    const packets = sameMedia(tracks, this.#tracks) ? [] : this.flush();
    return [...packets, ...this.header(tracks)];
  }

  write(frame: Frame): Packet[] {
    const { track } = frame;
    const packets: Packet[] = [];
    if (!this.#told && !this.#tracks.includes(track)) packets.push(...this.#learn(track));
    for (const ready of this.#roster.push(frame)) this.#push(ready, packets);
    return packets;
  }

  /** Ends what was begun: the frames that are held. A live feed has no use for it; `retrack` does it itself. */
  flush(): Packet[] {
    const packets: Packet[] = [];
    if (!this.#roster.ready) for (const frame of this.#roster.settle()) this.#push(frame, packets);
    const part = this.#writer?.end();
    if (part !== undefined) packets.push(this.#packet(part));
    this.#sequence = this.#writer?.sequence ?? this.#sequence;
    this.#writer = undefined;
    this.#fresh = true;
    return packets;
  }

  #push(frame: Frame, packets: Packet[]): void {
    const writer = this.#current();
    const full = writer.push(frame);
    if (full !== undefined) packets.push(this.#packet(full));
    const { lead } = writer;
    if (lead?.source.kind !== 'video' || lead.source.id !== frame.track.id) return;
    const part = frame.key || this.#fragmentTime === 0 ? writer.cut() : undefined;
    if (part !== undefined) packets.push(this.#packet(part));
  }

  /** The writer, with the tracks that came since the last frame. */
  #current(): CmafWriter {
    this.#writer ??= new CmafWriter([], { sequence: this.#sequence });
    if (this.#fresh) {
      for (const track of this.#roster.tracks) this.#writer.add(track);
      this.#writer.partTime = this.#partTime(this.#writer.lead?.source.kind === 'video');
      this.#fresh = false;
    }
    return this.#writer;
  }

  #partTime(picture: boolean): Micros {
    const time = this.#fragmentTime;
    if (!picture) return time === 'key' ? SOUND_ALONE : Math.max(time, SOUND_ALONE);
    return time === 'key' || time === 0 ? Number.POSITIVE_INFINITY : time;
  }

  #packet(part: Part): Packet {
    const init = this.#inline && part.join ? [initSegment(this.#roster.tracks)] : [];
    return packet(part.join ? 'join' : 'more', part.dts, [...init, ...part.chunks]);
  }

  #config(): Packet[] {
    return this.#inline ? [] : [packet('config', 0, [initSegment(this.#roster.tracks)])];
  }

  #tell(tracks: readonly Track[]): void {
    this.#told = true;
    this.#adopt(tracks);
    // Complete without a frame to come: the header can say everything.
    this.#inline = !this.#roster.complete || this.#roster.tracks.length === 0;
  }

  /** A track that came with a frame before anybody named it. */
  #learn(track: Track): Packet[] {
    const packets = this.#tracks.some(({ id }) => id === track.id) ? this.flush() : [];
    this.#adopt([...this.#tracks.filter(({ id }) => id !== track.id), track]);
    return packets;
  }

  #adopt(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    this.#roster = new Roster(tracks, this.#roster);
    this.#fresh = true;
  }
}
