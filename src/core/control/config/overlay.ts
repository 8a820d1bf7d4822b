// Directives that were changed at run time, as a second configuration that lies over the first one. Pure: trees in, trees
// out.
//
// The overlay is a file in the same language, so that an operator can read it, correct it, or move its lines into the
// configuration. What would let a caller of the API write files, run programs or give himself rights is not for it.
import { isAbsolute, join, normalize } from 'node:path';
import { defineErrors } from '../../base/errors.ts';
import { FALLBACK_VHOST, type Found, type Section } from './config.ts';
import type { Directive } from './directive.ts';
import { configErrors } from './errors.ts';
import { findPath } from './names.ts';
import { parseConfig } from './parse.ts';
import { type Path, settingAt } from './schema/index.ts';
import { quote } from './tokens.ts';

/** What a change of a setting can be refused for. */
export const overlayErrors = defineErrors('OVERLAY', {
  OFF: {
    text: 'settings cannot be changed by the API here',
    advice: 'Name a file for them: http_api { overlay ./conf/overlay.conf; }, and start with -c or -e.',
  },
  CREDENTIAL: {
    text: 'without a credential settings are changed from this machine only',
    advice: 'Write http_api.auth with a token or a password, and send it.',
  },
  PROTECTED: {
    text: '{directive} is changed in the configuration only: {why}',
    advice: 'Change the configuration, and reload.',
  },
  CALLS: {
    text: '{directive} says whom the server or its clients call, which is changed with a credential only',
    advice: 'Write http_api.auth with a token or a password, and send it; or change the configuration.',
  },
  VALUE: { text: '{directive}: {why}', advice: 'Send {"value": "on"}; docs/config.md says which words it takes.' },
  ENVIRONMENT: {
    text: '{directive} has its value from the variable {name}, which stands above all files',
    advice: 'Take the variable away first.',
  },
  UNSET: { text: 'the API did not set {directive}', advice: 'GET /api/srsx/v1/settings/ shows what it set.' },
});

/**
 * Where the overlay is; empty for nowhere. A relative path is within work_dir, which the process enters only after the
 * first look at the configuration, so both must mean the same before and after.
 *
 * Errors: CONFIG_VALUE.
 */
export function overlayPath(root: Section): string {
  const path = root.get('http_api.overlay');
  const workDir = root.get('work_dir');
  if (path === '' || isAbsolute(path) || normalize(`${workDir}/`) === './') return path;
  if (isAbsolute(workDir)) return join(workDir, path);
  const why = `${path} is relative to work_dir ${workDir}, which is relative too: write one of them as /path`;
  throw configErrors.config('VALUE', { ...root.place, directive: 'http_api.overlay', why });
}

/** One directive of the root or of a vhost. */
export interface OverlayTarget {
  readonly path: Path;
  /** Empty for the root. */
  readonly vhost: string;
}

const protectedPaths: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(stream_caster|vhost\.(ingest|transcode))(\.|$)/, 'it is in a block that may stand several times'],
  [/^vhost\.exec(\.|$)/, 'it names a program'],
  [/^http_api\.(auth|raw_api|overlay)(\.|$)/, 'it decides who may do this'],
  [/^(include|is_full|daemon|asprocess)$/, 'it is for the start'],
  [/^vhost\.security\./, 'it may stand several times'],
];

/** Whose words make the server, or clients of WebRTC, open a connection. */
const callsOut =
  /^(heartbeat\.url|vhost\.http_hooks\.on_\w+|vhost\.forward\.(destination|backend)|vhost\.cluster\.(origin|coworkers)|rtc_server\.black_hole\.addr|(rtc_server|vhost\.rtc)\.ice_servers)$/;

/**
 * The directive that a request names, of the root or a vhost. @param trusted it came with a credential: who has none could
 * make the server ask machines that only the server reaches.
 *
 * Errors: CONFIG_ASK, OVERLAY_PROTECTED, OVERLAY_CALLS, OVERLAY_VALUE for a vhost that cannot be written.
 */
export function overlayTarget(words: string, vhost: string = FALLBACK_VHOST, trusted = true): OverlayTarget {
  const path = findPath(words);
  const setting = settingAt(path);
  const refuse = (why: string): Error => overlayErrors.refused('PROTECTED', { directive: path, why });
  const found = protectedPaths.find(([pattern]) => pattern.test(path));
  if (found !== undefined) throw refuse(found[1]);
  if (setting === undefined || setting.kind === 'block' || setting.kind === 'rules') throw refuse('it is a block');
  if (/path|template/.test(setting.type)) throw refuse('it names a file');
  if (!trusted && callsOut.test(path)) throw overlayErrors.refused('CALLS', { directive: path });
  overlayWords('vhost', vhost);
  return { path, vhost: path.startsWith('vhost.') ? vhost : '' };
}

/** An overlay cannot change what a variable of the environment says. Errors: OVERLAY_ENVIRONMENT. */
export function refuseVariable(directive: Path, { origin }: Found): void {
  if (origin.kind !== 'environment') return;
  throw overlayErrors.config('ENVIRONMENT', { directive, name: origin.name });
}

