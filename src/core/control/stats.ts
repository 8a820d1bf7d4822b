// Numbers about streams that the API shows: ids, byte rates and the codecs in words.

import type { Clock } from '../base/clock.ts';
import { Rate } from '../base/counters.ts';
import { ProtocolError } from '../base/errors.ts';
import { type Rng, randomId } from '../base/rng.ts';
import { type CodecInfo, describe } from '../codec/index.ts';
import type { Hub } from '../media/hub.ts';
import type { Stream } from '../media/stream.ts';
import { streamKey } from '../media/stream-name.ts';
import type { Track, TrackKind } from '../media/track.ts';

export interface StreamStats {
  /** `vid-` and 7 characters, as SRS's. */
  readonly id: string;
  readonly received: Rate;
  readonly sent: Rate;
}

/** Follows the hub. Call `tick` once a second so that the averages of 30 s are right. */
export class Stats {
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #streams = new Map<string, StreamStats>();
  /** Identity of this process (SRS: server and service). */
  readonly serverId: string;
  readonly serviceId: string;
  readonly vhostId: string;
  /** Bytes of all streams that ever were. */
  readonly received: Rate;
  readonly sent: Rate;
  #goneReceived = 0;
  #goneSent = 0;

  constructor({ hub, clock, rng, serverId }: { hub: Hub; clock: Clock; rng: Rng; serverId?: string }) {
    this.#hub = hub;
    this.#clock = clock;
    this.#rng = rng;
    this.serverId = serverId ?? srsId(rng);
    this.serviceId = randomId(rng, 8);
    this.vhostId = srsId(rng);
    this.received = new Rate(clock.now());
    this.sent = new Rate(clock.now());
  }

  /** The numbers of a stream that is in the hub. */
  of(stream: Stream): StreamStats {
    const key = streamKey(stream.name);
    let stats = this.#streams.get(key);
    if (stats === undefined) {
      const now = this.#clock.now();
      stats = { id: srsId(this.#rng), received: new Rate(now), sent: new Rate(now) };
      this.#streams.set(key, stats);
    }
    stats.received.total = stream.receivedBytes;
    stats.sent.total = stream.sentBytes;
    return stats;
  }

  find(id: string): Stream | undefined {
    for (const stream of this.#hub.streams()) if (this.of(stream).id === id) return stream;
    return undefined;
  }

  tick(now = this.#clock.now()): void {
    const alive = new Set<string>();
    let received = 0;
    let sent = 0;
    for (const stream of this.#hub.streams()) {
      const stats = this.of(stream);
      stats.received.tick(now);
      stats.sent.tick(now);
      received += stats.received.total;
      sent += stats.sent.total;
      alive.add(streamKey(stream.name));
    }
    for (const [key, stats] of this.#streams) {
      if (alive.has(key)) continue;
      this.#goneReceived += stats.received.total;
      this.#goneSent += stats.sent.total;
      this.#streams.delete(key);
    }
    this.received.total = this.#goneReceived + received;
    this.sent.total = this.#goneSent + sent;
    this.received.tick(now);
    this.sent.tick(now);
  }
}

const srsId = (rng: Rng): string => `vid-${randomId(rng, 7)}`;

const described = new WeakMap<Track, CodecInfo>();

/** The first track of a kind in words; undefined until it is known. Damaged parameters give only the codec's name. */
export function describeTrack(stream: Stream, kind: TrackKind): CodecInfo | undefined {
  const track = stream.tracks.find((other) => other.kind === kind);
  if (track === undefined) return undefined;
  const known = described.get(track);
  if (known !== undefined) return known;
  const info = tryDescribe(track, stream.sample(track.id));
  if (info !== undefined) described.set(track, info);
  return info;
}

function tryDescribe({ kind, codec, config }: Track, sample: Uint8Array | undefined): CodecInfo | undefined {
  if (kind === 'data') return undefined;
  try {
    return describe(codec, config, sample);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { kind, name: codec.toUpperCase(), codecString: codec };
  }
}
