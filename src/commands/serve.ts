// The server.
import { startBackground, tellUp, wantsBackground } from '../cli/background.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { print, printJsonLine } from '../cli/output.ts';
import { chooseConfig } from '../cli/read-config.ts';
import { serveFlags } from '../cli/serve-flags.ts';
import { type ConfigPlan, flagsBeside, planFlags, planFromFlags } from '../cli/serve-plan.ts';
import { ServeProcess } from '../cli/serve-process.ts';
import { listenAdvice, serveReport } from '../cli/serve-report.ts';
import { portsOfFlags, settingsOfFlags } from '../cli/serve-settings.ts';
import { createEngine, planServe, SRS_VERSION_TEXT } from '../core/index.ts';

export default class Serve extends BaseCommand<typeof Serve> {
  static override summary =
    'Run the server: RTMP, SRT, WebRTC, RTSP, HTTP and WebSocket in and out, HLS and DASH out, and the HTTP API.';
  static override description =
    'Media ports listen on all interfaces, the API on this machine only; SRT, WebRTC and RTSP have no port until a flag gives them one, but for --demo, where WebRTC has 8000. Publish to rtmp://HOST/APP/STREAM, play from there or from http://HOST:8080/APP/STREAM.flv, or .ts, .mp4, .aac and .mp3.';
  static override examples = [
    { description: 'See it work, with a stream of its own', command: '<%= config.bin %> serve --demo' },
    { description: 'Low latency, other ports', command: '<%= config.bin %> serve --merge-window 0 --rtmp-listen 1936' },
    {
      description: 'With SRT, WebRTC, RTSP and HLS',
      command: '<%= config.bin %> serve --srt-listen 10080 --rtc-listen 8000 --rtsp-listen 8554 --hls',
    },
    {
      description: 'With RTMPS and HTTPS',
      command: '<%= config.bin %> serve --rtmps-listen 1443 --https-listen 8088 --cert server.crt --key server.key',
    },
    { description: "By SRS's configuration", command: '<%= config.bin %> serve -c srs.conf' },
  ];
  static override defaultLog = 'info';
  static override flags = { ...serveFlags, ...planFlags };

  protected override flagsToParse() {
    return flagsBeside(this.argv, Serve.flags);
  }

  async run(): Promise<undefined> {
    const { flags } = this;
    if (flags['srs-version']) return void print(SRS_VERSION_TEXT);
    if (flags.signature) return void print(`SRS/${SRS_VERSION_TEXT}(srsx/${this.config.version})`);
    const plan = planFromFlags(flags, this.argv, this.logger);
    if (flags.test) return void print('The configuration is right.');
    if (plan && wantsBackground(plan.config)) return void this.endWith(await startBackground());
    const process = plan && (await this.#enter(plan));
    const engine = createEngine({
      log: process?.log ?? this.logger,
      ...(plan && { limits: planServe(plan.config).limits }),
    });
    const server = await engine.serve({ ...settingsOfFlags(flags, this.config.version), ...process?.settings() });
    // Before anybody is told that it is up, and sends a signal.
    const over = process === undefined ? this.interrupted() : process.run(server);
    if (this.jsonEnabled()) printJsonLine({ listeners: server.listeners });
    else print(serveReport(server.listeners, { demo: flags.demo, hls: server.hls, dash: server.dash }));
    tellUp();
    await over;
    await server.close();
    engine.close();
    await process?.close();
  }

  #enter(plan: ConfigPlan): Promise<ServeProcess> {
    const { flags, signal } = this;
    const log = flags.log === undefined ? undefined : this.logger;
    const { file } = chooseConfig(flags) ?? {};
    const softTerm = (first: () => void): void => this.softTerm(first);
    return ServeProcess.enter({ plan, log, format: flags['log-format'], file, signal, softTerm });
  }

  protected override advice(error: Error): string | undefined {
    const { flags } = this;
    if (chooseConfig(flags) !== undefined) return undefined;
    return listenAdvice(error, portsOfFlags(flags));
  }
}
