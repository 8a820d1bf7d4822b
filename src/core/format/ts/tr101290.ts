// Measures a transport stream as ETSI TR 101 290 §5.2 does: the indicators of priority 1 and 2.
//
// Time is that of the stream itself: the newest PCR. A file and a network burst have no other, and what a muxer must
// promise (tables every 500 ms, PCR every 100 ms) it promises in this time. With arrival times, the jitter of the PCR
// against them is measured too. PCR accuracy (2.4) means something for constant rates only, and is left out.
import { Unwrapper } from '../../base/time.ts';
import type { ContinuityCounts } from './continuity.ts';
import { Continuity } from './continuity.ts';
import { parsePes } from './pes.ts';
import { ProgramReader } from './program-reader.ts';
import { emptyReport } from './report.ts';
import { PacketSync } from './sync.ts';
import { type Adaptation, NULL_PID, PACKET_BYTES, pidOf, readAdaptation, TS_RATE, wrapTicks } from './wire.ts';

/** Times are in ticks of 90 kHz; `worst` ones are the largest seen. */
export interface TsIndicators {
  packets: number;
  /** 1.1 */
  syncLosses: number;
  /** 1.2 */
  syncByteErrors: number;
  /** 1.3: more than 500 ms without PAT, or something else on PID 0. */
  patErrors: number;
  worstPatTicks: number;
  /** 1.4 */
  continuityErrors: number;
  /** 1.5: more than 500 ms without PMT. */
  pmtErrors: number;
  worstPmtTicks: number;
  /** 1.6: a PID of the PMT that does not come for 5 s. */
  pidErrors: number;
  /** 2.1 */
  transportErrors: number;
  /** 2.2 */
  crcErrors: number;
  /** 2.3a: more than 100 ms between two PCRs. */
  pcrRepetitionErrors: number;
  worstPcrTicks: number;
  /** 2.3b: a PCR that goes back, or on by more than 10 s, without discontinuity_indicator. */
  pcrDiscontinuities: number;
  /** 2.5: more than 700 ms between the PTS of a PID. */
  ptsErrors: number;
  worstPtsTicks: number;
  /** Not of TR 101 290: a DTS that is over when its first byte comes (ISO 13818-1 §2.4.2.6). */
  lateUnits: number;
  /** PCR against arrival; undefined without arrival times. */
  pcrJitterTicks: number | undefined;
}

const TABLE_TICKS = 0.5 * TS_RATE;
const PID_TICKS = 5 * TS_RATE;
const PCR_TICKS = 0.1 * TS_RATE;
const PCR_JUMP = 10 * TS_RATE;
const PTS_TICKS = 0.7 * TS_RATE;
/** PIDs have 13 bits; what is kept of each is small. */
interface PidWatch {
  readonly continuity: Continuity;
  /** Stream time of the last packet and the last PTS; undefined before the first. */
  seen: number | undefined;
  stamped: number | undefined;
  lost: boolean;
}

/** Bytes in, any cut; read `indicators` at any time. Throws TS_SYNC for what is no transport stream. */
export class TsAnalyser {
  readonly indicators: TsIndicators = {
    packets: 0,
    syncLosses: 0,
    syncByteErrors: 0,
    patErrors: 0,
    worstPatTicks: 0,
    continuityErrors: 0,
    pmtErrors: 0,
    worstPmtTicks: 0,
    pidErrors: 0,
    transportErrors: 0,
    crcErrors: 0,
    pcrRepetitionErrors: 0,
    worstPcrTicks: 0,
    pcrDiscontinuities: 0,
    ptsErrors: 0,
    worstPtsTicks: 0,
    lateUnits: 0,
    pcrJitterTicks: undefined,
  };
  readonly #report = emptyReport();
  readonly #program: ProgramReader;
  readonly #sync: PacketSync;
  readonly #pids = new Map<number, PidWatch>();
  readonly #pcrTime = new Unwrapper(33);
  readonly #adaptation: Adaptation = { payload: 0, discontinuity: false, randomAccess: false, pcr: -1 };
  /** Unwrapped base of the newest PCR. */
  #now: number | undefined;
  #lastPat: number | undefined;
  #lastPmt: number | undefined;
  #arrival: number | undefined;
  /** Arrival minus PCR of the first one. */
  #offset: number | undefined;

  constructor() {
    this.#program = new ProgramReader(this.#report, 64);
    this.#sync = new PacketSync(this.#report, (bytes, at) => this.#packet(bytes, at));
  }

  /** @param arrivalTicks when the bytes came, in ticks of 90 kHz of a clock that does not wrap. */
  push(bytes: Uint8Array, arrivalTicks?: number): void {
    this.#arrival = arrivalTicks;
    this.#sync.push(bytes);
    this.#copyCounts();
  }

  end(): void {
    this.#sync.end();
    this.#copyCounts();
  }

