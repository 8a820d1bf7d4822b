// Effective values of a configuration.
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { valuesText } from '../../cli/config-report.ts';
import { print } from '../../cli/output.ts';
import { configFlags, readConfig } from '../../cli/read-config.ts';
import { listValues, type ShownValue } from '../../core/index.ts';

export default class ConfigShow extends BaseCommand<typeof ConfigShow> {
  static override summary = 'Show the effective values of a configuration, each with its origin.';
  static override description =
    'Variables of the environment come before the file, the file before the defaults. Without -c the environment alone is read.';
  static override examples = [
    { description: 'What is set', command: '<%= config.bin %> config show srs.conf' },
    { description: 'Everything, for a program', command: '<%= config.bin %> config show srs.conf --all --json' },
  ];
  static override args = { file: Args.string({ description: 'The same as -c.', ignoreStdin: true }) };
  static override flags = { ...configFlags, all: Flags.boolean({ summary: 'Also what has its default.' }) };

  async run(): Promise<{ values: ShownValue[] }> {
    const values = listValues(readConfig({ ...this.flags, config: this.args.file ?? this.flags.config }), {
      all: this.flags.all,
    });
    if (!this.jsonEnabled()) print(valuesText(values));
    return { values };
  }
}
