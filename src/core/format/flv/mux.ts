// FLV files and streams: header, then tags with their sizes behind them (annex E.2 to E.4.1).
import type { Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Format, Muxer } from '../../media/muxer.ts';
import { type Packet, packet } from '../../media/packet.ts';
import type { Track } from '../../media/track.ts';
import { type TagBody, TagEncoder, type TagEncoderOptions } from './tag-encoder.ts';
import { BACK_SIZE_BYTES, TAG_HEADER_BYTES } from './wire.ts';

/** The largest body that a tag's 24 bits of size can say. */
const MAX_BODY = 0xffffff;

export class FlvMuxer implements Muxer {
  readonly #encoder: TagEncoder;
  /** Time of the newest frame: parameters in mid-stream belong there. */
  #newest: Micros = 0;

  constructor(options: TagEncoderOptions = {}) {
    this.#encoder = new TagEncoder(options);
  }

  /** FLV header, metadata and sequence headers, all at time 0, because a player may start at an older join point. */
  header(tracks: readonly Track[]): Packet[] {
    const tags = this.#encoder.headers(tracks).map((body) => tagPacket(body, 0));
    return [packet('config', 0, [fileHeader(tracks)]), ...tags];
  }

  retrack(tracks: readonly Track[]): Packet[] {
    const at = this.#newest;
    return this.#encoder.headers(tracks, at).map((body) => tagPacket(body, at));
  }

  /** Nothing for tracks that FLV cannot carry, and for frames above 16 MiB. */
  write(frame: Frame): Packet[] {
    if (frame.dts > this.#newest) this.#newest = frame.dts;
    const body = this.#encoder.frame(frame);
    return body === undefined || body.size > MAX_BODY ? [] : [tagPacket(body, frame.dts)];
  }
}

/** FLV with HEVC marked by its FourCC. */
export const flvFormat: Format = { key: 'flv', make: () => new FlvMuxer() };

/** FLV with HEVC marked by CodecID 12, for players of before Enhanced RTMP. */
export const flvLegacyHevcFormat: Format = { key: 'flv-hevc12', make: () => new FlvMuxer({ hevc: 'legacy' }) };

/** Annex E.2, with the first previous tag size, which is 0. */
function fileHeader(tracks: readonly Track[]): Uint8Array {
  const audio = tracks.some((track) => track.kind === 'audio');
  const video = tracks.some((track) => track.kind === 'video');
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, (audio ? 4 : 0) | (video ? 1 : 0), 0, 0, 0, 9, 0, 0, 0, 0);
}

function tagPacket(body: TagBody, dts: Micros): Packet {
  const chunks = [tagHeader(body), ...body.chunks, backSize(TAG_HEADER_BYTES + body.size)];
  return { chunks, dts, size: TAG_HEADER_BYTES + body.size + BACK_SIZE_BYTES, kind: body.kind };
}

/** Annex E.4.1: type, size, 24 bits of time with the upper 8 behind them, stream id 0. */
function tagHeader({ type, size, timestampMs }: TagBody): Uint8Array {
  const head = new Uint8Array(TAG_HEADER_BYTES);
  head[0] = type;
  head[1] = size >>> 16;
  head[2] = size >>> 8;
  head[3] = size;
  head[4] = timestampMs >>> 16;
  head[5] = timestampMs >>> 8;
  head[6] = timestampMs;
  head[7] = timestampMs >>> 24;
  return head;
}

function backSize(size: number): Uint8Array {
  const bytes = new Uint8Array(BACK_SIZE_BYTES);
  bytes[0] = size >>> 24;
  bytes[1] = size >>> 16;
  bytes[2] = size >>> 8;
  bytes[3] = size;
  return bytes;
}
