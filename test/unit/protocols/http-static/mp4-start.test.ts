import { expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { finishMp4, Mp4File, Mp4Writer } from '../../../../src/core/format/fmp4/index.ts';
import { sendMp4From } from '../../../../src/core/protocols/http-static/mp4-start.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';
import { FakeLink, VirtualClock } from '../../../tools/fakes.ts';
import { framesOf, payloads } from '../../control/record/world.ts';

const frames = live({ seconds: 10, gop: 50 });
const writer = new Mp4Writer([h264Track, aacTrack]);
const fragmented = concat([...frames.flatMap((frame) => writer.write(frame)), ...writer.end()]);
const pieces: Uint8Array[] = [];
await finishMp4(
  { size: fragmented.length, read: async (at, size) => fragmented.slice(at, at + size) },
  async (piece) => void pieces.push(piece),
);
const plain = concat(pieces);

async function from(bytes: Uint8Array, seconds: number) {
  let read = 0;
  const access = {
    size: bytes.length,
    read: async (at: number, size: number) => {
      read += size;
      return bytes.slice(at, at + size);
    },
  };
  const link = new FakeLink();
  const movie = await Mp4File.open(access, defaultLimits);
  read = 0;
  const options = { clock: new VirtualClock(), stallTime: fromSeconds(30), path: '/a.mp4' };
  await sendMp4From(movie, fromSeconds(seconds), { link, chunked: false }, options);
  return { found: framesOf(link.bytes, 'x.mp4'), read, link };
}

it.each([
  ['plain', plain, 0, 0],
  ['plain', plain, 3, 50],
  ['plain', plain, 4, 100],
  ['plain', plain, 9.99, 200],
  ['plain', plain, 100, 200],
  ['fragmented', fragmented, 0, 0],
  ['fragmented', fragmented, 3, 100],
])('a %s file begins at a key frame (%#), with times from 0', async (_, bytes, seconds, first) => {
  const { found, link } = await from(bytes, seconds);

  expect(payloads(found, 'video')).toEqual(payloads(frames, 'video').slice(first));
  expect(Math.min(...found.map(({ dts }) => dts))).toBeLessThan(fromSeconds(0.1));
  expect(link.reason).toBeUndefined();
});

it('a plain file is not read before its start', async () => {
  const [all, part] = [await from(plain, 0), await from(plain, 9)];

  expect(part.read).toBeLessThanOrEqual(all.read);
  expect(payloads(part.found, 'audio').length).toBeLessThan(100);
});

it('a damaged file breaks the answer off', async () => {
  const { link } = await from(plain.subarray(0, plain.length - 2000), 3);

  expect(link.reason).toMatchObject({ code: 'FMP4_DATA' });
});
