// SDP of RTSP: a stream of ours as a description, and a description as media that can be read (RFC 8866, RFC 2326 §C).
import { fromHex, toHex } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import { aac, h264, h265, opus } from '../../codec/index.ts';
import {
  AAC_HBR,
  type AacTerms,
  clockRateOf,
  clockRates,
  type Depacketiser,
  makeDepacketiser,
} from '../../format/rtp/index.ts';
import type { Codec, Track } from '../../media/track.ts';
import { parseSdp, type SdpPayload, type SdpSection } from '../../wire/sdp/index.ts';
import { errors } from './errors.ts';

/** A track that is sent: the place in the list is that in the description. */
export interface SentTrack {
  readonly kind: 'video' | 'audio';
  readonly track: Track;
  readonly payloadType: number;
  readonly clockRate: number;
}

const PAYLOAD_TYPES = { video: 96, audio: 97 } as const;
/** RFC 3551 §6: these have a number of their own. */
const staticTypes: Partial<Record<Codec, number>> = { pcmu: 0, pcma: 8 };
const names: Partial<Record<Codec, string>> = {
  h264: 'H264',
  h265: 'H265',
  av1: 'AV1',
  vp8: 'VP8',
  vp9: 'VP9',
  aac: 'MPEG4-GENERIC',
  opus: 'opus',
  pcmu: 'PCMU',
  pcma: 'PCMA',
};

/** The first picture and the first sound that have payloads; those whose parameters nobody can read are left out. */
export function sentTracks(tracks: readonly Track[]): SentTrack[] {
  return (['video', 'audio'] as const).flatMap((kind) => {
    const sent = tracks.filter((track) => track.kind === kind).map((track) => sentTrack(kind, track));
    return sent.find((one) => one !== undefined) ?? [];
  });
}

function sentTrack(kind: SentTrack['kind'], track: Track): SentTrack | undefined {
  try {
    const clockRate = clockRateOf(track);
    if (clockRate === undefined || names[track.codec] === undefined) return undefined;
    formatOf(track);
    return { kind, track, payloadType: staticTypes[track.codec] ?? PAYLOAD_TYPES[kind], clockRate };
  } catch (error) {
    if (error instanceof SrsxError) return undefined;
    throw error;
  }
}

/** Lines end with CRLF. */
export function writeDescription(
  tracks: readonly SentTrack[],
  { sessionId, name }: { sessionId: number; name: string },
): string {
  return [
    'v=0',
    `o=- ${sessionId} 1 IN IP4 0.0.0.0`,
    `s=${name.replace(/[\r\n]/g, ' ')}`,
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=tool:srsx',
    'a=range:npt=now-',
    'a=control:*',
    ...tracks.flatMap(writeSection),
    '',
  ].join('\r\n');
}

function writeSection({ kind, track, payloadType, clockRate }: SentTrack, index: number): string[] {
  const format = formatOf(track);
  return [
    `m=${kind} 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${names[track.codec]}/${clockRate}${channelsOf(track)}`,
    ...(format === undefined ? [] : [`a=fmtp:${payloadType} ${format}`]),
    `a=control:${controlOf(index)}`,
  ];
}

/** The name of a track of ours, behind the URL of the stream. */
export const controlOf = (index: number): string => `trackID=${index}`;

function channelsOf({ codec, config }: Track): string {
  // RFC 7587 §7: always 2, whatever is inside.
  if (codec === 'opus') return '/2';
  return codec === 'aac' ? `/${aac.parseConfig(config).channels}` : '';
}

/** What `a=fmtp` says. Throws the errors of the parsers of parameters. */
function formatOf({ codec, config }: Track): string | undefined {
  switch (codec) {
    case 'h264': {
      const { sps, pps, profileIdc, constraintFlags, levelIdc } = h264.parseConfig(config);
      const level = toHex(Uint8Array.of(profileIdc, constraintFlags, levelIdc));
      return `packetization-mode=1;profile-level-id=${level};sprop-parameter-sets=${base64s([...sps, ...pps])}`;
    }
    case 'h265': {
      const { vps, sps, pps } = h265.parameterSets(h265.parseConfig(config));
      return `sprop-vps=${base64s(vps)};sprop-sps=${base64s(sps)};sprop-pps=${base64s(pps)}`;
    }
    case 'aac': {
      const { sizeLength, indexLength, indexDeltaLength } = AAC_HBR;
      const lengths = `sizelength=${sizeLength};indexlength=${indexLength};indexdeltalength=${indexDeltaLength}`;
      return `streamtype=5;profile-level-id=1;mode=AAC-hbr;${lengths};config=${toHex(config)}`;
    }
    case 'opus':
      return config.length > 0 && opus.parseHead(config).channels === 1 ? 'sprop-stereo=0' : 'sprop-stereo=1';
    default:
      return undefined;
  }
}

const base64s = (units: readonly Uint8Array[]): string =>
  units.map((unit) => Buffer.from(unit).toString('base64')).join(',');

/** A track that somebody describes, ready to be read. */
export interface DescribedTrack {
  readonly kind: 'video' | 'audio';
  readonly codec: Codec;
  readonly payloadType: number;
  readonly clockRate: number;
  /** Where it is set up, as it was written. */
  readonly control: string;
  /** For a track whose frames do not say it. */
  readonly config: Uint8Array;
  makeDepacketiser(): Depacketiser;
}

