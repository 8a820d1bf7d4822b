// Keeps a file, device or URL published in a server.
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { durationFlag } from '../cli/flags.ts';
import { ingestLine, ingestSummary } from '../cli/ingest-report.ts';
import { makeProgress } from '../cli/progress.ts';
import { runShown } from '../cli/run-shown.ts';
import { type IngestProgress, type IngestResult, ingest, protocols } from '../core/index.ts';

export default class Ingest extends BaseCommand<typeof Ingest> {
  static override summary = 'Keep publishing a file, a device or a URL into a server.';
  static override description =
    `SOURCE is a file, a URL, or a device of FFmpeg as FORMAT:NAME, such as v4l2:/dev/video0, alsa:default or lavfi:testsrc2. Several files are played one after the other, several devices are read at once; the last argument is the URL to publish to.
What srsx reads itself needs no FFmpeg. Whatever ends or breaks is begun again, at first after a second, later each time; --retries bounds how often in a row.
On a terminal one line shows where it is; otherwise there is one JSON line each half second, the last with the result.`;
  static override examples = [
    { description: 'A file for ever', command: '<%= config.bin %> ingest movie.mp4 rtmp://localhost/live/movie' },
    {
      description: 'Files one after the other, once',
      command: '<%= config.bin %> ingest a.flv b.flv rtmp://localhost/live/list --no-loop',
    },
    {
      description: 'Camera and microphone',
      command: '<%= config.bin %> ingest v4l2:/dev/video0 alsa:default rtmp://localhost/live/camera',
    },
    {
      description: 'A camera in the network, given up after ten failures in a row',
      command: '<%= config.bin %> ingest rtsp://camera/stream rtmp://localhost/live/yard --retries 10',
    },
  ];
  static override args = {
    source: Args.string({ description: 'What to read.', required: true, multiple: true, ignoreStdin: true }),
    url: Args.string({ description: 'Where to publish.', required: true, ignoreStdin: true }),
  };
  static override flags = {
    loop: Flags.boolean({ summary: 'Read files again when they end.', allowNo: true, default: true }),
    retries: Flags.integer({ summary: 'Give up after so many attempts in a row without media.', min: 0 }),
    'max-time': durationFlag({ summary: 'End after this time.' }),
    via: Flags.option({
      summary: 'Who reads: srsx, FFmpeg, or FFmpeg only what srsx cannot.',
      options: ['auto', 'native', 'ffmpeg'] as const,
      default: 'auto',
    })(),
    encode: Flags.boolean({ summary: 'FFmpeg encodes to H.264 and AAC; without it only devices.', allowNo: true }),
    ffmpeg: Flags.string({ summary: 'Path of FFmpeg.', default: 'ffmpeg', helpValue: 'PATH' }),
    insecure: Flags.boolean({ summary: 'Do not check TLS certificates.' }),
  };

  async run(): Promise<IngestResult> {
    const { args, flags, signal } = this;
    const { loop, retries, via, encode, ffmpeg, insecure } = flags;
    const options = {
      ...{ sources: args.source, to: args.url, signal, maxTime: flags['max-time'] },
      ...{ loop, retries, via, encode, ffmpeg, insecure },
    };
    const quiet = this.jsonEnabled();
    const progress = makeProgress<IngestProgress>({ line: ingestLine, quiet });
    const result = await runShown({ log: this.logger, progress, summary: ingestSummary, quiet }, (host, on) =>
      ingest(host, protocols, options, on),
    );
    this.endWith(this.interruptedBy ?? 0);
    return result;
  }
}
