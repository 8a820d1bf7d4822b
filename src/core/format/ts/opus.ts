// Opus in MPEG-TS (draft 0.1.3): descriptors, and the control header in front of each packet.
import { SrsxError } from '../../base/errors.ts';
import { fromTicks, type Micros } from '../../base/time.ts';
import { makeHead, type OpusHead, opusSampleRate, parsePacket, writeHead } from '../../codec/opus/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { EsCounts, EsReader, EsUnit, TrackSeed } from './es.ts';
import { type Descriptor, descriptorTag } from './psi.ts';

/** descriptor_tag_extension of the Opus descriptor. */
const OPUS_EXTENSION = 0x80;

/** channel_config_code of an Opus track; undefined when there is none for its mapping. */
export function channelCode({ mappingFamily, channels }: OpusHead): number | undefined {
  if (mappingFamily === 0) return channels;
  return mappingFamily === 1 && channels <= 8 ? channels : undefined;
}

/** The descriptor with the channel_config_code. */
export const opusDescriptor = (code: number): Descriptor => ({
  tag: descriptorTag.extension,
  data: Uint8Array.of(OPUS_EXTENSION, code),
});

/** OpusHead for a channel_config_code; undefined for one that has no fixed mapping. */
export function headOf(code: number): Uint8Array | undefined {
  if (code === 1 || code === 2) return makeHead(code);
  const mapping = code === 0 ? dualMono : surround[code - 3];
  if (mapping === undefined) return undefined;
  const [streams, coupled, channels] = mapping;
  return writeHead({
    channels: channels.length,
    preSkip: 0,
    inputSampleRate: opusSampleRate,
    outputGain: 0,
    mappingFamily: code === 0 ? 255 : 1,
    mapping: { streams, coupled, channels: Uint8Array.from(channels) },
  });
}

type Mapping = readonly [streams: number, coupled: number, channels: readonly number[]];

const dualMono: Mapping = [2, 0, [0, 1]];
/** Vorbis channel order of 3 to 8 channels (RFC 7845 §5.1.1.2) over the streams that libopus makes of them. */
const surround: readonly Mapping[] = [
  [2, 1, [0, 2, 1]],
  [2, 2, [0, 1, 2, 3]],
  [3, 2, [0, 4, 1, 2, 3]],
  [4, 2, [0, 4, 1, 2, 3, 5]],
  [4, 3, [0, 4, 1, 2, 3, 5, 6]],
  [5, 3, [0, 6, 1, 2, 3, 4, 5, 7]],
];

/** Bytes of the control header for a packet of that size, without trims: prefix, then the size in steps of 255. */
export const controlHeaderBytes = (size: number): number => 3 + Math.floor(size / 255);

/** Writes it at the beginning of `target`. */
export function writeControlHeader(target: Uint8Array, size: number): void {
  target[0] = 0x7f;
  target[1] = 0xe0;
  const steps = Math.floor(size / 255);
  target.fill(0xff, 2, 2 + steps);
  target[2 + steps] = size % 255;
}

export class OpusReader implements EsReader {
  readonly heldBytes = 0;
  readonly #track: Track | undefined;
  readonly #counts: EsCounts;
  #next: Micros | undefined;

  constructor(descriptors: readonly Descriptor[], { id, epoch }: TrackSeed, counts: EsCounts) {
    const found = descriptors.find(({ tag, data }) => tag === descriptorTag.extension && data[0] === OPUS_EXTENSION);
    // Without the descriptor nobody says otherwise than stereo.
    const config = headOf(found?.data[1] ?? 2);
    this.#track = config === undefined ? undefined : { id, kind: 'audio', codec: 'opus', config, epoch };
    this.#counts = counts;
  }

  push({ data, dts }: EsUnit): Frame[] {
    const frames: Frame[] = [];
    let time = dts ?? this.#next;
    for (let at = 0; at < data.length; ) {
      const unit = readAccessUnit(data, at);
      const samples = unit === undefined ? 0 : samplesOf(unit.packet);
      if (unit === undefined || samples === 0) {
        this.#counts.damagedUnits++;
        break;
      }
      at = unit.end;
      if (this.#track === undefined || time === undefined) {
        this.#counts.droppedFrames++;
        continue;
      }
      frames.push({ track: this.#track, dts: time, cts: 0, key: true, data: unit.packet.slice() });
      time += fromTicks(samples, opusSampleRate);
    }
    this.#next = time;
    return frames;
  }

  lost(): void {
    this.#next = undefined;
  }

  end(): Frame[] {
    return [];
  }
}

/** One packet behind its control header; undefined when it is cut or has no prefix. */
export function readAccessUnit(data: Uint8Array, from: number): { packet: Uint8Array; end: number } | undefined {
  if (data[from] !== 0x7f || ((data[from + 1] ?? 0) & 0xe0) !== 0xe0) return undefined;
  const flags = data[from + 1] as number;
  let at = from + 2;
  let size = 0;
  while (data[at] === 0xff) {
    size += 255;
    at++;
  }
  size += data[at++] ?? 0;
  // start_trim and end_trim, 16 bits each, then control_extension with its length.
  if ((flags & 0x10) !== 0) at += 2;
  if ((flags & 0x08) !== 0) at += 2;
  if ((flags & 0x04) !== 0) at += 1 + (data[at] ?? 0);
  const end = at + size;
  return size === 0 || end > data.length ? undefined : { packet: data.subarray(at, end), end };
}

/** At 48 kHz; 0 for a packet that is damaged. */
function samplesOf(packet: Uint8Array): number {
  try {
    return parsePacket(packet).samples;
  } catch (error) {
    if (error instanceof SrsxError) return 0;
    throw error;
  }
}
