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

/** The first child of a name: of duplicates SRS reads the first. */
export function childOf(parent: readonly Directive[] | undefined, name: string): Directive | undefined {
  return parent?.find((child) => child.name === name);
}
