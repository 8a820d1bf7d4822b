// Streams as RTMP: a format whose packets are complete messages in chunks, and a player that reads it.
import type { Closer, Link } from '../../base/link.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import { type TagBody, TagEncoder } from '../../format/flv/index.ts';
import { playErrors } from '../../media/errors.ts';
import type { Cursor, Pacing } from '../../media/feed.ts';
import type { Frame } from '../../media/frame.ts';
import type { Hub } from '../../media/hub.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import type { StreamName } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import { writeChunks } from './chunk.ts';
import { ChunkStreamId } from './connection.ts';
import { MessageType } from './message.ts';
import type { Selection } from './session.ts';

/** Which kinds of frames a player wants; data always comes. */
export type Kinds = Pick<Selection, 'audio' | 'video'>;
const EVERYTHING: Kinds = { audio: true, video: true };

/**
 * RTMP messages of a stream in chunks of `chunkSize`, on message stream `streamId`. Each message begins with a type 0
 * header, so that any player may begin anywhere. The size of chunks is announced by the session, not in here.
 */
export function rtmpFormat(chunkSize: number, streamId = 1, kinds: Kinds = EVERYTHING): Format {
  const stream = streamId === 1 ? '' : `/${streamId}`;
  const only = kinds.audio && kinds.video ? '' : kinds.audio ? '/audio' : '/video';
  return { key: `rtmp/${chunkSize}${stream}${only}`, make: () => new RtmpMuxer(chunkSize, streamId, kinds) };
}

class RtmpMuxer implements Muxer {
  readonly #chunkSize: number;
  readonly #streamId: number;
  readonly #kinds: Kinds;
  readonly #encoder = new TagEncoder();
  /** Time of the newest frame: parameters in mid-stream belong there. */
  #newest: Micros = 0;

  constructor(chunkSize: number, streamId: number, kinds: Kinds) {
    this.#chunkSize = chunkSize;
    this.#streamId = streamId;
    this.#kinds = kinds;
  }

  /** Metadata and sequence headers at time 0, because a player may start at an older join point. */
  header(tracks: readonly Track[]): Packet[] {
    return this.#headers(tracks, 0);
  }

  retrack(tracks: readonly Track[]): Packet[] {
    return this.#headers(tracks, this.#newest);
  }

  /** Nothing for tracks that RTMP cannot carry, and for frames above 16 MiB. */
  write(frame: Frame): Packet[] {
    if (frame.dts > this.#newest) this.#newest = frame.dts;
    if (!this.#wants(frame.track)) return [];
    const body = this.#encoder.frame(frame);
    return body === undefined || body.size > MAX_BODY ? [] : [this.#packet(body, frame.dts)];
  }

  #headers(tracks: readonly Track[], at: Micros): Packet[] {
    const wanted = tracks.filter((track) => this.#wants(track));
    return this.#encoder.headers(wanted, at).map((body) => this.#packet(body, at));
  }

  #wants({ kind }: Track): boolean {
    return kind === 'data' || this.#kinds[kind];
  }

  #packet({ type, timestampMs, chunks, size, kind }: TagBody, dts: Micros): Packet {
    const message = {
      csid: chunkStreamIds[type] ?? ChunkStreamId.data,
      type,
      streamId: this.#streamId,
      timestamp: timestampMs,
      pieces: chunks,
      size,
    };
    return packet(kind, dts, writeChunks(message, this.#chunkSize));
  }
}

/** The largest message that 24 bits of length can say (RTMP 1.0 §5.3.1.2.1). */
const MAX_BODY = 0xffffff;

const chunkStreamIds: Readonly<Record<number, number>> = {
  [MessageType.audio]: ChunkStreamId.audio,
  [MessageType.video]: ChunkStreamId.video,
};

export interface PlayerOptions {
  readonly hub: Hub;
  readonly name: StreamName;
  readonly link: Link;
  readonly chunkSize: number;
  readonly streamId: number;
  readonly mergeWindow: Micros;
  readonly pacing?: Pacing | undefined;
  readonly onUnpublished: () => void;
}

/** A player's side of a stream: plays, pauses and chooses kinds, each time from a join point on. */
export class RtmpPlayer {
  readonly #options: PlayerOptions;
  #selection: Selection = { paused: true, audio: true, video: true };
  #cursor: Cursor | undefined;
  #endings: Closer | undefined;
  /** Of cursors that are closed. */
  #sentBefore = 0;
  #closed = false;

  constructor(options: PlayerOptions) {
    this.#options = options;
  }

  get sentBytes(): number {
    return this.#sentBefore + (this.#cursor?.sentBytes ?? 0);
  }

  /** When a link that is full now will have been so for too long; Infinity when it is not. */
  stallDeadline(stallTime: Micros): Micros {
    const cursor = this.#cursor;
    return cursor?.full ? cursor.fullSince + stallTime : Number.POSITIVE_INFINITY;
  }

  /** Throws PLAYER_TOO_SLOW. */
  checkStall(stallTime: Micros, now: Micros): void {
    if (now >= this.stallDeadline(stallTime)) throw playErrors.limit('TOO_SLOW', { seconds: toSeconds(stallTime) });
  }

  /** Begins, pauses or changes what is sent. */
  select(selection: Selection): void {
    this.#selection = selection;
    this.#leave();
    this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#leave();
  }

  #start(): void {
    const { paused, audio, video } = this.#selection;
    if (this.#closed || this.#cursor !== undefined || paused || !(audio || video)) return;
    const { hub, name, link, chunkSize, streamId, mergeWindow, pacing, onUnpublished } = this.#options;
    // A link that is still full takes no more than the header: the cursor waits for it, and its stall is watched.
    const stream = hub.stream(name);
    this.#cursor = stream.play(rtmpFormat(chunkSize, streamId, { audio, video }), link, mergeWindow, pacing);
    this.#endings = stream.onEnd(onUnpublished);
  }

  #leave(): void {
    this.#endings?.close();
    this.#endings = undefined;
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    this.#cursor = undefined;
    this.#sentBefore += cursor.sentBytes;
    cursor.close();
  }
}
