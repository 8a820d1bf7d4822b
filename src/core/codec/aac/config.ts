// AudioSpecificConfig (ISO 14496-3 §1.6.2.1): the configuration of an aac track.
import { BitReader, BitWriter } from '../../base/bits.ts';
import { within } from '../bounds.ts';
import { parseProgramConfig } from './program-config.ts';
import { channelsOf, reserved, sampleRateOf, sampleRates } from './rates.ts';

/** audioObjectType (table 1.17) that somebody asks for. */
export const objectType = {
  main: 1,
  lc: 2,
  ssr: 3,
  ltp: 4,
  sbr: 5,
  scalable: 6,
  ld: 23,
  ps: 29,
  eld: 39,
  usac: 42,
} as const;

/** An AudioSpecificConfig, seen from its core. */
export interface AacConfig {
  /** Of the core: 2 (LC) also for HE-AAC. */
  readonly objectType: number;
  /** Of the core, in Hz: half the output for HE-AAC. */
  readonly sampleRate: number;
  /** 0: a program config element says it. */
  readonly channelConfig: number;
  /** Of the core; parametric stereo makes two out of one. */
  readonly channels: number;
  /** Samples of the core in a frame and channel: 1024 or 960, 512 or 480 for low delay; undefined where unknown. */
  readonly frameLength?: number;
  readonly extension?: AacExtension;
}

/** Spectral band replication, and perhaps parametric stereo: HE-AAC and HE-AACv2. */
export interface AacExtension {
  /**
   * `hierarchical`: the object type is 5 or 29 and the core's follows. `compatible`: a sync extension behind the
   * core's configuration, which old decoders do not see (§1.6.5.2).
   */
  readonly signalling: 'hierarchical' | 'compatible';
  /** Of the output, in Hz. */
  readonly sampleRate: number;
  readonly ps: boolean;
}

/**
 * Errors: BITS_SHORT (two bytes are the least), CODEC_RESERVED, CODEC_RANGE.
 *
 * Anything behind what it understands is left alone: encoders pad.
 */
export function parseConfig(bytes: Uint8Array): AacConfig {
  const bits = new BitReader(bytes);
  const first = parseObjectType(bits);
  const sampleRate = parseSampleRate(bits);
  const channelConfig = bits.u(4);
  if (first !== objectType.sbr && first !== objectType.ps) {
    const core = parseCore(bits, first, channelConfig);
    const extension = parseSyncExtension(bits);
    return { objectType: first, sampleRate, channelConfig, ...core, ...(extension && { extension }) };
  }
  const outputRate = parseSampleRate(bits);
  const coreType = parseObjectType(bits);
  if (coreType === 22) bits.skip(4); // extensionChannelConfiguration of ER BSAC
  const core = parseCore(bits, coreType, channelConfig);
  const extension = { signalling: 'hierarchical', sampleRate: outputRate, ps: first === objectType.ps } as const;
  return { objectType: coreType, sampleRate, channelConfig, ...core, extension };
}

/**
 * Writes a configuration of an object type from 1 to 4, which is all that ADTS can carry.
 *
 * Errors: CODEC_RANGE for other object types, frame lengths and rates, CODEC_RESERVED for channel configurations
 * without a meaning; 0 is among them, since the program config element is not kept.
 */
export function writeConfig(config: Omit<AacConfig, 'channels'>): Uint8Array {
  const { extension } = config;
  within('aac', 'audioObjectType', config.objectType, 1, 4);
  channelsOf(config.channelConfig);
  const bits = new BitWriter();
  if (extension?.signalling === 'hierarchical') bits.u(5, extension.ps ? objectType.ps : objectType.sbr);
  else bits.u(5, config.objectType);
  putSampleRate(bits, config.sampleRate);
  bits.u(4, config.channelConfig);
  if (extension?.signalling === 'hierarchical') {
    putSampleRate(bits, extension.sampleRate);
    bits.u(5, config.objectType);
  }
  // frameLengthFlag, dependsOnCoreCoder, extensionFlag.
  bits.u(3, config.frameLength === 960 ? 4 : 0);
  if (extension?.signalling === 'compatible') {
    bits.u(11, syncExtension.sbr).u(5, objectType.sbr).u(1, 1);
    putSampleRate(bits, extension.sampleRate);
    if (extension.ps) bits.u(11, syncExtension.ps).u(1, 1);
  }
  return bits.done();
}

