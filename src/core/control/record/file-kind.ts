// The containers of recordings, chosen by the ending of the file's name.

import type { Micros } from '../../base/time.ts';
import { type Container, containers } from '../../format/container/index.ts';
import { FlvWriter, type Patch } from '../../format/flv/index.ts';
import { Mp4Writer } from '../../format/fmp4/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Packet } from '../../media/packet.ts';
import type { Codec, Track } from '../../media/track.ts';

/** Frames in, bytes to append out: one file of one set of tracks. What was appended plays after each call. */
export interface FileWriter {
  /** What stands in front of the first frame. */
  begin(): readonly Uint8Array[];
  write(frame: Frame): readonly Uint8Array[];
  /** What was held back. */
  end(): readonly Uint8Array[];
  /** What is put right in the complete file. */
  patches(sizeBytes: number, duration: Micros): readonly Patch[];
}

/** A container as recordings need it. */
export interface FileKind {
  readonly name: string;
  /** Lower case, with the dot. */
  readonly endings: readonly string[];
  /** Whether a track with this codec has a place in it; absent: all have. */
  readonly carries?: ((codec: Codec) => boolean) | undefined;
  /** `write` gives whole fragments, seldom; none of them may wait for the next. */
  readonly fragments: boolean;
  /** The complete file is better as another one: `finishMp4`. */
  readonly remux: boolean;
  make(tracks: readonly Track[]): FileWriter;
}

const flv: FileKind = {
  name: 'flv',
  endings: ['.flv'],
  fragments: false,
  remux: false,
  make: (tracks) => {
    const writer = new FlvWriter(tracks);
    return {
      begin: () => writer.begin(),
      write: (frame) => writer.write(frame),
      end: () => [],
      patches: (size, duration) => writer.patches(size, duration),
    };
  },
};

const mp4: FileKind = {
  name: 'mp4',
  endings: ['.mp4', '.m4v', '.m4a'],
  carries: containers.mp4.carries,
  fragments: true,
  remux: true,
  make: (tracks) => {
    const writer = new Mp4Writer(tracks);
    return {
      begin: () => [],
      write: (frame) => writer.write(frame),
      end: () => writer.end(),
      patches: () => [],
    };
  },
};

/** A container whose live form is also its form as a file. */
function plain(container: Container, endings: readonly string[]): FileKind {
  return {
    name: container.name,
    endings,
    carries: container.carries,
    fragments: false,
    remux: false,
    make: (tracks) => {
      const muxer = container.format.make();
      return {
        begin: () => bytesOf(muxer.header(tracks)),
        write: (frame) => bytesOf(muxer.write(frame)),
        end: () => bytesOf(muxer.flush?.() ?? []),
        patches: () => [],
      };
    },
  };
}

const bytesOf = (packets: readonly Packet[]): Uint8Array[] => packets.flatMap(({ chunks }) => chunks);

const kinds: readonly FileKind[] = [
  flv,
  mp4,
  { ...mp4, name: 'fmp4', endings: ['.fmp4'], remux: false },
  plain(containers.ts, ['.ts']),
  plain(containers.aac, ['.aac', '.adts']),
  plain(containers.mp3, ['.mp3']),
];

/** The container of a path; undefined when its ending is none of ours. */
export const fileKind = (path: string): FileKind | undefined =>
  kinds.find(({ endings }) => endings.some((ending) => path.toLowerCase().endsWith(ending)));

/** For messages. */
export const knownEndings = kinds.flatMap(({ endings }) => endings).join(', ');
