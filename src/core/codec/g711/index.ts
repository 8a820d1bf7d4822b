// G.711 (ITU-T G.711), A-law and µ-law.
export { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw, g711Channels, g711SampleRate } from './g711.ts';
