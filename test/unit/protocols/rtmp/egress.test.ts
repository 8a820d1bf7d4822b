// The feed of RTMP: complete messages, shared payload, join points.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import type { Packet } from '../../../../src/core/media/packet.ts';
import { ChunkReader } from '../../../../src/core/protocols/rtmp/chunk.ts';
import { rtmpFormat } from '../../../../src/core/protocols/rtmp/egress.ts';
import { type Message, setChunkSize } from '../../../../src/core/protocols/rtmp/message.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { wire } from './world.ts';

function read(packets: readonly Packet[], chunkSize = 60_000): Message[] {
  const messages: Message[] = [];
  const reader = new ChunkReader(defaultLimits, (message) => messages.push(message));
  reader.push(wire(setChunkSize(chunkSize)));
  for (const { chunks, size } of packets) {
    expect(concat(chunks).length).toBe(size);
    reader.push(concat(chunks));
  }
  return messages.slice(1);
}

const types = (messages: readonly Message[]): number[] => messages.map(({ type }) => type);

describe('the RTMP format', () => {
  it.each([
    ['rtmp/60000', rtmpFormat(60_000)],
    ['rtmp/4096/2', rtmpFormat(4096, 2)],
    ['rtmp/60000/audio', rtmpFormat(60_000, 1, { audio: true, video: false })],
    ['rtmp/60000/3/video', rtmpFormat(60_000, 3, { audio: false, video: true })],
  ])('has the key %s', (key, format) => {
    expect(format.key).toBe(key);
  });

  it('begins with metadata and sequence headers, then frames by reference', () => {
    const muxer = rtmpFormat(60_000).make();
    const frame = video({ at: 40, key: true, size: 200_000 });
    const header = muxer.header([h264Track, aacTrack]);
    const [packet] = muxer.write(frame);

    expect(header.map(({ kind }) => kind)).toEqual(['config', 'config', 'config']);
    expect(types(read(header))).toEqual([18, 9, 8]);
    expect(packet!.kind).toBe('join');
    expect(packet!.chunks.filter((chunk) => chunk.buffer === frame.data.buffer)).toHaveLength(4);
    expect(read([packet!])[0]).toMatchObject({ type: 9, streamId: 1, timestamp: 40 });
    expect(read([packet!])[0]!.body.subarray(5)).toEqual(frame.data);
  });

  it.each([0, 0xfffffe, 0xffffff, 0x1000000, 2 ** 32 + 7])('writes the time %i', (at) => {
    const muxer = rtmpFormat(128).make();
    muxer.header([h264Track]);
    const frame = video({ at: 0, size: 1000 });

    const [message] = read(muxer.write({ ...frame, dts: fromMs(at) }), 128);

    expect(message!.timestamp).toBe(at % 2 ** 32);
  });

  it('lets players join at key frames, and anywhere when there is no picture', () => {
    const muxer = rtmpFormat(60_000).make();
    muxer.header([h264Track, aacTrack]);
    const kinds = [video({ at: 0, key: true }), audio({ at: 1 }), video({ at: 40 })].flatMap((f) => muxer.write(f));
    const sound = rtmpFormat(60_000, 1, { audio: true, video: false }).make();
    sound.header([h264Track, aacTrack]);
    const soundOnly = [video({ at: 0, key: true }), audio({ at: 1 })].flatMap((f) => sound.write(f));

    expect(kinds.map(({ kind }) => kind)).toEqual(['join', 'more', 'more']);
    expect(soundOnly.map(({ kind }) => kind)).toEqual(['join']);
    expect(types(read(sound.retrack([h264Track, aacTrack])))).toEqual([18, 8]);
  });

  it('writes no message that its length field cannot say', () => {
    const muxer = rtmpFormat(60_000).make();
    muxer.header([h264Track]);

    expect(muxer.write(video({ at: 0, key: true, data: new Uint8Array(0x1000000) }))).toEqual([]);
  });
});
