// H.264 (ITU-T H.264, ISO 14496-10) and its configuration record.
export { type AvcConfig, codecString, configOf, makeConfig, parseConfig, writeConfig } from './config.ts';
export {
  accessUnitDelimiter,
  hasIdr,
  isKeyFrame,
  isSlice,
  nalType,
  nalTypeOf,
  recoveryFrameCount,
  type SeiMessage,
  seiMessages,
  seiType,
} from './nal.ts';
export { levelName, profileName } from './names.ts';
export { type Pps, parsePps } from './pps.ts';
export { parseSps, type Sps } from './sps.ts';
