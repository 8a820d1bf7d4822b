// Which elementary stream is which: a PMT entry to the kind of reader it needs (ISO 13818-1 table 2-34, DVB, ATSC).
import { type Descriptor, descriptorTag, type ElementaryStream, registration } from './psi.ts';
import { streamType } from './wire.ts';

export type EsKind = 'h264' | 'h265' | 'aac' | 'mp3' | 'ac3' | 'opus';

/** The kind of a stream; undefined when it is none that we carry. */
export function esKind(stream: ElementaryStream): EsKind | undefined {
  switch (stream.type) {
    case streamType.h264:
      return 'h264';
    case streamType.h265:
      return 'h265';
    case streamType.adts:
      return 'aac';
    case streamType.mpeg1Audio:
    case streamType.mpeg2Audio:
      return 'mp3';
    case streamType.ac3:
    case streamType.eac3:
      return 'ac3';
    case streamType.privateData:
      return privateKind(stream);
    default:
      return undefined;
  }
}

/** Private data says what it is by a registration (Opus, HEVC by old ffmpeg, AC-3) or by a DVB descriptor. */
function privateKind(stream: ElementaryStream): EsKind | undefined {
  const name = registration(stream);
  if (name === 'Opus') return 'opus';
  if (name === 'HEVC') return 'h265';
  if (name === 'AC-3' || name === 'EAC3') return 'ac3';
  const dvb = stream.descriptors.some(({ tag }) => tag === descriptorTag.dvbAc3 || tag === descriptorTag.dvbEac3);
  return dvb ? 'ac3' : undefined;
}

/** The kind of media of a stream. */
export const mediaKind = (kind: EsKind): 'video' | 'audio' => (kind === 'h264' || kind === 'h265' ? 'video' : 'audio');

/** A stream of the program that is read. */
export interface ProgramStream {
  readonly pid: number;
  readonly kind: EsKind;
  readonly descriptors: readonly Descriptor[];
}
