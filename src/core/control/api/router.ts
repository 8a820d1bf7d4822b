// From a path and a method to an endpoint, as SRS's router does it: exact first, then the longest prefix, then an index.
import { type Endpoint, type EndpointName, endpoints } from './endpoints.ts';

/** Where a request goes. */
export type Route =
  | { readonly kind: 'endpoint'; readonly name: EndpointName; readonly endpoint: Endpoint; readonly id: string }
  | { readonly kind: 'redirect'; readonly path: string }
  | { readonly kind: 'method' };

type Listed = (typeof endpoints)[number];

const byPath = Map.groupBy<string, Listed>(endpoints, ({ path }) => path);
/** Prefixes in front of `{id}`. */
const prefixes = [...byPath.keys()]
  .filter((path) => path.endsWith('{id}'))
  .map((path) => path.slice(0, -'{id}'.length));

/** @param method HEAD counts as GET. */
export function route(path: string, method: string): Route {
  const exact = byPath.get(path);
  if (exact !== undefined) return choose(exact, method, '');
  const prefix = prefixes.find((one) => path.startsWith(one));
  if (prefix !== undefined) return choose(byPath.get(`${prefix}{id}`) ?? [], method, decode(path.slice(prefix.length)));
  if (path !== '' && byPath.has(`${path}/`)) return { kind: 'redirect', path: `${path}/` };
  const index = ['/api/v1/', '/api/'].find((one) => path.startsWith(one)) ?? '/';
  return choose(byPath.get(index) ?? [], method, '');
}

function choose(list: readonly Listed[], method: string, id: string): Route {
  const asked = method === 'HEAD' ? 'GET' : method;
  const found = list.find((one) => one.method === asked);
  return found === undefined ? { kind: 'method' } : { kind: 'endpoint', name: found.name, endpoint: found, id };
}

/** A damaged word is found nowhere, which its answer says. */
function decode(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
