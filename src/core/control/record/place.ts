// Where recordings go: a template cut into the directory that is the operator's and the names that streams make.
import { storageErrors } from '../storage/errors.ts';

/** A template of paths. */
export interface Place {
  /** The directory in front of the first word of the template; nothing is written outside of it. */
  readonly root: string;
  /** What is below it. */
  readonly template: string;
}

/** `./html/[app]/[stream].flv` is `[app]/[stream].flv` below `./html`. */
export function placeOf(path: string): Place {
  const word = path.indexOf('[');
  const cut = path.lastIndexOf('/', word < 0 ? path.length : word);
  const root = cut < 0 ? '.' : path.slice(0, cut) || '/';
  return { root, template: path.slice(cut + 1) };
}

/** Throws STORAGE_PATH when a path steps up, in the operator's part of it too: what it means is seen too late. */
export function checkNoSteps(path: string): void {
  if (!path.split('/').includes('..')) return;
  throw storageErrors.config('PATH', { path: path.slice(0, 200), why: 'it steps up by ..' });
}

/** `a.flv` to `a-1.flv`. */
export function numbered(path: string, number: number): string {
  const dot = path.lastIndexOf('.');
  return `${path.slice(0, dot)}-${number}${path.slice(dot)}`;
}
