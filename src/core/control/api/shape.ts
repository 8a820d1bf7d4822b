// The form of an answer, declared once: the OpenAPI document, the papers and the tests follow from it.

/** What a member of an answer is. */
export type Shape =
  | { readonly kind: 'int' | 'float' | 'text' | 'flag'; readonly says?: string; readonly values?: readonly string[] }
  | { readonly kind: 'list'; readonly of: Shape; readonly says?: string }
  | { readonly kind: 'object'; readonly members: Members; readonly says?: string }
  /** Any names, one kind of values. */
  | { readonly kind: 'map'; readonly of: Shape; readonly says?: string }
  /** Whatever JSON has. */
  | { readonly kind: 'any'; readonly says?: string }
  | { readonly kind: 'null or'; readonly of: Shape; readonly says?: string };

/** Members by name. */
export type Members = Readonly<Record<string, Member>>;

/** A member that may be missing is marked. */
export type Member = Shape | { readonly kind: 'maybe'; readonly of: Shape };

const said = (says: string | undefined): { says?: string } => (says === undefined ? {} : { says });

/** A whole number. */
export const int = (says?: string): Shape => ({ kind: 'int', ...said(says) });
/** A number that is printed with two decimals. */
export const float = (says?: string): Shape => ({ kind: 'float', ...said(says) });
/** A string; `values` when there are only these. */
export const text = (says?: string, values?: readonly string[]): Shape => ({
  kind: 'text',
  ...said(says),
  ...(values && { values }),
});
/** A boolean. */
export const flag = (says?: string): Shape => ({ kind: 'flag', ...said(says) });
/** An array. */
export const list = (of: Shape, says?: string): Shape => ({ kind: 'list', of, ...said(says) });
/** An object with these members and no others. */
export const object = (members: Members, says?: string): Shape => ({ kind: 'object', members, ...said(says) });
/** An object with any names. */
export const map = (of: Shape, says?: string): Shape => ({ kind: 'map', of, ...said(says) });
/** Whatever JSON has. */
export const anything = (says?: string): Shape => ({ kind: 'any', ...said(says) });
/** Null, or that. */
export const nullOr = (of: Shape, says?: string): Shape => ({ kind: 'null or', of, ...said(says) });
/** A member that may be missing. */
export const maybe = (of: Shape): Member => ({ kind: 'maybe', of });

/** A JSON Schema (2020-12) as a plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const types = { int: 'integer', float: 'number', text: 'string', flag: 'boolean' } as const;

/** The same form as JSON Schema 2020-12, which is that of OpenAPI 3.1. Members that are not declared are a fault. */
export function toSchema(shape: Shape): JsonSchema {
  const description = shape.says === undefined ? {} : { description: shape.says };
  switch (shape.kind) {
    case 'int':
    case 'float':
    case 'text':
    case 'flag':
      return { type: types[shape.kind], ...(shape.values && { enum: shape.values }), ...description };
    case 'list':
      return { type: 'array', items: toSchema(shape.of), ...description };
    case 'map':
      return { type: 'object', additionalProperties: toSchema(shape.of), ...description };
    case 'any':
      return description;
    case 'null or':
      return { anyOf: [toSchema(shape.of), { type: 'null' }], ...description };
    case 'object':
      return { ...objectSchema(shape.members), ...description };
  }
}

function objectSchema(members: Members): JsonSchema {
  const entries = Object.entries(members);
  const properties = entries.map(([name, member]) => [name, toSchema(member.kind === 'maybe' ? member.of : member)]);
  const required = entries.filter(([, { kind }]) => kind !== 'maybe').map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}
