// The kinds of errors, and the tables in which every part declares its codes.

export type Details = Readonly<Record<string, unknown>>;

/** Root of all errors that srsx raises on purpose; `code` is stable and documented in docs/errors.md. */
export class SrsxError extends Error {
  readonly code: string;
  readonly details: Details;
  /** What the operator or the peer's owner can do; empty when nothing. */
  readonly advice: string;
  /** SRS's error number for API answers and hooks. */
  readonly srs: number | undefined;

  constructor(entry: ErrorEntry & { code: string }, details: Details = {}, cause?: unknown) {
    super(fill(entry.text, details), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = entry.code;
    this.details = details;
    this.advice = fill(entry.advice ?? '', details);
    this.srs = entry.srs;
  }
}

/** The peer broke the protocol: its session ends. The only error that a parser may throw. */
export class ProtocolError extends SrsxError {}
/** The peer may not do this: it is told in the protocol's own words, then its session ends. */
export class RefusedError extends SrsxError {}
/** One of our limits was reached: the session ends or the input is dropped, and it is counted. */
export class LimitError extends SrsxError {}
/** The operator must change a setting. */
export class ConfigError extends SrsxError {}
/** The machine said no: port in use, disk full, name not found; `cause` is the original error. */
export class SystemError extends SrsxError {}
/** An invariant of ours broke. */
export class BugError extends SrsxError {}

/** One documented error: `text` and `advice` may name details as {name}. */
export interface ErrorEntry {
  readonly text: string;
  readonly advice?: string;
  readonly srs?: number;
}

export interface ErrorTable<Name extends string = string> {
  readonly prefix: string;
  readonly entries: Readonly<Record<Name, ErrorEntry>>;
  protocol(name: Name, details?: Details, cause?: unknown): ProtocolError;
  refused(name: Name, details?: Details, cause?: unknown): RefusedError;
  limit(name: Name, details?: Details, cause?: unknown): LimitError;
  config(name: Name, details?: Details, cause?: unknown): ConfigError;
  system(name: Name, details?: Details, cause?: unknown): SystemError;
}

const tables: ErrorTable[] = [];

/** Declares the codes of one part; they become `PREFIX_NAME`. Prefixes must be unique. */
export function defineErrors<Name extends string>(prefix: string, entries: Record<Name, ErrorEntry>): ErrorTable<Name> {
  const entry = (name: Name): ErrorEntry & { code: string } => ({ ...entries[name], code: `${prefix}_${name}` });
  const table: ErrorTable<Name> = {
    prefix,
    entries,
    protocol: (name, details, cause) => new ProtocolError(entry(name), details, cause),
    refused: (name, details, cause) => new RefusedError(entry(name), details, cause),
    limit: (name, details, cause) => new LimitError(entry(name), details, cause),
    config: (name, details, cause) => new ConfigError(entry(name), details, cause),
    system: (name, details, cause) => new SystemError(entry(name), details, cause),
  };
  tables.push(table as unknown as ErrorTable);
  return table;
}

/** Every table declared so far, for docs/errors.md and the tests of it. */
export const errorTables = (): readonly ErrorTable[] => tables;

/** Throws a BugError when `condition` is false; stays on in production. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new BugError({ code: 'BUG_ASSERT', text: sentence });
}

function fill(text: string, details: Details): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in details ? String(details[name]) : whole));
}
