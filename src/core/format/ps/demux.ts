// Bytes of a program stream to tracks and frames (ISO 13818-1 §2.5).
import { concat } from '../../base/bytes.ts';
import type { ProtocolError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { Unwrapper } from '../../base/time.ts';
import { findStartCode } from '../../codec/nal.ts';
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import { firstTrackId, type Track, type TrackKind } from '../../media/track.ts';
import { tickDistance, timeOf } from '../ts/wire.ts';
import { AudioLane } from './audio-lane.ts';
import { psErrors } from './errors.ts';
import type { Lane, PesTimes } from './lane.ts';
import { emptyReport, type PsReport } from './report.ts';
import { VideoLane } from './video-lane.ts';
import {
  CODE_BYTES,
  MAX_MAP_BYTES,
  mediaKind,
  type PesHead,
  type PsKind,
  packBytes,
  pesHead,
  rangeOf,
  readMap,
  startCode,
} from './wire.ts';

/** What bounds a demuxer. */
export type PsDemuxLimits = Pick<Limits, 'messageBytes' | 'tracks'>;

/** Chosen: a peer that sends this much without a pack header sends something else. */
const SEARCH_BYTES = 1024 * 1024;
/** Lengths are behind the start code, in 2 bytes. */
const LENGTH_END = CODE_BYTES + 2;

/**
 * Where the reader is: looking for a pack header; in front of a start code; in bytes whose number is known; in bytes that
 * go on until a start code of the system layer.
 */
type State = 'search' | 'code' | 'counted' | 'open';

/** What a step needs that has not come yet. */
const WAIT = -1;

/**
 * Bytes to tracks and frames. Tracks are announced as their parameters become known, each time with all that are known.
 *
 * Errors: PS_SYNC when 1 MiB has no pack header. Everything else is counted in `report`.
 */
export class PsDemuxer implements Demuxer {
  readonly report: PsReport = emptyReport();
  readonly #limits: PsDemuxLimits;
  #held: Uint8Array = new Uint8Array(0);
  #state: State = 'search';
  #searched = 0;
  /** Of a counted run. */
  #left = 0;
  /** Whose payload comes; undefined: it is skipped. */
  #lane: Lane | undefined;
  /** By stream_id. */
  readonly #lanes = new Map<number, Lane>();
  /** What the maps have said; undefined: none that we carry. At most one entry for each id. */
  readonly #kinds = new Map<number, PsKind | undefined>();
  readonly #tracks = new Map<number, Track>();
  /** One for all streams, so that sound and picture stay together across a wrap. */
  readonly #time = new Unwrapper(33);
  #events: MediaEvent[] = [];
  #fault: ProtocolError | undefined;

  constructor(limits: PsDemuxLimits) {
    this.#limits = limits;
  }

  /** Kinds of tracks that the program has, whether their parameters are known or not. */
  get kinds(): readonly TrackKind[] {
    const said = [...this.#kinds.values()].filter((kind) => kind !== undefined).map(mediaKind);
    return [...new Set([...said, ...[...this.#lanes.values()].map(({ media }) => media)])];
  }

  /** Bytes held for headers and frames that are not complete. */
  get heldBytes(): number {
    let size = this.#held.length;
    for (const lane of this.#lanes.values()) size += lane.heldBytes;
    return size;
  }

  push(bytes: Uint8Array): MediaEvent[] {
    if (this.#fault !== undefined) throw this.#fault;
    const all = this.#held.length === 0 ? bytes : concat([this.#held, bytes]);
    let at = 0;
    while (at < all.length) {
      const next = this.#step(all, at);
      if (next === WAIT) break;
      at = next;
      // What was read before the fault is not asked for any more.
      if (this.#fault !== undefined) throw this.#fault;
    }
    // A header of at most 1 KiB.
    this.#held = all.slice(at);
    return this.#take();
  }

  end(): MediaEvent[] {
    if (this.#fault !== undefined) throw this.#fault;
    this.#held = new Uint8Array(0);
    if (this.#state === 'counted') this.#lane?.lost();
    else if (this.#state === 'open') this.#lane?.done();
    this.#state = 'search';
    this.#lane = undefined;
    for (const lane of this.#lanes.values()) lane.end();
    return this.#take();
  }

  /** Bytes are missing in front of the next ones: the packet and the frames that are open cannot be whole. */
  lost(): void {
    this.#held = new Uint8Array(0);
    this.#toSearch();
  }

  #take(): MediaEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** One step from `at`; where the next one begins, or WAIT. */
  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'search':
        return this.#search(bytes, at);
      case 'code':
        return this.#code(bytes, at);
      case 'counted': {
        const to = Math.min(bytes.length, at + this.#left);
        this.#lane?.more(bytes, at, to);
        this.#left -= to - at;
        if (this.#left === 0) this.#payloadOver();
        return to;
      }
      case 'open':
        return this.#untilCode(bytes, at);
    }
  }

  #search(bytes: Uint8Array, at: number): number {
    let code = findStartCode(bytes, at);
    while (code + CODE_BYTES <= bytes.length && bytes[code + 3] !== startCode.pack) {
      code = findStartCode(bytes, code + 3);
    }
    const found = code + CODE_BYTES <= bytes.length;
    // The last three bytes may be the beginning of a start code.
    const to = found ? code : Math.max(at, bytes.length - 3);
    this.#searched += to - at;
    this.report.skippedBytes += to - at;
    if (this.#searched > SEARCH_BYTES) {
      this.#held = new Uint8Array(0);
      this.#lanes.clear();
      this.#fault = psErrors.protocol('SYNC', { bytes: SEARCH_BYTES });
      return to;
    }
    if (!found) return to === at ? WAIT : to;
    this.#state = 'code';
    return to;
  }

  #code(bytes: Uint8Array, at: number): number {
    if (at + CODE_BYTES > bytes.length) return WAIT;
    const code = bytes[at + 3] as number;
    const isCode = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1;
    if (!isCode || code < startCode.programEnd) return this.#unexpected(at);
    if (code === startCode.pack) return this.#pack(bytes, at);
    if (code === startCode.programEnd) return at + CODE_BYTES;
    if (at + LENGTH_END > bytes.length) return WAIT;
    const length = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
    if (code === startCode.map) return this.#map(bytes, at, length);
    const lane = code === startCode.systemHeader ? undefined : this.#laneOf(code);
    return lane === undefined ? this.#skip(at, length) : this.#packet(lane, bytes, at, length);
  }

  /**
   * Something else than the next header: a picture goes on when the length of its packet was too small, as it is when a
   * camera has counted more than 16 bits; everything else is skipped.
   */
  #unexpected(at: number): number {
    if (this.#lane?.media === 'video') {
      this.report.pesLengthErrors++;
      this.#state = 'open';
      return at;
    }
    this.report.resyncs++;
    this.#toSearch();
    return at;
  }

  #toSearch(): void {
    for (const lane of this.#lanes.values()) lane.lost();
    this.#lane = undefined;
    this.#state = 'search';
  }

  #pack(bytes: Uint8Array, at: number): number {
    const size = packBytes(bytes, at);
    if (size === 0) return WAIT;
    this.#lane = undefined;
    if (size < 0) {
      this.report.damagedHeaders++;
      this.#toSearch();
      return at + CODE_BYTES;
    }
    this.report.packs++;
    this.#searched = 0;
    return at + size;
  }

  /** The payload of a packet that nobody wants. */
  #skip(at: number, length: number): number {
    this.#lane = undefined;
    this.#run(length);
    return at + LENGTH_END;
  }

  #run(length: number): void {
    this.#left = length;
    this.#state = length === 0 ? 'open' : 'counted';
  }

  #packet(lane: Lane, bytes: Uint8Array, at: number, length: number): number {
    const head = pesHead(bytes, at);
    if (head === undefined) return WAIT;
    if (head === 'damaged' || (length > 0 && head.bytes > LENGTH_END + length)) {
      this.report.damagedHeaders++;
      lane.lost();
      return this.#skip(at, length);
    }
    lane.begin(this.#timesOf(head));
    this.#lane = lane;
    const left = length === 0 ? 0 : LENGTH_END + length - head.bytes;
    if (length > 0 && left === 0) this.#payloadOver();
    else this.#run(left);
    return at + head.bytes;
  }

  #timesOf({ pts, dts = pts }: PesHead): PesTimes | undefined {
    if (pts === undefined || dts === undefined) return undefined;
    return { dts: timeOf(this.#time.unwrap(dts)), cts: timeOf(tickDistance(pts, dts)) };
  }

  /** The lane stays known: what follows may still be its. */
  #payloadOver(): void {
    this.#lane?.done();
    this.#state = 'code';
  }

  #untilCode(bytes: Uint8Array, at: number): number {
    let code = findStartCode(bytes, at);
    while (code + CODE_BYTES <= bytes.length && (bytes[code + 3] as number) < startCode.programEnd) {
      code = findStartCode(bytes, code + 3);
    }
    const found = code + CODE_BYTES <= bytes.length;
    const to = found ? code : Math.max(at, bytes.length - 3);
    if (to > at) this.#lane?.more(bytes, at, to);
    if (found) this.#payloadOver();
    return to === at && !found ? WAIT : to;
  }

  #map(bytes: Uint8Array, at: number, length: number): number {
    const size = LENGTH_END + length;
    if (size > MAX_MAP_BYTES) {
      this.report.damagedMaps++;
      return this.#skip(at, length);
    }
    if (at + size > bytes.length) return WAIT;
    this.#lane = undefined;
    const entries = readMap(bytes.subarray(at, at + size));
    if (entries === undefined) this.report.damagedMaps++;
    else {
      this.report.refusedStreams = entries.filter(({ kind }) => kind === undefined).length;
      for (const { streamId, kind } of entries) this.#kinds.set(streamId, kind);
    }
    return at + size;
  }

  /** The lane of a stream, made when it is new or has become another kind; undefined: it is not carried. */
  #laneOf(streamId: number): Lane | undefined {
    const known = this.#lanes.get(streamId);
    const said = this.#kinds.get(streamId);
    if (known !== undefined && (said === undefined || known.kind === said)) return known;
    if (said === undefined && this.#kinds.has(streamId)) return undefined;
    const media = said === undefined ? rangeOf(streamId) : mediaKind(said);
    if (media === undefined) return undefined;
    if (known === undefined && this.#lanes.size >= this.#limits.tracks) return undefined;
    known?.end();
    this.#lanes.delete(streamId);
    const lane = this.#open(media, said);
    this.#lanes.set(streamId, lane);
    return lane;
  }

  #open(media: 'video' | 'audio', kind: PsKind | undefined): Lane {
    const id = this.#freeId(media);
    // An id that is used again must not look like the track it was before.
    const seed = { id, epoch: (this.#tracks.get(id)?.epoch ?? -1) + 1 };
    const limitBytes = this.#limits.messageBytes;
    const options = { seed, kind, limitBytes, onFrames: (frames: readonly Frame[]) => this.#frames(frames) };
    return media === 'video' ? new VideoLane(options, this.report) : new AudioLane(options, this.report);
  }

  /** The lowest id of its sort that no lane has. */
  #freeId(media: 'video' | 'audio'): number {
    const taken = new Set([...this.#lanes.values()].map(({ id }) => id));
    let id: number = firstTrackId[media];
    while (taken.has(id)) id++;
    return id;
  }

  #frames(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const { track } = frame;
      if (this.#tracks.get(track.id) !== track) {
        this.#tracks.set(track.id, track);
        const tracks = [...this.#tracks.values()].sort((a, b) => a.id - b.id);
        this.#events.push({ type: 'tracks', tracks });
      }
      this.#events.push({ type: 'frame', frame });
    }
  }
}
