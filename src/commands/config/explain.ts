// One directive: what it means, its value and where that comes from.
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { explainedText } from '../../cli/config-report.ts';
import { print } from '../../cli/output.ts';
import { configFlags, readConfig } from '../../cli/read-config.ts';
import { type ExplainedValue, explainValue } from '../../core/index.ts';

export default class ConfigExplain extends BaseCommand<typeof ConfigExplain> {
  static override summary = 'Explain a directive: meaning, type, default, variable, value and where it comes from.';
  static override description =
    'The last words of a directive suffice: hls_fragment for vhost.hls.hls_fragment. Without -c the environment alone is read.';
  static override examples = [
    { description: 'A directive', command: '<%= config.bin %> config explain gop_cache' },
    {
      description: 'Its value for a vhost of a file',
      command: '<%= config.bin %> config explain hls_fragment -c srs.conf --vhost live.example.com',
    },
  ];
  static override args = {
    directive: Args.string({ description: 'Its path, or the end of it.', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...configFlags,
    vhost: Flags.string({ summary: 'The vhost whose value is asked for.', default: '__defaultVhost__' }),
  };

  async run(): Promise<ExplainedValue> {
    const explained = explainValue(readConfig(this.flags), this.args.directive, this.flags.vhost);
    if (!this.jsonEnabled()) print(explainedText(explained));
    return explained;
  }
}
