// PAT and PMT: values to section bytes and back (ISO 13818-1 §2.4.4).
import { ByteReader, ByteWriter, utf8 } from '../../base/bytes.ts';
import { crc32 } from './crc.ts';

/** section_length of a PAT or PMT is at most this (§2.4.4.4, §2.4.4.9). */
export const MAX_SECTION_LENGTH = 1021;

export interface Descriptor {
  readonly tag: number;
  readonly data: Uint8Array;
}

export interface ElementaryStream {
  readonly type: number;
  readonly pid: number;
  readonly descriptors: readonly Descriptor[];
}

export interface ProgramMap {
  readonly program: number;
  readonly version: number;
  readonly pcrPid: number;
  readonly streams: readonly ElementaryStream[];
}

/** One entry of the PAT; program 0 names the network PID. */
export interface ProgramEntry {
  readonly program: number;
  readonly pid: number;
}

/** The fields that all long sections share. */
export interface SectionHead {
  readonly tableId: number;
  /** transport_stream_id or program_number. */
  readonly id: number;
  readonly version: number;
  /** Applies now, not next. */
  readonly current: boolean;
  readonly section: number;
  readonly lastSection: number;
}

export const tableId = { pat: 0, pmt: 2 } as const;

/** A whole PAT section. */
export function writePat(version: number, programs: readonly ProgramEntry[]): Uint8Array {
  const body = new ByteWriter();
  for (const { program, pid } of programs) body.u16(program).u16(0xe000 | pid);
  return section(tableId.pat, 1, version, body.done());
}

/** A whole PMT section; its streams must fit into 1021 bytes. */
export function writePmt({ program, version, pcrPid, streams }: ProgramMap): Uint8Array {
  const body = new ByteWriter().u16(0xe000 | pcrPid).u16(0xf000);
  for (const { type, pid, descriptors } of streams) {
    const info = new ByteWriter();
    for (const { tag, data } of descriptors) info.u8(tag).u8(data.length).put(data);
    body
      .u8(type)
      .u16(0xe000 | pid)
      .u16(0xf000 | info.size)
      .put(info.done());
  }
  return section(tableId.pmt, program, version, body.done());
}

function section(id: number, extension: number, version: number, body: Uint8Array): Uint8Array {
  const out = new ByteWriter(body.length + 12)
    .u8(id)
    .u16(0xb000 | (body.length + 9))
    .u16(extension)
    .u8(0xc1 | (version << 1))
    .u8(0)
    .u8(0)
    .put(body);
  return out.u32(crc32(out.done())).done();
}

/** The head of a section of at least 8 bytes. */
export function readSectionHead(bytes: Uint8Array): SectionHead {
  const reader = new ByteReader(bytes);
  const id = reader.u8();
  reader.skip(2);
  const extension = reader.u16();
  const flags = reader.u8();
  return {
    tableId: id,
    id: extension,
    version: (flags >> 1) & 0x1f,
    current: (flags & 1) === 1,
    section: reader.u8(),
    lastSection: reader.u8(),
  };
}

/** The entries of one PAT section, at most 253. */
export function readPat(bytes: Uint8Array): ProgramEntry[] {
  const reader = new ByteReader(bytes, 8, bytes.length - 4);
  const programs: ProgramEntry[] = [];
  while (reader.left >= 4) programs.push({ program: reader.u16(), pid: reader.u16() & 0x1fff });
  return programs;
}

/** A PMT section; throws BYTES_SHORT when a length inside it is longer than the section. */
export function readPmt(bytes: Uint8Array): ProgramMap {
  const head = readSectionHead(bytes);
  const reader = new ByteReader(bytes, 8, bytes.length - 4);
  const pcrPid = reader.u16() & 0x1fff;
  reader.skip(reader.u16() & 0xfff);
  const streams: ElementaryStream[] = [];
  while (reader.left >= 5) {
    const type = reader.u8();
    const pid = reader.u16() & 0x1fff;
    streams.push({ type, pid, descriptors: readDescriptors(reader.take(reader.u16() & 0xfff)) });
  }
  return { program: head.id, version: head.version, pcrPid, streams };
}

function readDescriptors(bytes: Uint8Array): Descriptor[] {
  const reader = new ByteReader(bytes);
  const descriptors: Descriptor[] = [];
  while (reader.left >= 2) {
    const tag = reader.u8();
    descriptors.push({ tag, data: reader.take(Math.min(reader.u8(), reader.left)).slice() });
  }
  return descriptors;
}

/** The format_identifier of a registration descriptor (§2.6.8), such as `Opus`. */
export function registration(stream: ElementaryStream): string | undefined {
  const found = stream.descriptors.find(({ tag, data }) => tag === descriptorTag.registration && data.length >= 4);
  return found === undefined ? undefined : String.fromCharCode(...found.data.subarray(0, 4));
}

/** Tags of ISO 13818-1 table 2-45, and of DVB (ETSI EN 300 468 table 12). */
export const descriptorTag = { registration: 0x05, dvbAc3: 0x6a, dvbEac3: 0x7a, extension: 0x7f } as const;

/** A registration descriptor with a format_identifier of four characters. */
export const registrationOf = (name: string): Descriptor => ({ tag: descriptorTag.registration, data: utf8(name) });
