// One section of a publisher: its streams, of which one at a time is published.
//
// A section has one stream (SSRC), or one for each layer of simulcast (RFC 8853), or a new one when its sender began anew. All are
// received; the one with the biggest picture is published, from its next key frame on, so that a layer which the publisher
// switches off for lack of bandwidth is replaced by the next lower one.
import type { SrsxError } from '../../base/errors.ts';
import type { Micros } from '../../base/time.ts';
import { clockRates, type MediaUnit } from '../../format/rtp/index.ts';
import type { Track } from '../../media/track.ts';
import { type ClockSync, unwrapRtx } from '../../wire/feedback/index.ts';
import { extensionUri, findElement, parseSourceText, type RtpPacket } from '../../wire/rtp/index.ts';
import type { CodecChoice } from './codecs.ts';
import { Lane } from './lane.ts';
import type { MediaPlan } from './negotiate.ts';

export interface SourceOptions {
  readonly plan: MediaPlan;
  readonly choice: CodecChoice;
  readonly sync: ClockSync;
  readonly onUnit: (source: Source, unit: MediaUnit, time: Micros) => void;
  readonly onBad: (error: SrsxError) => void;
}

/** Streams of one section: layers, and what began anew; the oldest goes. */
const MOST_LANES = 8;

export class Source {
  readonly plan: MediaPlan;
  readonly choice: CodecChoice;
  readonly #options: SourceOptions;
  readonly #lanes = new Map<number, Lane>();
  #active: Lane | undefined;
  /** Takes over at its next key frame. */
  #next: Lane | undefined;
  /** What is published of it. */
  track: Track | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.choice = options.choice;
  }

  get lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  get deadline(): Micros {
    let deadline = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) deadline = Math.min(deadline, lane.deadline);
    return deadline;
  }

  find(ssrc: number): Lane | undefined {
    return this.#lanes.get(ssrc);
  }

  /** A packet of a stream; `bytes` is the whole of it. */
  push(packet: RtpPacket, bytes: Uint8Array, now: Micros): void {
    const lane = this.#lanes.get(packet.ssrc) ?? this.#begin(packet, bytes);
    lane.push(packet.sequence, packet.timestamp, packet.marker, packet.payload, now);
  }

  /** A packet that brings another one again. Throws RTP_PAYLOAD. */
  repair(packet: RtpPacket, bytes: Uint8Array, now: Micros): void {
    const original = unwrapRtx(packet.payload);
    if (original === undefined) return;
    const rid = this.#text(packet, bytes, extensionUri.repairedRid);
    const lane = rid === undefined ? (this.#active ?? this.#next) : this.#byRid(rid);
    lane?.push(original.sequence, packet.timestamp, packet.marker, original.payload, now, true);
  }

  drain(now: Micros): void {
    for (const lane of this.#lanes.values()) lane.drain(now);
  }

  /** Somebody needs a key frame of what is published; see KeyRequest. */
  wantKey(who: 'receiver' | 'player'): void {
    if (this.plan.kind === 'video') (this.#active ?? this.#next)?.keyRequest.want(who);
  }

  /** Once in a while: the layer with the biggest picture among those that send. */
  choose(): void {
    if (this.#lanes.size < 2) return;
    let best: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.takeBytes() > 0 && lane.pixels > (best?.pixels ?? -1)) best = lane;
    }
    if (best === undefined || best === this.#active) return;
    this.#next = best;
    if (this.plan.kind === 'video') best.keyRequest.want();
  }

  #begin(packet: RtpPacket, bytes: Uint8Array): Lane {
    const { plan, choice, sync, onBad } = this.#options;
    if (this.#lanes.size >= MOST_LANES) this.#forgetOldest();
    const { kind, nack } = plan;
    const lane: Lane = new Lane({
      ...{ ssrc: packet.ssrc, kind, codec: choice.codec, nack, onBad },
      rid: this.#text(packet, bytes, extensionUri.rid),
      clock: sync.track(clockRates[choice.codec] ?? 90_000, kind === 'audio'),
      onUnit: (unit, time) => this.#unit(lane, unit, time),
    });
    this.#lanes.set(packet.ssrc, lane);
    // Without layers a new stream is one that began anew.
    if (plan.rids.length === 0 || this.#active === undefined) this.#next = lane;
    return lane;
  }

  #unit(lane: Lane, unit: MediaUnit, time: Micros): void {
    if (lane === this.#next && unit.key) {
      this.#active = lane;
      this.#next = undefined;
      // Its parameters came with its first key frame, perhaps long ago.
      const { config } = lane;
      this.#options.onUnit(this, config === undefined ? unit : { ...unit, config }, time);
    } else if (lane === this.#active) this.#options.onUnit(this, unit, time);
  }

  #byRid(rid: string): Lane | undefined {
    for (const lane of this.#lanes.values()) if (lane.rid === rid) return lane;
    return undefined;
  }

  #forgetOldest(): void {
    for (const [ssrc, lane] of this.#lanes) {
      if (lane === this.#active) continue;
      this.#lanes.delete(ssrc);
      return;
    }
  }

  /** Text of a header extension (RFC 8852 §3); undefined for what is no name too. */
  #text(packet: RtpPacket, bytes: Uint8Array, uri: string): string | undefined {
    const id = this.plan.extensions.get(uri);
    const element = id === undefined ? undefined : findElement(bytes, packet.extension, id);
    if (element === undefined) return undefined;
    return parseSourceText(bytes.subarray(element.at, element.at + element.length));
  }
}
