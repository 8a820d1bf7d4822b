// A probe's look at the transport stream itself, beside the frames that it carries.
import { fromTicks, type Micros, toMs, toTicks } from '../base/time.ts';
import { TS_RATE, TsAnalyser, type TsIndicators, tsFaults } from '../format/ts/index.ts';
import type { Finding, ProbeTransport } from './probe-report.ts';

/** Fed with the bytes of a source; knows nothing until one of them is of a transport stream. */
export class TransportMeter {
  #analyser: TsAnalyser | undefined;
  #lost = false;

  /** @param now time of arrival; undefined for files, whose bytes arrive as fast as the disk reads. */
  note(container: string, bytes: Uint8Array, now: Micros | undefined): void {
    if (container !== 'ts' || this.#lost) return;
    this.#analyser ??= new TsAnalyser();
    try {
      this.#analyser.push(bytes, now === undefined ? undefined : toTicks(now, TS_RATE));
    } catch {
      // No transport stream any more: the demuxer says so, and the figures up to here stand.
      this.#lost = true;
    }
  }

  /** Null when there was no transport stream. */
  report(): ProbeTransport | null {
    return this.#analyser === undefined ? null : show(this.#analyser.indicators);
  }

  findings(): Finding[] {
    if (this.#analyser === undefined) return [];
    return tsFaults(this.#analyser.indicators).map(judge);
  }
}

function show({ worstPatTicks, worstPmtTicks, worstPcrTicks, worstPtsTicks, pcrJitterTicks, ...counts }: TsIndicators) {
  const ms = (ticks: number): number => toMs(fromTicks(ticks, TS_RATE));
  return {
    ...counts,
    worstPatMs: ms(worstPatTicks),
    worstPmtMs: ms(worstPmtTicks),
    worstPcrMs: ms(worstPcrTicks),
    worstPtsMs: ms(worstPtsTicks),
    pcrJitterMs: pcrJitterTicks === undefined ? null : ms(pcrJitterTicks),
  };
}

/** What an indicator of TR 101 290 means for who watches; `fault` is `name=count`. */
function judge(fault: string): Finding {
  const [name = '', count = ''] = fault.split('=');
  const [section, severity, what] = meanings[name] ?? ['5.2', 'should', name];
  return {
    id: `ts-${name.replaceAll(/([A-Z])/g, '-$1').toLowerCase()}`,
    severity,
    at: 'transport stream',
    text: `${what}: ${count} (TR 101 290 ${section})`,
    advice:
      severity === 'must' ? 'Receivers lose picture or sound: look at the network, then at the multiplexer.' : PACE,
  };
}

const PACE = 'Strict receivers start late or refuse it: look at the multiplexer.';

const meanings: Readonly<Record<string, readonly [section: string, severity: Finding['severity'], what: string]>> = {
  syncLosses: ['1.1', 'must', 'synchronisation lost'],
  syncByteErrors: ['1.2', 'must', 'sync bytes are wrong'],
  patErrors: ['1.3', 'should', 'program association tables are late or damaged'],
  continuityErrors: ['1.4', 'must', 'packets are missing or out of order'],
  pmtErrors: ['1.5', 'should', 'program map tables are late'],
  pidErrors: ['1.6', 'must', 'a stream of the program does not come'],
  transportErrors: ['2.1', 'must', 'packets are marked as damaged'],
  crcErrors: ['2.2', 'must', 'tables have a wrong CRC'],
  pcrRepetitionErrors: ['2.3a', 'should', 'clock references are more than 100 ms apart'],
  pcrDiscontinuities: ['2.3b', 'should', 'clock references jump'],
  ptsErrors: ['2.5', 'should', 'presentation times are more than 700 ms apart'],
};
