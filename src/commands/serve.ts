// The server.
import { demoSample, playerPages } from '../cli/assets.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { print, printJsonLine } from '../cli/output.ts';
import { chooseConfig } from '../cli/read-config.ts';
import { serveFlags } from '../cli/serve-flags.ts';
import { flagsBeside, planFlags, planFromFlags } from '../cli/serve-plan.ts';
import { listenAdvice, serveReport } from '../cli/serve-report.ts';
import { createEngine, type ListenSettings } from '../core/index.ts';

export default class Serve extends BaseCommand<typeof Serve> {
  static override summary = 'Run the server: RTMP, HTTP-FLV and WebSocket-FLV in and out, and the HTTP API.';
  static override description =
    'Media ports listen on all interfaces, the API on this machine only. Publish to rtmp://HOST/APP/STREAM, play from there or from http://HOST:8080/APP/STREAM.flv.';
  static override examples = [
    { description: 'See it work, with a stream of its own', command: '<%= config.bin %> serve --demo' },
    { description: 'Low latency, other ports', command: '<%= config.bin %> serve --merge-window 0 --rtmp-listen 1936' },
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
    const plan = planFromFlags(flags, this.argv, this.logger);
    if (flags.test) return void print('The configuration is right.');
    const engine = createEngine({ log: this.logger, ...(plan && { limits: plan.limits }) });
    const hls = { classic: flags.hls, ...plan?.settings.hls, lowLatency: flags['hls-low-latency'] };
    const server = await engine.serve({
      rtmp: this.#listen(flags['rtmp-listen'], flags['rtmps-listen']),
      http: this.#listen(flags['http-listen'], flags['https-listen']),
      api: { listen: flags['api-listen'] },
      mergeWindowMs: flags['merge-window'],
      gopCache: flags['gop-cache'],
      publisherPolicy: flags.publisher,
      ...plan?.settings,
      hls,
      pages: playerPages(),
      version: this.config.version,
      ...(flags.demo && { demo: { sample: demoSample } }),
    });
    if (this.jsonEnabled()) printJsonLine({ listeners: server.listeners });
    else print(serveReport(server.listeners, { demo: flags.demo, hls }));
    await this.interrupted();
    await server.close();
    engine.close();
  }

  #listen(listen: string[], tlsListen: string[] | undefined): ListenSettings {
    const { cert, key } = this.flags;
    if (tlsListen === undefined || cert === undefined || key === undefined) return { listen };
    return { listen, tls: { listen: tlsListen, cert, key } };
  }

  protected override advice(error: Error): string | undefined {
    const { flags } = this;
    if (chooseConfig(flags) !== undefined) return undefined;
    return listenAdvice(error, {
      rtmp: flags['rtmp-listen'],
      http: flags['http-listen'],
      api: flags['api-listen'],
      rtmps: flags['rtmps-listen'] ?? [],
      https: flags['https-listen'] ?? [],
    });
  }
}
