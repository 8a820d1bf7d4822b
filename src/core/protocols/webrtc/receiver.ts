// The receiving end of media: packets of all sections to frames, and what the sender must be told about them.
import type { SrsxError } from '../../base/errors.ts';
import type { Rng } from '../../base/rng.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import { opus } from '../../codec/index.ts';
import type { Relief } from '../../control/circuit-breaker.ts';
import type { MediaUnit } from '../../format/rtp/index.ts';
import type { MediaSink } from '../../media/sink.ts';
import { firstTrackId, type Track } from '../../media/track.ts';
import { ArrivalRecorder, ClockSync } from '../../wire/feedback/index.ts';
import { type RtcpPacket, writeRtcp } from '../../wire/rtcp/index.ts';
import { extensionUri, findElement, parsePacket, type RtpPacket, uint16 } from '../../wire/rtp/index.ts';
import type { CodecChoice } from './codecs.ts';
import type { Lane } from './lane.ts';
import type { MediaPlan } from './negotiate.ts';
import type { MediaTransport } from './secure.ts';
import type { PeerMedia } from './session.ts';
import { Source } from './source.ts';

export interface ReceiverOptions {
  readonly media: readonly MediaPlan[];
  readonly transport: MediaTransport;
  readonly to: MediaSink;
  readonly rng: Rng;
  /** Payload type that is thrown away; 0: none. */
  readonly dropType: number;
  /** Key frames are asked for this often; undefined: only when needed. */
  readonly keyInterval: Micros | undefined;
  /** What is not done now, because the CPU is short. */
  readonly relief: () => Relief;
  /** Something damaged, which costs its frame. */
  readonly onBad: (error: SrsxError) => void;
}

/** RFC 3550 §6.2 for a session of two; libwebrtc does the same. */
const REPORT_INTERVAL = fromSeconds(1);
/** Without feedback on each packet: this much is allowed, and more than it needs, so that loss alone is the bound. */
const REMB_BPS = 10_000_000;
/** Feedback on arrivals that is sent at a time; more waits for the next turn. */
const MOST_FEEDBACK = 8;

export class Receiver implements PeerMedia {
  readonly #options: ReceiverOptions;
  readonly #sync = new ClockSync();
  readonly #sources: readonly Source[];
  readonly #byType = new Map<number, { readonly source: Source; readonly rtx: boolean }>();
  readonly #arrivals = new ArrivalRecorder();
  readonly #twccId: number | undefined;
  readonly #ssrc: number;
  #nextReport: Micros = Number.POSITIVE_INFINITY;
  #nextKey: Micros = Number.POSITIVE_INFINITY;
  /** Frames so far. */
  frames = 0;

  constructor(options: ReceiverOptions) {
    const { media, rng, to } = options;
    this.#options = options;
    this.#ssrc = 1 + rng.below(2 ** 32 - 1);
    to.promise?.(media.map(({ kind }) => kind));
    this.#sources = media.flatMap((plan) => plan.codecs.map((choice) => this.#source(plan, choice)));
    this.#twccId = media.find(({ congestion }) => congestion === 'twcc')?.extensions.get(extensionUri.transportWideCc);
  }

