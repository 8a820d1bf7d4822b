// Frames and parameters that are nonsense, in every format in which players get them: a muxer runs in the call of the
// publisher, so what it throws would end a stream because of the format that somebody plays.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromMs } from '../../../src/core/base/time.ts';
import { containers } from '../../../src/core/format/container/index.ts';
import { rtpFormat } from '../../../src/core/format/rtp/index.ts';
import type { Format } from '../../../src/core/media/muxer.ts';
import { type Codec, firstTrackId, type Track, type TrackKind } from '../../../src/core/media/track.ts';
import { rtmpFormat } from '../../../src/core/protocols/rtmp/egress.ts';
import { aacConfig, avcConfig } from '../../tools/builders.ts';

const codecs: Readonly<Record<TrackKind, readonly Codec[]>> = {
  video: ['h264', 'h265', 'av1', 'vp8', 'vp9', 'unknown'],
  audio: ['aac', 'mp3', 'opus', 'flac', 'ac3', 'eac3', 'pcma', 'pcmu'],
  data: ['amf0'],
};

const formatsFor = (kind: TrackKind, codec: Codec): readonly Format[] => [
  ...Object.values(containers).map(({ format }) => format),
  rtmpFormat(4096),
  rtpFormat({
    video: kind === 'video' ? codec : undefined,
    audio: kind === 'audio' ? codec : undefined,
    keepBFrames: false,
    onBFrame: () => undefined,
  }),
];

const config = fc.oneof(fc.constant(avcConfig), fc.constant(aacConfig), fc.uint8Array({ maxLength: 40 }));
/** Small values are lengths of units, and start codes. */
const data = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60, max: 3 }));
const frame = fc.record({ data, key: fc.boolean(), cts: fc.integer({ min: -100, max: 100 }) });

const cases = (Object.keys(codecs) as TrackKind[]).flatMap((kind) => codecs[kind].map((codec) => ({ kind, codec })));

it.each(cases)('of $codec are written or left out', ({ kind, codec }) => {
  const formats = formatsFor(kind, codec);
  const property = fc.property(config, fc.array(frame, { size: 'max', maxLength: 8 }), (parameters, frames) => {
    const track: Track = { id: firstTrackId[kind], kind, codec, config: parameters, epoch: 0 };
    for (const format of formats) {
      const muxer = format.make();
      muxer.header([track]);
      for (const [index, { cts, ...rest }] of frames.entries()) {
        muxer.write({ track, dts: fromMs(index * 40), cts: fromMs(cts), ...rest });
      }
      muxer.retrack([{ ...track, epoch: 1 }]);
      muxer.flush?.();
    }
  });

  expect(() => fc.assert(property, { numRuns: 60 })).not.toThrow();
});
