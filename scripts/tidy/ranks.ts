// The laws of dependency: who may import whom. Imports go downwards only.
import type { Finding, Source } from './source.ts';

interface Layer {
  readonly name: string;
  readonly rank: number;
  /** Files of one unit may import each other; undefined: the whole layer is one unit. */
  readonly unit?: string;
}

const layers: readonly { readonly pattern: RegExp; readonly name: string; readonly rank: number }[] = [
  { pattern: /^src\/core\/base\//, name: 'base', rank: 0 },
  { pattern: /^src\/core\/media\//, name: 'media', rank: 1 },
  { pattern: /^src\/core\/codec\//, name: 'codec', rank: 1 },
  { pattern: /^src\/core\/format\//, name: 'format', rank: 2 },
  { pattern: /^src\/core\/wire\//, name: 'wire', rank: 2 },
  { pattern: /^src\/core\/control\//, name: 'control', rank: 3 },
  { pattern: /^src\/core\/protocols\/[^/]+\//, name: 'protocol', rank: 4 },
  { pattern: /^src\/core\/net\//, name: 'net', rank: 4 },
  { pattern: /^src\/core\/protocols\.ts$/, name: 'protocols.ts', rank: 5 },
  { pattern: /^src\/core\/toolkit\//, name: 'toolkit', rank: 6 },
  { pattern: /^src\/core\/engine\.ts$/, name: 'engine.ts', rank: 7 },
  { pattern: /^src\/core\/index\.ts$/, name: 'index.ts', rank: 8 },
  { pattern: /^src\/cli\//, name: 'cli', rank: 9 },
  { pattern: /^src\/commands\//, name: 'commands', rank: 10 },
];

/** The layer of a file of src; undefined when it is in no known place. */
export function layerOf(path: string): Layer | undefined {
  const layer = layers.find(({ pattern }) => pattern.test(path));
  if (layer === undefined) return undefined;
  const { name, rank } = layer;
  // Each protocol is a unit of its own: what two of them need goes down a rank.
  return name === 'protocol' ? { name, rank, unit: path.split('/')[3] ?? '' } : { name, rank };
}

/** Imports that go upwards, sideways, around the door, or to packages that the place must not know. */
export function checkRanks(sources: readonly Source[]): Finding[] {
  return sources.filter(({ path }) => path.startsWith('src/')).flatMap(checkFile);
}

function checkFile(source: Source): Finding[] {
  const { path, imports } = source;
  const from = layerOf(path);
  if (from === undefined) return [{ rule: 'rank', path, line: 1, text: 'is in no layer of the tree' }];
  return imports.flatMap(({ specifier, target, line }) => {
    const why = target === undefined ? packageFault(from, specifier) : importFault(from, target);
    return why === undefined ? [] : [{ rule: 'rank', path, line, text: `${why}: ${specifier}` }];
  });
}

function importFault(from: Layer, target: string): string | undefined {
  const to = layerOf(target);
  if (to === undefined) return 'imports a file outside the layers';
  if (from.name === 'commands' && target.startsWith('src/core/') && to.name !== 'index.ts') {
    return 'a command imports core by another door than core/index.ts';
  }
  if (to.rank < from.rank) return undefined;
  // FLV's script data is AMF0, which RTMP's commands are too: the wire parts lie below the containers.
  if (from.name === 'format' && to.name === 'wire') return undefined;
  if (to.name === from.name && to.unit === from.unit) return undefined;
  if (to.name === 'protocol' && from.name === 'protocol') return 'a protocol imports another protocol';
  return `${from.name} may not know ${to.name}`;
}

/** Packages of the command line, which core must be usable without. */
const cliPackages = /^(@oclif\/|chalk$|cli-progress$)/;

function packageFault(from: Layer, specifier: string): string | undefined {
  if (from.name === 'cli' || from.name === 'commands') return undefined;
  return cliPackages.test(specifier) ? 'core may not know the command line' : undefined;
}
