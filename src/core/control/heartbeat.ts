// The heartbeat: tells a URL again and again that this server is there, and how it does.

import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { Reporter } from '../base/counters.ts';
import { defineErrors } from '../base/errors.ts';
import type { Closer } from '../base/link.ts';
import type { Log } from '../base/log.ts';
import { toSrsxError } from '../base/session.ts';
import { fromSeconds } from '../base/time.ts';
import { uploadOf } from '../wire/http/body.ts';
import type { Body } from './api/answer.ts';
import { writeJson } from './api/json.ts';
import type { Section } from './config/config.ts';
import type { Settings } from './config/settings.ts';
import type { Net } from './host.ts';
import type { Stats } from './stats.ts';
import type { SystemReader } from './system.ts';

/** Why a beat is lost; it is only told in the log. */
export const heartbeatErrors = defineErrors('HEARTBEAT', {
  URL: { text: '{url} is not a URL', advice: 'Write heartbeat.url as http://host:port/path.' },
  STATUS: { text: '{url} answered {status}', advice: 'Look at the log of the server behind heartbeat.url.' },
});

/** What the heartbeat needs of its server. */
export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly net: Pick<Net, 'request'>;
  readonly settings: Settings;
  readonly stats: Stats;
  readonly system: SystemReader;
  /** `data` of /api/v1/summaries. */
  readonly summary: () => Body;
}

/** A beat that is not answered within this time is lost; chosen. */
const TIMEOUT = fromSeconds(10);

/**
 * Beats at the start and then every `heartbeat.interval` (SRS), by the settings of that moment, so that a reload counts.
 * One beat at a time: a URL that does not answer gets none on top. The answer's status is looked at, its body is not read.
 */
export function startHeartbeat(options: HeartbeatOptions): Closer {
  const { clock, log, settings } = options;
  const stop = new AbortController();
  const lost = new Reporter((count, last) => log.warn('heartbeat', `${count} beats lost, last: ${last}`));
  let cancel: () => void = () => undefined;
  let busy = false;
  const turn = (): void => {
    const { root } = settings;
    const interval = fromSeconds(Math.max(1, root.get('heartbeat.interval')));
    cancel = clock.after(interval, turn);
    if (!root.get('heartbeat.enabled') || busy) return;
    busy = true;
    beat(options, stop.signal)
      .catch((thrown: unknown) => {
        if (!stop.signal.aborted) lost.note(toSrsxError(thrown).message, clock.now());
      })
      .finally(() => {
        busy = false;
      });
  };
  turn();
  // Who turns it on by a reload wants the first beat now.
  const change = settings.onChange(({ before, after }) => {
    const turnedOn = !before.root.get('heartbeat.enabled') && after.root.get('heartbeat.enabled');
    if (!turnedOn && before.root.get('heartbeat.interval') === after.root.get('heartbeat.interval')) return;
    cancel();
    turn();
  });
  return {
    close: () => {
      change.close();
      cancel();
      stop.abort();
    },
  };
}

async function beat({ net, settings: { root }, ...options }: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const words = root.get('heartbeat.url');
  if (!URL.canParse(words)) throw heartbeatErrors.config('URL', { url: words });
  const body = utf8(writeJson(heartbeatBody(root, options)));
  const bearer = root.get('heartbeat.auth.enabled')
    ? { Authorization: `Bearer ${root.get('heartbeat.auth.token')}` }
    : {};
  const response = await net.request(new URL(words), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, ...bearer },
    signal,
    timeout: TIMEOUT,
    upload: uploadOf(body),
  });
  response.body.close();
  if (response.status >= 300) throw heartbeatErrors.system('STATUS', { url: words, status: response.status });
}

/** The JSON of a beat, in SRS's words and order. */
export function heartbeatBody(
  root: Section,
  { stats, system, summary }: Pick<HeartbeatOptions, 'stats' | 'system' | 'summary'>,
): Body {
  return {
    device_id: root.get('heartbeat.device_id'),
    ip: system.deviceIp(root.get('stats.network')),
    server: stats.serverId,
    service: stats.serviceId,
    pid: String(system.read().pid),
    ...(root.get('heartbeat.summaries') && { summaries: { data: summary() } }),
    ...(root.get('heartbeat.ports') && ports(root)),
  };
}

/** Endpoints as they are written; those of datagrams with their scheme, as SRS's proxy reads them. */
function ports(root: Section): Body {
  const udp = (words: readonly string[]): string[] => words.map((word) => endpointUrl('udp', word));
  const rtc = root.get('rtc_server.listen');
  const tcp = root.get('rtc_server.tcp.enabled') ? [endpointUrl('tcp', String(root.get('rtc_server.tcp.listen')))] : [];
  return {
    rtmp: root.get('rtmp.listen'),
    ...(root.get('http_server.enabled') && { http: root.get('http_server.listen') }),
    ...(root.get('http_api.enabled') && { api: root.get('http_api.listen') }),
    ...(root.get('srt_server.enabled') && { srt: udp(root.get('srt_server.listen')) }),
    ...(root.get('rtc_server.enabled') && { rtc: [...udp(rtc), ...tcp] }),
  };
}

/** `8000` and `1.2.3.4:8000` as `udp://0.0.0.0:8000` and `udp://1.2.3.4:8000`. */
const endpointUrl = (scheme: string, word: string): string =>
  `${scheme}://${word.includes(':') ? word.replace(/^:/, '0.0.0.0:') : `0.0.0.0:${word}`}`;
