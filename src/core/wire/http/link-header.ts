// The Link header (RFC 8288 §3): targets with their attributes.

/** One target. */
export interface HttpLink {
  readonly target: string;
  /** By their names in lower case; of two of one name the first counts (RFC 8288 §3.3 of `rel`). */
  readonly attributes: ReadonlyMap<string, string>;
}

/** One value of the header. Values are printable ASCII, the target is a URI. */
export function writeLink(target: string, attributes: Readonly<Record<string, string>>): string {
  const said = Object.entries(attributes).map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`);
  return [`<${target}>`, ...said].join('; ');
}

/** Longer headers are cut: the links of a page are not read here. */
const MOST_LETTERS = 16 * 1024;

/** All values of the header, which may be several lines joined by commas; what is damaged is left out. */
export function parseLinks(header: string): HttpLink[] {
  const text = header.slice(0, MOST_LETTERS);
  const links: HttpLink[] = [];
  const target = /[\s,]*<([^>]*)>/y;
  const attribute = /\s*;\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/y;
  for (let at = 0; at < text.length; ) {
    target.lastIndex = at;
    const found = target.exec(text);
    if (found === null) {
      const next = text.indexOf(',', at);
      if (next < 0) break;
      at = next + 1;
      continue;
    }
    at = target.lastIndex;
    const attributes = new Map<string, string>();
    for (;;) {
      attribute.lastIndex = at;
      const [whole, name = '', quoted, plain = ''] = attribute.exec(text) ?? [];
      if (whole === undefined) break;
      at += whole.length;
      const key = name.toLowerCase();
      if (!attributes.has(key)) attributes.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain);
    }
    links.push({ target: found[1] ?? '', attributes });
  }
  return links;
}
