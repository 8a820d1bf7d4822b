// Many players.
import { BaseCommand } from '../../cli/base-command.ts';
import { benchArgs, benchFlags } from '../../cli/bench-flags.ts';
import { runBench } from '../../cli/run-bench.ts';
import type { BenchReport } from '../../core/index.ts';

export default class BenchPlay extends BaseCommand<typeof BenchPlay> {
  static override summary = 'Play a stream many times at once, and measure what arrives.';
  static override description =
    'All clients run in this process. URL is one that srsx relay plays: rtmp://, rtsp://, srt://, webrtc://, whep://, http:// or ws:// that ends in .flv, .ts, .mp4, .aac or .mp3, or http:// that ends in .m3u8.';
  static override examples = [
    {
      description: '500 players for half a minute',
      command: '<%= config.bin %> bench play rtmp://localhost/live/demo -n 500 -d 30s',
    },
    {
      description: 'A check for CI',
      command: `<%= config.bin %> bench play http://localhost:8080/live/demo.flv -n 50 --fail-if 'first-frame.p95>500ms' --fail-if 'failed>0' --json`,
    },
  ];
  static override args = benchArgs;
  static override flags = benchFlags;

  async run(): Promise<BenchReport> {
    const { flags, args, signal } = this;
    const report = await runBench(this.logger, this.jsonEnabled(), {
      ...flags,
      mode: 'play',
      url: args.url,
      failIf: flags['fail-if'],
      signal,
    });
    this.endWith(this.interruptedBy ?? report.exit);
    return report.report;
  }
}
