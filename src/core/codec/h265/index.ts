// H.265 (ITU-T H.265, ISO 23008-2) and its configuration record.
export {
  configOf,
  type HevcConfig,
  makeConfig,
  type ParameterSets,
  parameterSets,
  parseConfig,
  type UnitArray,
  writeConfig,
} from './config.ts';
export { accessUnitDelimiter, isIrap, isKeyFrame, isSlice, nalType, nalTypeOf } from './nal.ts';
export { type Pps, parsePps } from './pps.ts';
export { codecString, levelName, type ProfileTierLevel, profileName } from './profile.ts';
export { parseSps, type Sps } from './sps.ts';
export { parseVps, type Vps } from './vps.ts';
