// Numbers about streams that the API shows: ids, byte rates and the codecs in words.

import type { Clock } from '../base/clock.ts';
import { Rate } from '../base/counters.ts';
import { ProtocolError } from '../base/errors.ts';
import { type Rng, randomId } from '../base/rng.ts';
import type { Micros } from '../base/time.ts';
import { type CodecInfo, describe } from '../codec/index.ts';
import type { Hub } from '../media/hub.ts';
import type { Stream } from '../media/stream.ts';
import { type StreamName, streamKey } from '../media/stream-name.ts';
import type { Track, TrackKind } from '../media/track.ts';

/** Numbers of one stream. */
export interface StreamStats {
  /** `vid-` and 7 characters, as SRS's. */
  readonly id: string;
  readonly received: Rate;
  readonly sent: Rate;
  /** Frames of pictures. */
  readonly pictures: Rate;
}

/** Numbers of a vhost that has, or had, streams. */
export class VhostStats {
  readonly id: string;
  readonly received: Rate;
  readonly sent: Rate;
  /** Bytes of streams that are gone. */
  goneReceived = 0;
  goneSent = 0;

  constructor(id: string, now: Micros) {
    this.id = id;
    this.received = new Rate(now);
    this.sent = new Rate(now);
  }
}

/** Follows the hub. Call `tick` once a second so that the averages of 30 s are right. */
export class Stats {
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #streams = new Map<string, StreamStats & { readonly vhost: string }>();
  /** Bounded by the configuration: the admission gives streams only to vhosts that are written there. */
  readonly #vhosts = new Map<string, VhostStats>();
  /** Sessions that are about to take their stream's name, by the stream's key. */
  readonly #next = new Map<string, string>();
  /** Who published a stream last, by the stream's key; forgotten with the stream. */
  readonly #publishers = new Map<string, string>();
  /** Identity of this process (SRS: server and service). */
  readonly serverId: string;
  readonly serviceId: string;
  /** Bytes of all streams that ever were. */
  readonly received: Rate;
  readonly sent: Rate;

  constructor({ hub, clock, rng, serverId }: { hub: Hub; clock: Clock; rng: Rng; serverId?: string }) {
    this.#hub = hub;
    this.#clock = clock;
    this.#rng = rng;
    this.serverId = serverId ?? srsId(rng);
    this.serviceId = randomId(rng, 8);
    this.received = new Rate(clock.now());
    this.sent = new Rate(clock.now());
  }

  /** The numbers of a stream that is in the hub. */
  of(stream: Stream): StreamStats {
    const key = streamKey(stream.name);
    let stats = this.#streams.get(key);
    if (stats === undefined) {
      const now = this.#clock.now();
      const { vhost } = stream.name;
      stats = {
        id: this.streamId(stream.name),
        received: new Rate(now),
        sent: new Rate(now),
        pictures: new Rate(now),
        vhost,
      };
      this.#streams.set(key, stats);
    }
    stats.received.total = stream.receivedBytes;
    stats.sent.total = stream.sentBytes;
    stats.pictures.total = stream.frames.video;
    return stats;
  }

  /** The id of a stream, also before and after it is in the hub: hooks name it while its publisher is asked about. */
  streamId(name: StreamName): string {
    const text = `${this.serviceId} ${streamKey(name)}`;
    const hash = fnv1a(text) * 2 ** 20 + (fnv1a(`stream ${text}`) >>> 12);
    return `vid-${hash.toString(36).slice(-7).padStart(7, '0')}`;
  }

  /** A session is about to take its stream's name; the hub refuses it when somebody else has that. */
  publisherComes(name: StreamName, sessionId: string): void {
    this.#next.set(streamKey(name), sessionId);
  }

  /** A session that came to publish is over. */
  publisherGoes(name: StreamName, sessionId: string): void {
    const key = streamKey(name);
    if (this.#next.get(key) === sessionId) this.#next.delete(key);
  }

  /** The name of a stream is taken: by who came last, or by a part of the server without a session. */
  published(name: StreamName): void {
    const key = streamKey(name);
    const sessionId = this.#next.get(key);
    this.#next.delete(key);
    if (sessionId === undefined) this.#publishers.delete(key);
    else this.#publishers.set(key, sessionId);
  }

  /** The session that publishes a stream, or did so last. */
  publisher(stream: Stream): string | undefined {
    return this.#publishers.get(streamKey(stream.name));
  }

  find(id: string): Stream | undefined {
    for (const stream of this.#hub.streams()) if (this.of(stream).id === id) return stream;
    return undefined;
  }

  /** The numbers of a vhost. */
  vhost(name: string): VhostStats {
    let stats = this.#vhosts.get(name);
    if (stats === undefined) {
      stats = new VhostStats(srsId(this.#rng), this.#clock.now());
      this.#vhosts.set(name, stats);
    }
    return stats;
  }

  /** Vhosts whose numbers were asked for, or that had streams. */
  vhosts(): Iterable<[name: string, stats: VhostStats]> {
    return this.#vhosts;
  }

  tick(now = this.#clock.now()): void {
    const alive = new Set<string>();
    const sums = new Map<VhostStats, { received: number; sent: number }>();
    for (const stream of this.#hub.streams()) {
      const stats = this.of(stream);
      stats.received.tick(now);
      stats.sent.tick(now);
      stats.pictures.tick(now);
      const vhost = this.vhost(stream.name.vhost);
      const sum = sums.get(vhost) ?? { received: 0, sent: 0 };
      sum.received += stats.received.total;
      sum.sent += stats.sent.total;
      sums.set(vhost, sum);
      alive.add(streamKey(stream.name));
    }
    for (const [key, stats] of this.#streams) {
      if (alive.has(key)) continue;
      const vhost = this.vhost(stats.vhost);
      vhost.goneReceived += stats.received.total;
      vhost.goneSent += stats.sent.total;
      this.#streams.delete(key);
    }
    for (const key of this.#publishers.keys()) if (!alive.has(key)) this.#publishers.delete(key);
    this.received.total = 0;
    this.sent.total = 0;
    for (const vhost of this.#vhosts.values()) {
      vhost.received.total = vhost.goneReceived + (sums.get(vhost)?.received ?? 0);
      vhost.sent.total = vhost.goneSent + (sums.get(vhost)?.sent ?? 0);
      vhost.received.tick(now);
      vhost.sent.tick(now);
      this.received.total += vhost.received.total;
      this.sent.total += vhost.sent.total;
    }
    this.received.tick(now);
    this.sent.tick(now);
  }
}

/** FNV-1a of 32 bits over UTF-16 units: equal names have equal ids, and that is all it is for. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** SRS's form of the ids of servers, vhosts and streams. */
export const srsId = (rng: Rng): string => `vid-${randomId(rng, 7)}`;

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
