// HLS, classic and low-latency. Other folders import only this file.
import type { Protocol } from '../../control/host.ts';
import { defaults, type HlsConfig } from './config.ts';
import { hlsErrors } from './errors.ts';
import { pull } from './pull/pull.ts';
import { serve } from './serve.ts';

export type { HlsConfig } from './config.ts';
export { hlsErrors } from './errors.ts';

/** The protocol, for core/protocols.ts. */
export const hls = {
  name: 'hls',
  schemes: ['http', 'https'],
  defaults,
  errors: hlsErrors,
  serve: async (host, config) => serve(host, config),
  accepts: ({ pathname }) => /\.m3u8?$/i.test(pathname),
  pull,
} satisfies Protocol<HlsConfig>;
