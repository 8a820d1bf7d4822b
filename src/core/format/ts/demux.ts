// Transport stream packets to tracks and frames (ISO 13818-1). Reads one program.
import type { Limits } from '../../base/limits.ts';
import { Unwrapper } from '../../base/time.ts';
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track, TrackKind } from '../../media/track.ts';
import { EsLane, freeId } from './es-lane.ts';
import type { Pes } from './pes.ts';
import { ProgramReader } from './program-reader.ts';
import { emptyReport, type TsReport } from './report.ts';
import { PacketSync } from './sync.ts';
import { type Adaptation, NULL_PID, PACKET_BYTES, pidOf, readAdaptation, tickDistance, timeOf } from './wire.ts';

export type TsDemuxLimits = Pick<Limits, 'messageBytes' | 'openBytes' | 'tracks'>;

/**
 * Bytes to tracks and frames. Tracks are announced as their parameters become known, each time with all that are
 * known; a PMT that takes a stream away announces the rest.
 *
 * Errors: TS_SYNC when 1 MiB has no packets. Everything else is counted in `report`.
 */
export class TsDemuxer implements Demuxer {
  readonly report: TsReport = emptyReport();
  readonly #limits: TsDemuxLimits;
  readonly #sync: PacketSync;
  readonly #program: ProgramReader;
  #lanes = new Map<number, EsLane>();
  /** Tracks that were announced, by id. */
  #tracks = new Map<number, Track>();
  /** One for all PIDs, so that sound and picture stay together across a wrap. */
  readonly #time = new Unwrapper(33);
  readonly #adaptation: Adaptation = { payload: 0, discontinuity: false, randomAccess: false, pcr: -1 };
  #events: MediaEvent[] = [];

  constructor(limits: TsDemuxLimits) {
    this.#limits = limits;
    this.#program = new ProgramReader(this.report, limits.tracks);
    this.#sync = new PacketSync(this.report, (bytes, at) => this.#packet(bytes, at));
  }

