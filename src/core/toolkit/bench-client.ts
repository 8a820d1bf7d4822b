// One client of a bench: connects, counts, and connects again if asked to.
import type { SrsxError } from '../base/errors.ts';
import { toSrsxError } from '../base/session.ts';
import { fromSeconds, type Micros, toMs, toSeconds } from '../base/time.ts';
import type { ClientHost } from '../control/host.ts';
import type { MediaEvent } from '../media/demuxer.ts';
import { observed } from './observe.ts';
import type { Output } from './outlet.ts';
import { sleep } from './wait.ts';

/** Runs one connection of a client until its end. */
export type Connect = (host: ClientHost, client: BenchClient, signal: AbortSignal) => Promise<void>;

export interface ClientOptions {
  readonly host: ClientHost;
  readonly signal: AbortSignal;
  readonly connect: Connect;
  readonly reconnect: boolean;
  /** Told for each connection that ended before the bench. */
  readonly onEnd: (fault: SrsxError | undefined) => void;
}

export class BenchClient {
  readonly #options: ClientOptions;
  readonly #startedAt: Micros;
  connectMs: number | undefined;
  firstFrameMs: number | undefined;
  state: 'connecting' | 'active' | 'failed' | 'ended' = 'connecting';
  stalls = 0;
  gaps = 0;
  reconnects = 0;
  /** Largest delay of a frame against the client's best. */
  late: Micros = 0;
  #bytes = 0;
  #frames = 0;
  #publishing: Publishing | undefined;
  #best: Micros = Number.POSITIVE_INFINITY;
  #last: [video: Micros, audio: Micros] = [Number.NaN, Number.NaN];
  #activeSince: Micros = 0;
  #activeTime: Micros = 0;
  #movedAt: Micros = 0;
  #moved = 0;
  #stalling = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#startedAt = options.host.clock.now();
  }

  /** Received from the server, or given to it. */
  get bytes(): number {
    return this.#bytes + (this.#publishing?.output.cursor.sentBytes ?? 0);
  }

  /** Received, or offered to the server. */
  get frames(): number {
    const { source, before } = this.#publishing ?? NOTHING;
    return this.#frames + source.frames - before;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** The server takes the stream; the source's frames count as the client's until it disconnects. */
  publish(source: FrameCounter, output: Output): void {
    this.#publishing = { source, output, before: source.frames };
    this.serve();
  }

  /** Resolves when the client is done; never rejects. */
  async run(): Promise<void> {
    const { host, signal, connect, reconnect, onEnd } = this.#options;
    const watched = observed(host, {
      connected: () => {
        this.connectMs ??= this.#sinceStart();
      },
    });
    for (;;) {
      const fault = await connect(watched, this, signal).then(() => undefined, toSrsxError);
      this.#disconnected();
      if (signal.aborted) return;
      onEnd(fault);
      if (!reconnect) break;
      this.reconnects++;
      this.state = 'connecting';
      await sleep(host.clock, PAUSE, signal);
      if (signal.aborted) return;
    }
    this.state = this.firstFrameMs === undefined ? 'failed' : 'ended';
  }

  /** Media flows: the first frame came, or the server takes the stream. */
  serve(): void {
    if (this.state === 'active') return;
    this.state = 'active';
    this.firstFrameMs ??= this.#sinceStart();
    const now = this.#options.host.clock.now();
    this.#activeSince = now;
    this.#movedAt = now;
    this.#moved = this.bytes;
  }

  /** Sees each frame of a player; does as little as it can, because the generator must not be the bottleneck. */
  on(event: MediaEvent): void {
    if (event.type !== 'frame') return;
    const { track, dts } = event.frame;
    if (track.kind === 'data') return;
    if (this.state !== 'active') this.serve();
    this.#frames++;
    const side = track.kind === 'video' ? 0 : 1;
    if (dts - this.#last[side] > GAP) this.gaps++;
    this.#last[side] = dts;
    const delay = this.#options.host.clock.now() - dts;
    // Frames that were waiting in the server's cache come old and at once: the best delay is found behind them.
    if (delay < this.#best) this.#best = delay;
    else if (delay - this.#best > this.late) this.late = delay - this.#best;
  }

  /** Looks whether bytes moved since the last look. */
  tick(now: Micros): void {
    if (this.state !== 'active') return;
    const moved = this.bytes - (this.#publishing?.output.link.pending ?? 0);
    if (moved !== this.#moved) {
      this.#moved = moved;
      this.#movedAt = now;
      this.#stalling = false;
    } else if (!this.#stalling && now - this.#movedAt > GAP) {
      this.#stalling = true;
      this.stalls++;
    }
  }

  /** Over the time in which it had media; undefined when it had none. */
  bitrateBps(now: Micros): number | undefined {
    const time = this.#activeTime + (this.state === 'active' ? now - this.#activeSince : 0);
    return time <= 0 ? undefined : Math.round((this.bytes * 8) / toSeconds(time));
  }

  #disconnected(): void {
    if (this.state === 'active') this.#activeTime += this.#options.host.clock.now() - this.#activeSince;
    this.state = 'ended';
    this.#frames = this.frames;
    this.#bytes = this.bytes;
    this.#publishing = undefined;
    this.#stalling = false;
    this.#best = Number.POSITIVE_INFINITY;
    this.#last = [Number.NaN, Number.NaN];
  }

  #sinceStart(): number {
    return toMs(this.#options.host.clock.now() - this.#startedAt);
  }
}

interface FrameCounter {
  readonly frames: number;
}

/** A connection that publishes. */
interface Publishing {
  readonly source: FrameCounter;
  readonly output: Output;
  /** Frames of the source when it began. */
  readonly before: number;
}

const NOTHING = { source: { frames: 0 }, before: 0 };
/** Chosen: a player's buffer is empty after a second. */
const GAP = fromSeconds(1);
/** Chosen: as a patient player would. */
const PAUSE = fromSeconds(1);
