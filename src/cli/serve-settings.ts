// What the flags of `serve` say without a configuration.
import type { Interfaces } from '@oclif/core';
import { defaultServeSettings as defaults, type ListenSettings, type ServeSettings } from '../core/index.ts';
import { demoSample, playerPages } from './assets.ts';
import type { serveFlags } from './serve-flags.ts';
import { wantsStatusLines } from './serve-log.ts';

type Flags = Interfaces.InferredFlags<typeof serveFlags>;

/** The demo has what its page offers, at the port that SRS's image has; everybody else asks for it. */
export const rtcAddresses = (flags: Pick<Flags, 'demo' | 'rtc-listen'>): readonly string[] =>
  flags['rtc-listen'] ?? (flags.demo ? [':8000'] : []);

/** @param version of the package, for the API. */
export function settingsOfFlags(flags: Flags, version: string): Partial<ServeSettings> {
  const { cert, key } = flags;
  const listen = (plain: string[], tls: string[] | undefined): ListenSettings =>
    tls === undefined || cert === undefined || key === undefined
      ? { listen: plain }
      : { listen: plain, tls: { listen: tls, cert, key } };
  return {
    rtmp: listen(flags['rtmp-listen'], flags['rtmps-listen']),
    http: listen(flags['http-listen'], flags['https-listen']),
    api: { listen: flags['api-listen'] },
    srt: flags['srt-listen'] ?? [],
    rtc: rtcAddresses(flags),
    rtsp: flags['rtsp-listen'] ?? [],
    mergeWindowMs: flags['merge-window'] ?? defaults.mergeWindowMs,
    gopCache: flags['gop-cache'],
    publisherPolicy: flags.publisher,
    hls: { ...(flags.hls && { classic: true }), lowLatency: flags['hls-low-latency'] },
    pages: playerPages(),
    version,
    statusLines: wantsStatusLines(undefined, process.stderr.isTTY),
    ...(flags.demo && { demo: { sample: demoSample } }),
  };
}

/** The addresses that flags name, by the kind of listener. */
export const portsOfFlags = (flags: Flags): Readonly<Record<string, readonly string[]>> => ({
  rtmp: flags['rtmp-listen'],
  http: flags['http-listen'],
  api: flags['api-listen'],
  rtmps: flags['rtmps-listen'] ?? [],
  https: flags['https-listen'] ?? [],
  srt: flags['srt-listen'] ?? [],
  rtsp: flags['rtsp-listen'] ?? [],
  rtc: rtcAddresses(flags),
});
