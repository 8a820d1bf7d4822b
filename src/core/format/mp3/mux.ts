// A raw MP3 stream: the frames as they are. Every frame is a place to start.
import { type Log, silentLog } from '../../base/log.ts';
import type { Frame } from '../../media/frame.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import type { Track } from '../../media/track.ts';
import { AudioChoice } from '../adts/choice.ts';

export class Mp3Muxer implements Muxer {
  readonly #choice: AudioChoice;

  constructor(log: Log = silentLog) {
    this.#choice = new AudioChoice('mp3', log);
  }

  /** Frames that are not of the track that is carried. */
  get droppedFrames(): number {
    return this.#choice.droppedFrames;
  }

  header(tracks: readonly Track[]): Packet[] {
    this.#choice.choose(tracks);
    return [];
  }

  retrack(tracks: readonly Track[]): Packet[] {
    this.#choice.choose(tracks);
    return [];
  }

  write(frame: Frame): Packet[] {
    return this.#choice.takes(frame) ? [packet('join', frame.dts, [frame.data])] : [];
  }
}

/** Raw MP3 for HTTP and files. */
export const mp3Format: Format = { key: 'mp3', soundOnly: true, make: () => new Mp3Muxer() };
