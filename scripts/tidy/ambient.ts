// Core code is told the time, the randomness and the network; tests of it do not sleep.
import type { Finding, Node, Source } from './source.ts';

/** Where the real world may be touched. */
const edge = /^src\/(core\/net\/|core\/engine\.ts$|cli\/|commands\/)/;
const timeless = /^test\/(unit|sim|suites)\//;

const timers = ['setTimeout', 'setInterval', 'setImmediate'];
/** setImmediate only lets others finish; it waits for no time. */
const sleeps = ['setTimeout', 'setInterval'];
const readings = ['Date.now', 'performance.now', 'Math.random', 'process.hrtime', 'crypto.getRandomValues'];
const modules =
  /^(node:)?(net|dgram|tls|http|http2|https|fs|dns|timers|child_process|worker_threads|cluster|os)(\/promises)?$/;
/** node:crypto is a function of its input, but for these. */
const randomness = ['randomBytes', 'randomInt', 'randomUUID', 'randomFillSync', 'getRandomValues', 'webcrypto'];

/** Clocks, timers, randomness and sockets in core, outside its edge. */
export function checkAmbient(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/') && !edge.test(path))
    .flatMap((source) => {
      const { path, nodes, imports, line } = source;
      const modulesUsed = imports
        .filter(({ specifier }) => modules.test(specifier))
        .map((found) => ({ rule: 'ambient', path, line: found.line, text: `imports ${found.specifier}` }));
      const calls = nodes.flatMap((node) => {
        const name = ambientName(node);
        return name === undefined ? [] : [{ rule: 'ambient', path, line: line(node.start), text: `uses ${name}` }];
      });
      return [...modulesUsed, ...calls];
    });
}

/** Timers in tests that have a virtual clock. */
export function checkSleeps(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => timeless.test(path))
    .flatMap(({ path, nodes, imports, line }) => [
      ...imports
        .filter(({ specifier }) => /^(node:)?timers/.test(specifier))
        .map((found) => ({ rule: 'sleep', path, line: found.line, text: `imports ${found.specifier}` })),
      ...nodes
        .filter((node) => sleeps.includes(calledName(node)))
        .map((node) => ({ rule: 'sleep', path, line: line(node.start), text: `calls ${calledName(node)}` })),
    ]);
}

function ambientName(node: Node): string | undefined {
  if (node.type === 'MemberExpression') return readings.find((name) => name === dotted(node));
  if (node.type === 'CallExpression') return timers.find((name) => name === calledName(node));
  if (node.type === 'NewExpression') return isClockDate(node) ? 'new Date()' : undefined;
  if (node.type === 'ImportSpecifier') return randomness.find((name) => name === nameOf(node['imported']));
  return undefined;
}

/** A Date of a given time is a conversion; one without is a look at the clock. */
const isClockDate = (node: Node): boolean =>
  nameOf(node['callee']) === 'Date' && Array.isArray(node['arguments']) && node['arguments'].length === 0;

const calledName = (node: Node): string => {
  if (node.type !== 'CallExpression') return '';
  const callee = node['callee'] as Node;
  return callee.type === 'MemberExpression' ? (dotted(callee).split('.').at(-1) ?? '') : nameOf(callee);
};

const dotted = (node: Node): string => `${nameOf(node['object'])}.${nameOf(node['property'])}`;

const nameOf = (node: unknown): string =>
  typeof node === 'object' && node !== null && 'name' in node && typeof node.name === 'string' ? node.name : '';

const conversions = ['1000', '90', '90000', '1000000'];
const timeLike = /(^|[a-z])(dts|pts|cts|time|now|micros)$/i;

/** Times multiplied or divided outside base/time.ts, where units get lost. */
export function checkConversions(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/core/') && path !== 'src/core/base/time.ts' && !edge.test(path))
    .flatMap(({ path, text, nodes, line }) =>
      nodes.filter(isConversion).map((node) => ({
        rule: 'unit',
        path,
        line: line(node.start),
        text: `converts a time outside base/time.ts: ${text.slice(node.start, node.end)}`,
      })),
    );
}

function isConversion(node: Node): boolean {
  if (node.type !== 'BinaryExpression' || !['*', '/'].includes(String(node['operator']))) return false;
  const left = node['left'] as Node;
  const right = node['right'] as Node;
  const name = left.type === 'MemberExpression' ? nameOf(left['property']) : nameOf(left);
  return timeLike.test(name) && conversions.includes(String(right['raw']).replaceAll('_', ''));
}
