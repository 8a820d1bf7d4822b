// Tracks and frames to tag bodies; RTMP messages of types 8, 9 and 18 have the same bodies.
import { fromHex } from '../../base/bytes.ts';
import { type Micros, toMs } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import { JoinPoints } from '../../media/join.ts';
import type { Packet } from '../../media/packet.ts';
import { type Codec, type Track, trackNumber } from '../../media/track.ts';
import { wireConfig } from './configs.ts';
import { metadataBody } from './metadata.ts';
import {
  AudioPacket,
  codecFourCc,
  EX_AUDIO,
  EX_VIDEO,
  FrameType,
  LegacyAudio,
  LegacyVideo,
  TagType,
  VideoPacket,
} from './wire.ts';

export interface TagEncoderOptions {
  /** How HEVC is marked: the FourCC of E-RTMP (default), or CodecID 12 for players of Chinese CDNs. */
  readonly hevc?: 'fourcc' | 'legacy';
}

export interface TagBody {
  /** A TagType. */
  readonly type: number;
  /** Whole milliseconds modulo 2^32. */
  readonly timestampMs: number;
  /** The header, then the frame's own data by reference. */
  readonly chunks: readonly Uint8Array[];
  readonly size: number;
  readonly kind: Packet['kind'];
}

/** H.264, HEVC (when so chosen), AAC, MP3 and G.711 as number 0 are written as old FLV, everything else as E-RTMP. */
export class TagEncoder {
  readonly #legacyHevc: boolean;
  readonly #joins = new JoinPoints();

  constructor({ hevc = 'fourcc' }: TagEncoderOptions = {}) {
    this.#legacyHevc = hevc === 'legacy';
  }

  /** Tells which tracks there are, and so which frames are join points. */
  retrack(tracks: readonly Track[]): void {
    this.#joins.retrack(tracks);
  }

  /** What a player needs before the first frame: metadata and sequence headers. Calls `retrack`. */
  headers(tracks: readonly Track[], at: Micros = 0): TagBody[] {
    const bodies = [this.metadata(tracks, at)];
    for (const track of tracks) {
      const body = this.config(track, at);
      if (body !== undefined) bodies.push(body);
    }
    return bodies;
  }

