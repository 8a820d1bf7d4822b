// The shared feed of RTP players: frames to rows of payloads, made once.
import { equalBytes } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import type { Micros } from '../../base/time.ts';
import { toTicks } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import { JoinPoints } from '../../media/join.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import type { Codec, Track, TrackKind } from '../../media/track.ts';
import type { NalShape } from './nal-packetiser.ts';
import { clockRateOf, makePacketiser } from './packetiser.ts';
import { payloadKind, writePayloads } from './payloads.ts';
import type { Packetiser } from './unit.ts';

/** Which tracks a player takes: the first of each kind whose codec it has. */
export interface RtpFormatOptions {
  readonly video: Codec | undefined;
  readonly audio: Codec | undefined;
  /** Keep pictures that are shown before one that was sent earlier. */
  readonly keepBFrames: boolean;
  /** Default: all units, each in packets of its own. */
  readonly shape?: NalShape;
  /** Told of each picture that comes behind one that is shown later; those who share a feed share who is told. */
  readonly onBFrame?: () => void;
}

/** Bytes of a payload: with headers, extension and tag below the 1280 of IPv6 links behind tunnels. */
export const MAX_PAYLOAD = 1180;

interface Lane {
  readonly kind: number;
  readonly rate: number;
  readonly packetiser: Packetiser;
  /** The last payload of a frame is marked. */
  readonly marks: boolean;
  readonly config: Uint8Array;
}

/** At most one picture and one sound. Packets hold rows of payloads, see `payloads.ts`. */
export class RtpMuxer implements Muxer {
  readonly #options: RtpFormatOptions;
  readonly #joins = new JoinPoints();
  /** By track id; at most one of each kind. */
  readonly #lanes = new Map<number, Lane>();
  #shown: Micros = Number.NEGATIVE_INFINITY;
  /** Pictures left out because they are B-frames. */
  bFrames = 0;

  constructor(options: RtpFormatOptions) {
    this.#options = options;
  }

  header(tracks: readonly Track[]): Packet[] {
    this.#take(tracks);
    return [];
  }

  retrack(tracks: readonly Track[]): Packet[] {
    this.#take(tracks);
    return [];
  }

  write(frame: Frame): Packet[] {
    const kind = this.#joins.kind(frame);
    const lane = this.#lanes.get(frame.track.id);
    if (lane === undefined) return [];
    const pts = frame.dts + frame.cts;
    if (frame.track.kind === 'video' && this.#isLate(frame.key, pts)) return [];
    const payloads = payloadsOf(lane.packetiser, frame);
    if (payloads.length === 0) return [];
    const row = writePayloads(payloads, lane.kind, toTicks(pts, lane.rate) >>> 0, lane.marks);
    return [packet(kind, frame.dts, [row])];
  }

  #isLate(key: boolean, pts: Micros): boolean {
    if (key || pts >= this.#shown) {
      this.#shown = pts;
      return false;
    }
    this.#options.onBFrame?.();
    if (this.#options.keepBFrames) return false;
    this.bFrames++;
    return true;
  }

  #take(tracks: readonly Track[]): void {
    const wanted = [this.#first(tracks, 'video'), this.#first(tracks, 'audio')].filter((track) => track !== undefined);
    // Who takes the sound alone does not wait for a key frame of the picture.
    this.#joins.retrack(wanted);
    for (const id of this.#lanes.keys()) if (!wanted.some((track) => track.id === id)) this.#lanes.delete(id);
    for (const track of wanted) this.#put(track);
  }

  #first(tracks: readonly Track[], kind: Exclude<TrackKind, 'data'>): Track | undefined {
    return tracks.find((track) => track.kind === kind && track.codec === this.#options[kind]);
  }

  #put(track: Track): void {
    const known = this.#lanes.get(track.id);
    // Not by their epochs: those of the next publisher begin anew. A packetiser that stays goes on with its numbers.
    if (known !== undefined && equalBytes(known.config, track.config)) return;
    const lane = tryLane(track, this.#options.shape);
    if (lane === undefined) this.#lanes.delete(track.id);
    else this.#lanes.set(track.id, lane);
  }
}

/** Undefined for parameters that nobody can read: the track is not sent until better ones come. */
function tryLane(track: Track, shape: NalShape | undefined): Lane | undefined {
  try {
    const packetiser = makePacketiser(track, MAX_PAYLOAD, shape);
    const rate = clockRateOf(track);
    if (packetiser === undefined || rate === undefined) return undefined;
    const { kind, codec, config } = track;
    // RFC 3551 §4.1: of pictures the last packet is marked, of sound only the first after silence; RFC 3640 §3.1 marks all.
    const marks = kind === 'video' || codec === 'aac';
    return { kind: kind === 'video' ? payloadKind.video : payloadKind.audio, rate, packetiser, marks, config };
  } catch (error) {
    if (error instanceof SrsxError) return undefined;
    throw error;
  }
}

/** None for a damaged frame. */
function payloadsOf(packetiser: Packetiser, { data, key }: Frame): readonly (readonly Uint8Array[])[] {
  try {
    return packetiser.packetise(data, key);
  } catch (error) {
    if (error instanceof SrsxError) return [];
    throw error;
  }
}

/** What else tells two feeds apart. */
function marks({ keepBFrames, shape }: RtpFormatOptions): string {
  return `${keepBFrames ? '/b' : ''}${shape?.keepSei === false ? '/-sei' : ''}${shape?.merge === true ? '/merged' : ''}`;
}

/** The feed of all players with the same codecs and settings. */
export const rtpFormat = (options: RtpFormatOptions): Format => ({
  key: `rtp/${options.video ?? '-'}/${options.audio ?? '-'}${marks(options)}`,
  make: () => new RtpMuxer(options),
});
