// AMF0: the values of RTMP commands and FLV script data.
export { amf0Errors } from './errors.ts';
export { type AmfLimits, parseAmf0, readAmf0 } from './parse.ts';
export {
  type AmfDate,
  type AmfEcmaArray,
  type AmfMap,
  type AmfTyped,
  type AmfValue,
  type AmfXml,
  amfEcmaArray,
  amfEntries,
  amfGet,
  amfNumber,
  amfObject,
  amfText,
} from './value.ts';
export { writeAmf0 } from './write.ts';
