// Chunks: every header, every cut, damage, bounds of memory, times.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { type ChunkLimits, ChunkReader, writeChunks } from '../../../../src/core/protocols/rtmp/chunk.ts';
import {
  controlMessage,
  type Message,
  MessageType,
  setChunkSize,
  u32Body,
} from '../../../../src/core/protocols/rtmp/message.ts';
import { chop, chopAtRandom, damage } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { type ChunkStyle, Encoder } from './encoder.ts';

const limits: ChunkLimits = { messageBytes: 16 * 1024 * 1024, openBytes: 20 * 1024 * 1024, openMessages: 64 };
const body = (size: number, seed = 1) => new SeedRng(seed).bytes(size);

function read(pieces: readonly Uint8Array[], options: Partial<ChunkLimits> = {}): Message[] {
  const messages: Message[] = [];
  const reader = new ChunkReader({ ...limits, ...options }, (message) => messages.push(message));
  for (const piece of pieces) {
    reader.push(piece);
    // Nobody may keep a view of a read buffer: its owner writes to it again.
    piece.fill(0xee);
  }
  return messages;
}

const code = (bytes: Uint8Array, options: Partial<ChunkLimits> = {}): string => {
  try {
    read([bytes], options);
    return 'none';
  } catch (error) {
    return error instanceof ProtocolError ? error.code : String(error);
  }
};

const write = (message: Message, chunkSize = 128, csid = 4): Uint8Array =>
  concat(writeChunks({ ...message, csid, pieces: [message.body], size: message.body.length }, chunkSize));

describe('a written message', () => {
  it.each([0, 1, 127, 128, 129, 256, 1000, 70_000])('of %i bytes is read as it was', (size) => {
    const message: Message = { type: 9, streamId: 1, timestamp: 40, body: body(size) };

    expect(read([write(message)])).toEqual([message]);
  });

  it.each([0, 0xfffffe, 0xffffff, 0x1000000, 0xffffffff])('at time %i keeps its time', (timestamp) => {
    const message: Message = { type: 8, streamId: 1, timestamp, body: body(500) };

    expect(read(chop(write(message), 3))).toEqual([message]);
  });

  it('shares its payload with the caller', () => {
    const data = body(300);
    const chunks = writeChunks({ csid: 4, type: 9, streamId: 1, timestamp: 0, pieces: [data], size: 300 }, 128);

    expect(chunks.filter((chunk) => chunk.buffer === data.buffer).map((chunk) => chunk.length)).toEqual([128, 128, 44]);
  });
});

