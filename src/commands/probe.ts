// What a stream or file is, and what is wrong with it.
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { breaksRules, conformanceText } from '../cli/conformance-report.ts';
import { exitCode } from '../cli/exit-code.ts';
import { durationFlag } from '../cli/flags.ts';
import { print } from '../cli/output.ts';
import { mustBeFixed, probeText } from '../cli/probe-report.ts';
import { urlsAndFiles } from '../cli/url-help.ts';
import { withEngine } from '../cli/with-engine.ts';
import { type ConformanceReport, checkConformance, type ProbeReport, probe, protocols } from '../core/index.ts';

export default class Probe extends BaseCommand<typeof Probe> {
  static override summary = 'Look at a stream or file: tracks, codec parameters, times, and findings with advice.';
  static override description = `SOURCE is a URL, the path of a media file, or - for standard input. ${urlsAndFiles}
Exits with ${exitCode.findings} when something must be fixed, so that scripts can act on it.`;
  static override examples = [
    { description: 'A live stream', command: '<%= config.bin %> probe rtmp://localhost/live/demo' },
    { description: 'A whole file, for a program', command: '<%= config.bin %> probe movie.flv --duration 0 --json' },
    {
      description: 'What RFC 9725 wants of an endpoint',
      command: '<%= config.bin %> probe "whip://localhost:1985/rtc/v1/whip/?app=live&stream=test" --conformance',
    },
  ];
  static override args = {
    source: Args.string({ description: 'What to look at.', required: true, ignoreStdin: true }),
  };
  static override flags = {
    duration: durationFlag({ char: 'd', summary: 'How much media to look at; 0: everything; default 5s.' }),
    timeout: durationFlag({ summary: 'How long to wait for the first frame; default 10s.' }),
    insecure: Flags.boolean({ summary: 'Do not check TLS certificates.' }),
    conformance: Flags.boolean({
      summary:
        'Ask an endpoint of WHIP or WHEP what its specification wants, section by section; SOURCE: whip(s)://, whep(s)://.',
    }),
    token: Flags.string({ summary: 'Bearer token for --conformance.', dependsOn: ['conformance'] }),
  };

  async run(): Promise<ProbeReport | ConformanceReport> {
    return this.flags.conformance ? this.#conformance() : this.#probe();
  }

  async #conformance(): Promise<ConformanceReport> {
    const { source } = this.args;
    const { timeout, insecure, token } = this.flags;
    const options = { source, timeout, insecure, token, signal: this.signal };
    const report = await withEngine(this.logger, ({ host }) => checkConformance(host, options));
    if (!this.jsonEnabled()) print(conformanceText(report));
    this.endWith(this.interruptedBy ?? (breaksRules(report) ? exitCode.findings : 0));
    return report;
  }

  async #probe(): Promise<ProbeReport> {
    const { source } = this.args;
    const { duration, timeout, insecure } = this.flags;
    const options = { source, duration, timeout, insecure, signal: this.signal };
    const report = await withEngine(this.logger, ({ host }) => probe(host, protocols, options));
    if (!this.jsonEnabled()) print(probeText(report));
    this.endWith(this.interruptedBy ?? (mustBeFixed(report) ? exitCode.findings : 0));
    return report;
  }
}
