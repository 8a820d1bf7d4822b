// Frames to transport stream packets, made once for all players of a stream, and for the segmenter of HLS.
//
//   media time --+1 s--> DTS on the wire          PCR = newest DTS - mux delay, so what is written is never late
//
// The clock of the stream is the newest DTS that was written (`#now`). PCR, tables and held audio are due by it; nobody
// asks the time. Everything that a player needs to start is in a join packet: PAT, PMT, then the key frame with its
// parameter sets.
import { Reporter } from '../../base/counters.ts';
import { type Log, silentLog } from '../../base/log.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import { sameMedia, type Track } from '../../media/track.ts';
import { Lane, openLane } from './lane.ts';
import { Packetiser, type PesHead, pcrPacket } from './packetise.ts';
import { ProgramTables } from './program.ts';
import type { PromisedStream } from './promised.ts';
import { ticksOf } from './wire.ts';

export interface TsMuxOptions {
  /** DTS minus PCR of a frame that is written at once: how far a track may lag. Below 1 s (ISO 13818-1 §2.4.2.6). */
  readonly muxDelay: Micros;
  /** Audio frames share a PES packet up to this span; 0: each has its own. */
  readonly audioSpan: Micros;
  /** Listed in the program map until a track of their kind comes. */
  readonly promised: readonly PromisedStream[];
  readonly log: Log;
}

/** What could not be carried. */
export interface TsMuxCounts {
  /** Tracks whose codec has no place here, counted once for each epoch. */
  refusedTracks: number;
  /** Frames of those tracks, frames whose units are damaged, and audio frames above 65 KiB. */
  droppedFrames: number;
  /** Frames that came with a DTS before the PCR. */
  lateFrames: number;
  /** Jumps of the timeline that were marked by the discontinuity indicator. */
  discontinuities: number;
}

export class TsMuxer implements Muxer {
  readonly counts: TsMuxCounts = { refusedTracks: 0, droppedFrames: 0, lateFrames: 0, discontinuities: 0 };
  readonly #muxDelay: number;
  readonly #audioSpan: number;
  readonly #log: Log;
  readonly #dropped: Reporter;
  readonly #tables: ProgramTables;
  readonly #packetiser = new Packetiser();
  #tracks: readonly Track[] = [];
  #lanes = new Map<number, Lane>();
  /** Ids of tracks that are not carried, with the epoch that was reported. */
  readonly #refused = new Map<number, Track>();
  /** The lane that carries the PCR: the first video, or the first audio. */
  #clockLane: Lane | undefined;
  /** A key frame of the clock lane was written; sound before it is where players start that waited for the stream. */
  #pictured = false;
  /** Newest wire DTS, and where tables and PCR were last written; undefined before the first frame. */
  #now: number | undefined;
  #lastPcr = 0;
  #lastTables = 0;
  #tablesDue = true;

  constructor(options: Partial<TsMuxOptions> = {}) {
    this.#muxDelay = ticksOf(options.muxDelay ?? MUX_DELAY);
    this.#audioSpan = ticksOf(options.audioSpan ?? AUDIO_SPAN);
    this.#log = options.log ?? silentLog;
    this.#tables = new ProgramTables(options.promised);
    this.#dropped = new Reporter((count, last) => this.#log.warn('ts:mux', `${count} frames dropped, last: ${last}`));
  }