/** What an SDP offers: at most one picture and one sound. */
export interface Description {
  /** Of all tracks together, as it was written. */
  readonly control: string;
  readonly tracks: readonly DescribedTrack[];
}

const sdpNames: Readonly<Record<string, Codec>> = {
  h264: 'h264',
  h265: 'h265',
  hevc: 'h265',
  av1: 'av1',
  vp8: 'vp8',
  vp9: 'vp9',
  'mpeg4-generic': 'aac',
  opus: 'opus',
  pcmu: 'pcmu',
  pcma: 'pcma',
};

/** Throws SDP_DECODE, RTSP_SDP, RTSP_NO_AUDIO_CONFIG when a sound of AAC is all there is. */
export function readDescription(text: string): Description {
  const { sections, control } = parseSdp(text.trimStart());
  const faults: SrsxError[] = [];
  const tracks = (['video', 'audio'] as const).flatMap((kind) => {
    const candidates = sections.filter((section) => section.kind === kind);
    return candidates.map((section) => readSection(kind, section, faults)).find((one) => one !== undefined) ?? [];
  });
  if (tracks.length > 0) return { control, tracks };
  throw faults[0] ?? errors.protocol('SDP', { why: `it has ${namesIn(sections) || 'no media'}` });
}

const namesIn = (sections: readonly SdpSection[]): string =>
  sections.map(({ kind, payloads }) => payloads[0]?.codec ?? kind).join(', ');

function readSection(kind: 'video' | 'audio', section: SdpSection, faults: SrsxError[]): DescribedTrack | undefined {
  for (const payload of section.payloads) {
    const codec = sdpNames[payload.codec];
    if (codec === undefined) continue;
    try {
      return readTrack(kind, codec, payload, section.control);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      faults.push(error);
    }
  }
  return undefined;
}

function readTrack(kind: DescribedTrack['kind'], codec: Codec, payload: SdpPayload, control: string): DescribedTrack {
  const terms = codec === 'aac' ? aacTerms(payload) : undefined;
  const sets = parameterSets(codec, payload);
  const make = (): Depacketiser => {
    const made = makeDepacketiser(codec, { sets, ...(terms && { aac: terms }) });
    if (made === undefined) throw errors.protocol('SDP', { why: `${codec} has no payloads` });
    return made;
  };
  // Made once here, so that what cannot be read is known before anybody sends it.
  make();
  const clockRate = terms?.clockRate ?? (payload.clockRate || clockRates[codec] || 90_000);
  return {
    ...{ kind, codec, control, clockRate },
    payloadType: payload.type,
    config: terms?.config ?? configOf(codec, payload),
    makeDepacketiser: make,
  };
}

function configOf(codec: Codec, { parameters }: SdpPayload): Uint8Array {
  if (codec === 'opus') return opus.makeHead(parameters.get('sprop-stereo') === '0' ? 1 : 2);
  return new Uint8Array(0);
}

/** RFC 6184 §8.1, RFC 7798 §7.1. Cameras write broken base64 too, of which nothing comes. */
function parameterSets(codec: Codec, { parameters }: SdpPayload): Uint8Array[] {
  const keys =
    codec === 'h264' ? ['sprop-parameter-sets'] : codec === 'h265' ? ['sprop-vps', 'sprop-sps', 'sprop-pps'] : [];
  return keys
    .flatMap((key) => (parameters.get(key) ?? '').split(',').slice(0, MOST_SETS))
    .map((text) => new Uint8Array(Buffer.from(text.trim(), 'base64')));
}

/** Parameter sets of one kind; H.264 could have 32 and 256, of which encoders use one or two. */
const MOST_SETS = 16;
/** Bits of one field of an AU header. */
const MOST_FIELD_BITS = 16;

function aacTerms({ parameters, clockRate }: SdpPayload): AacTerms {
  const text = parameters.get('config') ?? '';
  if (!/^([0-9a-f]{2}){2,64}$/i.test(text)) throw errors.protocol('NO_AUDIO_CONFIG', { why: 'it has no config' });
  const extra = [
    'ctsdeltalength',
    'dtsdeltalength',
    'randomaccessindication',
    'streamstateindication',
    'auxiliarydatasizelength',
  ];
  const unknown = extra.find((key) => Number(parameters.get(key) ?? 0) !== 0);
  if (unknown !== undefined) throw errors.protocol('NO_AUDIO_CONFIG', { why: `its headers have a ${unknown}` });
  const bits = (key: string): number => {
    const value = Number(parameters.get(key) ?? 0);
    if (Number.isInteger(value) && value >= 0 && value <= MOST_FIELD_BITS) return value;
    throw errors.protocol('NO_AUDIO_CONFIG', { why: `its ${key} is ${value}` });
  };
  const headers = {
    sizeLength: bits('sizelength'),
    indexLength: bits('indexlength'),
    indexDeltaLength: bits('indexdeltalength'),
  };
  if (headers.sizeLength === 0) throw errors.protocol('NO_AUDIO_CONFIG', { why: 'its units have no sizes' });
  const config = fromHex(text);
  return { config, clockRate: clockRate || aac.parseConfig(config).sampleRate, headers };
}
