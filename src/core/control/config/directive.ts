// What the grammar gives: a tree of directives that remember where they were written.

/** Where something was written; `line` counts from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** One statement; `children` is there, perhaps empty, when it had braces. */
export interface Directive extends Place {
  readonly name: string;
  readonly args: readonly string[];
  readonly children?: readonly Directive[];
}

/** Something that the operator should know and that stops nothing. */
export interface Notice extends Place {
  readonly directive: string;
  readonly text: string;
}

const indexes = new WeakMap<readonly Directive[], Map<string, Directive[]>>();

/** All children of a name, in the order of writing. A file may have thousands of vhosts, so they are indexed once. */
export function childrenOf(parent: readonly Directive[], name: string): readonly Directive[] {
  let index = indexes.get(parent);
  if (index === undefined) {
    index = Map.groupBy(parent, (child) => child.name);
    indexes.set(parent, index);
  }
  return index.get(name) ?? [];
}
