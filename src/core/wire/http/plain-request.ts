// The heads of requests that nobody can read in two ways: RFC 9112 §3 and §5 without anything that is optional, obsolete
// or about a body. What is not plain is for a whole parser; this one only says that it is not.

/** Bytes of a head. Chosen: players and browsers send 100 to 2,000; long cookies are for the whole parser. */
export const PLAIN_HEAD_BYTES = 8192;
/** Chosen: browsers send about 20. */
const MAX_FIELDS = 64;

/** A head of HTTP/1.1 without a body, whose connection stays. */
export interface PlainRequest {
  readonly method: 'GET' | 'HEAD';
  /** In origin form (RFC 9112 §3.2.1). */
  readonly target: string;
  readonly fields: PlainFields;
  /** Bytes of the head, the empty line included. */
  readonly size: number;
}

/** The field lines of a head. Immutable: requests that say the same share one. */
export interface PlainFields {
  /** As received, from the first name to the end of the empty line. */
  readonly block: Uint8Array;
  /** By lower-case name. */
  readonly get: (name: string) => string | undefined;
}

// A fragment (#) is not sent; llhttp takes it, and what it means is left to it.
const REQUEST_LINE = /(GET|HEAD) (\/[!"$-~]*) HTTP\/1\.1\r\n/y;
// The value with the blanks around it: with one class behind the colon a line that does not fit costs its length once.
const FIELD_LINE = /([!#$%&'*+.^_`|~\w-]+):([\t -~\x80-\xff]*)\r\n/y;

/** Fields about a body, or about the connection (RFC 9110 §7.6.1, §10.1.1): their requests are not plain. */
const OTHERS = new Set(['content-length', 'expect', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade']);

/**
 * The request at `start`; undefined when it is not plain, or not whole.
 *
 * @param known of an earlier request of the connection: most players say the same each time.
 */
export function readPlainRequest(bytes: Buffer, start: number, known?: PlainFields): PlainRequest | undefined {
  const again = known && readAgain(bytes, start, known);
  if (again !== undefined) return again;
  return parsePlainRequest(bytes.toString('latin1', start, Math.min(bytes.length, start + PLAIN_HEAD_BYTES)));
}

/** The same for a head whose fields are, byte for byte, those that are known: only its first line has to be read. */
function readAgain(bytes: Buffer, start: number, fields: PlainFields): PlainRequest | undefined {
  const from = start + GET.length;
  const { length } = bytes;
  if (length < from || !isAt(bytes, start, GET) || bytes[from] !== SLASH) return undefined;
  let end = from;
  while (end < length && TARGET[bytes[end] as number] === 1) end++;
  const fieldsAt = end + VERSION.length;
  const next = fieldsAt + fields.block.length;
  if (next > length || next - start > PLAIN_HEAD_BYTES || !isAt(bytes, end, VERSION)) return undefined;
  if (bytes.compare(fields.block, 0, fields.block.length, fieldsAt, next) !== 0) return undefined;
  return { method: 'GET', target: bytes.toString('latin1', from, end), fields, size: next - start };
}

const SLASH = 0x2f;
const GET = Buffer.from('GET ');
const VERSION = Buffer.from(' HTTP/1.1\r\n');
/** What REQUEST_LINE allows in a target. */
const TARGET = Uint8Array.from({ length: 256 }, (_, code) => (code > 0x20 && code < 0x7f && code !== 0x23 ? 1 : 0));

function isAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** The request at the beginning of `text`, one character for each byte; undefined when it is not plain, or not whole. */
export function parsePlainRequest(text: string): PlainRequest | undefined {
  REQUEST_LINE.lastIndex = 0;
  const line = REQUEST_LINE.exec(text);
  if (line === null) return undefined;
  const start = REQUEST_LINE.lastIndex;
  // The last line end of the fields is the first of the two.
  const end = text.indexOf('\r\n\r\n', start) + 2;
  if (end === 1 || end + 2 > PLAIN_HEAD_BYTES) return undefined;
  const fields = parseFields(text.slice(start, end));
  if (fields === undefined) return undefined;
  const [, method, target = ''] = line;
  return { method: method === 'HEAD' ? 'HEAD' : 'GET', target, fields, size: end + 2 };
}

function parseFields(block: string): PlainFields | undefined {
  const values = new Map<string, string>();
  for (let at = 0; at < block.length; at = FIELD_LINE.lastIndex) {
    FIELD_LINE.lastIndex = at;
    const [, word = '', padded = ''] = FIELD_LINE.exec(block) ?? [];
    const name = word.toLowerCase();
    // What a field means that is there twice depends on the field (RFC 9110 §5.3).
    if (name === '' || OTHERS.has(name) || values.has(name) || values.size >= MAX_FIELDS) return undefined;
    values.set(name, withoutBlanks(padded));
  }
  const stays = (values.get('connection') ?? 'keep-alive').toLowerCase() === 'keep-alive';
  // A request without a Host is refused (§7.2), in the words of the whole parser.
  if (!stays || !values.has('host')) return undefined;
  return { block: Buffer.from(`${block}\r\n`, 'latin1'), get: (name) => values.get(name) };
}

/** RFC 9112 §5.1: blanks around a value are no part of it. Other white space is. */
function withoutBlanks(padded: string): string {
  let [start, end] = [0, padded.length];
  while (start < end && isBlank(padded, start)) start++;
  while (start < end && isBlank(padded, end - 1)) end--;
  return padded.slice(start, end);
}

const isBlank = (text: string, at: number): boolean => text[at] === ' ' || text[at] === '\t';