/**
 * The words behind a directive, out of a JSON value.
 *
 * Errors: OVERLAY_VALUE.
 */
export function overlayWords(directive: string, value: unknown): string[] {
  const fault = (why: string): Error => overlayErrors.protocol('VALUE', { directive, why });
  const values = Array.isArray(value) ? value : [value];
  if (values.length === 0 || values.length > MOST_WORDS) throw fault(`a value has 1 to ${MOST_WORDS} words`);
  return values.map((one: unknown) => {
    const word = typeof one === 'boolean' ? (one ? 'on' : 'off') : typeof one === 'number' ? String(one) : one;
    if (typeof word !== 'string' || word === '') throw fault('each word is a string, a number or a switch');
    if (word.length > WORD_LENGTH) throw fault(`a word is longer than ${WORD_LENGTH} characters`);
    if (/\p{Cc}/u.test(word)) throw fault('a word has a control character');
    if (word.includes('"') && word.includes("'")) throw fault('a word has both kinds of quotes');
    return word;
  });
}

/** Chosen: no directive of SRS takes more, and no URL is longer. */
const MOST_WORDS = 32;
const WORD_LENGTH = 2048;

const place = { file: 'overlay', line: 0 };
/** Blocks that are told apart by their first word. */
const named = /^(vhost|stream_caster|ingest|transcode|engine)$/;

const same = (a: Directive, b: Directive): boolean =>
  a.name === b.name && (!named.test(a.name) || a.args[0] === b.args[0]);

/** The path from the root of the tree; vhosts carry their name. */
function steps({ path, vhost }: OverlayTarget): Directive[] {
  return path.split('.').map((name) => ({ ...place, name, args: name === 'vhost' ? [vhost] : [] }));
}

/** The overlay with that directive set. */
export function setDirective(overlay: readonly Directive[], target: OverlayTarget, words: readonly string[]) {
  return put(overlay, steps(target), words);
}

function put(tree: readonly Directive[], [step, ...rest]: readonly Directive[], words: readonly string[]): Directive[] {
  if (step === undefined) return [...tree];
  const old = tree.find((one) => same(one, step));
  const made: Directive =
    rest.length === 0 ? { ...step, args: words } : { ...step, children: put(old?.children ?? [], rest, words) };
  return old === undefined ? [...tree, made] : tree.map((one) => (one === old ? made : one));
}

/** The overlay without that directive, and without blocks that are empty then; undefined when it was not in it. */
export function unsetDirective(overlay: readonly Directive[], target: OverlayTarget): Directive[] | undefined {
  return take(overlay, steps(target));
}

function take(tree: readonly Directive[], [step, ...rest]: readonly Directive[]): Directive[] | undefined {
  const old = step === undefined ? undefined : tree.find((one) => same(one, step));
  if (old === undefined) return undefined;
  const others = tree.filter((one) => one !== old);
  if (rest.length === 0) return others;
  const children = take(old.children ?? [], rest);
  if (children === undefined) return undefined;
  return children.length === 0 ? others : tree.map((one) => (one === old ? { ...old, children } : one));
}

/** Whether the overlay sets it. */
export const overlaySets = (overlay: readonly Directive[], target: OverlayTarget): boolean =>
  unsetDirective(overlay, target) !== undefined;

/** One tree of both: what the overlay sets replaces all directives of that name in that block. */
export function mergeOverlay(tree: readonly Directive[], overlay: readonly Directive[]): Directive[] {
  let merged = [...tree];
  for (const over of overlay) {
    const base = merged.find((one) => same(one, over));
    if (base === undefined) merged.push(over);
    else if (over.children === undefined)
      merged = merged.filter((one) => one === base || !same(one, over)).map(swap(base, over));
    else merged = merged.map(swap(base, { ...base, children: mergeOverlay(base.children ?? [], over.children) }));
  }
  return merged;
}

const swap =
  (old: Directive, by: Directive) =>
  (one: Directive): Directive =>
    one === old ? by : one;

/** A tree as text; what `parseConfig` reads gives the same tree again. */
export function writeDirectives(tree: readonly Directive[], indent = ''): string {
  return tree
    .map(({ name, args, children }) => {
      const head = [name, ...args.map(quote)].join(' ');
      if (children === undefined) return `${indent}${head};\n`;
      return `${indent}${head} {\n${writeDirectives(children, `${indent}    `)}${indent}}\n`;
    })
    .join('');
}

/** The tree of an overlay's text; it includes nothing. Errors: ConfigErrors of the grammar. */
export function parseOverlay(text: string, file: string): Directive[] {
  // An empty file is an overlay that sets nothing.
  return /^\s*[^#\s]/m.test(text) ? parseConfig(text, file, noInclude) : [];
}

const noInclude = (): string => {
  throw new Error('an overlay includes no files');
};

/** A tree with the overlay of that text over it. */
export const overlaid = (tree: readonly Directive[], text: string, file: string): readonly Directive[] =>
  mergeOverlay(tree, parseOverlay(text, file));
