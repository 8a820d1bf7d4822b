// One stream of packets of a publisher (one SSRC): order, losses, reports and frames.
import { SrsxError } from '../../base/errors.ts';
import { fromMs, type Micros, Unwrapper } from '../../base/time.ts';
import { describe } from '../../codec/index.ts';
import {
  clockRates,
  type Depacketiser,
  type MediaUnit,
  makeDepacketiser,
  type Payload,
} from '../../format/rtp/index.ts';
import { ReorderQueue } from '../../media/queue.ts';
import type { Codec } from '../../media/track.ts';
import { KeyRequest, NackGenerator, Reception, type TrackClock } from '../../wire/feedback/index.ts';
import type { ReportBlock, RtcpPacket } from '../../wire/rtcp/index.ts';
import { wallOf } from '../../wire/rtcp/index.ts';

export interface LaneOptions {
  readonly ssrc: number;
  readonly kind: 'video' | 'audio';
  readonly codec: Codec;
  readonly nack: boolean;
  /** Name of its layer; undefined: it has none. */
  readonly rid: string | undefined;
  readonly clock: TrackClock;
  /** A frame with its time on the publisher's own time line. */
  readonly onUnit: (unit: MediaUnit, time: Micros) => void;
  /** A damaged payload, which costs its frame. */
  readonly onBad: (error: SrsxError) => void;
}

/** Chosen: three round trips of a bad path; a picture that hangs for longer had better begin anew. */
const HOLE = fromMs(400);
const NEARLY = fromMs(270);
/** The first packets may have overtaken each other too. */
const START = fromMs(20);
/** A second at 12 Mbit/s, with room for bursts. */
const MOST_ITEMS = 2048;
const MOST_BYTES = 4 * 1024 * 1024;

export class Lane {
  readonly ssrc: number;
  readonly kind: 'video' | 'audio';
  readonly #options: LaneOptions;
  readonly #sequences = new Unwrapper(16);
  readonly #ticks = new Unwrapper(32);
  readonly #queue = new ReorderQueue<Payload>({
    ...{ start: START, span: HOLE, items: MOST_ITEMS, bytes: MOST_BYTES },
  });
  readonly #nack = new NackGenerator({ age: HOLE });
  readonly #reception: Reception;
  readonly #depacketiser: Depacketiser;
  readonly keyRequest = new KeyRequest();
  readonly rid: string | undefined;
  /** The newest parameters. */
  config: Uint8Array | undefined;
  /** Of its last key frame; 0: not known. */
  pixels = 0;
  #bytes = 0;
  packets = 0;
  frames = 0;

  constructor(options: LaneOptions) {
    const { ssrc, kind, codec } = options;
    this.ssrc = ssrc;
    this.kind = kind;
    this.rid = options.rid;
    this.#options = options;
    this.#reception = new Reception(ssrc, clockRates[codec] ?? 90_000);
    const depacketiser = makeDepacketiser(codec);
    if (depacketiser === undefined) throw new TypeError(`no payloads of ${codec}`);
    this.#depacketiser = depacketiser;
    if (kind === 'video') this.keyRequest.want();
  }

  /** Packets that did not come by themselves. */
  get lost(): number {
    return this.#reception.lost;
  }

  get deadline(): Micros {
    return Math.min(this.#queue.deadline, this.#nack.deadline, this.keyRequest.deadline);
  }

  /**
   * A packet of the stream, or one that a retransmission brought.
   *
   * @param sequence 16 bits. @param timestamp 32 bits. Keeps `bytes`.
   */
  push(sequence: number, timestamp: number, marker: boolean, bytes: Uint8Array, now: Micros, repaired = false): void {
    const index = this.#sequences.unwrap(sequence);
    const ticks = this.#ticks.unwrap(timestamp);
    this.packets++;
    this.#bytes += bytes.length;
    // What a retransmission stream brought was lost all the same (RFC 4588 §9).
    if (!repaired) this.#reception.arrived(index, ticks, now);
    this.#options.clock.seen(ticks, now);
    if (this.#options.nack) this.#nack.arrived(index, now, repaired);
    const pushed = this.#queue.push(index, { bytes, marker, ticks }, bytes.length, now);
    if (pushed === 'restart') this.#nack.reset();
    this.drain(now);
  }

  /** What is in order, or was waited for long enough. */
  drain(now: Micros): void {
    for (let next = this.#queue.take(now); next !== undefined; next = this.#queue.take(now)) {
      if (next.missing > 0) this.#depacketiser.lost();
      this.#take(next.item, now);
    }
    if (this.#depacketiser.needsKey || this.#isHopeless(now)) this.keyRequest.want();
  }

  /** A key frame that is asked for shortly before a hole is given up is there when it is. */
  #isHopeless(now: Micros): boolean {
    return this.#options.nack && this.kind === 'video' && this.#nack.waited(now) > NEARLY;
  }

  /** Bytes of payload since the last call. */
  takeBytes(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  /** Sequences to ask for again. */
  missing(now: Micros): number[] {
    return this.#options.nack ? this.#nack.due(now) : [];
  }

  report(packet: RtcpPacket & { type: 'sr' }, now: Micros): void {
    this.#reception.reported(packet, now);
    // Before the first packet its turn of the 32 bits is not known.
    if (this.packets > 0) this.#options.clock.reported(wallOf(packet), this.#ticks.unwrap(packet.timestamp));
  }

  block(now: Micros): ReportBlock | undefined {
    return this.#reception.block(now);
  }

  #take(payload: Payload, now: Micros): void {
    const { onUnit, onBad, clock } = this.#options;
    try {
      for (const unit of this.#depacketiser.push(payload)) {
        if (unit.key) this.keyRequest.arrived();
        this.config = unit.config ?? this.config;
        if (unit.key && this.kind === 'video') this.pixels = pixelsOf(this.#options.codec, this.config, unit.data);
        this.frames++;
        onUnit(unit, clock.timeOf(unit.ticks, now));
      }
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      onBad(error);
    }
  }
}

/** 0 when neither parameters nor frame tell it. */
function pixelsOf(codec: Codec, config: Uint8Array | undefined, sample: Uint8Array): number {
  try {
    const { width = 0, height = 0 } = describe(codec, config ?? new Uint8Array(0), sample) ?? {};
    return width * height;
  } catch (error) {
    if (!(error instanceof SrsxError)) throw error;
    return 0;
  }
}
