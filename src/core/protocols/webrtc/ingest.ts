// A publisher: its packets to frames of a publication, and what it must be told about them.
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { opus } from '../../codec/index.ts';
import { type Grant, publisherTimes } from '../../control/admission.ts';
import type { Host } from '../../control/host.ts';
import type { MediaUnit } from '../../format/rtp/index.ts';
import { Settler } from '../../media/settle.ts';
import type { Publication } from '../../media/stream.ts';
import { firstTrackId, type Track } from '../../media/track.ts';
import { ArrivalRecorder, ClockSync } from '../../wire/feedback/index.ts';
import type { RtcpPacket } from '../../wire/rtcp/index.ts';
import { writeRtcp } from '../../wire/rtcp/index.ts';
import { extensionUri, findElement, parsePacket, type RtpPacket, uint16 } from '../../wire/rtp/index.ts';
import type { CodecChoice } from './codecs.ts';
import type { VhostOptions } from './config.ts';
import { rtcErrors } from './errors.ts';
import type { Lane } from './lane.ts';
import type { MediaPlan } from './negotiate.ts';
import type { PeerMedia, RtcSession } from './session.ts';
import { Source } from './source.ts';

export interface IngestOptions {
  readonly host: Host;
  readonly session: RtcSession;
  readonly grant: Grant;
  readonly media: readonly MediaPlan[];
  readonly vhost: VhostOptions;
  /** Called once, at the end. */
  readonly onOver: (ingest: Ingest) => void;
}

/** RFC 3550 §6.2 for a session of two; libwebrtc does the same. */
const REPORT_INTERVAL = fromSeconds(1);
/** Without feedback on each packet: this much is allowed, and more than it needs, so that loss alone is the bound. */
const REMB_BPS = 10_000_000;

/** Feedback on arrivals that is sent at a time; more waits for the next turn. */
const MOST_FEEDBACK = 8;

export class Ingest implements PeerMedia {
  readonly #options: IngestOptions;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #sync = new ClockSync();
  readonly #sources: readonly Source[];
  readonly #byType = new Map<number, { readonly source: Source; readonly rtx: boolean }>();
  readonly #arrivals = new ArrivalRecorder();
  readonly #twccId: number | undefined;
  readonly #ssrc: number;
  readonly #bad: Reporter;
  readonly #times: Pick<Limits, 'firstMediaTime' | 'silentTime'>;
  #lastFrame: Micros | undefined;
  #opened: Micros | undefined;
  #nextReport: Micros = Number.POSITIVE_INFINITY;
  #nextKey: Micros = Number.POSITIVE_INFINITY;

