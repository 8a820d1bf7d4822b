// Live streams over HTTP and WebSocket, as FLV and other containers. Other folders import only this file.
import type { Protocol } from '../../control/host.ts';
import { defaults, type HttpFlvConfig } from './config.ts';
import { pull, push } from './dial.ts';
import { httpFlvErrors } from './errors.ts';
import { formatOf } from './format.ts';
import { serve } from './serve.ts';

export { serveCasters } from './caster.ts';
export type { HttpFlvConfig } from './config.ts';
export { httpFlvErrors } from './errors.ts';

export const httpFlv = {
  name: 'http-flv',
  schemes: ['http', 'https', 'ws', 'wss'],
  defaults,
  errors: httpFlvErrors,
  serve: async (host, config) => serve(host, config),
  accepts: (url) => formatOf(url.pathname) !== undefined,
  pull,
  push,
} satisfies Protocol<HttpFlvConfig>;
