// How files look: heads, docstrings, sizes, and the shape of commands and protocols.
import type { Finding, Node, Source } from './source.ts';

const LONG_FILE = 500;
const LONG_COMMAND = 80;
/** An open question must have an owner: an issue number behind it. */
const openQuestion = /\b(TO[D]O|FIX[M]E|X[X]X)\b(?!\(#\d+\))/;

/** Every file says in its first lines what it is for. */
export function checkHeads(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => !path.startsWith('test/') || path.startsWith('test/tools/'))
    .filter(({ text, comments }) => {
      const start = text.startsWith('#!') ? text.indexOf('\n') + 1 : 0;
      const head = comments[0];
      return head === undefined || text.slice(start, head.start).trim() !== '';
    })
    .map(({ path }) => ({ rule: 'head', path, line: 1, text: 'has no head comment that says what it is for' }));
}

/** Remarks about work that is left. */
export function checkOpenQuestions(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, comments, line }) =>
    comments
      .filter(({ value }) => openQuestion.test(value))
      .map(({ start, value }) => ({ rule: 'open', path, line: line(start), text: value.trim().slice(0, 80) })),
  );
}

/** Exported names of src without a docstring. */
export function checkDocs(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/commands/'))
    .flatMap((source) =>
      source.body
        .filter((node) => node.type === 'ExportNamedDeclaration' && node['declaration'] !== null)
        .filter((node) => !hasDocstring(source, node))
        .map((node) => ({ rule: 'doc', path: source.path, line: source.line(node.start), text: exportedName(node) })),
    );
}

/** Files that need a second look because of their size; a remark, not a fault. */
export function listLongFiles(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1;
    return lines > LONG_FILE ? [{ rule: 'size', path, line: 1, text: `${lines} lines` }] : [];
  });
}

/** Commands are thin and documented. */
export function checkCommands(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/commands/'))
    .flatMap(({ path, text, nodes }) => {
      const field = (name: string): Node | undefined =>
        nodes.find((node) => node.type === 'PropertyDefinition' && (node['key'] as Node)['name'] === name);
      const examples = field('examples')?.['value'] as Node | undefined;
      const count = Array.isArray(examples?.['elements']) ? examples['elements'].length : 0;
      const faults = [
        ...['summary', 'description'].filter((name) => field(name) === undefined).map((name) => `has no ${name}`),
        ...(count < 2 ? [`has ${count} examples, two are wanted`] : []),
        ...(text.split('\n').length - 1 > LONG_COMMAND ? [`is longer than ${LONG_COMMAND} lines`] : []),
      ];
      return faults.map((fault) => ({ rule: 'command', path, line: 1, text: fault }));
    });
}

function hasDocstring({ comments, text }: Source, node: Node): boolean {
  return comments.some(
    ({ type, value, end }) =>
      type === 'Block' && value.startsWith('*') && end <= node.start && text.slice(end, node.start).trim() === '',
  );
}

function exportedName(node: Node): string {
  const declaration = node['declaration'] as Node;
  const declarators = declaration['declarations'];
  const named = (Array.isArray(declarators) ? (declarators[0] as Node) : declaration)['id'] as Node | undefined;
  return `${String(named?.['name'] ?? 'an export')} has no docstring`;
}
