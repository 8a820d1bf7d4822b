// From one URL or file to another.
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { durationFlag } from '../cli/flags.ts';
import { makeProgress } from '../cli/progress.ts';
import { relayLine, relaySummary } from '../cli/relay-report.ts';
import { runShown } from '../cli/run-shown.ts';
import { urlsAndFiles } from '../cli/url-help.ts';
import { protocols, type RelayProgress, type RelayResult, relay } from '../core/index.ts';

export default class Relay extends BaseCommand<typeof Relay> {
  static override summary = 'Pass a stream on, from any URL or file to any other, without a server.';
  static override description =
    `IN and OUT are URLs, paths of media files, or - for standard input and output. ${urlsAndFiles}
On a terminal one line shows where it is; otherwise there is one JSON line each half second, the last with the result.`;
  static override examples = [
    {
      description: 'Publish a file as if it were live, again and again',
      command: '<%= config.bin %> relay movie.flv rtmp://localhost/live/movie --loop',
    },
    {
      description: 'Record one minute of a live stream',
      command: '<%= config.bin %> relay rtmp://localhost/live/demo demo.flv --duration 1m',
    },
    {
      description: 'Change the container of a file',
      command: '<%= config.bin %> relay movie.ts movie.mp4',
    },
    {
      description: 'Watch with another program',
      command: '<%= config.bin %> relay http://localhost:8080/live/demo.flv - | ffplay -',
    },
  ];
  static override args = {
    in: Args.string({ description: 'What to read.', required: true, ignoreStdin: true }),
    out: Args.string({ description: 'Where to write or publish.', required: true, ignoreStdin: true }),
  };
  static override flags = {
    duration: durationFlag({ char: 'd', summary: 'End after this much media.' }),
    loop: Flags.boolean({ summary: 'Read a file again when it ends.' }),
    pace: Flags.option({
      summary: 'Speed of reading a file: real time to a live output, else as fast as possible.',
      options: ['auto', 'realtime', 'none'] as const,
      default: 'auto',
    })(),
    retry: Flags.boolean({ summary: 'Connect again when a side breaks.' }),
    'retry-max': Flags.integer({ summary: 'Give up after so many attempts in a row.', min: 1, dependsOn: ['retry'] }),
    insecure: Flags.boolean({ summary: 'Do not check TLS certificates.' }),
  };

  async run(): Promise<RelayResult> {
    const { args, flags, signal } = this;
    this.stdoutTaken = args.out === '-';
    const options = {
      from: args.in,
      to: args.out,
      signal,
      duration: flags.duration,
      loop: flags.loop ? Number.POSITIVE_INFINITY : 1,
      pace: flags.pace,
      retry: flags.retry ? { attempts: flags['retry-max'] } : undefined,
      insecure: flags.insecure,
    };
    const quiet = this.jsonEnabled() || this.stdoutTaken;
    const progress = makeProgress<RelayProgress>({ line: relayLine, quiet });
    const result = await runShown({ log: this.logger, progress, summary: relaySummary, quiet }, (host, on) =>
      relay(host, protocols, options, on),
    );
    this.endWith(this.interruptedBy ?? 0);
    return result;
  }
}
