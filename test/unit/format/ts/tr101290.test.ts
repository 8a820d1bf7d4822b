// The analyser catches planted faults, each by its indicator and by no other.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { analyseTs, TsAnalyser, type TsIndicators, tsFaults } from '../../../../src/core/format/ts/index.ts';
import { pidOf, readAdaptation, readPcr, writePcr, writeTimestamp } from '../../../../src/core/format/ts/wire.ts';
import { chop, chopAtRandom } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { program, ts } from './media.ts';

const good = (): Uint8Array[] => {
  const bytes = ts(program({ seconds: 4 }));
  return chop(bytes, 188);
};

const pid = (packet: Uint8Array): number => pidOf(packet, 0);
const starts = (packet: Uint8Array): boolean => ((packet[1] as number) & 0x40) !== 0;
const hasPcr = (packet: Uint8Array): boolean =>
  ((packet[3] as number) & 0x20) !== 0 && (packet[4] as number) >= 7 && ((packet[5] as number) & 0x10) !== 0;
const payloadOf = (packet: Uint8Array): number =>
  readAdaptation(packet, 0, { payload: 0, discontinuity: false, randomAccess: false, pcr: -1 }).payload;
const video = 0x100;
const audio = 0x200;

/** The packets with the counters made right again, as a multiplexer that leaves some out would write them. */
function recount(packets: readonly Uint8Array[]): Uint8Array[] {
  const counters = new Map<number, number>();
  for (const packet of packets) {
    if (((packet[3] as number) & 0x10) === 0) continue;
    const next = ((counters.get(pid(packet)) ?? -1) + 1) & 15;
    counters.set(pid(packet), next);
    packet[3] = ((packet[3] as number) & 0xf0) | next;
  }
  return [...packets];
}

/** From the second second to the third, by position. */
const middle = (packets: readonly Uint8Array[], i: number): boolean =>
  i > packets.length / 4 && i < (packets.length * 3) / 4;

const dropPcr = (packet: Uint8Array): Uint8Array => {
  if (pid(packet) === video && hasPcr(packet)) packet[5] = (packet[5] as number) & ~0x10;
  return packet;
};

interface Planted {
  readonly name: string;
  readonly faults: readonly (keyof TsIndicators)[];
  readonly plant: (packets: Uint8Array[]) => Uint8Array[];
}

const planted: readonly Planted[] = [
  {
    name: '1.1 a hole of odd size',
    faults: ['syncLosses'],
    plant: (all) => [...all.slice(0, 50), new Uint8Array(77), ...all.slice(50)],
  },
  {
    name: '1.2 a sync byte that is wrong',
    faults: ['syncByteErrors', 'continuityErrors'],
    plant: (all) => {
      (all.find((packet, i) => i > 50 && pid(packet) === video && !starts(packet)) as Uint8Array)[0] = 0x46;
      return all;
    },
  },
  {
    name: '1.3 no PAT for more than half a second',
    faults: ['patErrors'],
    plant: (all) => recount(all.filter((packet, i) => pid(packet) !== 0 || !middle(all, i))),
  },
  {
    name: '1.4 a packet that is missing',
    faults: ['continuityErrors'],
    plant: (all) =>
      all.filter((_, i) => i !== all.findIndex((packet, n) => n > 60 && pid(packet) === video && !starts(packet))),
  },
  {
    name: '1.5 no PMT for more than half a second',
    faults: ['pmtErrors'],
    plant: (all) => recount(all.filter((packet, i) => pid(packet) !== 0x1000 || !middle(all, i))),
  },
  {
    name: '2.1 a packet with transport errors',
    faults: ['transportErrors', 'continuityErrors'],
    plant: (all) => {
      const victim = all.find((packet, n) => n > 60 && pid(packet) === video && !starts(packet)) as Uint8Array;
      victim[1] = (victim[1] as number) | 0x80;
      return all;
    },
  },
  {
    name: '2.2 a PMT with a wrong CRC',
    faults: ['crcErrors'],
    plant: (all) => {
      (all.filter((packet) => pid(packet) === 0x1000)[2] as Uint8Array)[20] = 0x55;
      return all;
    },
  },
  {
    name: '2.3a PCRs that are further apart than 100 ms',
    faults: ['pcrRepetitionErrors'],
    plant: (all) => all.map((packet, i) => (i > 100 && i < 110 ? dropPcr(packet) : packet)),
  },
  {
    name: '2.3b a PCR that jumps without being announced',
    faults: ['pcrDiscontinuities'],
    plant: (all) => {
      for (const packet of all.slice(120))
        if (hasPcr(packet)) writePcr(packet, 6, readPcr(packet, 6) / 300 + 90_000 * 100);
      return all;
    },
  },
  {
    name: '2.5 no time stamps for more than 700 ms',
    faults: ['ptsErrors'],
    plant: (all) => recount(all.filter((packet, i) => pid(packet) !== audio || !middle(all, i))),
  },
];

describe('TsAnalyser', () => {
  it('finds nothing in what our muxer writes', () => {
    expect(tsFaults(analyseTs(concat(good())))).toEqual([]);
  });

  it.each(planted)('finds $name', ({ plant, faults }) => {
    const found = tsFaults(analyseTs(concat(plant(good()))));

    expect(found.map((fault) => fault.split('=')[0]).sort()).toEqual([...faults].sort());
  });

  it('finds 1.6 a PID of the PMT that does not come for 5 s', () => {
    const all = chop(ts(program({ seconds: 7 })), 188);
    const found = tsFaults(analyseTs(concat(all.filter((packet) => pid(packet) !== audio))));

    expect(found).toEqual(['pidErrors=1']);
  });

  it('finds something else than a PAT on PID 0', () => {
    const all = good();
    (all.filter((packet) => pid(packet) === 0)[1] as Uint8Array)[5] = 2;

    expect(analyseTs(concat(all)).patErrors).toBe(1);
  });

  it('counts units that are over when they come', () => {
    const all = good();
    const late = all.find((packet, i) => i > 60 && pid(packet) === video && starts(packet)) as Uint8Array;
    writeTimestamp(late, payloadOf(late) + 9, 2, 90_000);

    expect(analyseTs(concat(all)).lateUnits).toBe(1);
  });

  it('measures the jitter of the PCR when arrival times are given', () => {
    const analyser = new TsAnalyser();
    let first: number | undefined;
    for (const packet of good()) {
      const pcr = hasPcr(packet) ? readPcr(packet, 6) / 300 : undefined;
      first ??= pcr;
      analyser.push(
        packet,
        pcr === undefined ? undefined : pcr - (first as number) + (pcr === 90_000 + 9000 ? 450 : 0),
      );
    }

    expect(analyser.indicators.pcrJitterTicks).toBe(450);
    expect(analyseTs(concat(good())).pcrJitterTicks).toBeUndefined();
  });

  it('measures the same for any cut', () => {
    const bytes = concat(planted.flatMap(({ plant }) => plant(good())));
    const whole = analyseTs(bytes);
    const analyser = new TsAnalyser();
    for (const piece of chopAtRandom(bytes, new SeedRng(4), 1000)) analyser.push(piece);
    analyser.end();

    expect(analyser.indicators).toEqual(whole);
  });
});
