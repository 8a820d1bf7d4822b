// VP9 (VP9 bitstream specification 0.6) and its configuration record.
export {
  codecString,
  configOf,
  levelName,
  parseConfig,
  profileName,
  type Vp9Config,
  writeConfig,
} from './config.ts';
export { isKeyFrame, parseHeader, type Vp9Header, type Vp9Picture } from './header.ts';
export { levelOf } from './level.ts';
