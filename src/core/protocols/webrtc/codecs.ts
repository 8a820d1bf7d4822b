// Codecs by their names in SDP, and which payload types of an offer are used for them.

import { clockRates } from '../../format/rtp/index.ts';
import type { Codec } from '../../media/track.ts';
import type { SdpPayload, SdpSection } from '../../wire/sdp/index.ts';

export type VideoCodec = 'h264' | 'h265' | 'av1' | 'vp8' | 'vp9';
export type AudioCodec = 'opus' | 'pcma' | 'pcmu';

/** By preference: what most players of other protocols can show comes first. SRS prefers H.264 too. */
export const videoCodecs: readonly VideoCodec[] = ['h264', 'h265', 'av1', 'vp9', 'vp8'];
export const audioCodecs: readonly AudioCodec[] = ['opus', 'pcma', 'pcmu'];

/** Names in SDP that are not those of the codec registry. */
const sdpNames: Readonly<Record<string, Codec>> = { av1x: 'av1', avc: 'h264', hevc: 'h265' };
const writtenNames: Partial<Record<Codec, string>> = {
  h264: 'H264',
  h265: 'H265',
  av1: 'AV1',
  vp8: 'VP8',
  vp9: 'VP9',
  opus: 'opus',
  pcma: 'PCMA',
  pcmu: 'PCMU',
};

/** A codec as a URL or an SDP names it (SRS: codec, vcodec, acodec); undefined for one that is not known. */
export function codecNamed(name: string): VideoCodec | AudioCodec | undefined {
  const lower = name.toLowerCase();
  const codec = sdpNames[lower] ?? lower;
  return [...videoCodecs, ...audioCodecs].find((known) => known === codec);
}

/** A payload type that is used for a codec, and that of its retransmissions. */
export interface CodecChoice {
  readonly codec: VideoCodec | AudioCodec;
  readonly payload: SdpPayload;
  readonly rtx: SdpPayload | undefined;
}

/** One choice for each known codec of a section, in the order of `preferred`. */
export function choices(section: SdpSection, preferred: readonly string[]): CodecChoice[] {
  const found = preferred.flatMap((codec) => {
    const payload = bestPayload(section, codec as Codec);
    return payload === undefined
      ? []
      : [{ codec: codec as CodecChoice['codec'], payload, rtx: rtxOf(section, payload) }];
  });
  return found;
}

function bestPayload(section: SdpSection, codec: Codec): SdpPayload | undefined {
  const payloads = section.payloads.filter(
    (payload) => codecNamed(payload.codec) === codec && payload.clockRate === clockRates[codec],
  );
  if (codec === 'h264') return bestAvc(payloads);
  // VP9 in profile 0 is what everybody decodes (RFC 9628 §6).
  if (codec === 'vp9')
    return payloads.find(({ parameters }) => (parameters.get('profile-id') ?? '0') === '0') ?? payloads[0];
  return payloads[0];
}

/**
 * SRS's order: constrained baseline in fragments, any profile in fragments, then the rest. What is sent need not be of
 * that profile: browsers decode what comes.
 */
function bestAvc(payloads: readonly SdpPayload[]): SdpPayload | undefined {
  const inFragments = payloads.filter(({ parameters }) => parameters.get('packetization-mode') === '1');
  return (
    inFragments.find(({ parameters }) => parameters.get('profile-level-id')?.toLowerCase() === '42e01f') ??
    inFragments.find(({ parameters }) => parameters.get('profile-level-id')?.toLowerCase().startsWith('42')) ??
    inFragments[0] ??
    payloads[0]
  );
}

const rtxOf = ({ payloads }: SdpSection, { type }: SdpPayload): SdpPayload | undefined =>
  payloads.find(({ codec, parameters }) => codec === 'rtx' && parameters.get('apt') === String(type));

/** `H264/90000`, `opus/48000/2`. */
export function rtpMap(codec: CodecChoice['codec'], { clockRate, channels }: SdpPayload): string {
  return `${writtenNames[codec] ?? codec}/${clockRate}${channels > 1 ? `/${channels}` : ''}`;
}