  /** Nothing: each join packet begins with the tables, and a copy in front of it would break the counters. */
  header(tracks: readonly Track[]): Packet[] {
    if (this.#tracks.length === 0) this.#open(tracks);
    return [];
  }

  /** Tables with the new tracks are due with the next frame; what is returned is audio that was held back. */
  retrack(tracks: readonly Track[]): Packet[] {
    if (this.#tracks.length > 0 && sameMedia(tracks, this.#tracks)) return [];
    const packets = this.flush();
    this.#open(tracks);
    return packets;
  }

  write(frame: Frame): Packet[] {
    const lane = this.#laneOf(frame.track);
    if (lane === undefined) {
      if (frame.track.kind !== 'data') this.#drop(`${frame.track.codec} is not carried`, frame.dts);
      return [];
    }
    if (lane.carriage.adapt(frame)) this.#setLanes(this.#lanes);
    const dts = ticksOf(frame.dts) + WIRE_LEAD;
    const packets: Packet[] = [];
    this.#advance(dts, frame.dts, packets);
    if (lane.kind === 'video') this.#writeVideo(lane, frame, dts, packets);
    else this.#writeAudio(lane, frame, packets);
    return packets;
  }

  /** Audio that is held back, for whoever cuts here or ends. */
  flush(): Packet[] {
    const packets: Packet[] = [];
    for (const lane of this.#lanes.values()) this.#flushLane(lane, packets);
    return packets;
  }

  /**
   * A new segment begins with the next frame: gives what still belongs to the old one, and lets the next packet begin
   * with the tables. Counters go on, so that segments that are put together are one stream again.
   */
  cut(): Packet[] {
    const packets = this.flush();
    this.#tablesDue = true;
    return packets;
  }

  /** The next PAT and PMT as packets; they are part of the stream, so write them where they are asked for. */
  programTables(): Uint8Array {
    this.#tablesDue = false;
    if (this.#now !== undefined) this.#lastTables = this.#now;
    return this.#tables.packets();
  }

  #open(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    const lanes = new Map<number, Lane>();
    for (const track of tracks) {
      const lane = this.#openLane(track, lanes.size);
      if (lane !== undefined) lanes.set(track.id, lane);
    }
    this.#setLanes(lanes);
  }

  #openLane(track: Track, others: number): Lane | undefined {
    if (track.kind === 'data') return undefined;
    const known = this.#lanes.get(track.id);
    if (known?.track === track) return known;
    const lane = openLane(track, known, others);
    if (lane instanceof Lane) return lane;
    if (this.#refused.get(track.id) !== track) {
      this.#refused.set(track.id, track);
      this.counts.refusedTracks++;
      this.#log.warn('ts:mux', `track ${track.id} is not carried: ${lane}`, { codec: track.codec });
    }
    return undefined;
  }

  #setLanes(lanes: Map<number, Lane>): void {
    this.#lanes = lanes;
    const sorted = [...lanes.values()].sort((a, b) => a.track.id - b.track.id);
    if (sorted[0]?.track.id !== this.#clockLane?.track.id) this.#pictured = false;
    this.#clockLane = sorted[0];
    if (this.#tables.set(sorted)) this.#tablesDue = true;
  }

  /** The lane of a frame's track, also when nobody announced it. */
  #laneOf(track: Track): Lane | undefined {
    const lane = this.#lanes.get(track.id);
    if (lane !== undefined && lane.track === track) return lane;
    if (lane === undefined && this.#refused.get(track.id) === track) return undefined;
    const opened = this.#openLane(track, this.#lanes.size - (lane === undefined ? 0 : 1));
    const lanes = new Map(this.#lanes);
    if (opened === undefined) lanes.delete(track.id);
    else lanes.set(track.id, opened);
    if (opened !== undefined || lane !== undefined) this.#setLanes(lanes);
    return opened;
  }

  /** Moves the clock to `dts`, and writes what falls due on the way. */
  #advance(dts: number, time: Micros, packets: Packet[]): void {
    const now = this.#now;
    if (now === undefined) {
      this.#start(dts);
      return;
    }
    if (dts > now + MAX_GAP || dts < now - MAX_SKEW) {
      this.#jump(dts, time, packets);
      return;
    }
    if (dts < this.#lastPcr - this.#muxDelay) this.counts.lateFrames++;
    if (dts <= now) return;
    // Before the clock moves: where there is a gap, what was held lies in front of it.
    for (const lane of this.#lanes.values()) {
      if (lane.held > 0 && dts - lane.firstPts >= this.#audioSpan) this.#flushLane(lane, packets);
    }
    this.#now = dts;
    this.#fill(dts, time, packets);
  }

  #start(dts: number): void {
    this.#now = dts;
    this.#lastTables = dts;
    // The first packet of the PCR's own PID carries one; until it comes, for at most `PCR_GAP`, nothing needs it.
    this.#lastPcr = dts - 1;
    this.#tablesDue = true;
  }

  #jump(dts: number, time: Micros, packets: Packet[]): void {
    packets.push(...this.flush());
    this.counts.discontinuities++;
    this.#start(dts);
    const lane = this.#clockLane;
    if (lane === undefined) return;
    // No time stamp of the new time base may come before its first PCR (§2.4.3.5).
    packets.push(packet('more', time, [pcrPacket(lane.pid, dts - this.#muxDelay, true)]));
    this.#lastPcr = dts;
  }

  /** Where frames are far apart, PCR and tables stand alone between them. At most `MAX_GAP / PCR_GAP` rounds. */
  #fill(dts: number, time: Micros, packets: Packet[]): void {
    const lane = this.#clockLane;
    if (lane === undefined) return;
    while (this.#lastPcr + PCR_GAP < dts) {
      this.#lastPcr += PCR_GAP;
      if (this.#lastPcr - this.#lastTables >= TABLE_GAP) {
        packets.push(packet('more', time, [this.#tables.packets()]));
        this.#lastTables = this.#lastPcr;
      }
      packets.push(packet('more', time, [pcrPacket(lane.pid, this.#lastPcr - this.#muxDelay, false)]));
    }
  }

  #writeVideo(lane: Lane, frame: Frame, dts: number, packets: Packet[]): void {
    const size = lane.carriage.measure(frame);
    if (size < 0) {
      this.#drop(`a damaged ${frame.track.codec} frame`, frame.dts);
      return;
    }
    const join = frame.key && lane === this.#clockLane;
    if (join) {
      packets.push(...this.flush());
      this.#pictured = true;
    }
    const pts = ticksOf(frame.dts + frame.cts) + WIRE_LEAD;
    const head = this.#head(lane, pts, lane.decodeTime(dts, pts), frame.key);
    this.#packetiser.begin(lane.pid, head, size);
    lane.carriage.put(frame, this.#packetiser);
    this.#emit(join ? 'join' : 'more', join, frame.dts, packets);
  }

  #writeAudio(lane: Lane, frame: Frame, packets: Packet[]): void {
    const size = lane.carriage.measure(frame);
    if (size < 0 || size > MAX_AUDIO_BYTES) {
      this.#drop(`a damaged ${frame.track.codec} frame`, frame.dts);
      return;
    }
    const pts = ticksOf(frame.dts + frame.cts) + WIRE_LEAD;
    // A frame that does not follow the held ones without a gap needs a time stamp of its own.
    if (lane.held > 0 && Math.abs(pts - lane.nextPts) > AUDIO_TOLERANCE) this.#flushLane(lane, packets);
    if (lane.held > 0 && lane.heldBytes + size > AUDIO_BYTES) this.#flushLane(lane, packets);
    const duration = lane.carriage.duration(frame);
    lane.hold(frame, size, pts, pts + duration);
    const full = lane.nextPts + duration - lane.firstPts > this.#audioSpan;
    if (full || duration === 0) this.#flushLane(lane, packets);
  }

  /**
   * Writes the held audio of a lane; without video, and before the first key frame, the packets that begin with tables
   * are where players start.
   */
  #flushLane(lane: Lane, packets: Packet[]): void {
    if (lane.held === 0) return;
    const { frames, heldBytes, firstPts } = lane;
    this.#packetiser.begin(lane.pid, this.#head(lane, firstPts, firstPts, false), heldBytes);
    for (const frame of frames) lane.carriage.put(frame, this.#packetiser);
    const time = (frames[0] as Frame).dts;
    lane.release();
    this.#emit(lane === this.#clockLane || !this.#pictured ? 'join' : 'more', false, time, packets);
  }

  #head(lane: Lane, pts: number, dts: number, key: boolean): PesHead {
    const now = this.#now as number;
    // Two equal PCRs would say that what is between them took no time.
    const clock = lane === this.#clockLane && now > this.#lastPcr;
    if (clock) this.#lastPcr = now;
    return {
      streamId: lane.carriage.streamId,
      pts,
      dts,
      pcr: clock ? now - this.#muxDelay : undefined,
      randomAccess: key,
    };
  }

  /** Adds the PES packet that was written, with tables in front when they are due. */
  #emit(kind: 'join' | 'more', tables: boolean, time: Micros, packets: Packet[]): void {
    const pes = this.#packetiser.done();
    const now = this.#now as number;
    if (!tables && !this.#tablesDue && now - this.#lastTables < TABLE_GAP) {
      packets.push(packet('more', time, [pes]));
      return;
    }
    this.#tablesDue = false;
    this.#lastTables = now;
    packets.push(packet(kind, time, [this.#tables.packets(), pes]));
  }

  #drop(why: string, time: Micros): void {
    this.counts.droppedFrames++;
    this.#dropped.note(why, time);
  }
}

/** MPEG-TS for HTTP and files. */
export const tsFormat: Format = { key: 'ts', make: () => new TsMuxer() };

/** The same with its own log, where refused tracks are named. */
export const tsFormatWith = (log: Log): Format => ({ key: 'ts', make: () => new TsMuxer({ log }) });

/** Chosen: above the lag of sound behind picture that encoders have, and above `AUDIO_SPAN`; it delays VLC by as much. */
const MUX_DELAY = fromMs(500);
/** Four AAC frames of 44.1 kHz: an ADTS frame alone wastes a third of its packets. Below `PCR_GAP`. */
const AUDIO_SPAN = fromMs(95);
/** Eight packets: above this, sharing saves less than 6 %. */
const AUDIO_BYTES = 8 * 184 - 14;
/** PES_packet_length has 16 bits, and only video may leave it out. */
const MAX_AUDIO_BYTES = 0xffff - 8;
/** RTMP rounds to milliseconds; anything beyond a few of them is a gap. */
const AUDIO_TOLERANCE = ticksOf(fromMs(5));
/** Room below the first frame for its PCR and for a track that begins earlier. */
const WIRE_LEAD = ticksOf(fromSeconds(1));
/** ISO 13818-1 §2.7.2: at most 100 ms between PCRs. */
const PCR_GAP = ticksOf(fromMs(96));
/** TR 101 290 1.3, 1.5: at most 500 ms between tables. */
const TABLE_GAP = ticksOf(fromMs(400));
/** As media/timeline.ts: what is beyond is another timeline. */
const MAX_GAP = ticksOf(fromSeconds(10.5));
const MAX_SKEW = ticksOf(fromSeconds(3.5));
