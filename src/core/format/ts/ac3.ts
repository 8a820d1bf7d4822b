// How AC-3 and E-AC-3 frames are recognised (ETSI TS 102 366).
import { SrsxError } from '../../base/errors.ts';
import { type Ac3Header, parseSyncFrame } from '../../codec/ac3/index.ts';
import type { FrameHead, FrameSyntax } from '../adts/splitter.ts';

const none = new Uint8Array(0);

export const ac3Syntax: FrameSyntax = {
  headBytes: 8,
  firstByte: 0x0b,
  parse: (bytes, at) => {
    if (bytes[at + 1] !== 0x77) return undefined;
    const header = attempt(bytes.subarray(at, at + 8));
    return header === undefined || header.frameSize < 8 ? undefined : headOf(header);
  },
  codec: (head) => (head.parameters >= ENHANCED ? 'eac3' : 'ac3'),
  config: () => none,
};

const ENHANCED = 2 ** 24;

/**
 * Dependent and additional streams of E-AC-3 (§E.1.3.1.1) lie between the frames of the main one: they are left out,
 * and what stays is the programme's main sound.
 */
function headOf(header: Ac3Header): FrameHead {
  const { frameSize, samplesPerFrame, sampleRate, channels, enhanced } = header;
  const main = !enhanced || (header.streamType !== 1 && header.substreamId === 0);
  const parameters = (enhanced ? ENHANCED : 0) + sampleRate * 16 + channels;
  return { size: frameSize, skip: 0, samples: samplesPerFrame, rate: sampleRate, parameters, keep: main };
}

function attempt(bytes: Uint8Array): Ac3Header | undefined {
  try {
    return parseSyncFrame(bytes);
  } catch (error) {
    // Most places that look like a sync word are none; the splitter counts what it skips.
    if (error instanceof SrsxError) return undefined;
    throw error;
  }
}
