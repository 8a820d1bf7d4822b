// Many publishers.
import { Flags } from '@oclif/core';
import { demoSample } from '../../cli/assets.ts';
import { BaseCommand } from '../../cli/base-command.ts';
import { benchArgs, benchFlags } from '../../cli/bench-flags.ts';
import { runBench } from '../../cli/run-bench.ts';
import type { BenchReport } from '../../core/index.ts';

export default class BenchPublish extends BaseCommand<typeof BenchPublish> {
  static override summary = 'Publish many streams at once, and measure what the server takes.';
  static override description =
    'All clients run in this process and publish the same file in real time. With more than one, URL needs a %d.';
  static override examples = [
    {
      description: '100 streams of the built-in sample',
      command: '<%= config.bin %> bench publish rtmp://localhost/live/bench%d -n 100',
    },
    {
      description: 'One stream of a file of yours, over HTTP',
      command: '<%= config.bin %> bench publish http://localhost:8080/live/one.flv -n 1 --source movie.flv',
    },
  ];
  static override args = benchArgs;
  static override flags = {
    ...benchFlags,
    source: Flags.string({ summary: 'The file to publish, looped; default: the built-in sample.' }),
  };

  async run(): Promise<BenchReport> {
    const { flags, args, signal } = this;
    const report = await runBench(this.logger, this.jsonEnabled(), {
      ...flags,
      mode: 'publish',
      url: args.url,
      source: flags.source ?? demoSample,
      failIf: flags['fail-if'],
      signal,
    });
    this.endWith(this.interruptedBy ?? report.exit);
    return report.report;
  }
}
