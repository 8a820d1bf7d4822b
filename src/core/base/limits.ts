// Every bound of the engine in one typed object, so that "what bounds this?" has one place to look.
import { fromSeconds, type Micros } from './time.ts';

export interface Limits {
  /** Open sessions of all protocols together. */
  readonly sessions: number;
  /** Streams known to the hub, published or waited for. */
  readonly streams: number;
  /** Tracks of one stream. */
  readonly tracks: number;
  /** Bytes of one message or frame of any protocol. */
  readonly messageBytes: number;
  /** Bytes that one session may hold in messages that are not complete. */
  readonly openBytes: number;
  /** Chunk streams of one RTMP session that may hold a partly received message. */
  readonly openMessages: number;
  /** Nesting of AMF objects and arrays. */
  readonly amfDepth: number;
  /** Values in one AMF message. */
  readonly amfValues: number;
  /** Bytes of an app, stream or vhost name, and of the parameters behind it. */
  readonly nameBytes: number;
  /** Bytes that may wait in a link before it counts as full. */
  readonly linkBytes: number;
  /** Bytes kept by one feed behind its newest packet. */
  readonly feedBytes: number;
  /** Media time kept by one feed behind its newest packet (SRS: queue_length). */
  readonly feedSpan: Micros;
  /** Frames and bytes of a stream's GOP cache; above either, the cache is emptied until the next key frame. */
  readonly gopFrames: number;
  readonly gopBytes: number;
  /** A player whose link stays full for this long is closed. */
  readonly stallTime: Micros;
  /** A peer must finish its handshake and name a stream within this time. */
  readonly handshakeTime: Micros;
  /** A publisher must send its first media within this time (SRS: firstpkt_timeout). */
  readonly firstMediaTime: Micros;
  /** A publisher that is silent for this long is closed (SRS: normal_timeout). */
  readonly silentTime: Micros;
  /** Bytes of an HTTP request's head. */
  readonly httpHeadBytes: number;
}

/** Defaults; those named in SRS's configuration have SRS's value. */
export const defaultLimits: Limits = {
  sessions: 20_000,
  streams: 10_000,
  tracks: 32,
  // The largest key frame seen at 80 Mbit/s 4K intra is below 8 MiB.
  messageBytes: 16 * 1024 * 1024,
  openBytes: 20 * 1024 * 1024,
  openMessages: 64,
  amfDepth: 32,
  amfValues: 4096,
  nameBytes: 1024,
  // One merge window at 20 Mbit/s and 350 ms is 0.9 MB; a link that holds more than this does not keep up.
  linkBytes: 1024 * 1024,
  feedBytes: 64 * 1024 * 1024,
  feedSpan: fromSeconds(30),
  gopFrames: 2500,
  gopBytes: 48 * 1024 * 1024,
  stallTime: fromSeconds(30),
  handshakeTime: fromSeconds(10),
  firstMediaTime: fromSeconds(20),
  silentTime: fromSeconds(5),
  httpHeadBytes: 16 * 1024,
};
