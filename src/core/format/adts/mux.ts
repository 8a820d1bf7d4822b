// AAC with an ADTS header in front of each frame (HTTP-AAC, .aac files). Every frame is a place to start.
import { SrsxError } from '../../base/errors.ts';
import { type Log, silentLog } from '../../base/log.ts';
import type { Frame } from '../../media/frame.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import type { Track } from '../../media/track.ts';
import { AudioChoice } from './choice.ts';
import { type AdtsTemplate, adtsTemplate, maxAdtsPayload, setAdtsSize } from './header.ts';

export class AdtsMuxer implements Muxer {
  readonly #choice: AudioChoice;
  readonly #log: Log;
  #track: Track | undefined;
  #template: AdtsTemplate | undefined;
  /** Frames that ADTS cannot carry: their configuration, or above 8184 bytes. */
  unfitFrames = 0;

  constructor(log: Log = silentLog) {
    this.#log = log;
    this.#choice = new AudioChoice('aac', log);
  }

  /** Frames of sound that are not of the track that is carried. */
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
    if (!this.#choice.takes(frame)) return [];
    if (frame.track !== this.#track) this.#open(frame.track);
    const { data } = frame;
    if (this.#template === undefined || data.length === 0 || data.length > maxAdtsPayload) {
      this.unfitFrames++;
      return [];
    }
    const header = this.#template.header.slice();
    setAdtsSize(header, data.length);
    return [packet('join', frame.dts, [header, data])];
  }

  #open(track: Track): void {
    this.#track = track;
    this.#template = undefined;
    try {
      this.#template = adtsTemplate(track.config);
      if (this.#template === undefined) this.#refuse(track, 'ADTS has no word for its configuration');
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#refuse(track, error.message);
    }
  }

  #refuse(track: Track, why: string): void {
    this.#log.warn('audio', `track ${track.id} is not carried: ${why}`);
  }
}

/** ADTS for HTTP and files. */
export const adtsFormat: Format = { key: 'aac', soundOnly: true, make: () => new AdtsMuxer() };
