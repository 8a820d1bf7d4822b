// The files that tidy looks at, parsed: imports, comments and the syntax tree.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'rolldown/utils';

/** Any node of the tree; the rules look at the few fields they know. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Comment {
  readonly type: 'Line' | 'Block';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface Import {
  readonly specifier: string;
  /** The file it means, relative to the root; undefined for packages. */
  readonly target: string | undefined;
  readonly line: number;
}

export interface Source {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly body: readonly Node[];
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  /** Every node, parents first. */
  readonly nodes: readonly Node[];
  /** The line of an offset, from 1. */
  line(offset: number): number;
}

export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** Parses one file. Throws when it is not TypeScript. */
export function parseSource(path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text, { lang: 'ts', sourceType: 'module' });
  const error = errors[0];
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  const body = program.body as unknown as readonly Node[];
  const nodes = body.flatMap(flatten);
  const line = (offset: number): number => text.slice(0, offset).split('\n').length;
  const imports = nodes.flatMap((node) => {
    const specifier = importedBy(node);
    if (specifier === undefined) return [];
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    return [{ specifier, target, line: line(node.start) }];
  });
  return { path, text, body, comments, imports, nodes, line };
}

/** All TypeScript files below the given folders of a tree, in order of their paths. */
export function readTree(root: string, folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => listFiles(root, folder))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => posix.join(entry.parentPath.slice(root.length).replace(/^\/+/, ''), entry.name));
}

const importing = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
];

function importedBy(node: Node): string | undefined {
  if (!importing.includes(node.type)) return undefined;
  const { source } = node;
  return isNode(source) && typeof source['value'] === 'string' ? source['value'] : undefined;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function flatten(node: Node): Node[] {
  const found = [node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) found.push(...flatten(child));
  }
  return found;
}
