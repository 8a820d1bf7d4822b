// From any URL into files.
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { durationFlag } from '../cli/flags.ts';
import { makeProgress } from '../cli/progress.ts';
import { recordLine, recordSummary } from '../cli/record-report.ts';
import { runShown } from '../cli/run-shown.ts';
import { protocols, type RecordProgress, type RecordResult, record } from '../core/index.ts';

export default class Record extends BaseCommand<typeof Record> {
  static override summary = 'Record a stream into files, of one container or many pieces.';
  static override description =
    `SOURCE is a URL or file that srsx relay reads. FILE ends in .mp4, .flv, .ts, .aac or .mp3 and may have the words of SRS's dvr_path: [app], [stream], [timestamp], [2006], [01], [02], [15], [04], [05], [999], and [seq] for the number of the file.
While it is written a file is called FILE.tmp. MP4 plays at any moment, also after a crash, and becomes a plain file at the end. When the picture's parameters change, another file begins.`;
  static override examples = [
    {
      description: 'Record until ctrl-C',
      command: '<%= config.bin %> record rtmp://localhost/live/demo demo.mp4',
    },
    {
      description: 'A file each minute, for an hour',
      command:
        "<%= config.bin %> record http://localhost:8080/live/demo.flv '[stream]/[2006]-[01]-[02]T[15].[04].[05].mp4' --segment 1m --duration 1h",
    },
    {
      description: 'What was made, for a program',
      command: '<%= config.bin %> record rtmp://localhost/live/demo demo.flv --duration 10s --json',
    },
  ];
  static override args = {
    source: Args.string({ description: 'What to record.', required: true, ignoreStdin: true }),
    file: Args.string({ description: 'Where to; a template.', required: true, ignoreStdin: true }),
  };
  static override flags = {
    segment: durationFlag({ summary: 'Begin another file at the first key frame after this much media.' }),
    duration: durationFlag({ char: 'd', summary: 'End after this much media.' }),
    fragmented: Flags.boolean({ summary: 'Leave MP4 fragmented at the end.' }),
    insecure: Flags.boolean({ summary: 'Do not check TLS certificates.' }),
  };

  async run(): Promise<RecordResult> {
    const { args, flags, signal } = this;
    const { segment, duration, fragmented, insecure } = flags;
    const options = { from: args.source, to: args.file, signal, segment, duration, fragmented, insecure };
    const quiet = this.jsonEnabled();
    const progress = makeProgress<RecordProgress>({ line: recordLine, quiet });
    const result = await runShown({ log: this.logger, progress, summary: recordSummary, quiet }, (host, on) =>
      record(host, protocols, options, on),
    );
    this.endWith(this.interruptedBy ?? 0);
    return result;
  }
}
