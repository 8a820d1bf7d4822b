// What tells the access units of H.264 and H.265 apart in a byte stream (H.264 §7.4.1.2.3, H.265 §7.4.2.4.4).
import * as h264 from '../../codec/h264/index.ts';
import * as h265 from '../../codec/h265/index.ts';

/** What differs between the two codecs. */
export interface VideoSyntax {
  typeOf(nal: Uint8Array): number;
  isSlice(type: number): boolean;
  readonly delimiter: number;
  /** Kinds of parameter sets in the order of the record. */
  readonly sets: readonly number[];
  /** Units that stand before the first slice of an access unit, so that behind a slice they begin the next one. */
  leads(type: number): boolean;
  /** A slice that is the first of its picture. */
  isFirst(nal: Uint8Array): boolean;
  isKey(nal: Uint8Array, type: number): boolean;
  configOf(nals: readonly Uint8Array[]): Uint8Array | undefined;
  /** Frames a second (undefined: not said), and whether a picture may be two fields. */
  timing(sps: Uint8Array): { readonly fps: number | undefined; readonly fields: boolean };
}

const avc: VideoSyntax = {
  typeOf: h264.nalTypeOf,
  isSlice: h264.isSlice,
  delimiter: h264.nalType.accessUnitDelimiter,
  sets: [h264.nalType.sps, h264.nalType.pps],
  leads: (type) => (type >= 6 && type <= 9) || (type >= 14 && type <= 18),
  // first_mb_in_slice is ue(v): 0 is a single one bit.
  isFirst: (nal) => ((nal[1] ?? 0) & 0x80) !== 0,
  isKey: (nal, type) =>
    type === h264.nalType.idr || (type === h264.nalType.sei && h264.recoveryFrameCount(nal) !== undefined),
  configOf: h264.configOf,
  timing: (sps) => {
    const { fps, frameMbsOnly } = h264.parseSps(sps);
    return { fps, fields: !frameMbsOnly };
  },
};

const hevc: VideoSyntax = {
  typeOf: h265.nalTypeOf,
  isSlice: h265.isSlice,
  delimiter: h265.nalType.accessUnitDelimiter,
  sets: [h265.nalType.vps, h265.nalType.sps, h265.nalType.pps],
  leads: (type) =>
    (type >= 32 && type <= 35) || type === 39 || (type >= 41 && type <= 44) || (type >= 48 && type <= 55),
  isFirst: (nal) => ((nal[2] ?? 0) & 0x80) !== 0,
  isKey: (_nal, type) => h265.isIrap(type),
  configOf: h265.configOf,
  timing: (sps) => ({ fps: h265.parseSps(sps).fps, fields: false }),
};

/** The syntax of each codec. */
export const videoSyntax = { h264: avc, h265: hevc } as const;
