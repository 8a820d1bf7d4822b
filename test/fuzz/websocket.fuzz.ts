// WebSocket frames, masked and not.
import { FrameReader } from '../../src/core/wire/websocket/index.ts';
import { frameCases } from '../unit/wire/websocket/frame.cases.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'websocket';

export const seeds = frameCases.map(({ wire }) => wire);

export function run(bytes: Uint8Array): void {
  for (const masked of [true, false]) {
    for (const pieces of cuts(bytes)) {
      const reader = new FrameReader({ masked, limitBytes: 1024 * 1024 });
      refuses(() => {
        for (const piece of pieces) reader.push(piece);
      });
    }
  }
}
