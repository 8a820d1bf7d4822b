// How MP3 frames are recognised (ISO 11172-3 §2.4.1.3). Layers I and II have no codec id of ours and are no frames.
import { mp3HeaderSize, parseHeader } from '../../codec/mp3/index.ts';
import type { FrameSyntax } from '../adts/splitter.ts';

const none = new Uint8Array(0);

export const mp3Syntax: FrameSyntax = {
  headBytes: mp3HeaderSize,
  firstByte: 0xff,
  parse: (bytes, at) => {
    const second = bytes[at + 1] as number;
    const third = bytes[at + 2] as number;
    // Sync of 11 bits, a version that is not reserved, layer III, a bitrate that is neither free nor forbidden.
    if ((second & 0xe6) !== 0xe2 || (second & 0x18) === 0x08) return undefined;
    if ((third & 0xf0) === 0 || (third & 0xf0) === 0xf0 || (third & 0x0c) === 0x0c) return undefined;
    const { frameSize, samplesPerFrame, sampleRate, channels } = parseHeader(bytes, at);
    const parameters = sampleRate * 2 + channels - 1;
    return { size: frameSize, skip: 0, samples: samplesPerFrame, rate: sampleRate, parameters, keep: true };
  },
  codec: () => 'mp3',
  config: () => none,
};
