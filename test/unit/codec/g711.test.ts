import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { g711 } from '../../../src/core/codec/index.ts';

const allBytes = Uint8Array.from({ length: 256 }, (_, value) => value);
const allSamples = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);

/** Of little-endian samples, as `ffmpeg -f alaw -i all.bin -f s16le` writes them. */
const sha256 = (samples: Int16Array): string =>
  createHash('sha256').update(new Uint8Array(samples.buffer)).digest('hex');

const laws = [
  { name: 'A-law', decode: g711.decodeAlaw, encode: g711.encodeAlaw, sum: 168_472_576, step: 1024 },
  { name: 'µ-law', decode: g711.decodeUlaw, encode: g711.encodeUlaw, sum: 132_138_816, step: 1024 },
] as const;

describe.each(laws)('$name', ({ decode, encode, sum, step }) => {
  it('decodes every byte to what ffmpeg decodes it to', () => {
    const samples = decode(allBytes);

    // A checksum of ffmpeg 5.1's output: positions times magnitudes.
    expect(samples.reduce((total, sample, index) => total + Math.abs(sample) * (index + 1), 0)).toBe(sum);
  });

  it('encodes what it decoded to the same value', () => {
    const samples = decode(allBytes);

    expect(decode(encode(samples))).toEqual(samples);
  });

  it('encodes every sample to a near value and keeps the order', () => {
    const decoded = decode(encode(allSamples));

    for (let i = 0; i < allSamples.length; i++) {
      const error = Math.abs(decoded[i]! - allSamples[i]!);
      if (error > step) expect.fail(`${allSamples[i]} becomes ${decoded[i]}`);
      if (i > 0 && decoded[i]! < decoded[i - 1]!) expect.fail(`order is lost at ${allSamples[i]}`);
    }
  });

  it('encodes to the nearest of the values around a sample', () => {
    const values = [...decode(allBytes)].sort((a, b) => a - b);
    for (const sample of [-20_000, -1000, -33, 3, 100, 5000, 31_000]) {
      const [back] = decode(encode(Int16Array.of(sample)));
      const nearest = Math.min(...values.map((value) => Math.abs(value - sample)));

      expect(Math.abs((back as number) - sample)).toBe(nearest);
    }
  });
});

it('has the bytes of silence that everybody knows', () => {
  expect([...g711.encodeAlaw(Int16Array.of(0, -1))]).toEqual([0xd5, 0x55]);
  expect([...g711.encodeUlaw(Int16Array.of(0))]).toEqual([0xff]);
  expect(sha256(g711.decodeAlaw(allBytes))).toBe('e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174');
  expect(sha256(g711.decodeUlaw(allBytes))).toBe('3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827');
});