  /** Kinds of tracks that the program has, whether their parameters are known or not. */
  get kinds(): readonly TrackKind[] {
    return [...new Set([...this.#lanes.values()].map((lane) => lane.kind))];
  }

  /** Bytes from one packet to the next: 188, 192 or 204; 0 before the first. */
  get packetBytes(): number {
    return this.#sync.stride;
  }

  /** Bytes held for packets, PES packets and frames that are not complete. */
  get heldBytes(): number {
    let size = this.#sync.heldBytes;
    for (const lane of this.#lanes.values()) size += lane.pes.size + lane.reader.heldBytes;
    return size;
  }

  push(bytes: Uint8Array): MediaEvent[] {
    this.#sync.push(bytes);
    return this.#take();
  }

  end(): MediaEvent[] {
    this.#sync.end();
    for (const lane of this.#lanes.values()) {
      this.#unit(lane, lane.pes.end());
      this.#frames(lane.reader.end());
    }
    return this.#take();
  }

  #take(): MediaEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #packet(bytes: Uint8Array, at: number): void {
    this.report.packets++;
    if (((bytes[at + 1] as number) & 0x80) !== 0) {
      this.report.transportErrors++;
      return;
    }
    const pid = pidOf(bytes, at);
    if (pid === NULL_PID) return;
    const flags = bytes[at + 3] as number;
    const adaptation = readAdaptation(bytes, at, this.#adaptation);
    if (adaptation.payload < 0 || (flags & 0x30) === 0) {
      this.report.damagedPackets++;
      return;
    }
    if (pid === this.#program.pcrPid && adaptation.discontinuity) this.report.discontinuities++;
    const lane = this.#lanes.get(pid);
    if (lane === undefined) {
      if (this.#program.wants(pid)) this.#section(bytes, at, pid);
      return;
    }
    if ((flags & 0xc0) !== 0) this.report.scrambledPackets++;
    else if ((flags & 0x10) !== 0) this.#payload(lane, bytes, at);
  }

  #section(bytes: Uint8Array, at: number, pid: number): void {
    const { payload, discontinuity } = this.#adaptation;
    if (payload >= PACKET_BYTES) return;
    const verdict = this.#program.continuity(pid).check((bytes[at + 3] as number) & 15, discontinuity, this.report);
    if (verdict === 'duplicate') return;
    const start = ((bytes[at + 1] as number) & 0x40) !== 0;
    const lost = verdict === 'lost';
    if (this.#program.push(pid, bytes, at + payload, at + PACKET_BYTES, { start, lost })) this.#remap();
  }

  #payload(lane: EsLane, bytes: Uint8Array, at: number): void {
    const { payload, discontinuity, randomAccess } = this.#adaptation;
    const verdict = lane.continuity.check((bytes[at + 3] as number) & 15, discontinuity, this.report);
    if (verdict === 'duplicate') return;
    if (verdict === 'lost') {
      lane.pes.lost();
      lane.reader.lost();
    }
    const from = at + payload;
    const to = at + PACKET_BYTES;
    if (((bytes[at + 1] as number) & 0x40) === 0) {
      this.#unit(lane, lane.pes.more(bytes, from, to));
    } else {
      this.#unit(lane, lane.pes.finish());
      this.#unit(lane, lane.pes.start(bytes, from, to, randomAccess));
    }
    this.#bound(lane);
  }

  /** Each PES is bounded by messageBytes; all that are open together by openBytes. */
  #bound(lane: EsLane): void {
    if (lane.pes.size < 1024 * 1024) return;
    let open = 0;
    for (const other of this.#lanes.values()) open += other.pes.size;
    if (open > this.#limits.openBytes) lane.pes.lost();
  }

  #unit(lane: EsLane, pes: Pes | undefined): void {
    if (pes === undefined) return;
    if (pes.pts === undefined) {
      this.#frames(lane.reader.push({ data: pes.data, dts: undefined, cts: 0 }));
      return;
    }
    const wire = pes.dts ?? pes.pts;
    const dts = timeOf(this.#time.unwrap(wire));
    const cts = timeOf(tickDistance(pes.pts, wire));
    this.#frames(lane.reader.push({ data: pes.data, dts, cts }));
  }

  #frames(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const { track } = frame;
      if (this.#tracks.get(track.id) !== track) {
        this.#tracks.set(track.id, track);
        this.#announce();
      }
      this.#events.push({ type: 'frame', frame });
    }
  }

  #announce(): void {
    const tracks = [...this.#tracks.values()].sort((a, b) => a.id - b.id);
    this.#events.push({ type: 'tracks', tracks });
  }

  /** The PMT changed: streams that stay keep their reader, others end or begin. */
  #remap(): void {
    const before = this.#lanes;
    const lanes = new Map<number, EsLane>();
    for (const stream of this.#program.streams) {
      const known = before.get(stream.pid);
      if (known?.serves(stream) === true) lanes.set(stream.pid, known);
    }
    for (const [pid, lane] of before) {
      if (lanes.has(pid)) continue;
      this.#unit(lane, lane.pes.finish());
      this.#frames(lane.reader.end());
    }
    const taken = new Set([...lanes.values()].map((lane) => lane.id));
    for (const stream of this.#program.streams) {
      if (lanes.has(stream.pid)) continue;
      const id = freeId(stream, taken);
      taken.add(id);
      // An id that is used again must not look like the track it was before.
      const seed = { id, epoch: (this.#tracks.get(id)?.epoch ?? -1) + 1 };
      lanes.set(stream.pid, new EsLane(stream, seed, this.report, this.#limits.messageBytes));
    }
    this.#lanes = lanes;
    this.#forget();
  }

  #forget(): void {
    const ids = new Set([...this.#lanes.values()].map((lane) => lane.id));
    const gone = [...this.#tracks.keys()].filter((id) => !ids.has(id));
    for (const id of gone) this.#tracks.delete(id);
    if (gone.length > 0 && this.#tracks.size > 0) this.#announce();
  }
}
