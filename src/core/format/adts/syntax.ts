// How ADTS frames are recognised (ISO 14496-3 §1.A.2.2).
import { configOf, isAdtsSync, parseAdts } from '../../codec/aac/index.ts';
import type { FrameSyntax } from './splitter.ts';

export const adtsSyntax: FrameSyntax = {
  headBytes: 7,
  firstByte: 0xff,
  parse: (bytes, at) => {
    // What `parseAdts` would throw for is looked at first: in a search, most places are none.
    if (!isAdtsSync(bytes, at) || (((bytes[at + 2] as number) >> 2) & 15) > 12) return undefined;
    if (sizeOf(bytes, at) < (((bytes[at + 1] as number) & 1) === 1 ? 7 : 9)) return undefined;
    const { objectType, sampleRate, channelConfig, headerSize, frameSize, blocks } = parseAdts(bytes, at);
    const parameters = sampleRate * 64 + channelConfig * 8 + objectType;
    // Several raw data blocks share one header (§1.A.3.2.2): nobody sends them, and they cannot be told apart.
    return { size: frameSize, skip: headerSize, samples: 1024, rate: sampleRate, parameters, keep: blocks === 1 };
  },
  codec: () => 'aac',
  config: (_head, bytes, at) => configOf(parseAdts(bytes, at)),
};

/** aac_frame_length. */
const sizeOf = (bytes: Uint8Array, at: number): number =>
  (((bytes[at + 3] as number) & 3) << 11) | ((bytes[at + 4] as number) << 3) | ((bytes[at + 5] as number) >> 5);
