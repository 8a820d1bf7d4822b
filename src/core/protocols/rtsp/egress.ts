// Streams as RTSP: a format whose packets are RTP and RTCP in interleaved frames, the same for all players with the same channels.
//
//   row of format/rtp:   | head 8 | payload | head 8 | payload | ...
//   packet of this feed: | $ ch len | RTP header | payload | $ ch len | RTP header | payload | ...
//
// Sequence numbers, SSRC and clock are those of the feed, so nothing is written for a player: one that jumped sees a gap in the
// sequence, which is what happened.
import type { Rng } from '../../base/rng.ts';
import { fromSeconds, type Micros, toTicks } from '../../base/time.ts';
import { payloadKind, RtpMuxer, readPayloads } from '../../format/rtp/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import type { Track } from '../../media/track.ts';
import { PlayerClock } from '../../wire/feedback/index.ts';
import { ntpOf, writeRtcp } from '../../wire/rtcp/index.ts';
import { HEADER_BYTES, writeHeader } from '../../wire/rtp/index.ts';
import type { SentTrack } from './description.ts';
import { FRAME_HEAD_BYTES, writeFrameHead } from './message.ts';
import type { PortPair } from './transport.ts';

/** A track that a player has set up, and its channels. */
export interface PlayedTrack {
  readonly sent: SentTrack;
  readonly channels: PortPair;
}

/** What a feed is made of. */
export interface RtspFormatOptions {
  readonly tracks: readonly PlayedTrack[];
  readonly rng: Rng;
  readonly wall: () => Micros;
  /** Media time of the live point when the feed begins: what is cached lies before it. */
  readonly live: Micros | undefined;
}

/** Players with the same tracks at the same channels share one feed. */
export const rtspFormat = (options: RtspFormatOptions): Format => ({
  key: `rtsp/${options.tracks.map(({ sent, channels }) => `${sent.track.codec}:${channels.rtp}-${channels.rtcp}`).join('/')}`,
  make: () => new RtspMuxer(options),
});

/** Between sender reports in front of frames that are no key frames. RFC 3550 §6.2: five seconds are the usual interval. */
const REPORT_TIME = fromSeconds(5);
/** Sound alone has a join point in each frame; a player waits no longer than this for its clock. */
const JOIN_REPORT_TIME = fromSeconds(1);

const PACKET_HEAD_BYTES = FRAME_HEAD_BYTES + HEADER_BYTES;

interface Lane {
  readonly played: PlayedTrack;
  readonly ssrc: number;
  /** Added to the ticks of the media time (RFC 3550 §5.1: random). */
  readonly base: number;
  sequence: number;
  packets: number;
  octets: number;
}

/** Frames to interleaved frames. */
export class RtspMuxer implements Muxer {
  readonly #options: RtspFormatOptions;
  readonly #rtp: RtpMuxer;
  readonly #lanes: (Lane | undefined)[] = [];
  readonly #clock = new PlayerClock();
  readonly #hasVideo: boolean;
  #reported: Micros = Number.NEGATIVE_INFINITY;

  constructor(options: RtspFormatOptions) {
    const { tracks, rng } = options;
    this.#options = options;
    const codec = (kind: 'video' | 'audio') => tracks.find(({ sent }) => sent.kind === kind)?.sent.track.codec;
    this.#rtp = new RtpMuxer({ video: codec('video'), audio: codec('audio'), keepBFrames: true });
    this.#hasVideo = codec('video') !== undefined;
    for (const played of tracks) {
      this.#lanes[payloadKind[played.sent.kind]] = {
        played,
        ssrc: rng.below(2 ** 32),
        base: rng.below(2 ** 32),
        sequence: rng.below(2 ** 16),
        packets: 0,
        octets: 0,
      };
    }
  }

  header(tracks: readonly Track[]): Packet[] {
    return this.#rtp.header(tracks);
  }

  /** Parameters of pictures are in front of each key frame; what else changes ends the session. */
  retrack(tracks: readonly Track[]): Packet[] {
    return this.#rtp.retrack(tracks);
  }

  write(frame: Frame): Packet[] {
    return this.#rtp.write(frame).map(({ kind, dts, chunks }) => {
      const framed = kind === 'join' || dts - this.#reported >= REPORT_TIME ? this.#reports(kind, dts) : [];
      for (const row of chunks) this.#frame(row, framed);
      return packet(kind, dts, framed);
    });
  }

  /** The row stays where it is: heads and payloads are joined when the run is made. */
  #frame(row: Uint8Array, framed: Uint8Array[]): void {
    readPayloads(row, (kind, marker, timestamp, begin, end) => {
      const lane = this.#lanes[kind];
      if (lane === undefined) return;
      const { ssrc, base, played, sequence } = lane;
      const size = end - begin;
      const head = new Uint8Array(PACKET_HEAD_BYTES);
      writeFrameHead(head, 0, played.channels.rtp, HEADER_BYTES + size);
      writeHeader(head, FRAME_HEAD_BYTES, {
        payloadType: played.sent.payloadType,
        marker,
        sequence,
        timestamp: (timestamp + base) >>> 0,
        ssrc,
        extended: false,
      });
      lane.sequence = (sequence + 1) & 0xffff;
      lane.packets++;
      lane.octets += size;
      framed.push(head, row.subarray(begin, end));
    });
  }

  /** Which moment of the wall each clock shows (RFC 3550 §6.4.1). */
  #reports(kind: Packet['kind'], dts: Micros): Uint8Array[] {
    const wait = kind === 'join' ? (this.#hasVideo ? 0 : JOIN_REPORT_TIME) : REPORT_TIME;
    if (dts - this.#reported < wait) return [];
    this.#reported = dts;
    const now = this.#options.wall();
    this.#clock.begin(this.#options.live ?? dts, now);
    // The moment of the frame behind it, not of now: ffmpeg counts from its first report, and cached pictures are older.
    const wall = now - ((this.#clock.mediaAt(now) ?? dts) - dts);
    return this.#lanes.flatMap((lane) => (lane === undefined ? [] : [senderReport(lane, dts, wall)]));
  }
}

function senderReport({ played, ssrc, base, packets, octets }: Lane, media: Micros, wall: Micros): Uint8Array {
  const { channels, sent } = played;
  const compound = writeRtcp([
    {
      type: 'sr',
      ssrc,
      ...ntpOf(wall),
      timestamp: (base + toTicks(media, sent.clockRate)) >>> 0,
      packets: packets >>> 0,
      bytes: octets >>> 0,
      reports: [],
    },
    // RFC 3550 §6.1: each compound has a name; the same for both, so that they are put together.
    { type: 'sdes', ssrc, cname: 'srsx' },
  ]);
  const framed = new Uint8Array(FRAME_HEAD_BYTES + compound.length);
  writeFrameHead(framed, 0, channels.rtcp, compound.length);
  framed.set(compound, FRAME_HEAD_BYTES);
  return framed;
}
