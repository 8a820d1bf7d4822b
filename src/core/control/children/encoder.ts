// One `engine` block of ingest or transcode, and the arguments of FFmpeg that SRS makes of it.
import type { Section } from '../config/config.ts';
import type { Directive } from '../config/directive.ts';
import { childErrors } from './errors.ts';

/** The values of an `engine` block; numbers are 0 where they are not written. */
export interface Encoder {
  readonly perfile: readonly string[];
  /** Empty and `off`: none is named. */
  readonly iformat: string;
  readonly vfilter: readonly string[];
  readonly vcodec: string;
  readonly vbitrateKbps: number;
  readonly vfps: number;
  readonly vwidth: number;
  readonly vheight: number;
  readonly vthreads: number;
  readonly vprofile: string;
  readonly vpreset: string;
  readonly vparams: readonly string[];
  readonly acodec: string;
  readonly abitrateKbps: number;
  readonly asampleRateHz: number;
  readonly achannels: number;
  readonly aparams: readonly string[];
  readonly oformat: string;
  readonly output: string;
}

/** Where an `engine` block stands. */
export type EncoderPath = 'vhost.ingest.engine' | 'vhost.transcode.engine';

/** Reads a block; whether it makes sense is `checkEncoder`'s question. */
export function readEncoder(section: Section, path: EncoderPath): Encoder {
  return {
    perfile: options(section.get(`${path}.perfile`)),
    iformat: section.get(`${path}.iformat`),
    vfilter: options(section.get(`${path}.vfilter`)),
    vcodec: section.get(`${path}.vcodec`),
    vbitrateKbps: section.get(`${path}.vbitrate`),
    vfps: section.get(`${path}.vfps`),
    vwidth: section.get(`${path}.vwidth`),
    vheight: section.get(`${path}.vheight`),
    vthreads: section.get(`${path}.vthreads`),
    vprofile: section.get(`${path}.vprofile`),
    vpreset: section.get(`${path}.vpreset`),
    vparams: options(section.get(`${path}.vparams`)),
    acodec: section.get(`${path}.acodec`),
    abitrateKbps: section.get(`${path}.abitrate`),
    asampleRateHz: section.get(`${path}.asample_rate`),
    achannels: section.get(`${path}.achannels`),
    aparams: options(section.get(`${path}.aparams`)),
    oformat: section.get(`${path}.oformat`),
    output: section.get(`${path}.output`),
  };
}

/** An encoder that only packs its input into another container. */
export const copyEncoder = (output: string): Encoder => ({
  perfile: [],
  iformat: '',
  vfilter: [],
  vcodec: 'copy',
  vbitrateKbps: 0,
  vfps: 0,
  vwidth: 0,
  vheight: 0,
  vthreads: 0,
  vprofile: '',
  vpreset: '',
  vparams: [],
  acodec: 'copy',
  abitrateKbps: 0,
  asampleRateHz: 0,
  achannels: 0,
  aparams: [],
  oformat: 'flv',
  output,
});

/** A directive `k v;` of a block of options is `-k v`. */
function options(blocks: readonly Directive[]): string[] {
  return (blocks[0]?.children ?? []).flatMap(({ name, args }) => [`-${name}`, ...args.filter((arg) => arg !== '')]);
}

const keepsPicture = ({ vcodec }: Encoder): boolean => ['copy', 'vn', 'png', ''].includes(vcodec);
const keepsSound = ({ acodec }: Encoder): boolean => ['copy', 'an', ''].includes(acodec);

/** Nothing is decoded: the frames come out as they went in. */
export const isCopy = (encoder: Encoder): boolean =>
  ['copy', ''].includes(encoder.vcodec) &&
  ['copy', ''].includes(encoder.acodec) &&
  [encoder.vfilter, encoder.vparams].every((words) => words.length === 0) &&
  // Anything in front of the input is FFmpeg's own business, but for the pace, which a relay has too.
  encoder.perfile.every((word) => word === '-re');

