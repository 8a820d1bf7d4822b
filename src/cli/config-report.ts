// Configurations for people: findings of a check, effective values, and one value in full.
import chalk from 'chalk';
import type { ConfigNotice, ExplainedValue, ShownValue } from '../core/index.ts';
import { facts, table } from './output.ts';
import { noticeText } from './read-config.ts';

/** What `config check` says of a configuration that is right. */
export interface ConfigCheck {
  readonly file: string;
  readonly notices: readonly ConfigNotice[];
}

/** The verdict, and under it what the operator should know. */
export function checkText({ file, notices }: ConfigCheck): string {
  const count = notices.length === 1 ? '1 remark' : `${notices.length} remarks`;
  const remarks = notices.length === 0 ? '' : ` ${count}:`;
  return [`${chalk.green(`${file} is right.`)}${remarks}`, ...notices.map(noticeText)].join('\n');
}

/** Values with their origins, as a table. */
export function valuesText(values: readonly ShownValue[]): string {
  if (values.length === 0) return 'Nothing is set: every directive has its default (--all shows them).';
  return table(values, [
    { title: 'DIRECTIVE', value: ({ directive }) => directive },
    { title: 'VHOST', value: ({ vhost }) => vhost },
    { title: 'VALUE', value: ({ value }) => value },
    { title: 'FROM', value: ({ from }) => from },
  ]);
}

/** All about one value. */
export function explainedText(explained: ExplainedValue): string {
  const { directive, vhost, value, from, type, variables, says, status } = explained;
  return facts([
    ['Directive', directive],
    ['Means', says],
    ...(vhost === '' ? [] : [['Vhost', vhost] as const]),
    ['Value', value],
    ['From', from],
    ['Type', type],
    ['Default', explained.default],
    ['Variable', variables.join(', ') || 'none'],
    ['Status', status],
  ]);
}
