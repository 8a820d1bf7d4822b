// One picture of a stream.
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { durationFlag } from '../cli/flags.ts';
import { print } from '../cli/output.ts';
import { formatMs } from '../cli/units.ts';
import { withEngine } from '../cli/with-engine.ts';
import { type SnapshotResult, snapshot } from '../core/index.ts';

export default class Snapshot extends BaseCommand<typeof Snapshot> {
  static override summary = 'Save one picture of a stream or file.';
  static override description =
    'FFmpeg decodes it, so URL is anything that FFmpeg reads: rtmp://, http:// with .flv, .ts or .m3u8, or a file. FILE ends in .jpg, .png, .webp or .bmp.';
  static override examples = [
    {
      description: 'The next key frame of a live stream',
      command: '<%= config.bin %> snapshot rtmp://localhost/live/demo demo.jpg',
    },
    {
      description: 'A small one of a stream over HTTP',
      command: '<%= config.bin %> snapshot http://localhost:8080/live/demo.flv demo.png --width 320',
    },
  ];
  static override args = {
    url: Args.string({ description: 'What to look at.', required: true, ignoreStdin: true }),
    file: Args.string({ description: 'The picture to write.', required: true, ignoreStdin: true }),
  };
  static override flags = {
    width: Flags.integer({ summary: 'Width in pixels; the height follows.', min: 2 }),
    timeout: durationFlag({ summary: 'Give up after this time; default 20s.' }),
    ffmpeg: Flags.string({ summary: 'Path of FFmpeg.', default: 'ffmpeg', helpValue: 'PATH' }),
  };

  async run(): Promise<SnapshotResult> {
    const { args, flags, signal } = this;
    const { width, timeout, ffmpeg } = flags;
    const options = { from: args.url, to: args.file, signal, width, timeout, ffmpeg };
    const result = await withEngine(this.logger, ({ host }) => snapshot(host, options));
    if (!this.jsonEnabled()) print(`${result.to} in ${formatMs(result.elapsedMs)}`);
    return result;
  }
}
