// Packets of a publisher or a camera to frames, in the order of one TCP connection.
import { SrsxError } from '../../base/errors.ts';
import { type Micros, Unwrapper } from '../../base/time.ts';
import { h264, h265 } from '../../codec/index.ts';
import { DecodeTimes, type Depacketiser, type MediaUnit } from '../../format/rtp/index.ts';
import type { MediaSink } from '../../media/sink.ts';
import { firstTrackId, type Track } from '../../media/track.ts';
import { ClockSync, Reception, type TrackClock } from '../../wire/feedback/index.ts';
import { parseRtcp, type RtcpPacket, wallOf } from '../../wire/rtcp/index.ts';
import { parsePacket, type RtpPacket } from '../../wire/rtp/index.ts';
import type { DescribedTrack } from './description.ts';

/** What comes, and where it goes. */
export interface IngestOptions {
  /** At most one of each kind. */
  readonly tracks: readonly DescribedTrack[];
  readonly to: MediaSink;
  /** Something damaged, which costs its frame. */
  readonly onBad: (error: SrsxError) => void;
}

/** All tracks of one source on one time line. */
export class RtspIngest {
  readonly #options: IngestOptions;
  readonly #lanes: readonly Lane[];
  /** Frames so far. */
  frames = 0;

  constructor(options: IngestOptions) {
    const sync = new ClockSync();
    this.#options = options;
    this.#lanes = options.tracks.map((track) => new Lane(track, sync));
    options.to.promise?.(options.tracks.map(({ kind }) => kind));
  }

  /** A packet of the track with that place in the list; keeps `bytes`. */
  rtp(index: number, bytes: Uint8Array, now: Micros): void {
    const lane = this.#lanes[index];
    if (lane === undefined) return;
    this.#tolerate(() => lane.push(parsePacket(bytes), now, (unit, time) => this.#unit(lane, unit, time)));
  }

  rtcp(index: number, bytes: Uint8Array, now: Micros): void {
    const lane = this.#lanes[index];
    if (lane === undefined) return;
    this.#tolerate(() => {
      for (const packet of parseRtcp(bytes)) if (packet.type === 'sr') lane.report(packet, now);
    });
  }

  /** What a receiver tells the sender of each track (RFC 3550 §6.4.2); undefined: nothing has come of it. */
  report(index: number, ssrc: number, now: Micros): readonly RtcpPacket[] | undefined {
    const block = this.#lanes[index]?.block(now);
    return block === undefined
      ? undefined
      : [
          { type: 'rr', ssrc, reports: [block] },
          { type: 'sdes', ssrc, cname: 'srsx' },
        ];
  }

  /** A damaged packet does not end a camera's session. */
  #tolerate(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#options.onBad(error);
    }
  }

  #unit(lane: Lane, { data, key, config }: MediaUnit, time: Micros): void {
    this.frames++;
    if (lane.track === undefined || config !== undefined) this.#retrack(lane, config);
    const { track } = lane;
    if (track === undefined) return;
    const dts = lane.decodeTime(time);
    this.#options.to.on({ type: 'frame', frame: { track, dts, cts: time - dts, key, data } });
  }

  #retrack(lane: Lane, config: Uint8Array | undefined): void {
    lane.retrack(config);
    const tracks = this.#lanes.map(({ track }) => track).filter((track) => track !== undefined);
    this.#options.to.on({ type: 'tracks', tracks });
  }
}

/** One track: its sequence, its clock and its frames. */
class Lane {
  readonly #described: DescribedTrack;
  readonly #clock: TrackClock;
  #depacketiser: Depacketiser;
  #ticks = new Unwrapper(32);
  #decodeTimes: DecodeTimes;
  #ssrc: number | undefined;
  #reception: Reception | undefined;
  readonly #sequences = new Unwrapper(16);
  #next: number | undefined;
  /** What is published of it. */
  track: Track | undefined;

  constructor(described: DescribedTrack, sync: ClockSync) {
    const { kind, clockRate, config } = described;
    this.#described = described;
    this.#depacketiser = described.makeDepacketiser();
    this.#clock = sync.track(clockRate, kind === 'audio');
    this.#decodeTimes = new DecodeTimes(0);
    // Sound says beforehand what it is; a picture with its first key frame.
    if (kind === 'audio') this.retrack(config);
  }

  push(packet: RtpPacket, now: Micros, on: (unit: MediaUnit, time: Micros) => void): void {
    const { payloadType, payload, marker, ssrc } = packet;
    if (payloadType !== this.#described.payloadType) return;
    if (ssrc !== this.#ssrc) this.#begin(ssrc);
    const sequence = this.#sequences.unwrap(packet.sequence);
    const ticks = this.#ticks.unwrap(packet.timestamp);
    this.#reception?.arrived(sequence, ticks, now);
    // A connection has no other order: what is older was sent twice.
    if (this.#next !== undefined && sequence < this.#next) return;
    if (this.#next !== undefined && sequence > this.#next) this.#depacketiser.lost();
    this.#next = sequence + 1;
    this.#clock.seen(ticks, now);
    const units = this.#depacketiser.push({ bytes: payload, marker, ticks });
    for (const unit of units) on(unit, this.#clock.timeOf(unit.ticks, now));
  }

  report(packet: RtcpPacket & { type: 'sr' }, now: Micros): void {
    if (this.#ssrc !== undefined && packet.ssrc !== this.#ssrc) return;
    this.#reception?.reported(packet, now);
    // QUIRK(cameras): a clock that was never set begins in 1900, and is still a clock.
    this.#clock.reported(wallOf(packet), this.#ticks.unwrap(packet.timestamp));
  }

  block(now: Micros): ReturnType<Reception['block']> {
    return this.#reception?.block(now);
  }

  retrack(config: Uint8Array | undefined): void {
    const { kind, codec } = this.#described;
    const { track } = this;
    const epoch = track === undefined ? 0 : track.epoch + 1;
    this.track = { id: firstTrackId[kind], kind, codec, epoch, config: config ?? track?.config ?? new Uint8Array(0) };
    const depth = reorderOf(this.track);
    if (depth > this.#decodeTimes.depth) this.#decodeTimes = new DecodeTimes(depth);
  }

  decodeTime(time: Micros): Micros {
    return this.#described.kind === 'audio' ? time : this.#decodeTimes.next(time);
  }

  /** The first packet, or a sender that began anew. */
  #begin(ssrc: number): void {
    if (this.#ssrc !== undefined) {
      this.#depacketiser.lost();
      this.#ticks = new Unwrapper(32);
    }
    this.#ssrc = ssrc;
    this.#next = undefined;
    this.#sequences.reset();
    this.#reception = new Reception(ssrc, this.#described.clockRate);
  }
}

/** Frames of reordering that the parameter sets say; 0 when they do not, which the stream will show. */
function reorderOf({ codec, config }: Track): number {
  try {
    if (codec === 'h264') {
      const [nal] = h264.parseConfig(config).sps;
      const sps = nal === undefined ? undefined : h264.parseSps(nal);
      return sps?.reorderIsSaid === true ? sps.reorder : 0;
    }
    if (codec !== 'h265') return 0;
    const [nal] = h265.parameterSets(h265.parseConfig(config)).sps;
    return nal === undefined ? 0 : h265.parseSps(nal).reorder;
  } catch (error) {
    if (error instanceof SrsxError) return 0;
    throw error;
  }
}