/** Throws CHILDREN_NO_CODEC, NO_OUTPUT, NEGATIVE, PROFILE, PRESET, CHANNELS, ACC_BITRATE: what SRS refuses. */
export function checkEncoder(encoder: Encoder, title: string): void {
  const { vcodec, acodec, output, vprofile, vpreset, achannels, abitrateKbps } = encoder;
  if (output === '') throw childErrors.config('NO_OUTPUT', { title });
  if (vcodec === '' && acodec === '') throw childErrors.config('NO_CODEC', { title });
  if (!keepsPicture(encoder)) {
    const { vbitrateKbps: vbitrate, vfps, vwidth, vheight, vthreads } = encoder;
    checkNumbers({ vbitrate, vfps, vwidth, vheight, vthreads }, title);
    if (vprofile === '') throw childErrors.config('PROFILE', { title });
    if (vpreset === '') throw childErrors.config('PRESET', { title });
  }
  if (keepsSound(encoder)) return;
  checkNumbers({ abitrate: abitrateKbps, asample_rate: encoder.asampleRateHz }, title);
  if (achannels < 0 || achannels > 2) throw childErrors.config('CHANNELS', { title, value: achannels });
  if (acodec === 'libaacplus' && (abitrateKbps < 16 || abitrateKbps > 72)) {
    throw childErrors.config('ACC_BITRATE', { title, value: abitrateKbps });
  }
}

function checkNumbers(numbers: Readonly<Record<string, number>>, title: string): void {
  for (const [directive, value] of Object.entries(numbers)) {
    if (value < 0) throw childErrors.config('NEGATIVE', { title, directive, value });
  }
}

/** What goes in and what it is said about the way. */
export interface EncoderRun {
  /** FFmpeg's -loglevel; empty: its own. */
  readonly logLevel: string;
  readonly input: string;
  /** The pace of the input, and what else stands in front of it. */
  readonly before?: readonly string[];
  readonly output: string;
}

/** The arguments in the order in which SRS gives them. */
export function encoderArguments(encoder: Encoder, { logLevel, input, before = [], output }: EncoderRun): string[] {
  const { perfile, iformat, vfilter, oformat } = encoder;
  return [
    ...flag('-loglevel', logLevel),
    ...before,
    ...perfile,
    ...format(iformat),
    ...['-i', input],
    ...vfilter,
    ...pictureArguments(encoder),
    ...soundArguments(encoder),
    ...format(oformat),
    ...['-y', output],
  ];
}

function pictureArguments(encoder: Encoder): string[] {
  const { vcodec, vbitrateKbps, vfps, vwidth, vheight, vthreads, vprofile, vpreset, vparams } = encoder;
  if (vcodec === '') return [];
  if (vcodec === 'vn') return ['-vn'];
  if (vcodec === 'copy') return ['-vcodec', 'copy'];
  const sized = vwidth > 0 && vheight > 0;
  return [
    ...['-vcodec', vcodec],
    ...number('-b:v', vbitrateKbps * 1000),
    ...number('-r', vfps),
    ...(sized ? ['-s', `${vwidth}x${vheight}`, '-aspect', `${vwidth}:${vheight}`] : []),
    ...number('-threads', vthreads),
    ...flag('-profile:v', vprofile),
    ...flag('-preset', vpreset),
    ...vparams,
  ];
}

function soundArguments(encoder: Encoder): string[] {
  const { acodec, abitrateKbps, asampleRateHz, achannels, aparams } = encoder;
  if (acodec === '') return [];
  if (acodec === 'an') return ['-an'];
  if (acodec === 'copy') return ['-acodec', 'copy', ...bitstreamFilter(aparams)];
  return [
    ...['-acodec', acodec],
    ...number('-b:a', abitrateKbps * 1000),
    ...number('-ar', asampleRateHz),
    ...number('-ac', achannels),
    ...aparams,
  ];
}

/** Sound that is not encoded takes one option only: AAC of a transport stream needs it on its way to FLV. */
function bitstreamFilter(aparams: readonly string[]): readonly string[] {
  const at = aparams.findIndex((word, index) => word === '-bsf:a' && aparams[index + 1] === 'aac_adtstoasc');
  return at < 0 ? [] : aparams.slice(at, at + 2);
}

const flag = (name: string, value: string): string[] => (value === '' ? [] : [name, value]);
const number = (name: string, value: number): string[] => (value > 0 ? [name, String(value)] : []);
const format = (name: string): string[] => (name === '' || name === 'off' ? [] : ['-f', name]);
