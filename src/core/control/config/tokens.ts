// Text of a configuration to tokens: words, and the marks ; { } and the end of the input.
import { configErrors } from './errors.ts';

/** A word, with or without quotes, or a mark. An empty quoted word is no word at all, as in SRS. */
export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  | { readonly kind: ';' | '{' | '}' | 'line' | 'end'; readonly line: number };

const SPACE = /[ \t\r]/;
/** What ends a bare word; a } or # within a word is part of it. */
const WORD_END = /[ \t\r\n;{]/;

/** A word as text that is read as that word again; it may not hold both quotes, for the language has no escapes. */
export function quote(word: string): string {
  if (/^[\w.:/@%+,=*-]+$/.test(word)) return word;
  return word.includes('"') ? `'${word}'` : `"${word}"`;
}

/** Reads one file token by token. Errors: CONFIG_TOKEN. */
export class Tokens {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;

  constructor(text: string, file: string) {
    this.#text = text.startsWith('\uFEFF') ? text.slice(1) : text;
    this.#file = file;
  }

  /** The next token; `end` again and again at the end. A line end is a token, because statements may not span lines. */
  next(): Token {
    this.#skipSpace();
    const line = this.#line;
    const char = this.#text[this.#at];
    if (char === undefined) return { kind: 'end', line };
    if (char === '\n') {
      this.#at++;
      this.#line++;
      return { kind: 'line', line };
    }
    if (char === ';' || char === '{' || char === '}') {
      this.#at++;
      return { kind: char, line };
    }
    return { kind: 'word', text: char === '"' || char === "'" ? this.#quoted(char) : this.#bare(), line };
  }

  #skipSpace(): void {
    while (SPACE.test(this.#text[this.#at] ?? '')) this.#at++;
    if (this.#text[this.#at] !== '#') return;
    const lineEnd = this.#text.indexOf('\n', this.#at);
    this.#at = lineEnd < 0 ? this.#text.length : lineEnd;
  }

  #bare(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !WORD_END.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #quoted(quote: string): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf(quote, start);
    const text = end < 0 ? '' : this.#text.slice(start, end);
    if (end < 0 || text.includes('\n')) throw this.#fault(`a quoted word that begins with ${quote} has no end`);
    this.#at = end + 1;
    const after = this.#text[this.#at];
    if (after !== undefined && !WORD_END.test(after)) {
      throw this.#fault(`after "${text}" comes ${JSON.stringify(after)} instead of a blank, ; or {`);
    }
    return text;
  }

  #fault(why: string): Error {
    return configErrors.config('TOKEN', { file: this.#file, line: this.#line, why });
  }
}
