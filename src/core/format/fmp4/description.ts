// Sample entries on the way in (ISO 14496-12 §8.5.2, ISO 14496-15, the codecs' own bindings): codec and configuration.
import * as flac from '../../codec/flac/index.ts';
import * as opus from '../../codec/opus/index.ts';
import type { Codec, TrackKind } from '../../media/track.ts';
import { parseEsds } from './esds.ts';
import { type BoxView, box } from './wire.ts';

/** What an stsd says of a track's frames. */
export interface Description {
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** As the file has it: avcC and hvcC with the file's own length size; empty when the codec has none. */
  readonly config: Uint8Array;
}

/** Fixed fields of a visual entry (§12.1.3) and an audio entry (§12.2.3). */
const VISUAL_BYTES = 78;
const AUDIO_BYTES = 28;

type Parse = (entry: BoxView) => Description | undefined;

const video =
  (codec: Codec, child: string): Parse =>
  (entry) => {
    const config = entry.find(child, VISUAL_BYTES)?.read((reader) => reader.rest().slice());
    return config === undefined ? undefined : { kind: 'video', codec, config };
  };

const bare =
  (kind: TrackKind, codec: Codec): Parse =>
  () => ({ kind, codec, config: EMPTY });

const EMPTY = new Uint8Array(0);

const parsers: Readonly<Record<string, Parse>> = {
  avc1: video('h264', 'avcC'),
  avc3: video('h264', 'avcC'),
  hvc1: video('h265', 'hvcC'),
  hev1: video('h265', 'hvcC'),
  av01: video('av1', 'av1C'),
  vp09: (entry) => {
    // Version and flags are not part of the record.
    const config = entry.find('vpcC', VISUAL_BYTES)?.readFull((reader) => reader.rest().slice());
    return config === undefined ? undefined : { kind: 'video', codec: 'vp9', config };
  },
  vp08: bare('video', 'vp8'),
  mp4a: mpeg4Audio,
  '.mp3': bare('audio', 'mp3'),
  'ac-3': bare('audio', 'ac3'),
  'ec-3': bare('audio', 'eac3'),
  Opus: (entry) => {
    const config = audioChild(entry, 'dOps')?.read((reader) => opus.writeHead(opus.parseDops(reader.rest())));
    return config === undefined ? undefined : { kind: 'audio', codec: 'opus', config };
  },
  fLaC: (entry) => {
    const config = audioChild(entry, 'dfLa')?.readFull((reader) => flac.streamInfoOf(reader.rest()).slice());
    return config === undefined ? undefined : { kind: 'audio', codec: 'flac', config };
  },
};

/** The first sample entry of an stsd whose codec we know, and its box; undefined: the track is left out. */
export function parseDescription(
  stsd: BoxView,
): { readonly description: Description; readonly entry: Uint8Array } | undefined {
  for (const entry of stsd.children(8)) {
    const description = Object.hasOwn(parsers, entry.type) ? parsers[entry.type]?.(entry) : undefined;
    if (description !== undefined)
      return { description, entry: entry.read((reader) => box(entry.type, reader.rest())) };
  }
  return undefined;
}

function mpeg4Audio(entry: BoxView): Description | undefined {
  const stream = audioChild(entry, 'esds')?.readFull(parseEsds);
  if (stream === undefined) return undefined;
  switch (stream.objectType) {
    case 0x40:
    case 0x66:
    case 0x67:
    case 0x68:
      return { kind: 'audio', codec: 'aac', config: stream.config };
    case 0x69:
    case 0x6b:
      return { kind: 'audio', codec: 'mp3', config: EMPTY };
    default:
      return undefined;
  }
}

/** A box inside an audio entry. QuickTime entries have more fields by their version, and may hide it in `wave`. */
function audioChild(entry: BoxView, type: string): BoxView | undefined {
  const version = entry.read((reader) => {
    reader.skip(8);
    return reader.u16();
  });
  const more = version === 1 ? 16 : version === 2 ? 36 : 0;
  const children = entry.children(AUDIO_BYTES + more);
  const direct = children.find((child) => child.type === type);
  return direct ?? children.find((child) => child.type === 'wave')?.find(type);
}
