// All rules of the house that a program can check, in one list.
import { checkAmbient, checkConversions, checkSleeps } from './ambient.ts';
import { checkCycles } from './cycles.ts';
import { checkCommands, checkDocs, checkHeads, checkOpenQuestions, listLongFiles } from './form.ts';
import { checkRanks } from './ranks.ts';
import type { Finding, Source } from './source.ts';

/** The folders that are looked at. */
export const folders = ['src', 'scripts', 'test'] as const;

const rules = [
  checkRanks,
  checkCycles,
  checkAmbient,
  checkConversions,
  checkSleeps,
  checkHeads,
  checkOpenQuestions,
  checkCommands,
];

/** Exports that may still be without a docstring; it may only go down. */
const MISSING_DOCS = 300;

export interface Verdict {
  /** Breaches; there must be none. */
  readonly faults: readonly Finding[];
  /** What deserves a look. */
  readonly remarks: readonly Finding[];
}

/** Runs every rule over a tree. */
export function judge(sources: readonly Source[]): Verdict {
  const missing = checkDocs(sources);
  const tooMany = missing.length > MISSING_DOCS;
  return {
    faults: [...rules.flatMap((rule) => rule(sources)), ...(tooMany ? missing : [])],
    remarks: [...(tooMany ? [] : missing), ...listLongFiles(sources)],
  };
}
