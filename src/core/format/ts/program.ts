// PAT and PMT of a stream that is written: their content, versions and continuity counters.
import { equalBytes } from '../../base/bytes.ts';
import type { Lane } from './lane.ts';
import { sectionPackets, writeSection } from './packetise.ts';
import type { PromisedStream } from './promised.ts';
import { type ElementaryStream, writePat, writePmt } from './psi.ts';
import { PACKET_BYTES } from './wire.ts';

const PROGRAM = 1;
const PMT_PID = 0x1000;

export class ProgramTables {
  readonly #promised: readonly PromisedStream[];
  readonly #pat = writePat(0, [{ program: PROGRAM, pid: PMT_PID }]);
  readonly #patPid = { pid: 0, continuity: 15 };
  readonly #pmtPid = { pid: PMT_PID, continuity: 15 };
  #version = 0;
  /** PMT of the current version. */
  #pmt: Uint8Array | undefined;

  /** @param promised streams that are listed until one of their kind is there. */
  constructor(promised: readonly PromisedStream[] = []) {
    this.#promised = promised;
  }

  /** Sets the streams, the one with the PCR first; true when that made a new version. */
  set(lanes: readonly Lane[]): boolean {
    const before = this.#pmt;
    if (before !== undefined && equalBytes(before, this.#build(lanes, this.#version))) return false;
    if (before !== undefined) this.#version = (this.#version + 1) & 0x1f;
    this.#pmt = this.#build(lanes, this.#version);
    return true;
  }

  /** The next PAT and PMT as whole packets. */
  packets(): Uint8Array {
    const pmt = this.#pmt ?? this.#build([], 0);
    const out = new Uint8Array((sectionPackets(this.#pat) + sectionPackets(pmt)) * PACKET_BYTES);
    writeSection(out, writeSection(out, 0, this.#patPid, this.#pat), this.#pmtPid, pmt);
    return out;
  }

  #build(lanes: readonly Lane[], version: number): Uint8Array {
    const streams = lanes.map(
      ({ carriage, pid }): ElementaryStream => ({
        type: carriage.type,
        pid: pid.pid,
        descriptors: carriage.descriptors,
      }),
    );
    const promised = this.#promised.filter(({ kind }) => !lanes.some((lane) => lane.kind === kind));
    const entries = promised.map(({ type, pid }): ElementaryStream => ({ type, pid, descriptors: [] }));
    const pcrPid = lanes[0]?.pid.pid ?? 0x1fff;
    return writePmt({ program: PROGRAM, version, pcrPid, streams: [...streams, ...entries] });
  }
}
