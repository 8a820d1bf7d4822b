// What a server says of itself, put together: the API with its events, the exporter, the heartbeat.
import type { Closer } from '../base/link.ts';
import { toSeconds } from '../base/time.ts';
import { streamUrl } from '../media/stream-name.ts';
import type { HttpExchange } from '../wire/http/exchange.ts';
import { Api } from './api/api.ts';
import type { ApiContext } from './api/context.ts';
import type { Config } from './config/config.ts';
import { overlayPath } from './config/overlay.ts';
import { overlayPlace } from './config/overlay-file.ts';
import type { LiveSettings } from './config/settings.ts';
import { Exporter } from './exporter/exporter.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { Host } from './host.ts';
import type { RecordedFile, RecordWatcher } from './record/recorded-file.ts';
import type { Stats } from './stats.ts';
import type { SystemReader } from './system.ts';

/** The server as its reports see it. */
export interface ReportsOptions {
  readonly host: Omit<Host, 'settings' | 'admission' | 'http'>;
  readonly settings: LiveSettings;
  readonly stats: Stats;
  readonly system: SystemReader;
  /** Recordings, whose files are events. */
  readonly recordings?: { watch(on: RecordWatcher): Closer };
  /** Children of the server and its forwards. */
  readonly programs?: () => Readonly<Record<string, unknown>>;
  readonly load?: ApiContext['load'];
  readonly portOf?: ApiContext['portOf'];
  /** Version of srsx. */
  readonly version: string;
  /** Reads the configuration, with this text as its overlay if any; undefined: there is none to read. */
  readonly readConfig: ((overlay?: string) => Config) | undefined;
  /** Reads the configuration again and puts it in force. */
  readonly reload: () => Promise<unknown>;
  /** What else is served at the API's own addresses, outside of `/api/`. */
  readonly also?: (exchange: HttpExchange) => boolean | Promise<boolean>;
}

/** The reports of a running server. */
export interface Reports extends Closer {
  readonly api: Api;
  /** Serves the exporter's own addresses. */
  metrics(exchange: HttpExchange): Promise<void>;
}

/** Starts the heartbeat; the rest answers when it is asked. */
export function startReports(options: ReportsOptions): Reports {
  const { host, settings, stats, system, version, readConfig, reload, also, programs, load, portOf } = options;
  const exporter = new Exporter({ ...host, settings, stats, system });
  const overlay =
    readConfig &&
    overlayPlace({
      path: () => overlayPath(settings.root),
      folder: (root) => host.net.folder(root),
      tryOut: (text) => void readConfig(text),
      reload,
    });
  const api = new Api({
    ...host,
    settings,
    stats,
    system,
    version,
    ...(programs && { programs }),
    ...(load && { load }),
    ...(portOf && { portOf }),
    ...(readConfig && { reload }),
    ...(overlay && { overlay }),
    also: async (exchange) => {
      const scrape = exchange.request.path === '/metrics' && settings.root.get('exporter.enabled');
      if (!scrape) return (await also?.(exchange)) ?? false;
      await exporter.answer(exchange);
      return true;
    },
  });
  const heartbeat = startHeartbeat({ ...host, settings, stats, system, summary: () => api.summary() });
  const recorded = options.recordings?.watch((file) => api.events.add('dvr', describeFile(file)));
  return {
    api,
    metrics: async (exchange) => {
      if (exchange.request.path === '/metrics') return exporter.answer(exchange);
      if (!api.share(exchange, false))
        exchange.reply(404, { 'Content-Type': 'text/plain' }, 'Metrics are at /metrics\n');
    },
    close: () => {
      heartbeat.close();
      recorded?.close();
      api.close();
    },
  };
}

const describeFile = ({ name, cwd, file, sizeBytes, duration }: RecordedFile) => ({
  ...name,
  url: streamUrl(name),
  cwd,
  file,
  size: sizeBytes,
  seconds: toSeconds(duration),
});
