// Frames as the media messages of a publisher.
import { concat } from '../../../../src/core/base/bytes.ts';
import { TagEncoder } from '../../../../src/core/format/flv/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Message } from '../../../../src/core/protocols/rtmp/message.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';

/** Metadata, sequence headers and the frames, on message stream 1. */
export function mediaMessages(frames: readonly Frame[], tracks = [h264Track, aacTrack]): Message[] {
  const encoder = new TagEncoder();
  const bodies = [...encoder.headers(tracks), ...frames.map((frame) => encoder.frame(frame))];
  return bodies.flatMap((body) =>
    body === undefined
      ? []
      : [{ type: body.type, streamId: 1, timestamp: body.timestampMs, body: concat(body.chunks).slice() }],
  );
}
