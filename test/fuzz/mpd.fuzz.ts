// Manifests of DASH that an earlier run left on the disk: what is removed by them is below their folder.
import { utf8 } from '../../src/core/base/bytes.ts';
import { ownFiles, writeMpd } from '../../src/core/format/dash/index.ts';
import { live } from '../tools/builders.ts';
import { manifestOf, stored } from '../unit/format/dash/media.ts';

export const name = 'mpd';
export const seeds = [utf8(writeMpd(manifestOf(stored(live({ seconds: 5, gop: 50 })))))];

export function run(bytes: Uint8Array): void {
  const files = ownFiles(new TextDecoder().decode(bytes));
  if (files.length > 20_000) throw new Error(`${files.length} files`);
  for (const file of files) if (!/^[a-z]+\d*-[\w-]+\.(mp4|m4s)$/.test(file)) throw new Error(`a file ${file}`);
}
