// JSON as SRS prints it: floats with two decimals, so that `4` as a float reads 4.00.

/** A number that SRS prints as a float. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** What is written as JSON. */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | Float
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Members that are undefined are left out; numbers that are not finite become 0, as no client expects null there. */
export function writeJson(value: Json): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Float) return Number.isFinite(value.value) ? value.value.toFixed(2) : '0.00';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '0';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(writeJson).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${writeJson(member)}`).join(',')}}`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);
