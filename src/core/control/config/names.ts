// Which names stand where: unknown directives are refused with the nearest known one.
import { nearest } from '../../base/nearest.ts';
import type { Directive, Notice } from './directive.ts';
import { configErrors } from './errors.ts';
import { schema, settingAt } from './schema/index.ts';

/** Blocks in which SRS accepts any name: there, an unknown one is only told. */
const unchecked = [
  /^http_(api|server)\.https$/,
  /^rtc_server\.(tcp|black_hole)$/,
  /^(threads|circuit_breaker|tencentcloud_cls|tencentcloud_apm)$/,
  /^vhost\.ingest\.(input|engine)$/,
];

/** Directives of which all are used, not only the first. */
const repeated = /^(vhost|stream_caster|vhost\.(ingest|transcode)|vhost\.(ingest|transcode)\.engine)$/;

/** Letters of a wrong name that are looked at and shown: the distance of words costs their product. */
const SHOWN = 100;

/** Names of each block by its path, the root being empty. */
const namesOf = new Map<string, Set<string>>();
for (const path of Object.keys(schema)) {
  const steps = path.split('.');
  for (let depth = 0; depth < steps.length; depth++) {
    const block = steps.slice(0, depth).join('.');
    const names = namesOf.get(block) ?? new Set();
    namesOf.set(block, names.add(steps[depth] ?? ''));
  }
}

/**
 * Checks the names of a rewritten tree and tells what is written without effect.
 *
 * Errors: CONFIG_UNKNOWN.
 */
export function checkNames(tree: readonly Directive[]): Notice[] {
  const notices: Notice[] = [];
  checkBlock(tree, '', notices);
  return notices;
}

function checkBlock(children: readonly Directive[], block: string, notices: Notice[]): void {
  const names = namesOf.get(block) ?? new Set();
  const seen = new Map<string, Directive>();
  for (const child of children) {
    const { file, line, name } = child;
    const path = block === '' ? name : `${block}.${name}`;
    const tell = (text: string): void => void notices.push({ file, line, directive: path, text });
    if (!names.has(name)) {
      if (!unchecked.some((pattern) => pattern.test(block))) throw unknownDirective(child, block);
      tell(`is not a directive of ${block}: it has no effect`);
      continue;
    }
    const setting = settingAt(path);
    const first = seen.get(name);
    const all = repeated.test(path) || setting?.kind === 'rules' || setting?.kind === 'block';
    if (first !== undefined && !all) tell(`has no effect: line ${first.line} of ${first.file} comes first`);
    seen.set(name, first ?? child);
    const inner = namesOf.get(path);
    if (setting?.kind === 'block' && inner === undefined) continue;
    if (inner !== undefined && child.children === undefined) tell('is a block, and has no { ... } here');
    if (inner === undefined && child.children !== undefined) tell('is no block: what is in its { ... } has no effect');
    if (inner !== undefined) checkBlock(child.children ?? [], path, notices);
  }
}

function unknownDirective({ file, line, name }: Directive, block: string): Error {
  return configErrors.config('UNKNOWN', {
    file,
    line,
    directive: name.slice(0, SHOWN),
    block: block === '' ? 'the root' : block,
    nearest: suggest(name, block),
  });
}

/** A sentence that names what was probably meant, or nothing: the same name elsewhere, else a near one here. */
function suggest(name: string, block: string): string {
  const homes = [...namesOf].filter(([, names]) => names.has(name)).map(([path]) => path || 'the root');
  if (homes.length > 0) return `It belongs to ${homes.slice(0, 3).join(', ')}. `;
  const near = nearest(name.slice(0, SHOWN), [...(namesOf.get(block) ?? [])]);
  return near === undefined ? '' : `Did you mean ${near}? `;
}

/** The whole path of a directive that somebody asks for; its last words suffice. Errors: CONFIG_ASK. */
export function findPath(text: string): keyof typeof schema {
  const asked = text.slice(0, SHOWN);
  const paths = Object.keys(schema) as (keyof typeof schema)[];
  const exact = paths.find((path) => path === asked);
  if (exact !== undefined) return exact;
  const ends = paths.filter((path) => path.endsWith(`.${asked}`));
  if (ends.length === 1 && ends[0] !== undefined) return ends[0];
  const near = nearest(asked, paths) ?? nearest(asked, [...new Set(paths.map((path) => path.split('.').at(-1) ?? ''))]);
  const hint = ends.length > 1 ? `There are ${ends.join(', ')}. ` : near === undefined ? '' : `Did you mean ${near}? `;
  throw configErrors.config('ASK', { directive: asked, nearest: hint });
}