  #copyCounts(): void {
    const { syncLosses, syncByteErrors, crcErrors, continuityErrors, transportErrors, packets } = this.#report;
    Object.assign(this.indicators, {
      syncLosses,
      syncByteErrors,
      crcErrors,
      continuityErrors,
      transportErrors,
      packets,
    });
  }

  #packet(bytes: Uint8Array, at: number): void {
    this.#report.packets++;
    if (((bytes[at + 1] as number) & 0x80) !== 0) {
      this.#report.transportErrors++;
      return;
    }
    const pid = pidOf(bytes, at);
    if (pid === NULL_PID) return;
    const adaptation = readAdaptation(bytes, at, this.#adaptation);
    if (adaptation.payload < 0) return;
    if (pid === this.#program.pcrPid && adaptation.pcr >= 0) this.#pcr(adaptation);
    const watch = this.#watch(pid);
    this.#present(watch);
    if (adaptation.payload >= PACKET_BYTES) return;
    const counts: ContinuityCounts = this.#report;
    const counter = (bytes[at + 3] as number) & 15;
    const verdict = watch.continuity.check(counter, adaptation.discontinuity, counts);
    if (verdict === 'duplicate') return;
    const start = ((bytes[at + 1] as number) & 0x40) !== 0;
    if (this.#program.wants(pid)) this.#table(pid, bytes, at, { start, lost: verdict === 'lost' });
    else if (start) this.#stamp(watch, bytes, at);
  }

  #watch(pid: number): PidWatch {
    let watch = this.#pids.get(pid);
    if (watch === undefined) {
      watch = { continuity: new Continuity(), seen: undefined, stamped: undefined, lost: false };
      this.#pids.set(pid, watch);
    }
    return watch;
  }

  #present(watch: PidWatch): void {
    watch.seen = this.#now;
    watch.lost = false;
  }

  #pcr({ pcr, discontinuity }: Adaptation): void {
    const base = Math.floor(pcr / 300);
    const before = this.#now;
    const now = this.#pcrTime.unwrap(base);
    this.#now = now;
    this.#jitter(now);
    if (before === undefined) return;
    const step = now - before;
    if (step < 0 || step > PCR_JUMP) {
      if (!discontinuity) this.indicators.pcrDiscontinuities++;
      this.#restart();
      return;
    }
    if (discontinuity) return;
    this.indicators.worstPcrTicks = Math.max(this.indicators.worstPcrTicks, step);
    if (step > PCR_TICKS) this.indicators.pcrRepetitionErrors++;
    this.#missing(now);
  }

  /** Another time base: what was measured against the old one ends. */
  #restart(): void {
    this.#lastPat = undefined;
    this.#lastPmt = undefined;
    this.#offset = undefined;
    for (const watch of this.#pids.values()) {
      watch.seen = undefined;
      watch.stamped = undefined;
    }
  }

  #jitter(now: number): void {
    if (this.#arrival === undefined) return;
    const offset = this.#arrival - now;
    this.#offset ??= offset;
    const jitter = Math.abs(offset - this.#offset);
    this.indicators.pcrJitterTicks = Math.max(this.indicators.pcrJitterTicks ?? 0, jitter);
  }

  #missing(now: number): void {
    for (const { pid } of this.#program.streams) {
      const watch = this.#watch(pid);
      watch.seen ??= now;
      if (watch.lost || now - watch.seen <= PID_TICKS) continue;
      watch.lost = true;
      this.indicators.pidErrors++;
    }
  }

  #table(pid: number, bytes: Uint8Array, at: number, how: { start: boolean; lost: boolean }): void {
    const payload = at + this.#adaptation.payload;
    this.#program.push(pid, bytes, payload, at + PACKET_BYTES, how);
    if (!how.start) return;
    const { indicators } = this;
    const pointed = payload + 1 + (bytes[payload] as number);
    if (pid === 0 && pointed < at + PACKET_BYTES && bytes[pointed] !== 0) indicators.patErrors++;
    const last = pid === 0 ? this.#lastPat : this.#lastPmt;
    const gap = last === undefined || this.#now === undefined ? 0 : this.#now - last;
    if (pid === 0) {
      this.#lastPat = this.#now;
      indicators.worstPatTicks = Math.max(indicators.worstPatTicks, gap);
      if (gap > TABLE_TICKS) indicators.patErrors++;
    } else {
      this.#lastPmt = this.#now;
      indicators.worstPmtTicks = Math.max(indicators.worstPmtTicks, gap);
      if (gap > TABLE_TICKS) indicators.pmtErrors++;
    }
  }

  /** A PES packet begins: how long ago the last time stamp was, and whether this one is over already. */
  #stamp(watch: PidWatch, bytes: Uint8Array, at: number): void {
    const now = this.#now;
    const from = at + this.#adaptation.payload;
    if ((bytes[from] ?? 1) !== 0 || bytes[from + 1] !== 0 || bytes[from + 2] !== 1) return;
    const pes = parsePes(bytes.subarray(from, at + PACKET_BYTES), false);
    if (pes?.pts === undefined || now === undefined) return;
    const { indicators } = this;
    if (watch.stamped !== undefined) {
      const gap = now - watch.stamped;
      indicators.worstPtsTicks = Math.max(indicators.worstPtsTicks, gap);
      if (gap > PTS_TICKS) indicators.ptsErrors++;
    }
    watch.stamped = now;
    const ahead = wrapTicks((pes.dts ?? pes.pts) - now);
    if (ahead >= 2 ** 32) indicators.lateUnits++;
  }
}

/** Measures a whole stream that is in memory. */
export function analyseTs(bytes: Uint8Array): TsIndicators {
  const analyser = new TsAnalyser();
  analyser.push(bytes);
  analyser.end();
  return analyser.indicators;
}

/** The indicators of priority 1 and 2 that are not zero, by their name: empty for a stream without a fault. */
export function tsFaults(indicators: TsIndicators): string[] {
  const faults = [
    'syncLosses',
    'syncByteErrors',
    'patErrors',
    'continuityErrors',
    'pmtErrors',
    'pidErrors',
    'transportErrors',
    'crcErrors',
    'pcrRepetitionErrors',
    'pcrDiscontinuities',
    'ptsErrors',
  ] as const;
  return faults.filter((name) => indicators[name] > 0).map((name) => `${name}=${indicators[name]}`);
}
