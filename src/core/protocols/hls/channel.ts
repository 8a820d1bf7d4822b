// One stream as HLS has it: from its first publication until what it left is thrown away.
import type { SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { randomId } from '../../base/rng.ts';
import { guard, type Session } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { HlsConfig } from './config.ts';
import { hlsErrors } from './errors.ts';
import { Names } from './names.ts';
import { Rendition } from './rendition.ts';

/** Characters of a run's id: 36^6 runs of one name before a cache may mix two. */
const RUN_LETTERS = 6;

/**
 * published --> live -- unpublished --> ended -- dispose --> gone
 *                 '------ published <-----'
 */
export class Channel implements Session {
  readonly name: StreamName;
  readonly names: Names;
  readonly classic: Rendition | undefined;
  readonly low: Rendition | undefined;
  readonly #host: Host;
  readonly #dispose: Micros;
  #stream: Stream | undefined;
  #tap: Closer | undefined;
  #endedAt: Micros | undefined;

  constructor(host: Host, config: HlsConfig, name: StreamName) {
    this.#host = host;
    this.name = name;
    this.#dispose = config.dispose;
    this.names = new Names(name.stream, randomId(host.rng, RUN_LETTERS));
    this.classic = config.classic ? new Rendition(host, config, this.names, false) : undefined;
    this.low = config.lowLatency ? new Rendition(host, config, this.names, true) : undefined;
  }

  /** When what is left of the stream may go. */
  get deadline(): Micros {
    return this.#endedAt === undefined || this.#dispose === 0
      ? Number.POSITIVE_INFINITY
      : this.#endedAt + this.#dispose;
  }

  get live(): boolean {
    return this.#tap !== undefined;
  }

  /** A publisher has come. */
  begin(stream: Stream): void {
    this.#stop();
    this.#stream = stream;
    this.#endedAt = undefined;
    this.#tap = stream.tap((event) => this.#on(event));
  }

  /** The publisher has left. */
  end(): void {
    const { clock } = this.#host;
    this.#stop();
    this.#endedAt = clock.now();
  }

  /** Bytes that players got. */
  sent(bytes: number): void {
    if (this.#stream !== undefined) this.#stream.sentBytes += bytes;
  }

  /** Refuses the requests that have waited too long. */
  tick(now: Micros): void {
    for (const rendition of this.renditions) rendition.waiters.expire(now);
  }

  /** Nothing comes by itself. */
  receive(): void {
    // Frames come by the tap.
  }

  /** Segmenting failed, or the stream is forgotten. The publisher is not touched (SRS: hls_on_error). */
  close(reason: SrsxError | undefined): void {
    if (reason !== undefined) {
      this.#host.log.error('hls', 'segmenting ended', {
        stream: streamUrl(this.name),
        code: reason.code,
        error: reason.message,
      });
    }
    this.#tap?.close();
    this.#tap = undefined;
    const gone = hlsErrors.refused('NO_STREAM', { stream: streamUrl(this.name) });
    for (const rendition of this.renditions) {
      rendition.halt();
      rendition.waiters.refuseAll(gone);
    }
  }

  get renditions(): readonly Rendition[] {
    return [this.classic, this.low].filter((rendition) => rendition !== undefined);
  }

  #stop(): void {
    if (this.#tap === undefined) return;
    this.#tap.close();
    this.#tap = undefined;
    guard(this, this.#host.clock.now(), () => {
      for (const rendition of this.renditions) rendition.end();
    });
  }

  #on(event: MediaEvent): void {
    const { clock } = this.#host;
    guard(this, clock.now(), () => {
      for (const rendition of this.renditions) {
        if (event.type === 'tracks') rendition.retrack(event.tracks);
        else rendition.write(event.frame, clock.wall());
      }
    });
  }
}
