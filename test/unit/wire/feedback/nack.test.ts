// When missing packets are asked for, and when no more.
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { KeyRequest, NackGenerator } from '../../../../src/core/wire/feedback/index.ts';

const make = (): NackGenerator => new NackGenerator({ age: fromMs(1000) });

/** Every request until `end`, with its time in ms. */
function requests(nack: NackGenerator, end: number): [number, number[]][] {
  const found: [number, number[]][] = [];
  while (nack.deadline <= fromMs(end)) {
    const at = nack.deadline;
    const due = nack.due(at);
    if (due.length > 0) found.push([at / 1000, due]);
  }
  return found;
}

describe('NACK', () => {
  it('asks for a gap a little later, then after a round trip, ever less often', () => {
    const nack = make();
    nack.roundTrip = fromMs(100);
    nack.arrived(10, 0);
    nack.arrived(13, 0);

    const asked = requests(nack, 2000);

    expect(asked[0]).toEqual([5, [11, 12]]);
    expect(asked.map(([at]) => at)).toEqual([5, 110, 215, 320, 425, 530, 635, 740, 845]);
    expect(nack.missing).toBe(0);
    expect(nack.counts).toMatchObject({ missed: 2, abandoned: 2, recovered: 0 });
  });

  it('asks across the wrap in ascending order', () => {
    const nack = make();
    nack.arrived(65_534, 0);
    nack.arrived(65_538, 0);

    expect(nack.due(fromMs(5))).toEqual([65_535, 0, 1]);
  });

  it('asks no more for what has come', () => {
    const nack = make();
    nack.arrived(1, 0);
    nack.arrived(4, 0);
    nack.arrived(2, fromMs(2));
    expect(nack.due(fromMs(5))).toEqual([3]);

    nack.arrived(3, fromMs(60), true);

    expect(nack.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(nack.counts.recovered).toBe(2);
  });

  it('learns the round trip from the answers', () => {
    const nack = make();
    nack.arrived(0, 0);
    for (let i = 1; i < 200; i++) {
      nack.arrived(i * 2, fromMs(i * 500));
      const answerAt = fromMs(i * 500 + 5 + 120);
      while (nack.deadline < answerAt) nack.due(nack.deadline);
      nack.arrived(i * 2 - 1, answerAt, true);
    }

    expect(Math.abs(nack.roundTrip - fromMs(120))).toBeLessThan(fromMs(10));
  });

  it('asks twelve times at most', () => {
    const nack = new NackGenerator({ age: fromMs(100_000) });
    nack.arrived(1, 0);
    nack.arrived(3, 0);

    expect(requests(nack, 100_000)).toHaveLength(12);
    expect(nack.missing).toBe(0);
  });

  it('waits longer where packets are overtaken, and hurries again where they are lost', () => {
    const nack = make();
    nack.arrived(0, 0);
    for (let i = 1; i < 100; i += 2) {
      nack.arrived(i + 1, fromMs(i));
      nack.arrived(i, fromMs(i + 30));
    }
    nack.arrived(110, fromMs(200));
    const patient = nack.deadline - fromMs(200);
    for (let i = 101; i < 110; i++) nack.arrived(i, fromMs(400), true);
    for (let i = 0; i < 100; i++) {
      nack.arrived(112 + i * 2, fromMs(500 + i));
      nack.arrived(111 + i * 2, fromMs(560 + i), true);
    }
    nack.arrived(500, fromMs(900));

    expect(patient).toBeGreaterThanOrEqual(fromMs(30));
    expect(nack.deadline - fromMs(900)).toBe(fromMs(5));
  });

  it('forgets all when the sequence jumps far, and holds no more than its limit', () => {
    const nack = make();
    nack.arrived(0, 0);
    nack.arrived(400, 0);
    nack.arrived(800, 0);
    expect(nack.missing).toBe(500);

    nack.arrived(10_000, 0);

    expect(nack.missing).toBe(0);
    expect(nack.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(nack.counts.abandoned).toBe(798);
  });
});

describe('a key frame request', () => {
  it('goes out at once, and again less and less often until a key frame comes', () => {
    const request = new KeyRequest();
    expect(request.deadline).toBe(Number.POSITIVE_INFINITY);
    request.want();

    const sent: number[] = [];
    for (let ms = 0; ms < 20_000; ms += 10) if (request.due(fromMs(ms))) sent.push(ms);

    expect(sent).toEqual([0, 300, 900, 2100, 4500, 8500, 12_500, 16_500]);
    request.arrived();
    expect(request.due(fromMs(60_000))).toBe(false);
  });

  it('is sent once for many who want it', () => {
    const request = new KeyRequest();
    let sent = 0;
    for (let ms = 0; ms < 1000; ms += 20) {
      request.want();
      if (request.due(fromMs(ms))) sent++;
      request.arrived();
    }

    expect(sent).toBe(4);
  });
});
