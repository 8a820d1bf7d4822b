// PAT and PMT as they come in: which program is read, and which streams it has (ISO 13818-1 §2.4.4).
import { equalBytes } from '../../base/bytes.ts';
import { SrsxError } from '../../base/errors.ts';
import { Continuity } from './continuity.ts';
import { esKind, type ProgramStream } from './program-map.ts';
import { type ProgramEntry, type ProgramMap, readPat, readPmt, readSectionHead, tableId } from './psi.ts';
import type { TsReport } from './report.ts';
import { SectionReader } from './section.ts';
import { NULL_PID } from './wire.ts';

/** One PID with tables. */
interface TablePid {
  readonly sections: SectionReader;
  readonly continuity: Continuity;
}

/** Programs of a PAT that are remembered; a transponder has a dozen. */
const MAX_PROGRAMS = 256;

export class ProgramReader {
  readonly #report: TsReport;
  readonly #maxStreams: number;
  readonly #pat: TablePid;
  #pmt: TablePid;
  #pmtPid = -1;
  #program = -1;
  /** Sections of the PAT that is being collected, by number. */
  #parts = new Map<number, readonly ProgramEntry[]>();
  #version = -1;
  #section: Uint8Array | undefined;
  #streams: readonly ProgramStream[] = [];
  #pcrPid = NULL_PID;

  constructor(report: TsReport, maxStreams: number) {
    this.#report = report;
    this.#maxStreams = maxStreams;
    this.#pat = this.#tablePid();
    this.#pmt = this.#tablePid();
  }

  get streams(): readonly ProgramStream[] {
    return this.#streams;
  }

  get pcrPid(): number {
    return this.#pcrPid;
  }

  /** Whether a PID carries tables that are read here. */
  wants(pid: number): boolean {
    return pid === 0 || pid === this.#pmtPid;
  }

  continuity(pid: number): Continuity {
    return pid === 0 ? this.#pat.continuity : this.#pmt.continuity;
  }

  /** The payload of a packet of a wanted PID; true when the streams changed. */
  push(pid: number, bytes: Uint8Array, from: number, to: number, at: { start: boolean; lost: boolean }): boolean {
    const { sections } = pid === 0 ? this.#pat : this.#pmt;
    if (at.lost) sections.reset();
    let changed = false;
    for (const section of sections.push(bytes, from, to, at.start)) {
      const head = readSectionHead(section);
      if (!head.current) continue;
      if (pid === 0 && head.tableId === tableId.pat) this.#readPat(section);
      else if (pid !== 0 && head.tableId === tableId.pmt && head.id === this.#program) {
        changed = this.#readPmt(section) || changed;
      }
    }
    return changed;
  }

  #readPat(section: Uint8Array): void {
    const { version, section: number, lastSection } = readSectionHead(section);
    if (version !== this.#version) {
      this.#version = version;
      this.#parts = new Map();
    }
    this.#parts.set(number, readPat(section));
    if (this.#parts.size <= lastSection) return;
    const programs: ProgramEntry[] = [];
    for (let i = 0; i <= lastSection; i++) programs.push(...(this.#parts.get(i) ?? []));
    this.#choose(programs.filter((entry) => entry.program !== 0).slice(0, MAX_PROGRAMS));
  }

  /** The program that is read stays while the PAT has it; else it is the first. */
  #choose(programs: readonly ProgramEntry[]): void {
    const chosen = programs.find((entry) => entry.program === this.#program) ?? programs[0];
    this.#report.otherPrograms = Math.max(0, programs.length - 1);
    if (chosen === undefined || (chosen.program === this.#program && chosen.pid === this.#pmtPid)) return;
    this.#program = chosen.program;
    this.#pmtPid = chosen.pid;
    this.#pmt = this.#tablePid();
    this.#section = undefined;
  }

  #readPmt(section: Uint8Array): boolean {
    if (this.#section !== undefined && equalBytes(section, this.#section)) return false;
    this.#section = section;
    const map = this.#parse(section);
    if (map === undefined) return false;
    const streams: ProgramStream[] = [];
    let refused = 0;
    for (const stream of map.streams) {
      const kind = esKind(stream);
      const known = streams.some(({ pid }) => pid === stream.pid) || stream.pid === 0 || stream.pid === this.#pmtPid;
      if (kind === undefined || known || streams.length >= this.#maxStreams) refused++;
      else streams.push({ pid: stream.pid, kind, descriptors: stream.descriptors });
    }
    this.#report.refusedStreams = refused;
    this.#pcrPid = map.pcrPid;
    if (streams.length === 0) {
      // A multiplexer that starts sends such maps; the streams that were there go on.
      this.#report.emptyMaps++;
      return false;
    }
    this.#streams = streams;
    return true;
  }

  #parse(section: Uint8Array): ProgramMap | undefined {
    try {
      return readPmt(section);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      // The CRC was right, so the sender itself writes lengths that lie.
      this.#report.damagedSections++;
      return undefined;
    }
  }

  #tablePid(): TablePid {
    return { sections: new SectionReader(this.#report), continuity: new Continuity() };
  }
}