  /** Throws STREAM_BUSY, STREAM_COUNT. */
  constructor(options: IngestOptions) {
    const { host, session, grant, media } = options;
    this.#options = options;
    this.#times = { ...host.limits, ...publisherTimes(grant) };
    this.#ssrc = host.rng.below(2 ** 32);
    this.#bad = new Reporter((count, last) => session.log('leaves frames out', { count, last }));
    this.#publication = host.hub.stream(grant.name).publish({
      policy: grant.policy,
      onEvicted: (reason) => session.close(reason, host.clock.now()),
    });
    this.#settler = new Settler(this.#publication);
    this.#settler.promise(media.map(({ kind }) => kind));
    this.#sources = media.map((plan) => this.#source(plan));
    this.#twccId = media.find(({ congestion }) => congestion === 'twcc')?.extensions.get(extensionUri.transportWideCc);
  }

  get deadline(): Micros {
    if (this.#opened === undefined) return Number.POSITIVE_INFINITY;
    let deadline = Math.min(this.#nextReport, this.#nextKey, this.#arrivals.deadline, this.#silentAt());
    for (const source of this.#sources) deadline = Math.min(deadline, source.deadline);
    return deadline;
  }

  open(now: Micros): void {
    this.#opened = now;
    this.#nextReport = now + REPORT_INTERVAL;
    const { keyInterval } = this.#options.vhost;
    if (keyInterval !== undefined) this.#nextKey = now + keyInterval;
  }

  /** A player has come, or lost something that only a key frame mends. */
  wantKey(): void {
    for (const source of this.#sources) source.wantKey();
  }

  /** Throws RTP_PACKET. */
  rtp(bytes: Uint8Array, now: Micros): void {
    const packet = parsePacket(bytes);
    this.#noteArrival(bytes, packet, now);
    if (packet.payloadType === this.#options.vhost.dropType && packet.payloadType !== 0) return;
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

  /** Throws RTC_NO_MEDIA. */
  tick(now: Micros): void {
    if (now >= this.#silentAt()) {
      const { firstMediaTime, silentTime } = this.#times;
      const seconds = toSeconds(this.#lastFrame === undefined ? firstMediaTime : silentTime);
      throw rtcErrors.protocol('NO_MEDIA', { seconds });
    }
    if (now >= this.#nextKey) {
      this.#nextKey = now + (this.#options.vhost.keyInterval ?? Number.POSITIVE_INFINITY);
      this.wantKey();
    }
    for (const source of this.#sources) source.drain(now);
    this.#feedback(now);
    if (now >= this.#nextReport) this.#report(now);
  }

  close(): void {
    this.#settler.settle();
    this.#publication.end();
    this.#options.onOver(this);
  }

  #source(plan: MediaPlan): Source {
    const [choice] = plan.codecs as readonly [CodecChoice];
    const source = new Source({
      ...{ plan, choice, sync: this.#sync },
      onUnit: (from, unit, time) => this.#unit(from, unit, time),
      onBad: (error) => this.#note(error),
    });
    this.#byType.set(choice.payload.type, { source, rtx: false });
    if (choice.rtx !== undefined) this.#byType.set(choice.rtx.type, { source, rtx: true });
    return source;
  }

  #silentAt(): Micros {
    const { firstMediaTime, silentTime } = this.#times;
    if (this.#opened === undefined) return Number.POSITIVE_INFINITY;
    return this.#lastFrame === undefined ? this.#opened + firstMediaTime : this.#lastFrame + silentTime;
  }

  #noteArrival(bytes: Uint8Array, packet: RtpPacket, now: Micros): void {
    if (this.#twccId === undefined) return;
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
    this.#lastFrame = this.#options.host.clock.now();
    if (source.track === undefined || config !== undefined) this.#retrack(source, config);
    const track = source.track as unknown as Track;
    this.#settler.on({ type: 'frame', frame: { track, dts: time, cts: 0, key, data } });
  }

  #retrack(source: Source, config: Uint8Array | undefined): void {
    const { kind } = source.plan;
    const { codec, payload } = source.choice;
    const made = codec === 'opus' ? opus.makeHead(payload.channels === 1 ? 1 : 2) : new Uint8Array(0);
    source.track = {
      ...{ id: firstTrackId[kind], kind, codec },
      config: config ?? made,
      epoch: source.track === undefined ? 0 : source.track.epoch + 1,
    };
    const tracks = this.#sources.map(({ track }) => track).filter((track) => track !== undefined);
    this.#settler.on({ type: 'tracks', tracks });
  }

  #note(error: SrsxError): void {
    this.#bad.note(error.code, this.#options.host.clock.now());
  }

  /** What cannot wait for the next report: losses, key frames, arrivals. */
  #feedback(now: Micros): void {
    const packets: RtcpPacket[] = [];
    const sender = this.#ssrc;
    for (const { lanes } of this.#sources) {
      for (const lane of lanes) {
        const sequences = lane.missing(now);
        if (sequences.length > 0) packets.push({ type: 'nack', sender, ssrc: lane.ssrc, sequences });
        if (lane.keyRequest.due(now)) packets.push({ type: 'pli', sender, ssrc: lane.ssrc });
      }
    }
    for (let i = 0; i < MOST_FEEDBACK; i++) {
      const feedback = this.#arrivals.take(now, sender, this.#anySsrc());
      if (feedback === undefined) break;
      packets.push({ type: 'transport', ...feedback });
    }
    if (packets.length > 0) this.#options.session.connection.sendRtcp(writeRtcp(packets));
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
    this.#options.session.connection.sendRtcp(writeRtcp(packets));
  }

  /** Feedback on all streams names one of them. */
  #anySsrc(): number {
    for (const { lanes } of this.#sources) for (const { ssrc } of lanes) return ssrc;
    return 0;
  }
}
