// Import cycles, those of types included: a cycle means that two files are one thought in two places.
import type { Finding, Source } from './source.ts';

/** One finding for each knot of files that import each other, at any distance (Tarjan's algorithm). */
export function checkCycles(sources: readonly Source[]): Finding[] {
  const known = new Map(sources.map((source) => [source.path, source]));
  const targets = (path: string): string[] =>
    (known.get(path)?.imports ?? []).flatMap(({ target }) => (target !== undefined && known.has(target) ? target : []));
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const findings: Finding[] = [];

  const visit = (path: string): number => {
    const index = order.size;
    order.set(path, index);
    low.set(path, index);
    stack.push(path);
    for (const target of targets(path)) {
      const seen = order.get(target);
      if (seen === undefined) low.set(path, Math.min(low.get(path) ?? index, visit(target)));
      else if (stack.includes(target)) low.set(path, Math.min(low.get(path) ?? index, seen));
    }
    const lowest = low.get(path) ?? index;
    if (lowest === index) close(path);
    return lowest;
  };

  const close = (path: string): void => {
    const knot = stack.splice(stack.indexOf(path)).sort();
    const itself = knot.length === 1 && targets(path).includes(path);
    const [first] = knot;
    if (first === undefined || (knot.length === 1 && !itself)) return;
    findings.push({ rule: 'cycle', path: first, line: 1, text: `import each other: ${knot.join(', ')}` });
  };

  for (const { path } of sources) if (!order.has(path)) visit(path);
  return findings;
}
