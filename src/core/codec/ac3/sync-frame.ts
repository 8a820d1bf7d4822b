// The header of a sync frame of AC-3 (ETSI TS 102 366 §4.3, §4.4) and E-AC-3 (Annex E.1.2).
import { BitReader } from '../../base/bits.ts';
import { within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';

/** What the header of a sync frame says of it. */
export interface Ac3Header {
  /** E-AC-3. */
  readonly enhanced: boolean;
  readonly sampleRate: number;
  /** The low frequency channel included. */
  readonly channels: number;
  readonly bitrateBps: number;
  /** Bytes of the sync frame. */
  readonly frameSize: number;
  readonly samplesPerFrame: number;
  /** The fields that the boxes dac3 and dec3 repeat. */
  readonly fscod: number;
  readonly bsid: number;
  readonly bsmod: number;
  readonly acmod: number;
  readonly lfeon: boolean;
  /** frmsizecod / 2; of AC-3 only. */
  readonly bitrateCode?: number;
  /** strmtyp and substreamid; of E-AC-3 only. A dependent stream (1) adds channels to the frame before it. */
  readonly streamType?: number;
  readonly substreamId?: number;
}

/** Errors: BITS_SHORT, CODEC_SYNC, CODEC_RESERVED, CODEC_RANGE. */
export function parseSyncFrame(data: Uint8Array): Ac3Header {
  const bits = new BitReader(data);
  const sync = bits.u(16);
  if (sync !== 0x0b77) throw codecErrors.protocol('SYNC', { codec: 'ac3', found: sync.toString(16) });
  // bsid has one place in both: above 10 it is E-AC-3 (§E.1.3.1.6).
  const bsid = (data[5] ?? 0) >> 3;
  return bsid > 10 ? parseEnhanced(bits) : parsePlain(bits);
}

function parsePlain(bits: BitReader): Ac3Header {
  bits.skip(16); // crc1
  const fscod = bits.u(2);
  const code = within(codec, 'frmsizecod', bits.u(6), 0, 37);
  const bsid = bits.u(5);
  const bsmod = bits.u(3);
  const acmod = bits.u(3);
  if ((acmod & 1) === 1 && acmod !== 1) bits.skip(2); // cmixlev
  if ((acmod & 4) === 4) bits.skip(2); // surmixlev
  if (acmod === 2) bits.skip(2); // dsurmod
  const lfeon = bits.flag();
  const fullRate = rateOf(fscod);
  const kbps = bitratesKbps[code >> 1] as number;
  // bsid 9 and 10 halve and quarter the rate, and with it the bitrate, of what is written otherwise alike.
  const divisor = 2 ** Math.max(0, bsid - 8);
  // Words of 16 bits in 1536 samples; at 44.1 kHz frmsizecod's lowest bit adds the word that rounding takes.
  const words = Math.floor((kbps * 1000 * 1536) / (16 * fullRate)) + (fscod === 1 ? code & 1 : 0);
  return {
    enhanced: false,
    sampleRate: fullRate / divisor,
    channels: channelsOf(acmod, lfeon),
    bitrateBps: (kbps * 1000) / divisor,
    frameSize: words * 2,
    samplesPerFrame: 1536,
    fscod,
    bsid,
    bsmod,
    acmod,
    lfeon,
    bitrateCode: code >> 1,
  };
}

function parseEnhanced(bits: BitReader): Ac3Header {
  const streamType = bits.u(2);
  if (streamType === 3) throw codecErrors.protocol('RESERVED', { codec, field: 'strmtyp', value: streamType });
  const substreamId = bits.u(3);
  const frameSize = 2 * (1 + bits.u(11));
  const fscod = bits.u(2);
  // fscod 3: half a rate, and always 6 blocks of 256 samples.
  const sampleRate = fscod === 3 ? rateOf(bits.u(2)) / 2 : rateOf(fscod);
  const blocks = fscod === 3 ? 6 : ([1, 2, 3, 6][bits.u(2)] as number);
  const acmod = bits.u(3);
  const lfeon = bits.flag();
  const bsid = within(codec, 'bsid', bits.u(5), 11, 16);
  const samplesPerFrame = 256 * blocks;
  return {
    enhanced: true,
    sampleRate,
    channels: channelsOf(acmod, lfeon),
    bitrateBps: Math.round((frameSize * 8 * sampleRate) / samplesPerFrame),
    frameSize,
    samplesPerFrame,
    fscod,
    bsid,
    bsmod: 0,
    acmod,
    lfeon,
    streamType,
    substreamId,
  };
}

const codec = 'ac3';

function rateOf(code: number): number {
  const rate = [48_000, 44_100, 32_000][code];
  if (rate === undefined) throw codecErrors.protocol('RESERVED', { codec, field: 'fscod', value: code });
  return rate;
}

/** By acmod, table 4.3; 0 is two independent mono channels. */
const channelsOf = (acmod: number, lfeon: boolean): number =>
  ([2, 1, 2, 3, 3, 4, 4, 5][acmod] as number) + (lfeon ? 1 : 0);

/** By frmsizecod / 2, table 4.13. */
const bitratesKbps = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640] as const;
