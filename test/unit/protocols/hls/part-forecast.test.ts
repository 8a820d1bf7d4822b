// How long a publisher of low-latency HLS need not be read.
import { describe, expect, it } from 'vitest';
import { fromMs, toMs } from '../../../../src/core/base/time.ts';
import { PartForecast } from '../../../../src/core/protocols/hls/part-forecast.ts';

const step = fromMs(200);

/** Parts of segments of two seconds, each completed so much later than its frame's time says. */
function forecastOf(latenessMs: readonly number[]): { forecast: PartForecast; patience: (atMs: number) => number } {
  const forecast = new PartForecast();
  latenessMs.forEach((late, index) => {
    const at = fromMs(200 * index);
    const sequence = Math.floor(index / 10);
    forecast.made({ dts: at, now: at + fromMs(late), sequence, segment: fromMs(2000) });
  });
  return { forecast, patience: (atMs) => toMs(forecast.patience(fromMs(atMs), step)) };
}

describe('the forecast of the next part', () => {
  it('has no patience before it has seen one, or knows how long they are', () => {
    expect(new PartForecast().patience(0, step)).toBe(0);
    expect(forecastOf([30]).forecast.patience(fromMs(40), undefined)).toBe(0);
  });

  it('is patient until shortly before the frame that will complete it', () => {
    const { patience } = forecastOf([30, 30]);

    expect(patience(230)).toBe(185);
    expect(patience(300)).toBe(115);
    expect(patience(420)).toBe(0);
  });

  it('goes by the earliest frames: late ones are the network, or our own waiting', () => {
    const { patience } = forecastOf([30, 90, 30]);
    expect(patience(430)).toBeCloseTo(185, 0);

    const late = forecastOf([30, 190]);
    expect(late.patience(390)).toBeCloseTo(35, 0);
  });

  it('believes a delay that lasts', () => {
    const { patience } = forecastOf([30, ...Array.from({ length: 60 }, () => 90)]);

    const now = 60 * 200 + 90;
    expect(patience(now)).toBeGreaterThan(180);
  });

  it('knows that the last part of a segment is short when the segment before ended so', () => {
    const forecast = new PartForecast();
    forecast.made({ dts: fromMs(2100), now: fromMs(2100), sequence: 1, segment: fromMs(2100) });
    forecast.made({ dts: fromMs(4100), now: fromMs(4100), sequence: 1, segment: fromMs(2100) });

    expect(toMs(forecast.patience(fromMs(4100), step))).toBe(85);
  });

  it('begins anew with another timeline', () => {
    const { forecast } = forecastOf([30, 30]);
    forecast.reset();

    expect(forecast.patience(0, step)).toBe(0);
  });
});
