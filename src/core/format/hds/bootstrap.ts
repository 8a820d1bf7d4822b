// The bootstrap of HDS: which fragments there are (Adobe Flash Video File Format Specification 10.1, annex C.1 to C.4).
import { ByteReader, ByteWriter, utf8 } from '../../base/bytes.ts';
import { ProtocolError } from '../../base/errors.ts';

/** A fragment as the bootstrap says it; times in milliseconds. */
export interface ListedFragment {
  /** From 1 on, and growing, also over restarts. */
  readonly number: number;
  readonly startMs: number;
  readonly durationMs: number;
}

/** What a bootstrap says. */
export interface Bootstrap {
  /** Grows with each change. */
  readonly version: number;
  readonly fragments: readonly ListedFragment[];
  /** Nothing comes any more. */
  readonly ended: boolean;
}

/** All times are in milliseconds, as those of the tags. */
const TIME_SCALE = 1000;
/** Profile 0, `live`; the whole is sent each time, which is what "update" off means. */
const LIVE = 0x20;
/** Strings that are empty. */
const NO_TEXT = 0;

/** The box `abst`. */
export function writeBootstrap({ version, fragments, ended }: Bootstrap): Uint8Array {
  const last = fragments.at(-1);
  const now = last === undefined ? 0 : last.startMs + last.durationMs;
  const body = new ByteWriter(64 + fragments.length * 16)
    .u32(0)
    .u32(version)
    .u8(LIVE)
    .u32(TIME_SCALE)
    .u64(now)
    .u64(0)
    .u8(NO_TEXT)
    // No servers and no qualities: URLs are relative to the manifest. Then no DRM and no metadata.
    .u8(0)
    .u8(0)
    .u8(NO_TEXT)
    .u8(NO_TEXT)
    .u8(1)
    .put(segmentRuns(last?.number ?? 0))
    .u8(1)
    .put(fragmentRuns(fragments, ended))
    .done();
  return box('abst', body);
}

/** One segment, which has all fragments. */
const segmentRuns = (last: number): Uint8Array =>
  box('asrt', new ByteWriter().u32(0).u8(0).u32(1).u32(1).u32(last).done());

/** A run for each fragment, since their lengths differ. A run of no length and no reason is the end (annex C.4). */
function fragmentRuns(fragments: readonly ListedFragment[], ended: boolean): Uint8Array {
  const writer = new ByteWriter(32 + fragments.length * 16).u32(0).u32(TIME_SCALE).u8(0);
  writer.u32(fragments.length + (ended ? 1 : 0));
  for (const { number, startMs, durationMs } of fragments) writer.u32(number).u64(startMs).u32(durationMs);
  if (ended) writer.u32(0).u64(0).u32(0).u8(0);
  return box('afrt', writer.done());
}

/** A box of ISO 14496-12 §4.2. */
export const box = (type: string, body: Uint8Array): Uint8Array =>
  new ByteWriter(8 + body.length)
    .u32(8 + body.length)
    .text(type)
    .put(body)
    .done();

/** Where the runs begin in a bootstrap that `writeBootstrap` made: behind the fixed fields and the box `asrt`. */
const RUNS_AT = 8 + 35 + (8 + 17) + 1;

/** Numbers of the fragments that a bootstrap of ours names; none in one that is damaged or of somebody else. */
export function namedFragments(bytes: Uint8Array): number[] {
  try {
    const reader = new ByteReader(bytes);
    reader.skip(RUNS_AT + 4);
    const type = reader.take(4);
    if (!utf8('afrt').every((byte, index) => type[index] === byte)) return [];
    reader.skip(4 + 4 + 1);
    const count = reader.u32();
    const numbers: number[] = [];
    // The file bounds it: each run takes its bytes from there.
    for (let i = 0; i < count; i++) {
      const number = reader.u32();
      reader.skip(8);
      const duration = reader.u32();
      if (duration === 0) reader.skip(1);
      else numbers.push(number);
    }
    return numbers;
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}