describe('a reader', () => {
  const styles: ChunkStyle[] = ['full', 'shortest', 'unrepeated'];
  const messages = fc.array(
    fc.record({
      csid: fc.constantFrom(2, 3, 4, 63, 64, 255, 319, 320, 65_599),
      type: fc.constantFrom(8, 9, 18, 20),
      streamId: fc.constantFrom(0, 1, 0x12345678),
      timestamp: fc.oneof(fc.nat(1000), fc.constantFrom(0xfffffe, 0xffffff, 0x1000000, 0xffffffff)),
      size: fc.oneof(fc.constantFrom(0, 1, 127, 128, 129, 4096), fc.nat(600)),
    }),
    { maxLength: 30 },
  );

  it.each(styles)('reads %s headers in any cut and never keeps what it was given', (style) => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.constantFrom(1, 128, 4096), (list, seed, size) => {
        // With chunks of one byte an encoder that does not repeat the field is ambiguous by nature.
        const chunkSize = style === 'unrepeated' ? Math.max(size, 128) : size;
        const encoder = new Encoder(style, chunkSize);
        const expected: Message[] = list.map(({ size, csid: _, ...head }) => ({ ...head, body: body(size, seed) }));
        const last: Message = { type: 8, streamId: 1, timestamp: 0, body: body(9) };
        const bytes = concat([
          write(setChunkSize(chunkSize), 128, 2),
          ...list.map((head, index) => encoder.message(head.csid, expected[index] as Message)),
          write(last, chunkSize, 5),
        ]);

        const got = read(chopAtRandom(bytes, new SeedRng(seed), 50));

        expect(got.slice(1)).toEqual([...expected, last]);
      }),
      { numRuns: 150 },
    );
  });

  it('reads messages whose chunks are mixed', () => {
    const encoder = new Encoder('shortest', 128);
    const video: Message = { type: 9, streamId: 1, timestamp: 40, body: body(1000, 1) };
    const audio: Message = { type: 8, streamId: 1, timestamp: 41, body: body(300, 2) };
    const first = encoder.chunks(6, video);
    const second = encoder.chunks(4, audio);
    const mixed = [
      ...first.slice(0, 3),
      ...second.slice(0, 1),
      ...first.slice(3, 5),
      ...second.slice(1),
      ...first.slice(5),
    ];

    expect(read([concat(mixed)])).toEqual([audio, video]);
  });

  it('forgets a message that was aborted', () => {
    const encoder = new Encoder('full', 128);
    const video: Message = { type: 9, streamId: 1, timestamp: 40, body: body(1000) };
    const bytes = concat([
      ...encoder.chunks(6, video).slice(0, 3),
      write(controlMessage(MessageType.abort, u32Body(6)), 128, 2),
      write(video, 128, 6),
    ]);

    expect(read([bytes])).toEqual([video]);
  });

  it('takes negative deltas and the wrap after 49.7 days', () => {
    const encoder = new Encoder('shortest', 128);
    const times = [0xffffff00, 0xfffffff0, 0x10, 0x20, 0x18, 0x18, 0xffffffff, 5];
    const bytes = times.map((timestamp) => encoder.message(4, { type: 8, streamId: 1, timestamp, body: body(10) }));

    expect(read(bytes).map((message) => message.timestamp)).toEqual(times);
  });

  it('adds the absolute time when a type 3 chunk begins a message behind a type 0 one (§5.3.1.2.4)', () => {
    const first = write({ type: 8, streamId: 1, timestamp: 40, body: body(10) });
    const again = concat([Uint8Array.of(0xc4), body(10)]);

    expect(read([first, again, again.slice()]).map((message) => message.timestamp)).toEqual([40, 80, 120]);
  });

  it('goes back to payload that looked like an extended time, and to the next header behind it', () => {
    // Chunks of one byte. Id 4 does not repeat its time ff ff ff ff; id 63 (ff in type 3) repeats 00 ff ff ff.
    const bytes = concat([
      write(setChunkSize(1), 128, 2),
      fromHex('3f ffffff 000002 09 01000000 00ffffff bb'),
      fromHex('04 ffffff 000002 08 01000000 ffffffff aa'),
      fromHex('c4 ff ff 00ffffff cc'),
    ]);

    for (const size of [1, 2, 3, 100]) {
      expect(read(chop(bytes, size)).slice(1)).toEqual([
        { type: 8, streamId: 1, timestamp: 0xffffffff, body: fromHex('aa ff') },
        { type: 9, streamId: 1, timestamp: 0xffffff, body: fromHex('bb cc') },
      ]);
    }
  });

  it('allocates by what comes, not by what is declared', () => {
    const reader = new ChunkReader(limits, () => undefined);
    for (let csid = 3; csid < 63; csid++) {
      const head = write({ type: 9, streamId: 1, timestamp: 0, body: new Uint8Array(0) }, 128, csid);
      head.set([0xff, 0xff, 0xff], 4);
      reader.push(concat([head, body(csid === 3 ? 0 : 128)]));
      if (csid === 3) expect(reader.openBytes).toBe(0);
      if (csid === 3) reader.push(body(128));
    }

    expect(reader.openBytes).toBeLessThan(60 * 2048);
  });

  it('gives back what it held when a message ends', () => {
    const reader = new ChunkReader(limits, () => undefined);

    reader.push(write({ type: 9, streamId: 1, timestamp: 0, body: body(500_000) }));

    expect(reader.openBytes).toBe(0);
  });

  it('accepts a chunk size of 1', () => {
    const message: Message = { type: 9, streamId: 1, timestamp: 0, body: body(20) };

    expect(read([write(setChunkSize(1), 128, 2), write(message, 1)])[1]).toEqual(message);
  });

  const head = (csid: number, size: number) => {
    const bytes = write({ type: 9, streamId: 1, timestamp: 0, body: new Uint8Array(0) }, 128, csid);
    bytes.set([size >> 16, size >> 8, size], 4);
    return bytes;
  };
  it.each([
    ['RTMP_CHUNK_SIZE', 'a chunk size of 0', write(setChunkSize(0))],
    ['RTMP_CHUNK_SIZE', 'a chunk size of 2^31', write(setChunkSize(2 ** 31))],
    ['RTMP_CONTROL', 'a chunk size without a number', write(controlMessage(MessageType.setChunkSize, body(2)))],
    ['RTMP_CONTROL', 'an abort without a number', write(controlMessage(MessageType.abort, body(3)))],
    ['RTMP_CHUNK_FIRST', 'a type 3 chunk where none began', Uint8Array.of(0xc4, 0)],
    ['RTMP_CHUNK_FIRST', 'a type 2 chunk where none began', Uint8Array.of(0x84, 0, 0, 0)],
    ['RTMP_CHUNK_FRESH', 'a header inside a message', concat([head(4, 1000), body(128), head(4, 10)])],
    ['none', 'a type 1 chunk where none began', Uint8Array.of(0x42, 0, 0, 0, 0, 0, 1, 8, 0)],
  ])('says %s to %s', (expected, _, bytes) => {
    expect(code(bytes)).toBe(expected);
  });

  it('says RTMP_MESSAGE_SIZE to a message above the limit', () => {
    expect(code(head(4, 1001), { messageBytes: 1000 })).toBe('RTMP_MESSAGE_SIZE');
  });

  it('says RTMP_OPEN_MESSAGES when too many messages are incomplete', () => {
    const open = (count: number) =>
      concat(Array.from({ length: count }, (_, i) => concat([head(3 + i, 1000), body(128)])));

    expect(code(open(4), { openMessages: 4 })).toBe('none');
    expect(code(open(5), { openMessages: 4 })).toBe('RTMP_OPEN_MESSAGES');
  });

  it('says RTMP_OPEN_BYTES when incomplete messages hold too much', () => {
    const open = concat(Array.from({ length: 10 }, (_, i) => concat([head(3 + i, 100_000), body(128)])));

    expect(code(open, { openBytes: 10_000 })).toBe('RTMP_OPEN_BYTES');
  });

  it('says RTMP_CHUNK_STREAMS when a peer opens ids without end', () => {
    const encoder = new Encoder('full', 128);
    const bytes = Array.from({ length: 300 }, (_, i) =>
      encoder.message(64 + i, { type: 8, streamId: 0, timestamp: 0, body: body(1) }),
    );

    expect(code(concat(bytes))).toBe('RTMP_CHUNK_STREAMS');
  });

  it('raises only protocol errors, and stays below its limits, whatever comes', () => {
    const encoder = new Encoder('shortest', 128);
    const good = concat(
      Array.from({ length: 20 }, (_, i) =>
        encoder.message(3 + (i % 5), { type: 9, streamId: 1, timestamp: i * 40, body: body(50 * i, i) }),
      ),
    );
    for (let seed = 0; seed < 2000; seed++) {
      const rng = new SeedRng(seed);
      const reader = new ChunkReader({ ...limits, openBytes: 100_000 }, () => undefined);
      try {
        for (const piece of chopAtRandom(damage(good, rng), rng, 400)) reader.push(piece);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
      expect(reader.openBytes).toBeLessThanOrEqual(200_000);
    }
  });
});
