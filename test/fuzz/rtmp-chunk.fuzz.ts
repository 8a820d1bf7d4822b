// The RTMP chunk stream, after the handshake.
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { ChunkReader } from '../../src/core/protocols/rtmp/chunk.ts';
import { parseCommand } from '../../src/core/protocols/rtmp/command.ts';
import { MessageType, parseUserControl, setChunkSize, splitAggregate } from '../../src/core/protocols/rtmp/message.ts';
import { type ChunkStyle, Encoder } from '../unit/protocols/rtmp/encoder.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'rtmp-chunk';

/** Sound, picture and a control message in turn, with times across the extended field. */
function example(style: ChunkStyle, from: number): Uint8Array {
  const encoder = new Encoder(style, 128);
  const out: Uint8Array[] = [];
  for (let i = 0; i < 6; i++) {
    const body = new Uint8Array(50 + i * 60).fill(i);
    out.push(encoder.message(4, { type: MessageType.audio, streamId: 1, timestamp: from + i * 23, body }));
    out.push(encoder.message(6, { type: MessageType.video, streamId: 1, timestamp: from + i * 40, body }));
  }
  out.push(encoder.message(2, setChunkSize(4096)));
  return concat(out);
}

export const seeds = (['full', 'shortest', 'unrepeated'] as const).flatMap((style) => [
  example(style, 0),
  example(style, 0xfffff0),
]);

export function run(bytes: Uint8Array): void {
  for (const pieces of cuts(bytes)) {
    const reader = new ChunkReader(defaultLimits, (message) => {
      if (message.type === MessageType.aggregate) splitAggregate(message);
      else if (message.type === MessageType.userControl) parseUserControl(message);
      else if (message.type === MessageType.command) parseCommand(message, defaultLimits);
    });
    refuses(() => {
      for (const piece of pieces) reader.push(piece);
    });
    if (reader.openBytes > defaultLimits.openBytes) throw new Error(`${reader.openBytes} bytes are held`);
  }
}
