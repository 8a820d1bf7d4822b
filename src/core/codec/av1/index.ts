// AV1 (AOMedia, version 1.0.0 with errata 1) and its configuration record.
export type { ColorConfig } from './color.ts';
export {
  type Av1Config,
  codecString,
  configOf,
  levelName,
  parseConfig,
  profileName,
  sequenceHeaderOf,
  writeConfig,
} from './config.ts';
export { isKeyFrame, joinObus, temporalDelimiter, toCanonical } from './frame.ts';
export { type Obu, obuType, parseLeb128, parseObu, splitObus, withSize, writeLeb128 } from './obu.ts';
export { parseSequenceHeader, type SequenceHeader } from './sequence.ts';
