// kill -9 in the middle of a recording: what is on the disk plays up to what the program had just been given.
import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { fromSeconds, type Micros } from '../../src/core/base/time.ts';
import { containers } from '../../src/core/format/container/index.ts';
import { finishMp4 } from '../../src/core/format/fmp4/index.ts';
import { scratchFolder } from '../tools/interop.ts';

const scratch = await scratchFolder();
const program = new URL('recorder-child.ts', import.meta.url).pathname;

/** Starts a recording, kills it when it has written for a while, and says which time it had come to. */
function killed(folder: string, ending: string, afterTime: Micros): Promise<Micros> {
  const child = spawn(process.execPath, [program, folder, ending], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve) => {
    let said = '';
    let newest = 0;
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      // The last line that has come whole.
      newest = Number(said.split('\n').at(-2) ?? 0);
      if (newest >= afterTime) child.kill('SIGKILL');
    });
    // Not at its exit: what it said last may still be on the way.
    child.on('close', () => resolve(newest));
  });
}

/** The newest decode time of the picture, and how many pictures there are. */
function readPictures(bytes: Uint8Array, ending: 'flv' | 'mp4' | 'ts') {
  const demuxer = containers[ending].demuxer(defaultLimits, () => undefined);
  const events = demuxer.push(bytes);
  const times = events.flatMap((event) =>
    event.type === 'frame' && event.frame.track.kind === 'video' ? [event.frame.dts] : [],
  );
  return { newest: times.at(-1) ?? 0, first: times[0] ?? 0, count: times.length };
}

describe.each(['mp4', 'flv', 'ts'] as const)('a recording as %s that is killed', (ending) => {
  // Twenty kills at different moments: eight MP4, and six of each of the others.
  it.each(Array.from({ length: ending === 'mp4' ? 8 : 6 }, (_, index) => 2 + index * 0.93))(
    'after %d s plays to within one fragment',
    async (seconds) => {
      const folder = join(scratch, `${ending}-${seconds}`);
      await mkdir(folder);
      const reached = await killed(folder, ending, fromSeconds(seconds));
      const bytes = await readFile(join(folder, `a.${ending}.tmp`));
      const { newest, first, count } = readPictures(bytes, ending);

      // One fragment or piece, and what was on its way to the disk: time runs five times as fast here.
      expect(reached - (newest - first)).toBeLessThan(fromSeconds(1 + 0.5));
      expect(count).toBe(Math.round((newest - first) / fromSeconds(0.04)) + 1);
      if (ending !== 'mp4') return;
      const file = { size: bytes.length, read: async (at: number, size: number) => bytes.subarray(at, at + size) };
      expect((await finishMp4(file, async () => undefined)).samples).toBeGreaterThanOrEqual(count);
    },
  );
});
