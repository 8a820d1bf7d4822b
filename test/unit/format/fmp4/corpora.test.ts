// Inputs that broke others, from beside the project when they are there; only ProtocolError may come out.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import {
  describeTrack,
  Fmp4Demuxer,
  initSegment,
  Mp4File,
  type Mp4Track,
} from '../../../../src/core/format/fmp4/index.ts';
import { both, inMemory } from './media.ts';

const corpora = join(import.meta.dirname, '../../../../../shared/corpora/mediacommon');
const folders = [
  'formats_fmp4/FuzzInitUnmarshal',
  'formats_fmp4/FuzzPartsUnmarshal',
  'formats_pmp4/FuzzPresentationUnmarshal',
];
const init = initSegment(both.map((track) => describeTrack(track) as Mp4Track));

function onlyProtocolErrors(error: unknown): void {
  if (!(error instanceof ProtocolError)) throw error;
}

describe.skipIf(!existsSync(corpora))('inputs that broke others', () => {
  it.each(folders)('%s', async (folder) => {
    const files = readdirSync(join(corpora, folder));
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(join(corpora, folder, file)));
      for (const input of [bytes, concat([init, bytes])]) {
        try {
          const demuxer = new Fmp4Demuxer();
          demuxer.push(input);
          demuxer.end();
        } catch (error) {
          onlyProtocolErrors(error);
        }
        try {
          for await (const _ of (await Mp4File.open(inMemory(input))).events());
        } catch (error) {
          onlyProtocolErrors(error);
        }
      }
    }
  });
});
