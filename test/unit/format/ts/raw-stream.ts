// Transport streams that our muxer would not write, and what a demuxer finds in them.
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { TsDemuxer } from '../../../../src/core/format/ts/index.ts';
import { Packetiser, type PidState, writeSection } from '../../../../src/core/format/ts/packetise.ts';
import { type ElementaryStream, writePat, writePmt } from '../../../../src/core/format/ts/psi.ts';
import { h264Track } from '../../../tools/builders.ts';
import { framesOf, payload, tracksOf } from './media.ts';

export const limits = { messageBytes: 256 * 1024, openBytes: 512 * 1024, tracks: 8 };

export function demux(bytes: Uint8Array, some = limits) {
  const demuxer = new TsDemuxer(some);
  const events = [...demuxer.push(bytes), ...demuxer.end()];
  return { frames: framesOf(events), tracks: tracksOf(events), report: demuxer.report };
}

/** Each packet as a copy that a test may change. */
export const packets = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: bytes.length / 188 }, (_, i) => bytes.slice(i * 188, i * 188 + 188));

/** Writes streams that our muxer would not. */
export class RawStream {
  readonly #chunks: Uint8Array[] = [];
  readonly #pids = new Map<number, PidState>();
  readonly #packetiser = new Packetiser();

  #pid(pid: number): PidState {
    let state = this.#pids.get(pid);
    if (state === undefined) this.#pids.set(pid, (state = { pid, continuity: 15 }));
    return state;
  }

  section(pid: number, section: Uint8Array): this {
    const out = new Uint8Array(Math.ceil((section.length + 1) / 184) * 188);
    writeSection(out, 0, this.#pid(pid), section);
    return this.raw(out);
  }

  tables(streams: readonly ElementaryStream[], version = 0): this {
    this.section(0, writePat(0, [{ program: 1, pid: 0x1000 }]));
    return this.section(0x1000, writePmt({ program: 1, version, pcrPid: 0x100, streams }));
  }

  /** Ticks of 90 kHz. */
  pes(pid: number, es: Uint8Array, pts: number, dts = pts, streamId = 0xe0): this {
    const head = { streamId, pts, dts, pcr: undefined, randomAccess: false };
    this.#packetiser.begin(this.#pid(pid), head, es.length);
    this.#packetiser.put(es);
    return this.raw(this.#packetiser.done());
  }

  raw(bytes: Uint8Array): this {
    this.#chunks.push(bytes);
    return this;
  }

  get bytes(): Uint8Array {
    return concat(this.#chunks);
  }
}

export const stream = (
  type: number,
  pid = 0x100,
  descriptors: ElementaryStream['descriptors'] = [],
): ElementaryStream => ({
  type,
  pid,
  descriptors,
});

export const code = fromHex('000001');
export const sps = h264Track.config.slice(8, 34);
export const pps = h264Track.config.slice(37, 43);
export const aud = fromHex('09f0');
export const annexB = (...nals: readonly Uint8Array[]): Uint8Array => concat(nals.flatMap((nal) => [code, nal]));
export const idr = (at: number): Uint8Array => payload([0x65, 0x88], at, 40);
export const slice = (at: number): Uint8Array => payload([0x41, 0x9a], at, 40);

export function withCrc(section: Uint8Array): Uint8Array {
  // The writer makes the CRC; a changed head needs a new one.
  return concat([section.subarray(0, -4), crcBytes(section.subarray(0, -4))]);
}

function crcBytes(bytes: Uint8Array): Uint8Array {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = (crc >>> 31) ^ ((byte >> bit) & 1);
      crc = (crc << 1) ^ (top === 1 ? 0x04c11db7 : 0);
    }
  }
  return Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc);
}
