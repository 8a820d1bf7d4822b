// AudioSampleEntry (ISO 14496-12 §12.2.3) with the box of each codec.
import { BitWriter } from '../../base/bits.ts';
import { ProtocolError } from '../../base/errors.ts';
import * as aac from '../../codec/aac/index.ts';
import * as ac3 from '../../codec/ac3/index.ts';
import * as flac from '../../codec/flac/index.ts';
import * as mp3 from '../../codec/mp3/index.ts';
import * as opus from '../../codec/opus/index.ts';
import type { Track } from '../../media/track.ts';
import { esds } from './esds.ts';
import { type Mp4Track, mp4TrackId } from './mp4-track.ts';
import { box, fields, fullBox } from './wire.ts';

interface Sound {
  readonly type: string;
  /** Also the track's timescale. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly config: Uint8Array;
  /** Ticks of a frame; may throw ProtocolError for damaged ones. */
  readonly frameTicks: (data: Uint8Array) => number | undefined;
}

/** Throws ProtocolError for damaged parameters; undefined when a sample is needed. */
export function audioEntry(track: Track, sample: Uint8Array | undefined): Mp4Track | undefined {
  const sound = soundOf(track, sample);
  if (sound === undefined) return undefined;
  return {
    id: mp4TrackId(track.id),
    source: track,
    timescale: sound.sampleRate,
    width: 0,
    height: 0,
    entry: soundEntry(sound),
    frameTicks: tolerant(sound.frameTicks),
  };
}

/** A damaged frame has no length of its own: the time stamps decide. */
function tolerant(frameTicks: Sound['frameTicks']): Sound['frameTicks'] {
  return (data) => {
    try {
      return frameTicks(data);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  };
}

function soundOf({ codec, config }: Track, sample: Uint8Array | undefined): Sound | undefined {
  switch (codec) {
    case 'aac':
      return aacSound(config);
    case 'opus':
      return opusSound(config);
    case 'flac':
      return flacSound(config);
    case 'mp3':
      return sample && mp3Sound(sample);
    case 'ac3':
    case 'eac3':
      return sample && ac3Sound(sample);
    default:
      return undefined;
  }
}

function aacSound(config: Uint8Array): Sound {
  const { sampleRate, channels, frameLength } = aac.parseConfig(config);
  const box = esds({ objectType: 0x40, config });
  return { type: 'mp4a', sampleRate, channels, config: box, frameTicks: () => frameLength };
}

function opusSound(config: Uint8Array): Sound {
  const head = opus.parseHead(config);
  return {
    type: 'Opus',
    sampleRate: opus.opusSampleRate,
    channels: head.channels,
    config: box('dOps', opus.writeDops(head)),
    frameTicks: (data) => opus.parsePacket(data).samples,
  };
}

function flacSound(config: Uint8Array): Sound {
  const block = flac.streamInfoOf(config);
  const { sampleRate, channels, minBlockSize, maxBlockSize } = flac.parseStreamInfo(block);
  const length = minBlockSize === maxBlockSize ? maxBlockSize : undefined;
  // One metadata block, which is the last (FLAC in ISOBMFF §3.3.2).
  const blocks = fields((w) => w.u8(0x80).u24(block.length).put(block));
  return { type: 'fLaC', sampleRate, channels, config: fullBox('dfLa', 0, 0, blocks), frameTicks: () => length };
}

/** mp4a with an object type, as ffmpeg writes and browsers, ffmpeg and GStreamer read; `.mp3` is QuickTime's. */
function mp3Sound(sample: Uint8Array): Sound {
  const { sampleRate, channels, version } = mp3.parseHeader(sample);
  const config = esds({ objectType: version === 1 ? 0x6b : 0x69, config: new Uint8Array(0) });
  return { type: 'mp4a', sampleRate, channels, config, frameTicks: (data) => mp3.parseHeader(data).samplesPerFrame };
}

function ac3Sound(sample: Uint8Array): Sound {
  const header = ac3.parseSyncFrame(sample);
  const { enhanced, sampleRate, channels } = header;
  const config = enhanced ? dec3(header) : dac3(header);
  const frameTicks = enhanced ? enhancedTicks : (data: Uint8Array) => ac3.parseSyncFrame(data).samplesPerFrame;
  return { type: enhanced ? 'ec-3' : 'ac-3', sampleRate, channels, config, frameTicks };
}

/** A sample of E-AC-3 is up to eight independent frames of a stream and what depends on them. */
function enhancedTicks(data: Uint8Array): number {
  let ticks = 0;
  for (let at = 0; at < data.length; ) {
    const { frameSize, samplesPerFrame, streamType, substreamId } = ac3.parseSyncFrame(data.subarray(at));
    if (streamType !== 1 && substreamId === 0) ticks += samplesPerFrame;
    at += frameSize;
  }
  return ticks;
}

/** AC3SpecificBox (ETSI TS 102 366 §F.4). */
const dac3 = ({ fscod, bsid, bsmod, acmod, lfeon, bitrateCode }: ac3.Ac3Header): Uint8Array =>
  box(
    'dac3',
    new BitWriter()
      .u(2, fscod)
      .u(5, bsid)
      .u(3, bsmod)
      .u(3, acmod)
      .u(1, lfeon ? 1 : 0)
      .u(5, bitrateCode ?? 0)
      .u(5, 0)
      .done(),
  );

/** EC3SpecificBox (ETSI TS 102 366 §F.6) with one independent substream. */
const dec3 = ({ fscod, bsid, bsmod, acmod, lfeon, bitrateBps }: ac3.Ac3Header): Uint8Array =>
  box(
    'dec3',
    new BitWriter()
      .u(13, Math.min(0x1fff, Math.round(bitrateBps / 1000)))
      .u(3, 0)
      .u(2, fscod)
      .u(5, bsid)
      .u(2, 0)
      .u(3, bsmod)
      .u(3, acmod)
      .u(1, lfeon ? 1 : 0)
      .u(3, 0)
      .u(4, 0)
      .u(1, 0)
      .done(),
  );

function soundEntry({ type, channels, sampleRate, config }: Sound): Uint8Array {
  const head = fields((w) => {
    // Reserved, data_reference_index 1, version 0 with 6 reserved bytes.
    w.u32(0).u16(0).u16(1).u32(0).u32(0);
    // 16 bits a sample, then 16.16 of the rate, which has no room above 65535 Hz: then the timescale tells.
    w.u16(channels)
      .u16(16)
      .u32(0)
      .u32(sampleRate > 0xffff ? 0 : sampleRate * 65536);
  });
  return box(type, head, config);
}
