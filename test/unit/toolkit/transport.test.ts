// What a probe says of a transport stream itself.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/core/base/bytes.ts';
import { TsMuxer } from '../../../src/core/format/ts/index.ts';
import { TransportMeter } from '../../../src/core/toolkit/transport.ts';
import { aacTrack, h264Track, live } from '../../tools/builders.ts';

function transportStream(): Uint8Array {
  const muxer = new TsMuxer();
  const packets = [...muxer.header([h264Track, aacTrack]), ...live({ seconds: 2 }).flatMap((f) => muxer.write(f))];
  return concat(packets.flatMap(({ chunks }) => chunks));
}

describe('a meter of a transport stream', () => {
  it('has nothing to say of another container', () => {
    const meter = new TransportMeter();

    meter.note('flv', new Uint8Array(1000), 0);

    expect(meter.report()).toBeNull();
    expect(meter.findings()).toEqual([]);
  });

  it('finds nothing in what our own muxer makes', () => {
    const meter = new TransportMeter();

    meter.note('ts', transportStream(), undefined);

    expect(meter.findings()).toEqual([]);
    expect(meter.report()).toMatchObject({ continuityErrors: 0, pcrJitterMs: null });
    expect(meter.report()?.worstPcrMs).toBeLessThanOrEqual(100);
  });

  it('names a lost packet with its section of the standard', () => {
    const meter = new TransportMeter();
    const bytes = transportStream();
    const lost = concat([bytes.subarray(0, 188 * 20), bytes.subarray(188 * 21)]);

    meter.note('ts', lost, undefined);

    expect(meter.findings()).toMatchObject([
      { id: 'ts-continuity-errors', severity: 'must', text: expect.stringContaining('TR 101 290 1.4') },
    ]);
  });

  it('stops at what is no transport stream, with the figures up to there', () => {
    const meter = new TransportMeter();

    meter.note('ts', transportStream(), undefined);
    const { packets = 0 } = meter.report() ?? {};
    meter.note('ts', new Uint8Array(200_000), undefined);
    meter.note('ts', transportStream(), undefined);

    expect(meter.report()?.packets).toBeGreaterThanOrEqual(packets);
  });
});
