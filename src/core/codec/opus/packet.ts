// The TOC byte of an Opus packet (RFC 6716 §3.1): duration and channels.
import { within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';

/** What the TOC byte and the frame count say of a packet. */
export interface OpusPacket {
  /** Frames in the packet, 1 to 48. */
  readonly frames: number;
  /** Of the whole packet, at 48 kHz: 120 to 5760. */
  readonly samples: number;
  readonly channels: 1 | 2;
}

/**
 * Reads the beginning of a packet.
 *
 * Errors: CODEC_UNIT (empty or cut), CODEC_RANGE (code 3 with no frame, or more than 120 ms).
 */
export function parsePacket(data: Uint8Array): OpusPacket {
  const toc = data[0];
  if (toc === undefined) throw codecErrors.protocol('UNIT', { codec: 'opus', what: 'an empty packet' });
  const frameSamples = samplesOfConfig(toc >> 3);
  const frames = frameCount(data, toc & 3);
  // [R5]: at most 120 ms.
  const samples = within('opus', 'samples of a packet', frames * frameSamples, 1, 5760);
  return { frames, samples, channels: (toc & 4) === 0 ? 1 : 2 };
}

/** Samples at 48 kHz of one frame, table 2: SILK, then hybrid, then CELT. */
function samplesOfConfig(config: number): number {
  if (config < 12) return [480, 960, 1920, 2880][config & 3] as number;
  if (config < 16) return [480, 960][config & 1] as number;
  return [120, 240, 480, 960][config & 3] as number;
}

function frameCount(data: Uint8Array, code: number): number {
  if (code === 0) return 1;
  if (code < 3) return 2;
  const count = data[1];
  if (count === undefined) throw codecErrors.protocol('UNIT', { codec: 'opus', what: 'the frame count is cut' });
  return within('opus', 'frame count', count & 0x3f, 1, 48);
}
