// mux.js's FLV inspector as an independent reader; the package is CommonJS without types.
import { createRequire } from 'node:module';

/** A tag as mux.js sees it; fields depend on the type. */
export interface InspectedTag {
  readonly tagType: 'audio' | 'video' | 'metadata';
  readonly dataSize: number;
  readonly timestamp: number;
  readonly streamID: number;
  readonly frameType?: string;
  readonly codecID?: number;
  readonly avcPacketType?: string;
  /** Milliseconds; mux.js reads the sign as a separate bit, so only values from 0 up are right. */
  readonly CompositionTime?: number;
  /** The first bytes behind the composition time, such as `0x00 0x01`. */
  readonly nalUnitTypeRaw?: string;
  readonly soundFormat?: string;
  readonly soundRate?: string;
  readonly soundSize?: string;
  readonly soundType?: string;
  readonly aacPacketType?: string;
  readonly data?: string;
}

interface MuxJs {
  readonly flv: { readonly tools: { inspect(bytes: Uint8Array): InspectedTag[] } };
}

const muxJs = createRequire(import.meta.url)('mux.js') as MuxJs;

/** The tags of an FLV file by mux.js. */
export const inspectFlv = (bytes: Uint8Array): InspectedTag[] => muxJs.flv.tools.inspect(bytes);
