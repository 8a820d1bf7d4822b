// A disk that becomes full in the middle of a recording: a real one, of two megabytes.
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../tools/interop.ts';

const scratch = await scratchFolder();
const program = new URL('full-disk-child.ts', import.meta.url).pathname;

/** Runs a shell command where `$1` is a file system of two megabytes that nobody else sees. */
const withDisk = (folder: string, command: string, ...words: string[]) =>
  spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', `mount -t tmpfs -o size=2m tmpfs "$1" && exec ${command}`, 'sh', folder, ...words],
    { encoding: 'utf8', timeout: 60_000 },
  );

/** Not everywhere may a test mount anything. */
const mayMount = withDisk(scratch, 'true').status === 0;

interface Told {
  readonly errors: readonly string[];
  /** Seconds. */
  readonly published: number;
  readonly full: Readonly<Record<string, number>>;
  readonly well: Readonly<Record<string, number>>;
}

describe.skipIf(!mayMount)('a recording to a disk that becomes full (needs a mount namespace)', () => {
  it.each(['flv', 'mp4', 'ts'])(
    'as %s leaves what had room, and the stream and the next recording go on',
    async (ending) => {
      const folder = join(scratch, ending);
      await mkdir(folder);
      const { stdout, stderr } = withDisk(folder, `"${process.execPath}" "$2" "$1" "$3"`, program, ending);
      const { errors, published, full, well } = JSON.parse(stdout || `{"errors":[${JSON.stringify(stderr)}]}`) as Told;

      expect(errors).toEqual(['NET_DISK_FULL']);
      // Two megabytes are eight seconds; the stream went on behind them.
      expect(Object.keys(full)).toEqual([`a.${ending}`]);
      expect(full[`a.${ending}`]).toBeGreaterThan(6);
      expect(full[`a.${ending}`]).toBeLessThan(published - 2);
      expect(well).toEqual({ [`a.${ending}`]: 4 });
    },
  );
});
