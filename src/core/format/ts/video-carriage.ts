// H.264 and H.265 frames as the byte stream that a transport stream wants: an access unit delimiter, the parameter
// sets before each key frame, start codes for lengths (ISO 13818-1 §2.14, §2.17).
import * as h264 from '../../codec/h264/index.ts';
import * as h265 from '../../codec/h265/index.ts';
import { joinAnnexB } from '../../codec/nal.ts';
import type { Frame } from '../../media/frame.ts';
import type { Carriage } from './carriage.ts';
import type { Packetiser } from './packetise.ts';
import type { Descriptor } from './psi.ts';
import { registrationOf } from './psi.ts';
import { streamType } from './wire.ts';

const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** What differs between the two codecs. */
interface Syntax {
  readonly type: number;
  readonly descriptors: readonly Descriptor[];
  readonly delimiter: Uint8Array;
  readonly delimiterType: number;
  /** Bits to shift and to keep of a unit's first byte for its type. */
  readonly shift: number;
  readonly mask: number;
  /** Types of parameter sets, at most three; each sets one bit of `have`. */
  readonly sets: readonly number[];
  parameterSets(config: Uint8Array): Uint8Array[];
}

const avc: Syntax = {
  type: streamType.h264,
  descriptors: [],
  delimiter: joinAnnexB([h264.accessUnitDelimiter]),
  delimiterType: h264.nalType.accessUnitDelimiter,
  shift: 0,
  mask: 0x1f,
  sets: [h264.nalType.sps, h264.nalType.pps],
  parameterSets: (config) => {
    const { sps, pps } = h264.parseConfig(config);
    return [...sps, ...pps];
  },
};

const hevc: Syntax = {
  type: streamType.h265,
  // ffmpeg and GStreamer look at the stream type; some set-top boxes want the registration.
  descriptors: [registrationOf('HEVC')],
  delimiter: joinAnnexB([h265.accessUnitDelimiter]),
  delimiterType: h265.nalType.accessUnitDelimiter,
  shift: 1,
  mask: 0x3f,
  sets: [h265.nalType.vps, h265.nalType.sps, h265.nalType.pps],
  parameterSets: (config) => {
    const { vps, sps, pps } = h265.parameterSets(h265.parseConfig(config));
    return [...vps, ...sps, ...pps];
  },
};

/** One video track on its way out. `measure` looks at a frame, `put` writes the same frame. */
export class VideoCarriage implements Carriage {
  readonly type: number;
  readonly descriptors: readonly Descriptor[];
  readonly streamId: number;
  readonly #syntax: Syntax;
  readonly #sets: Uint8Array;
  #addSets = false;

  /** Throws the errors of the configuration's parser. */
  constructor(codec: 'h264' | 'h265', config: Uint8Array, number: number) {
    this.#syntax = codec === 'h264' ? avc : hevc;
    this.type = this.#syntax.type;
    this.descriptors = this.#syntax.descriptors;
    this.streamId = 0xe0 | (number & 0x0f);
    this.#sets = joinAnnexB(this.#syntax.parameterSets(config));
  }

  adapt(): boolean {
    return false;
  }

  measure({ data, key }: Frame): number {
    const { shift, mask, delimiterType, delimiter, sets } = this.#syntax;
    let size = delimiter.length;
    let have = 0;
    let at = 0;
    while (at < data.length) {
      const length = unitLength(data, at);
      if (length < 0) return -1;
      if (length > 0) {
        const type = ((data[at + 4] as number) >> shift) & mask;
        if (type !== delimiterType) size += 4 + length;
        const set = sets.indexOf(type);
        if (set >= 0) have |= 1 << set;
      }
      at += 4 + length;
    }
    // A frame that has only some of the sets gets all of ours in front; its own follow and win.
    this.#addSets = key && have !== (1 << sets.length) - 1;
    if (this.#addSets) size += this.#sets.length;
    return size;
  }

  put({ data }: Frame, into: Packetiser): void {
    const { shift, mask, delimiterType, delimiter } = this.#syntax;
    into.put(delimiter);
    if (this.#addSets) into.put(this.#sets);
    let at = 0;
    while (at < data.length) {
      const end = at + 4 + unitLength(data, at);
      if (end > at + 4 && (((data[at + 4] as number) >> shift) & mask) !== delimiterType) {
        into.put(START_CODE);
        into.put(data, at + 4, end);
      }
      at = end;
    }
  }

  duration(): number {
    return 0;
  }
}

/** The length at `at`; -1 when it goes beyond the end. */
function unitLength(data: Uint8Array, at: number): number {
  if (at + 4 > data.length) return -1;
  const length =
    (data[at] as number) * 2 ** 24 +
    (((data[at + 1] as number) << 16) | ((data[at + 2] as number) << 8) | (data[at + 3] as number));
  return length > data.length - at - 4 ? -1 : length;
}
