// Checks the rules of the house over the whole tree: `npm run tidy`, with --docs to list missing docstrings.

import { root } from './run.ts';
import { folders, judge } from './tidy/rules.ts';
import { type Finding, readTree } from './tidy/source.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const show = ({ rule, path, line, text }: Finding): void => say(`${path}:${line}  ${rule}: ${text}`);

const sources = readTree(root, folders);
const { faults, remarks } = judge(sources);
const docs = remarks.filter(({ rule }) => rule === 'doc');
for (const finding of process.argv.includes('--docs') ? docs : []) show(finding);
for (const finding of remarks) if (finding.rule !== 'doc') show(finding);
for (const finding of faults) show(finding);
say(`tidy: ${sources.length} files, ${faults.length} faults, ${docs.length} exports without a docstring.`);
process.exitCode = faults.length > 0 ? 1 : 0;
