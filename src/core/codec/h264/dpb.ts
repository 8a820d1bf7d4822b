// How many frames the decoded picture buffer holds at a level (H.264 §A.3.1, table A-1).

/** MaxDpbMbs by level_idc. */
const maxDpbMbs: Readonly<Record<number, number>> = {
  9: 396,
  10: 396,
  11: 900,
  12: 2376,
  13: 2376,
  20: 2376,
  21: 4752,
  22: 8100,
  30: 8100,
  31: 18_000,
  32: 20_480,
  40: 32_768,
  41: 32_768,
  42: 34_816,
  50: 110_400,
  51: 184_320,
  52: 184_320,
  60: 696_320,
  61: 696_320,
  62: 696_320,
};

/** MaxDpbFrames for a coded size in pixels; 16, the most that exists, for an unknown level. */
export function maxDpbFrames(levelIdc: number, constraintFlags: number, width: number, height: number): number {
  // Level 1b is level_idc 11 with constraint_set3_flag in the profiles that have no intra meaning for it.
  const mbs = maxDpbMbs[levelIdc === 11 && (constraintFlags & 0x10) !== 0 ? 9 : levelIdc];
  if (mbs === undefined) return 16;
  return Math.min(16, Math.floor(mbs / ((width / 16) * (height / 16))));
}
