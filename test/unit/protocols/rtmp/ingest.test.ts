// Messages to frames: times across wraps and steps back, AMF3 data, damaged tags.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { Reporter } from '../../../../src/core/base/counters.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { TrackKind } from '../../../../src/core/media/track.ts';
import { RtmpIngest } from '../../../../src/core/protocols/rtmp/ingest.ts';
import { amfObject, writeAmf0 } from '../../../../src/core/wire/amf0/index.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { mediaMessages } from './media.ts';

function setUp() {
  const events: MediaEvent[] = [];
  const promised: (readonly TrackKind[])[] = [];
  const bad: string[] = [];
  const ingest = new RtmpIngest(
    { on: (event) => events.push(event), promise: (kinds) => promised.push(kinds) },
    defaultLimits,
    new Reporter((_, last) => bad.push(last)),
  );
  const times = (): number[] => events.flatMap((event) => (event.type === 'frame' ? [event.frame.dts / 1000] : []));
  return { ingest, events, promised, bad, times };
}

const [, videoConfig, audioConfig, videoFrame, audioFrame] = mediaMessages([
  video({ at: 0, key: true }),
  audio({ at: 0 }),
]);

describe('ingest', () => {
  it('lets the time grow across the wrap after 49.7 days, for sound and picture together', () => {
    const { ingest, times } = setUp();
    for (const message of [videoConfig!, audioConfig!]) ingest.media({ ...message, timestamp: 0xffffffd8 }, 0);
    ingest.media({ ...videoFrame!, timestamp: 0xffffffd8 }, 0);
    ingest.media({ ...audioFrame!, timestamp: 0xffffffe0 }, 0);
    ingest.media({ ...videoFrame!, timestamp: 0 }, 0);
    ingest.media({ ...audioFrame!, timestamp: 0xfffffff8 }, 0);
    ingest.media({ ...audioFrame!, timestamp: 15 }, 0);

    const start = 0xffffffd8;
    expect(times()).toEqual([start, start + 8, start + 40, start + 32, start + 55]);
  });

  it('grows for ever when each step is below half the range', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 20 }), (steps) => {
        const { ingest, times } = setUp();
        ingest.media({ ...audioConfig!, timestamp: 0 }, 0);
        let time = 0;
        const expected = steps.map((step) => (time += step));
        for (const at of expected) ingest.media({ ...audioFrame!, timestamp: at % 2 ** 32 }, 0);

        expect(times()).toEqual(expected);
      }),
    );
  });

  it('gives data without a time of its own the time of the media', () => {
    const { ingest, times } = setUp();
    const text = { type: 18, streamId: 1, timestamp: 0, body: writeAmf0(['onTextData', amfObject({ text: 'x' })]) };
    ingest.media({ ...audioConfig!, timestamp: 3_000_000_000 }, 0);
    ingest.media({ ...audioFrame!, timestamp: 3_000_000_000 }, 0);
    ingest.media(text, 0);
    ingest.media({ ...text, timestamp: 3_000_000_020 }, 0);
    ingest.media({ ...audioFrame!, timestamp: 3_000_000_023 }, 0);

    expect(times()).toEqual([3e9, 3e9, 3e9 + 20, 3e9 + 23]);
  });

  it('reads data messages in AMF3 envelopes', () => {
    const { ingest, promised } = setUp();
    const metadata = writeAmf0(['@setDataFrame', 'onMetaData', amfObject({ audiocodecid: 10 })]);
    ingest.media({ type: 15, streamId: 1, timestamp: 0, body: concat([Uint8Array.of(0), metadata]) }, 0);

    expect(promised.at(-1)).toEqual(['audio']);
  });

  it('drops and counts what is damaged', () => {
    const { ingest, bad, events } = setUp();
    ingest.media({ ...videoFrame!, body: fromHex('17') }, 0);
    ingest.media({ ...videoFrame!, body: fromHex('') }, fromMs(2000));
    ingest.media({ type: 18, streamId: 1, timestamp: 0, body: fromHex('02 ff ff') }, fromMs(4000));

    expect(bad).toEqual(['FLV_VIDEO_SHORT', 'FLV_VIDEO_SHORT', expect.stringMatching(/^(FLV|AMF0)_/)]);
    expect(events).toEqual([]);
  });

  it('keeps the bytes of the message in the frame', () => {
    const { ingest, events } = setUp();
    ingest.media(videoConfig!, 0);
    ingest.media(videoFrame!, 0);
    const frame = events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []))[0];

    expect(frame?.data.buffer).toBe(videoFrame!.body.buffer);
    expect(frame?.track).toMatchObject({ ...h264Track, epoch: 0 });
    expect(aacTrack.kind).toBe('audio');
  });
});
