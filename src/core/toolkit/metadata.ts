// onMetaData as a plain object for JSON.
import { ProtocolError } from '../base/errors.ts';
import { type AmfLimits, type AmfValue, amfEntries, parseAmf0 } from '../wire/amf0/index.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** @param body the AMF0 values behind `@setDataFrame`. Null when there is no object in it, or it is damaged. */
export function readMetadata(body: Uint8Array, limits: AmfLimits): Json {
  try {
    const object = parseAmf0(body, limits).find((value) => amfEntries(value) !== undefined);
    return object === undefined ? null : toJson(object);
  } catch (error) {
    // Metadata is decoration: a stream with damaged metadata plays.
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function toJson(value: AmfValue): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object') return value;
  if (isList(value)) return value.map(toJson);
  const entries = amfEntries(value);
  // No prototype, so that a property called __proto__ is one like any other.
  if (entries !== undefined) {
    const plain: Record<string, Json> = Object.create(null);
    for (const [name, inner] of entries) plain[name] = toJson(inner);
    return plain;
  }
  if ('timeMs' in value) return Number.isFinite(value.timeMs) ? isoTime(value.timeMs) : null;
  return 'text' in value ? value.text : null;
}

/** Times outside of what ISO 8601 can say are given as milliseconds. */
function isoTime(timeMs: number): Json {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? timeMs : date.toISOString();
}

/** A finite number of the metadata. */
export function metadataNumber(metadata: Json, name: string): number | undefined {
  if (metadata === null || typeof metadata !== 'object' || isJsonArray(metadata)) return undefined;
  const value = metadata[name];
  return typeof value === 'number' ? value : undefined;
}

const isJsonArray = (value: object): value is readonly Json[] => Array.isArray(value);
const isList = (value: object): value is readonly AmfValue[] => Array.isArray(value);
