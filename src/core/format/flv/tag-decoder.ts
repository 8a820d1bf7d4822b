// Tag bodies to tracks and frames; RTMP messages of types 8, 9 and 18 have the same bodies.
import { ProtocolError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { fromMs, type Micros } from '../../base/time.ts';
import { annexBToLengthPrefixed } from '../../codec/nal.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Codec, Track, TrackKind } from '../../media/track.ts';
import { amfText } from '../../wire/amf0/index.ts';
import { readAudioConfig, readVideoConfig } from './configs.ts';
import type { flvErrors, OnBad } from './errors.ts';
import { ExHeader, type ExNumbers, u24 } from './ex-header.ts';
import { endOfUnits, startsWithStartCode, widen } from './nal-units.ts';
import { promisedKinds, readScript } from './script.ts';
import { TrackTable } from './track-table.ts';
import {
  AudioPacket,
  audioByFourCc,
  EX_AUDIO,
  EX_VIDEO,
  FrameType,
  LegacyAudio,
  legacyAudioCodecs,
  legacyVideoCodecs,
  Multitrack,
  TagType,
  VideoPacket,
  videoByFourCc,
} from './wire.ts';

export interface TagDecoderOptions {
  readonly limits: Pick<Limits, 'tracks' | 'amfDepth' | 'amfValues'>;
  readonly onBad?: OnBad;
  /**
   * Data that may be read both ways, since a start code is also the length of a unit of one byte, has start codes. Default:
   * true; false: only when it cannot be lengths.
   */
  readonly annexBFirst?: boolean;
  /** A sequence header that changes nothing is told too. Default: false. */
  readonly repeatsHeaders?: boolean;
  /** Metadata says that times are absolute (Adobe's bravo_atc). */
  readonly onAbsolute?: () => void;
}

/** What is being decoded now; filled again for each tag. */
interface Tag {
  time: Micros;
  cts: Micros;
  key: boolean;
  events: MediaEvent[];
}

/**
 * Reads one publisher's tags (annex E.4.2 to E.4.4; E-RTMP v2 "Enhanced Audio", "Enhanced Video").
 *
 * A tag that is damaged or of no known codec is dropped and counted, never thrown, because encoders send empty and odd
 * tags in good sessions. Frames are views of the body, which belongs to the decoder from then on and should be of exact
 * size; they are copied only when their NAL lengths are not of 4 bytes.
 */
export class TagDecoder {
  readonly #limits: TagDecoderOptions['limits'];
  readonly #options: TagDecoderOptions;
  readonly #onBad: OnBad | undefined;
  readonly #tracks: TrackTable;
  readonly #ex = new ExHeader();
  readonly #tag: Tag = { time: 0, cts: 0, key: false, events: [] };
  #promised: readonly TrackKind[] = [];
  /** Tags, or tracks of tags, that were dropped. */
  dropped = 0;

  constructor(options: TagDecoderOptions) {
    const { limits, onBad } = options;
    this.#options = options;
    this.#limits = limits;
    this.#onBad = onBad;
    this.#tracks = new TrackTable(limits.tracks);
  }

  /** The kinds of tracks that the newest onMetaData announces; empty when it announces none. */
  promised(): readonly TrackKind[] {
    return this.#promised;
  }

  /** The tracks so far. */
  get tracks(): readonly Track[] {
    return this.#tracks.list();
  }

  /**
   * Events of one tag: `tracks` when the list changed, and frames.
   *
   * @param type a TagType; others are counted.
   * @param timestamp decode time, unwrapped.
   */
  decode(type: number, timestamp: Micros, body: Uint8Array): MediaEvent[] {
    const tag = this.#tag;
    const events: MediaEvent[] = [];
    tag.time = timestamp;
    tag.cts = 0;
    tag.events = events;
    if (type === TagType.video) this.#video(body);
    else if (type === TagType.audio) this.#audio(body);
    else if (type === TagType.script) this.#script(body);
    else this.#bad('TAG_TYPE');
    return events;
  }

  #video(body: Uint8Array): void {
    const first = body[0];
    if (first === undefined) {
      this.#bad('VIDEO_SHORT');
      return;
    }
    const frameType = (first & 0x7f) >> 4;
    this.#tag.key = frameType === FrameType.key || frameType === FrameType.generatedKey;
    // Commands (annex E.4.3.1: seek, in E-RTMP too) are between a server and its player.
    if (frameType === FrameType.command) return;
    if ((first & EX_VIDEO) !== 0) this.#exVideo(body);
    else this.#legacyVideo(first & 0x0f, body);
  }

  #legacyVideo(codecId: number, body: Uint8Array): void {
    const codec = legacyVideoCodecs.get(codecId);
    if (codec === undefined) {
      this.#bad('VIDEO_CODEC');
    } else if (body.length < 5) {
      // The end of a sequence is sent without the composition time by some.
      if (body[1] !== VideoPacket.sequenceEnd) this.#bad('VIDEO_SHORT');
    } else {
      const packetType = body[1] as number;
      this.#tag.cts = fromMs(i24(body, 2));
      if (packetType <= VideoPacket.sequenceEnd) this.#videoPacket(packetType, 0, codec, body, 5);
      else this.#bad('VIDEO_PACKET');
    }
  }

  #exVideo(body: Uint8Array): void {
    const ex = this.#ex;
    if (!ex.read(body, VideoPacket)) {
      this.#bad(exFault(body, VideoPacket, 'VIDEO_SHORT'));
      return;
    }
    this.#tag.cts = nanosToMicros(ex.nanoOffset);
    if (ex.multitrack < 0) this.#exVideoTrack(0, body, ex.end);
    else this.#multitrack(body, true);
  }

  #exVideoTrack(number: number, body: Uint8Array, start: number): void {
    const { packetType, fourCc, nanoOffset } = this.#ex;
    const codec = videoByFourCc.get(fourCc);
    if (codec === undefined) {
      this.#bad('VIDEO_CODEC');
      return;
    }
    const timed = packetType === VideoPacket.codedFrames && (codec === 'h264' || codec === 'h265');
    if (!timed) {
      this.#videoPacket(packetType, number, codec, body, start);
    } else if (body.length < start + 3) {
      this.#bad('VIDEO_SHORT');
    } else {
      this.#tag.cts = fromMs(i24(body, start)) + nanosToMicros(nanoOffset);
      this.#videoPacket(packetType, number, codec, body, start + 3);
    }
  }

  #videoPacket(packetType: number, number: number, codec: Codec, body: Uint8Array, start: number): void {
    switch (packetType) {
      case VideoPacket.codedFrames:
      case VideoPacket.codedFramesX:
        this.#videoFrame(number, codec, body, start);
        return;
      case VideoPacket.sequenceStart:
      case VideoPacket.mpeg2TsSequenceStart:
        this.#videoConfig(number, codec, body.subarray(start), packetType === VideoPacket.mpeg2TsSequenceStart);
        return;
      case VideoPacket.sequenceEnd:
      case VideoPacket.metadata:
        return;
      default:
        this.#bad('VIDEO_PACKET');
    }
  }

  #videoConfig(number: number, codec: Codec, bytes: Uint8Array, fromTs: boolean): void {
    const record = readVideoConfig(codec, bytes, fromTs);
    if (record === undefined) this.#bad('VIDEO_CONFIG');
    else this.#announce('video', number, codec, record.config, record.lengthSize);
  }

  #videoFrame(number: number, codec: Codec, body: Uint8Array, start: number): void {
    if (body.length <= start) {
      this.#bad('VIDEO_SHORT');
      return;
    }
    const track = this.#trackOf('video', number, codec, codec === 'vp8' || codec === 'vp9');
    if (track === undefined) return;
    const data = this.#videoData(track, body, start);
    if (data !== undefined) this.#emit(track, data);
  }

  #videoData(track: Track, body: Uint8Array, start: number): Uint8Array | undefined {
    if (track.codec === 'h264' || track.codec === 'h265') return this.#units(track, body, start);
    if (track.codec === 'av1' && body[start] === 0x12 && body[start + 1] === 0) {
      // A temporal delimiter (AV1 §5.6): the canonical form is without, as E-RTMP's should be.
      return body.length === start + 2 ? undefined : body.subarray(start + 2);
    }
    return body.subarray(start);
  }

  #units(track: Track, body: Uint8Array, start: number): Uint8Array | undefined {
    const lengthSize = this.#tracks.lengthSize(track);
    if (lengthSize !== 4) return this.#filled(widen(body, start, lengthSize));
    const end = endOfUnits(body, start);
    const { annexBFirst = true } = this.#options;
    // Some encoders send start codes where FLV wants lengths; SRS accepts them too.
    if (startsWithStartCode(body, start) && (annexBFirst || end < body.length)) {
      return this.#fromAnnexB(body.subarray(start));
    }
    if (end < body.length) this.#bad('NAL_SIZE');
    return end === start ? undefined : body.subarray(start, end);
  }

  #fromAnnexB(data: Uint8Array): Uint8Array | undefined {
    try {
      return this.#filled(annexBToLengthPrefixed(data));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#bad('NAL_SIZE');
      return undefined;
    }
  }

  #filled(data: Uint8Array): Uint8Array | undefined {
    if (data.length > 0) return data;
    this.#bad('NAL_SIZE');
    return undefined;
  }

  #audio(body: Uint8Array): void {
    const first = body[0];
    if (first === undefined) {
      this.#bad('AUDIO_SHORT');
      return;
    }
    this.#tag.key = true;
    const soundFormat = first >> 4;
    if (soundFormat === EX_AUDIO) {
      this.#exAudio(body);
      return;
    }
    const codec = legacyAudioCodecs.get(soundFormat);
    if (codec === undefined) this.#bad('AUDIO_CODEC');
    else if (soundFormat !== LegacyAudio.aac) this.#audioPacket(AudioPacket.codedFrames, 0, codec, body, 1);
    else if (body.length < 2) this.#bad('AUDIO_SHORT');
    else if ((body[1] as number) > AudioPacket.codedFrames) this.#bad('AUDIO_PACKET');
    else this.#audioPacket(body[1] as number, 0, codec, body, 2);
  }

  #exAudio(body: Uint8Array): void {
    const ex = this.#ex;
    if (!ex.read(body, AudioPacket)) {
      this.#bad(exFault(body, AudioPacket, 'AUDIO_SHORT'));
      return;
    }
    // Sound is presented when it is decoded: the offset belongs to the only time that it has.
    this.#tag.time += nanosToMicros(ex.nanoOffset);
    if (ex.multitrack < 0) this.#exAudioTrack(0, body, ex.end);
    else this.#multitrack(body, false);
  }

  #exAudioTrack(number: number, body: Uint8Array, start: number): void {
    const codec = audioByFourCc.get(this.#ex.fourCc);
    if (codec === undefined) this.#bad('AUDIO_CODEC');
    else this.#audioPacket(this.#ex.packetType, number, codec, body, start);
  }

  #audioPacket(packetType: number, number: number, codec: Codec, body: Uint8Array, start: number): void {
    switch (packetType) {
      case AudioPacket.codedFrames:
        this.#audioFrame(number, codec, body, start);
        return;
      case AudioPacket.sequenceStart:
        this.#audioConfig(number, codec, body.subarray(start));
        return;
      case AudioPacket.sequenceEnd:
      case AudioPacket.multichannelConfig:
        return;
      default:
        this.#bad('AUDIO_PACKET');
    }
  }

  #audioConfig(number: number, codec: Codec, bytes: Uint8Array): void {
    const config = readAudioConfig(codec, bytes);
    if (config === undefined) this.#bad('AUDIO_CONFIG');
    else this.#announce('audio', number, codec, config);
  }

  #audioFrame(number: number, codec: Codec, body: Uint8Array, start: number): void {
    if (body.length <= start) {
      this.#bad('AUDIO_SHORT');
      return;
    }
    const track = this.#trackOf('audio', number, codec, codec !== 'aac' && codec !== 'flac');
    if (track !== undefined) this.#emit(track, body.subarray(start));
  }

  /** One tag for one or many tracks (E-RTMP "Multitrack"). More tracks than the limit are counted once and left. */
  #multitrack(body: Uint8Array, video: boolean): void {
    const ex = this.#ex;
    const { multitrack } = ex;
    if (multitrack > Multitrack.manyTracksManyCodecs || ex.end >= body.length) {
      this.#bad('MULTITRACK');
      return;
    }
    const { cts } = this.#tag;
    for (let tracks = 0; ex.end < body.length; tracks++) {
      if (tracks >= this.#limits.tracks) {
        this.#bad('TRACKS');
        return;
      }
      const end = this.#nextTrack(body);
      if (end < 0) {
        this.#bad('MULTITRACK');
        return;
      }
      const part = end === body.length ? body : body.subarray(0, end);
      const number = body[ex.end - (multitrack === Multitrack.oneTrack ? 1 : 4)] as number;
      this.#tag.cts = cts;
      if (video) this.#exVideoTrack(number, part, ex.end);
      else this.#exAudioTrack(number, part, ex.end);
      ex.end = end;
    }
  }

  /** Reads a track's head (FourCC, number, size); `ex.end` stands behind it. The track's end, or -1. */
  #nextTrack(body: Uint8Array): number {
    const ex = this.#ex;
    if (ex.multitrack === Multitrack.manyTracksManyCodecs && !ex.readFourCc(body)) return -1;
    ex.end++;
    if (ex.multitrack === Multitrack.oneTrack) return ex.end > body.length ? -1 : body.length;
    if (body.length < ex.end + 3) return -1;
    const size = u24(body, ex.end);
    ex.end += 3;
    return size > body.length - ex.end ? -1 : ex.end + size;
  }

  #script(body: Uint8Array): void {
    this.#tag.key = true;
    try {
      const script = readScript(body, this.#limits);
      if (script === undefined) {
        this.#bad('SCRIPT');
      } else if (script.type === 'metadata') {
        this.#promised = promisedKinds(script.properties);
        if (amfText(script.properties, 'bravo_atc') === 'true') this.#options.onAbsolute?.();
        this.#announce('data', 0, 'amf0', script.body);
      } else if (script.type === 'data') {
        const track = this.#trackOf('data', 0, 'amf0', true);
        if (track !== undefined) this.#emit(track, script.body);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#drop(error.code);
    }
  }

  /** The track of a frame; codecs that describe themselves in each frame begin with their first. */
  #trackOf(kind: TrackKind, number: number, codec: Codec, selfDescribing: boolean): Track | undefined {
    const track = this.#tracks.find(kind, number);
    if (track?.codec === codec) return track;
    if (!selfDescribing) {
      this.#bad('NO_CONFIG');
      return undefined;
    }
    this.#announce(kind, number, codec);
    return this.#tracks.find(kind, number);
  }

  #announce(kind: TrackKind, number: number, codec: Codec, config?: Uint8Array, lengthSize?: number): void {
    const tracks = this.#tracks;
    if (tracks.full && tracks.find(kind, number) === undefined) {
      this.#bad('TRACKS');
    } else if (tracks.set(kind, number, codec, config, lengthSize) || this.#options.repeatsHeaders === true) {
      this.#tag.events.push({ type: 'tracks', tracks: tracks.list() });
    }
  }

  #emit(track: Track, data: Uint8Array): void {
    const { time, cts, key, events } = this.#tag;
    events.push({ type: 'frame', frame: { track, dts: time, cts, key, data } });
  }

  #bad(name: keyof typeof flvErrors.entries): void {
    this.#drop(`FLV_${name}`);
  }

  #drop(code: string): void {
    this.dropped++;
    this.#onBad?.(code);
  }
}

const i24 = (bytes: Uint8Array, at: number): number => (u24(bytes, at) << 8) >> 8;

const nanosToMicros = (nanos: number): Micros => fromMs(nanos / 1_000_000);

/** Why an E-RTMP header could not be read: a multitrack tag without anything in it, or one that is cut. */
const exFault = <Short extends string>(body: Uint8Array, numbers: ExNumbers, short: Short): Short | 'MULTITRACK' =>
  ((body[0] as number) & 0x0f) === numbers.multitrack ? 'MULTITRACK' : short;
