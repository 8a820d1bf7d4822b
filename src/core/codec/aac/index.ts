// AAC (ISO 14496-3): AudioSpecificConfig and ADTS.
export {
  type AdtsHeader,
  adtsHeaderSize,
  configOf,
  isAdtsSync,
  maxAdtsFrameSize,
  parseAdts,
  writeAdts,
} from './adts.ts';
export {
  type AacConfig,
  type AacExtension,
  codecString,
  objectType,
  outputOf,
  parseConfig,
  profileName,
  writeConfig,
} from './config.ts';
export { sampleRates } from './rates.ts';