/** What a decoder puts out: rate, channels and samples of a frame, with the extension applied. */
export function outputOf(config: AacConfig): { sampleRate: number; channels: number; samplesPerFrame?: number } {
  const { extension, frameLength } = config;
  const sampleRate = extension?.sampleRate ?? config.sampleRate;
  const channels = extension?.ps === true && config.channels === 1 ? 2 : config.channels;
  if (frameLength === undefined) return { sampleRate, channels };
  return { sampleRate, channels, samplesPerFrame: Math.round((frameLength * sampleRate) / config.sampleRate) };
}

/** RFC 6381 §3.3: `mp4a.40.` and the object type, 5 or 29 where HE-AAC is signalled. */
export const codecString = (config: AacConfig): string => `mp4a.40.${signalledType(config)}`;

/** As SRS's HTTP API prints it, which looks at the first object type: HE-AAC signalled the compatible way is "LC". */
export function profileName({ objectType: core, extension }: AacConfig): string {
  if (extension?.signalling === 'hierarchical') return extension.ps ? 'HEv2' : 'HE';
  return ['Other', 'Main', 'LC', 'SSR'][core] ?? 'Other';
}

function signalledType({ objectType: core, extension }: AacConfig): number {
  if (extension === undefined) return core;
  return extension.ps ? objectType.ps : objectType.sbr;
}

/** GetAudioObjectType: 31 is an escape to 6 more bits. */
function parseObjectType(bits: BitReader): number {
  const short = bits.u(5);
  const type = short === 31 ? 32 + bits.u(6) : short;
  if (type === 0) throw reserved('audioObjectType', type);
  return type;
}

function parseSampleRate(bits: BitReader): number {
  const index = bits.u(4);
  return index === 15 ? within('aac', 'samplingFrequency', bits.u(24), 1, 0xffffff) : sampleRateOf(index);
}

function putSampleRate(bits: BitWriter, rate: number): void {
  const index = sampleRates.indexOf(rate);
  if (index >= 0) bits.u(4, index);
  else bits.u(4, 15).u(24, within('aac', 'samplingFrequency', rate, 1, 0xffffff));
}

/** The object types whose configuration is a GASpecificConfig. */
const generalAudio: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);

function parseCore(
  bits: BitReader,
  type: number,
  channelConfig: number,
): Pick<AacConfig, 'channels'> & { frameLength?: number } {
  if (generalAudio.has(type)) return parseGeneralAudio(bits, type, channelConfig);
  const channels = channelsOf(channelConfig);
  // ELDSpecificConfig begins with frameLengthFlag; of the others nobody needs more.
  return type === objectType.eld ? { channels, frameLength: bits.flag() ? 480 : 512 } : { channels };
}

/** GASpecificConfig, §4.4.1. */
function parseGeneralAudio(
  bits: BitReader,
  type: number,
  channelConfig: number,
): { channels: number; frameLength: number } {
  const short = bits.flag(); // frameLengthFlag
  if (bits.flag()) bits.skip(14); // coreCoderDelay
  const extended = bits.flag(); // extensionFlag
  const channels = channelConfig === 0 ? parseProgramConfig(bits).channels : channelsOf(channelConfig);
  if (type === 6 || type === 20) bits.skip(3); // layerNr
  if (extended) {
    if (type === 22) bits.skip(16); // numOfSubFrame, layer_length
    if (type === 17 || type === 19 || type === 20 || type === 23) bits.skip(3); // resilience flags
    bits.skip(1); // extensionFlag3
  }
  if (type >= 17) bits.skip(2); // epConfig of the error resilient types
  const frameLength = type === objectType.ld ? (short ? 480 : 512) : short ? 960 : 1024;
  return { channels, frameLength };
}

/** syncExtensionType, §1.6.2.1. */
const syncExtension = { sbr: 0x2b7, ps: 0x548 } as const;

/** The backward-compatible signalling: bits behind the core's configuration that begin with a sync word. */
function parseSyncExtension(bits: BitReader): AacExtension | undefined {
  if (bits.left < 16 || bits.u(11) !== syncExtension.sbr) return undefined;
  // An encoder may say that there is no SBR (sbrPresentFlag 0); ffmpeg always does.
  if (parseObjectType(bits) !== objectType.sbr || !bits.flag()) return undefined;
  const sampleRate = parseSampleRate(bits);
  const ps = bits.left >= 12 && bits.u(11) === syncExtension.ps && bits.flag();
  return { signalling: 'compatible', sampleRate, ps };
}
