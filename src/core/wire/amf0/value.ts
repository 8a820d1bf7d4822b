// The values of AMF0 (Adobe AMF0 specification, December 2007) as TypeScript sees them.

/** Named values. A Map, so that a name such as `__proto__` is a name like any other. */
export type AmfMap = ReadonlyMap<string, AmfValue>;

/** ECMA array (§2.10): an object that was declared as an array; onMetaData is one. */
export interface AmfEcmaArray {
  readonly type: 'ecma';
  readonly entries: AmfMap;
}

/** Typed object (§2.18). */
export interface AmfTyped {
  readonly type: 'typed';
  readonly className: string;
  readonly entries: AmfMap;
}

/** Date (§2.13): milliseconds since 1970, and the time zone field, which should be 0. */
export interface AmfDate {
  readonly type: 'date';
  readonly timeMs: number;
  readonly zone: number;
}

/** XML document (§2.17). */
export interface AmfXml {
  readonly type: 'xml';
  readonly text: string;
}

/** Anonymous objects are maps, strict arrays are arrays; long strings are strings. */
export type AmfValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | AmfMap
  | readonly AmfValue[]
  | AmfEcmaArray
  | AmfTyped
  | AmfDate
  | AmfXml;

/** An anonymous object with these properties, in this order; undefined ones are left out. */
export function amfObject(properties: Readonly<Record<string, AmfValue>>): AmfMap {
  const map = new Map<string, AmfValue>();
  for (const [name, value] of Object.entries(properties)) if (value !== undefined) map.set(name, value);
  return map;
}

/** An ECMA array with these properties. */
export const amfEcmaArray = (properties: Readonly<Record<string, AmfValue>>): AmfEcmaArray => ({
  type: 'ecma',
  entries: amfObject(properties),
});

/** The properties of an object, ECMA array or typed object; undefined for all other values. */
export function amfEntries(value: AmfValue): AmfMap | undefined {
  if (value instanceof Map) return value;
  if (typeof value !== 'object' || value === null || !('entries' in value)) return undefined;
  return isArray(value) ? undefined : (value as AmfEcmaArray | AmfTyped).entries;
}

/** A property of an object, ECMA array or typed object. */
export const amfGet = (value: AmfValue, name: string): AmfValue => amfEntries(value)?.get(name);

/** The text of a property; undefined when it is not a string. */
export function amfText(value: AmfValue, name: string): string | undefined {
  const found = amfGet(value, name);
  return typeof found === 'string' ? found : undefined;
}

/** The number of a property; undefined when it is not a finite number. */
export function amfNumber(value: AmfValue, name: string): number | undefined {
  const found = amfGet(value, name);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

/** `Array.isArray` that knows read-only arrays. */
export const isArray = (value: unknown): value is readonly AmfValue[] => Array.isArray(value);

/** Type markers (§2.1). */
export const Marker = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xml: 0x0f,
  typedObject: 0x10,
  /** The next value is AMF3. */
  amf3: 0x11,
} as const;

/** Chosen: property names of real encoders have below 64 bytes; a damaged length must not make a text of 64 KiB. */
export const NAME_BYTES = 4096;
