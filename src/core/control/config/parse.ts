// Configuration text to a tree of directives, in SRS's grammar: NAME ARGUMENT...; or NAME ARGUMENT... { ... }.
import type { Directive, Place } from './directive.ts';
import { configErrors } from './errors.ts';
import { Tokens } from './tokens.ts';

/** Gives the text of a file; throws when it cannot. Paths are as they were written, relative to the working directory. */
export type ReadFile = (path: string) => string;

/** Bounds on what a configuration may be; real ones have below 2000 lines, 5 levels and a few dozen files. */
export const parseLimits = { fileBytes: 4 << 20, totalBytes: 16 << 20, files: 256, includeDepth: 16, blockDepth: 32 };

/**
 * Parses the text of `file`, with its includes.
 *
 * Errors, each with file and line: CONFIG_TOKEN, CONFIG_LINE_END, CONFIG_BRACE, CONFIG_INCLUDE, CONFIG_SIZE.
 */
export function parseConfig(text: string, file: string, read: ReadFile): Directive[] {
  return new Parser(read).file(text, { file, line: 1 }, [file]);
}

class Parser {
  readonly #read: ReadFile;
  #bytes = 0;
  #files = 0;

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** `chain` has the files that are open, this one last. */
  file(text: string, from: Place, chain: readonly string[]): Directive[] {
    this.#bytes += text.length;
    this.#files++;
    const file = chain.at(-1) ?? '';
    if (text.length > parseLimits.fileBytes || this.#bytes > parseLimits.totalBytes) {
      throw configErrors.config('SIZE', { ...from, why: `${file} makes more than the allowed bytes` });
    }
    if (this.#files > parseLimits.files) {
      throw configErrors.config('SIZE', { ...from, why: `more than ${parseLimits.files} files` });
    }
    return this.#block(new Tokens(text, file), chain, undefined, 0);
  }

  /** Statements up to the } of `opened`, or up to the end of the file. */
  #block(tokens: Tokens, chain: readonly string[], opened: Directive | undefined, depth: number): Directive[] {
    const file = chain.at(-1) ?? '';
    const out: Directive[] = [];
    for (;;) {
      const { end, words, line, first } = readStatement(tokens, file);
      const name = words[0] ?? '';
      const place = { file, line: first };
      if (end === '}' || end === 'end') {
        if (end === '}' && opened === undefined) {
          throw configErrors.config('BRACE', { file, line, why: 'a } without its {' });
        }
        if (end === 'end' && opened !== undefined) {
          const why = `the } of "${opened.name}" from line ${opened.line} is missing`;
          throw configErrors.config('BRACE', { file, line, why, directive: opened.name });
        }
        return out;
      }
      if (name === '') throw configErrors.config('TOKEN', { file, line, why: `a ${end} without a name before it` });
      if (name === 'include') {
        if (end === '{') throw configErrors.config('INCLUDE', { ...place, why: 'it has no block', directive: name });
        for (const directive of this.#include(words.slice(1), place, chain)) out.push(directive);
        continue;
      }
      const statement: Directive = { ...place, name, args: words.slice(1) };
      if (end === ';') {
        out.push(statement);
        continue;
      }
      if (depth === parseLimits.blockDepth) {
        throw configErrors.config('SIZE', { ...place, why: `blocks deeper than ${depth} levels`, directive: name });
      }
      out.push({ ...statement, children: this.#block(tokens, chain, statement, depth + 1) });
    }
  }

  #include(paths: readonly string[], place: Place, chain: readonly string[]): Directive[] {
    const fault = (why: string, cause?: unknown): Error =>
      configErrors.config('INCLUDE', { ...place, why, directive: 'include' }, cause);
    if (paths.length === 0) throw fault('no file is named');
    return paths.flatMap((path) => {
      if (chain.includes(path)) throw fault(`${path} includes itself`);
      if (chain.length > parseLimits.includeDepth) throw fault(`files deeper than ${parseLimits.includeDepth} levels`);
      let text: string;
      try {
        text = this.#read(path);
      } catch (error) {
        throw fault(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
      }
      return this.file(text, place, [...chain, path]);
    });
  }
}

interface Statement {
  readonly end: ';' | '{' | '}' | 'end';
  readonly words: readonly string[];
  /** Line of the first word, and of the mark that ended it. */
  readonly first: number;
  readonly line: number;
}

function readStatement(tokens: Tokens, file: string): Statement {
  const words: string[] = [];
  let first = 0;
  for (;;) {
    const token = tokens.next();
    const { line } = token;
    if (token.kind === 'word') {
      if (first === 0) first = line;
      if (token.text !== '') words.push(token.text);
      continue;
    }
    const pending = words.length > 0;
    if (token.kind === 'line' || token.kind === 'end') {
      if (pending) throw configErrors.config('LINE_END', { file, line, directive: words[0] });
      if (token.kind === 'line') continue;
    }
    if (token.kind === '}' && pending) {
      const why = `a } before the ; of "${words[0]}"`;
      throw configErrors.config('BRACE', { file, line, why, directive: words[0] });
    }
    return { end: token.kind, words, first: first || line, line };
  }
}
