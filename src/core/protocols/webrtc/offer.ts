// The offers of our clients (RFC 9725 §4.4, draft-ietf-wish-whep §4.4).
import type { Codec } from '../../media/track.ts';
import type { Fingerprint } from '../../wire/dtls/index.ts';
import { extensionUri } from '../../wire/rtp/index.ts';
import { type AnsweredPayload, type AnsweredSection, type IceCredentials, writeSdp } from '../../wire/sdp/index.ts';
import { audioCodecs, videoCodecs } from './codecs.ts';

export interface OfferOptions {
  readonly ice: IceCredentials;
  readonly fingerprint: Fingerprint;
  readonly sessionId: number;
  readonly direction: 'sendonly' | 'recvonly';
  /** None of a kind: no section of it. */
  readonly video: readonly Codec[];
  readonly audio: readonly Codec[];
}

/** All that a player can take. */
export const everyCodec = { video: videoCodecs, audio: audioCodecs } as const;

interface Offered {
  readonly type: number;
  readonly map: string;
  readonly format?: string;
}

/** Numbers are ours to choose (RFC 3551 §3: 96 to 127), but for G.711. */
const offered: Partial<Record<Codec, Offered>> = {
  h264: {
    type: 102,
    map: 'H264/90000',
    format: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  },
  h265: { type: 104, map: 'H265/90000' },
  av1: { type: 106, map: 'AV1/90000' },
  vp9: { type: 98, map: 'VP9/90000', format: 'profile-id=0' },
  vp8: { type: 96, map: 'VP8/90000' },
  opus: { type: 111, map: 'opus/48000/2', format: 'minptime=10;useinbandfec=1' },
  pcma: { type: 8, map: 'PCMA/8000' },
  pcmu: { type: 0, map: 'PCMU/8000' },
};

const TWCC_ID = 3;
const MID_ID = 4;

export function writeOffer({ ice, fingerprint, sessionId, direction, video, audio }: OfferOptions): string {
  const sections = [section('audio', audio, direction), section('video', video, direction)];
  return writeSdp({
    ...{ origin: '-', name: '-', sessionId, ice, fingerprint, setup: 'actpass', candidates: [], lite: false },
    sections: sections
      .filter(({ payloads }) => payloads.length > 0)
      .map((one, index) => ({
        ...one,
        mid: String(index),
        rtcpMuxOnly: true,
        ...(direction === 'sendonly' && { msid: `srsx ${one.kind}` }),
      })),
  });
}

function section(
  kind: 'audio' | 'video',
  codecs: readonly Codec[],
  direction: OfferOptions['direction'],
): AnsweredSection {
  return {
    ...{ kind, direction, mid: '', protocol: 'UDP/TLS/RTP/SAVPF', sources: [] },
    payloads: codecs.flatMap((codec) => payloadsOf(codec, kind)),
    extensions: [
      { id: TWCC_ID, uri: extensionUri.transportWideCc },
      { id: MID_ID, uri: extensionUri.mid },
    ],
  };
}

function payloadsOf(codec: Codec, kind: 'audio' | 'video'): AnsweredPayload[] {
  const payload = offered[codec];
  if (payload === undefined) return [];
  if (kind === 'audio') return [{ ...payload, feedback: ['transport-cc'] }];
  const feedback = ['nack', 'nack pli', 'ccm fir', 'transport-cc'];
  const rtx = { type: payload.type + 1, map: 'rtx/90000', format: `apt=${payload.type}`, feedback: [] };
  return [{ ...payload, feedback }, rtx];
}