  /** onMetaData: the publisher's without stale fields, or one made from the tracks. Calls `retrack`. */
  metadata(tracks: readonly Track[], at: Micros = 0): TagBody {
    this.retrack(tracks);
    return body(TagType.script, at, 'config', [metadataBody(tracks, this.#codecId)]);
  }

  /** The sequence header of a track; undefined for codecs that have none, and for tracks that FLV cannot carry. */
  config(track: Track, at: Micros = 0): TagBody | undefined {
    const config = wireConfig(track.codec, track.config);
    if (config === undefined || track.kind === 'data') return undefined;
    const start = VideoPacket.sequenceStart;
    if (track.kind === 'audio') {
      const head = this.#audioHead(track, AudioPacket.sequenceStart, config);
      return head && body(TagType.audio, at, 'config', [head, config]);
    }
    const head = this.#videoHead(track, start, FrameType.key, 0);
    return head && body(TagType.video, at, 'config', [head, config]);
  }

  /** A frame; undefined for tracks that FLV cannot carry. The data is not copied. */
  frame(frame: Frame): TagBody | undefined {
    const { track, dts, key, data } = frame;
    switch (track.kind) {
      case 'video': {
        // Rounded as the decode time is, so that the presentation time is right to the millisecond.
        const cts = toMs(dts + frame.cts) - toMs(dts);
        const head = this.#videoHead(track, VideoPacket.codedFrames, key ? FrameType.key : FrameType.inter, cts);
        return head && body(TagType.video, dts, this.#joins.kind(frame), [head, data]);
      }
      case 'audio': {
        const head = this.#audioHead(track, AudioPacket.codedFrames, data);
        return head && body(TagType.audio, dts, this.#joins.kind(frame), [head, data]);
      }
      case 'data':
        return track.codec === 'amf0' ? body(TagType.script, dts, 'more', [data]) : undefined;
    }
  }

  readonly #codecId = (track: Track): number | undefined =>
    this.#legacyVideoId(track.codec) ?? legacyAudioId(track.codec) ?? codecFourCc[track.codec];

  #legacyVideoId(codec: Codec): number | undefined {
    if (codec === 'h264') return LegacyVideo.h264;
    return codec === 'h265' && this.#legacyHevc ? LegacyVideo.h265 : undefined;
  }

  #videoHead(track: Track, packetType: number, frameType: number, cts: number): Uint8Array | undefined {
    const number = trackNumber(track);
    const legacy = number === 0 ? this.#legacyVideoId(track.codec) : undefined;
    if (legacy !== undefined) return legacyVideoHead((frameType << 4) | legacy, packetType, cts);
    const code = codecFourCc[track.codec];
    if (code === undefined || number > 255) return undefined;
    const timed = track.codec === 'h264' || track.codec === 'h265';
    const first = EX_VIDEO | (frameType << 4);
    if (packetType === VideoPacket.sequenceStart || !timed)
      return exHead(first, VideoPacket.multitrack, packetType, code, number);
    if (cts === 0) return exHead(first, VideoPacket.multitrack, VideoPacket.codedFramesX, code, number);
    return exHead(first, VideoPacket.multitrack, packetType, code, number, cts);
  }

  #audioHead(track: Track, packetType: number, data: Uint8Array): Uint8Array | undefined {
    const number = trackNumber(track);
    const legacy = number === 0 ? legacyAudioId(track.codec) : undefined;
    if (legacy === LegacyAudio.aac) return packetType === AudioPacket.sequenceStart ? AAC_CONFIG : AAC_FRAME;
    if (legacy === LegacyAudio.mp3) return mp3Head(data);
    if (legacy !== undefined) return legacy === LegacyAudio.pcma ? PCMA_FRAME : PCMU_FRAME;
    const code = codecFourCc[track.codec];
    if (code === undefined || number > 255) return undefined;
    return exHead(EX_AUDIO << 4, AudioPacket.multitrack, packetType, code, number);
  }
}

const legacyAudioId = (codec: Codec): number | undefined =>
  codec === 'aac' || codec === 'mp3' || codec === 'pcma' || codec === 'pcmu' ? LegacyAudio[codec] : undefined;

/** Annex E.4.2.2: AAC is always marked as 44 kHz, 16 bits, stereo; players look at the AudioSpecificConfig. */
const AAC_CONFIG = fromHex('af00');
const AAC_FRAME = fromHex('af01');
/** G.711: 16 bits, mono; the rate bits have no value for its 8 kHz. */
const PCMA_FRAME = fromHex('72');
const PCMU_FRAME = fromHex('82');

/** MPEG audio headers (ISO 11172-3 §2.4.1.3) say rate and channels in their third and fourth byte. */
function mp3Head(data: Uint8Array): Uint8Array {
  // 3: MPEG 1 (32 to 48 kHz), 2: MPEG 2 (half), 0: MPEG 2.5 (a quarter).
  const version = ((data[1] ?? 0xff) >> 3) & 3;
  const rate = ((data[2] ?? 0) >> 2) & 3;
  const mono = (data[3] ?? 0) >> 6 === 3 ? 0 : 1;
  if (version === 0 && rate === 2) return Uint8Array.of((LegacyAudio.mp3At8k << 4) | 2 | mono);
  const flvRate = version === 3 ? 3 : version === 2 ? 2 : 1;
  return Uint8Array.of((LegacyAudio.mp3 << 4) | (flvRate << 2) | 2 | mono);
}

function legacyVideoHead(first: number, packetType: number, cts: number): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = first;
  head[1] = packetType;
  putI24(head, 2, cts);
  return head;
}

/** The head of an E-RTMP tag: number 0 plain, others as multitrack with one track. */
function exHead(
  first: number,
  multitrack: number,
  packetType: number,
  code: number,
  number: number,
  cts?: number,
): Uint8Array {
  const codeAt = number === 0 ? 1 : 2;
  const ctsAt = number === 0 ? 5 : 7;
  const head = new Uint8Array(cts === undefined ? ctsAt : ctsAt + 3);
  head[0] = first | (number === 0 ? packetType : multitrack);
  if (number > 0) {
    head[1] = packetType;
    head[6] = number;
  }
  head[codeAt] = code >>> 24;
  head[codeAt + 1] = code >>> 16;
  head[codeAt + 2] = code >>> 8;
  head[codeAt + 3] = code;
  if (cts !== undefined) putI24(head, ctsAt, cts);
  return head;
}

/** Above 2.3 hours either way a composition time is damage: it is clamped, not wrapped. */
function putI24(bytes: Uint8Array, at: number, value: number): void {
  const clamped = Math.max(-0x800000, Math.min(value, 0x7fffff));
  bytes[at] = clamped >> 16;
  bytes[at + 1] = clamped >> 8;
  bytes[at + 2] = clamped;
}

function body(type: number, at: Micros, kind: Packet['kind'], chunks: readonly Uint8Array[]): TagBody {
  let size = 0;
  for (let i = 0; i < chunks.length; i++) size += (chunks[i] as Uint8Array).length;
  return { type, timestampMs: toMs(at) >>> 0, chunks, size, kind };
}