  get deadline(): Micros {
    let deadline = Math.min(this.#nextReport, this.#nextKey, this.#arrivals.deadline);
    for (const source of this.#sources) deadline = Math.min(deadline, source.deadline);
    return deadline;
  }

  open(now: Micros): void {
    this.#nextReport = now + REPORT_INTERVAL;
    const { keyInterval } = this.#options;
    if (keyInterval !== undefined) this.#nextKey = now + keyInterval;
  }

  /** A player needs a key frame: all of them together get one a second, however often they ask. */
  wantKey(): void {
    for (const source of this.#sources) source.wantKey('player');
  }

  /** Throws RTP_PACKET, RTP_PAYLOAD. */
  rtp(bytes: Uint8Array, now: Micros): void {
    const packet = parsePacket(bytes);
    this.#noteArrival(bytes, packet, now);
    if (packet.payloadType === this.#options.dropType && packet.payloadType !== 0) return;
    const entry = this.#byType.get(packet.payloadType);
    if (entry === undefined) return;
    if (entry.rtx) entry.source.repair(packet, bytes, now);
    else entry.source.push(packet, bytes, now);
    this.#feedback(now);
  }

  rtcp(packets: readonly RtcpPacket[], now: Micros): void {
    for (const packet of packets) {
      if (packet.type === 'sr') this.#find(packet.ssrc)?.report(packet, now);
    }
  }

  tick(now: Micros): void {
    if (now >= this.#nextKey) {
      this.#nextKey = now + (this.#options.keyInterval ?? Number.POSITIVE_INFINITY);
      for (const source of this.#sources) source.wantKey('receiver');
    }
    for (const source of this.#sources) source.drain(now);
    this.#feedback(now);
    if (now >= this.#nextReport) this.#report(now);
  }

  close(): void {
    // Frames in the middle of a group are of no use to anybody.
  }

  /** Its streams, for the API. */
  describe(): Readonly<Record<string, unknown>> {
    const streams = this.#sources.flatMap(({ choice, lanes }) =>
      [...lanes].map(({ ssrc, kind, rid, packets, frames, lost }) => {
        return { ssrc, kind, codec: choice.codec, rid: rid ?? null, packets, frames, lost };
      }),
    );
    return { frames: this.frames, streams };
  }

  #source(plan: MediaPlan, choice: CodecChoice): Source {
    const source = new Source({
      ...{ plan, choice, sync: this.#sync, onBad: this.#options.onBad },
      onUnit: (from, unit, time) => this.#unit(from, unit, time),
    });
    const { payload, rtx } = choice;
    this.#byType.set(payload.type, { source, rtx: false });
    if (rtx !== undefined) this.#byType.set(rtx.type, { source, rtx: true });
    return source;
  }

  #noteArrival(bytes: Uint8Array, packet: RtpPacket, now: Micros): void {
    if (this.#twccId === undefined || this.#options.relief().feedback) return;
    const element = findElement(bytes, packet.extension, this.#twccId);
    if (element?.length === 2) this.#arrivals.arrived(uint16(bytes, element.at), now);
  }

  #find(ssrc: number): Lane | undefined {
    for (const source of this.#sources) {
      const lane = source.find(ssrc);
      if (lane !== undefined) return lane;
    }
    return undefined;
  }

  #unit(source: Source, { data, key, config }: MediaUnit, time: Micros): void {
    this.frames++;
    const track = source.track === undefined || config !== undefined ? this.#retrack(source, config) : source.track;
    this.#options.to.on({ type: 'frame', frame: { track, dts: time, cts: 0, key, data } });
  }

  #retrack(source: Source, config: Uint8Array | undefined): Track {
    const { kind } = source.plan;
    const { codec, payload } = source.choice;
    const made = codec === 'opus' ? opus.makeHead(payload.channels === 1 ? 1 : 2) : new Uint8Array(0);
    const epoch = source.track === undefined ? 0 : source.track.epoch + 1;
    const track: Track = { id: firstTrackId[kind], kind, codec, config: config ?? made, epoch };
    source.track = track;
    // The sender has gone over to another codec.
    for (const other of this.#sources) if (other !== source && other.plan === source.plan) other.track = undefined;
    const tracks = this.#sources.map((one) => one.track).filter((one) => one !== undefined);
    this.#options.to.on({ type: 'tracks', tracks });
    return track;
  }

  /** What cannot wait for the next report: losses, key frames, arrivals. */
  #feedback(now: Micros): void {
    const packets: RtcpPacket[] = [];
    const sender = this.#ssrc;
    const { repairs } = this.#options.relief();
    for (const { lanes } of this.#sources) {
      for (const lane of lanes) {
        const sequences = lane.missing(now);
        if (sequences.length > 0 && !repairs) packets.push({ type: 'nack', sender, ssrc: lane.ssrc, sequences });
        if (lane.keyRequest.due(now)) packets.push({ type: 'pli', sender, ssrc: lane.ssrc });
      }
    }
    for (let i = 0; i < MOST_FEEDBACK; i++) {
      const feedback = this.#arrivals.take(now, sender, this.#anySsrc());
      if (feedback === undefined) break;
      packets.push({ type: 'transport', ...feedback });
    }
    if (packets.length > 0) this.#options.transport.sendRtcp(writeRtcp(packets));
  }

  #report(now: Micros): void {
    this.#nextReport = now + REPORT_INTERVAL;
    for (const source of this.#sources) source.choose();
    const lanes = this.#sources.flatMap(({ lanes }) => [...lanes]);
    const reports = lanes.map((lane) => lane.block(now)).filter((block) => block !== undefined);
    const packets: RtcpPacket[] = [{ type: 'rr', ssrc: this.#ssrc, reports }];
    const remb = this.#sources.some(({ plan }) => plan.congestion === 'remb');
    if (remb && lanes.length > 0) {
      const ssrcs = lanes.map(({ ssrc }) => ssrc);
      packets.push({ type: 'remb', sender: this.#ssrc, bitrateBps: REMB_BPS, ssrcs });
    }
    this.#options.transport.sendRtcp(writeRtcp(packets));
  }

  /** Feedback on all streams names one of them. */
  #anySsrc(): number {
    for (const { lanes } of this.#sources) for (const { ssrc } of lanes) return ssrc;
    return 0;
  }
}
