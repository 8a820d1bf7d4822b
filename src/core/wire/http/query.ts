// The query of a request, read where it stands: players ask for a few plain values, thousands of times a second.

/** What handlers ask of a query; the first of several values counts, as URLSearchParams has it. */
export type Query = Pick<URLSearchParams, 'get' | 'getAll' | 'has'>;

/** With these the text is not what it says: it has to be decoded. */
const CODED = /[%+]|[^!-~]/;

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/** Says the same as URLSearchParams, which is only made for text that is encoded. */
export class TextQuery implements Query {
  readonly #search: string;
  #decoded: URLSearchParams | false | undefined;

  /** @param search with its `?`; empty when there is none. */
  constructor(search: string) {
    this.#search = search;
  }

  get(name: string): string | null {
    const search = this.#search;
    if (search === '') return null;
    const decoded = (this.#decoded ??= CODED.test(search) && new URLSearchParams(search));
    if (decoded !== false) return decoded.get(name);
    for (let at = search.indexOf(name, 1); at >= 0; at = search.indexOf(name, at + 1)) {
      if (at > 1 && search.charCodeAt(at - 1) !== AMPERSAND) continue;
      const end = at + name.length;
      if (end === search.length || search.charCodeAt(end) === AMPERSAND) return '';
      if (search.charCodeAt(end) !== EQUALS) continue;
      const next = search.indexOf('&', end + 1);
      return next < 0 ? search.slice(end + 1) : search.slice(end + 1, next);
    }
    return null;
  }

  getAll(name: string): string[] {
    return new URLSearchParams(this.#search).getAll(name);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }
}
