// A publisher: what its receiver gives becomes a publication.
import { Reporter } from '../../base/counters.ts';
import type { Limits } from '../../base/limits.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import { type Grant, publisherTimes } from '../../control/admission.ts';
import { noRelief } from '../../control/circuit-breaker.ts';
import type { Host } from '../../control/host.ts';
import { Settler } from '../../media/settle.ts';
import type { Publication } from '../../media/stream.ts';
import type { RtcpPacket } from '../../wire/rtcp/index.ts';
import type { VhostOptions } from './config.ts';
import { rtcErrors } from './errors.ts';
import type { MediaPlan } from './negotiate.ts';
import { Receiver } from './receiver.ts';
import type { PeerMedia, RtcSession } from './session.ts';

export interface IngestOptions {
  readonly host: Host;
  readonly session: RtcSession;
  readonly grant: Grant;
  readonly media: readonly MediaPlan[];
  readonly vhost: VhostOptions;
  /** Called once, at the end. */
  readonly onOver: (ingest: Ingest) => void;
}

export class Ingest implements PeerMedia {
  readonly #options: IngestOptions;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #receiver: Receiver;
  readonly #times: Pick<Limits, 'firstMediaTime' | 'silentTime'>;
  #frames = 0;
  /** Until then a frame must have come; Infinity: it is not connected. */
  #silentAt: Micros = Number.POSITIVE_INFINITY;

  /** Throws STREAM_BUSY, STREAM_COUNT. */
  constructor(options: IngestOptions) {
    const { host, session, grant, media, vhost } = options;
    this.#options = options;
    this.#times = { ...host.limits, ...publisherTimes(grant) };
    const bad = new Reporter((count, last) => session.log('leaves frames out', { count, last }));
    const publication = host.hub.stream(grant.name).publish({
      policy: grant.policy,
      onEvicted: (reason) => session.close(reason, host.clock.now()),
    });
    // Everybody else gets AAC; players of WebRTC lease what was sent.
    this.#publication = options.vhost.toOthers ? (host.sound?.convert(publication, 'aac') ?? publication) : publication;
    this.#settler = new Settler(this.#publication);
    this.#receiver = new Receiver({
      ...{ media, to: this.#settler, transport: session.connection, rng: host.rng },
      dropType: vhost.dropType,
      keyInterval: vhost.keyInterval,
      relief: () => host.breaker?.relief ?? noRelief,
      onBad: ({ code }) => bad.note(code, host.clock.now()),
    });
  }

  get deadline(): Micros {
    return Math.min(this.#silentAt, this.#receiver.deadline);
  }

  open(now: Micros): void {
    this.#silentAt = now + this.#times.firstMediaTime;
    this.#receiver.open(now);
  }

  /** A player has come, or lost something that only a key frame mends. */
  wantKey(): void {
    this.#receiver.wantKey();
  }

  /** Throws RTP_PACKET, RTP_PAYLOAD. */
  rtp(bytes: Uint8Array, now: Micros): void {
    this.#receiver.rtp(bytes, now);
    if (this.#receiver.frames === this.#frames) return;
    this.#frames = this.#receiver.frames;
    this.#silentAt = now + this.#times.silentTime;
  }

  rtcp(packets: readonly RtcpPacket[], now: Micros): void {
    this.#receiver.rtcp(packets, now);
  }

  /** Throws RTC_NO_MEDIA. */
  tick(now: Micros): void {
    if (now >= this.#silentAt) {
      const { firstMediaTime, silentTime } = this.#times;
      throw rtcErrors.protocol('NO_MEDIA', { seconds: toSeconds(this.#frames === 0 ? firstMediaTime : silentTime) });
    }
    this.#receiver.tick(now);
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.#receiver.describe();
  }

  close(): void {
    this.#settler.settle();
    this.#publication.end();
    this.#options.onOver(this);
  }
}
