// Whether a configuration is right.
import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { type ConfigCheck, checkText } from '../../cli/config-report.ts';
import { print } from '../../cli/output.ts';
import { configFlags, readConfig } from '../../cli/read-config.ts';
import { planServe } from '../../core/index.ts';

export default class ConfigCheckCommand extends BaseCommand<typeof ConfigCheckCommand> {
  static override summary = "Check a configuration in SRS's language.";
  static override description =
    'Says the first error with file, line and the nearest known name, and what is written without effect. Without -c the environment alone is checked.';
  static override examples = [
    { description: 'A file', command: '<%= config.bin %> config check srs.conf' },
    { description: 'The variables of the environment', command: '<%= config.bin %> config check -e' },
  ];
  static override args = { file: Args.string({ description: 'The same as -c.', ignoreStdin: true }) };
  static override flags = configFlags;

  async run(): Promise<ConfigCheck> {
    const config = readConfig({ ...this.flags, config: this.args.file ?? this.flags.config });
    const check = { file: config.root.place.file, notices: [...config.notices, ...planServe(config).notices] };
    if (!this.jsonEnabled()) print(checkText(check));
    return check;
  }
}
