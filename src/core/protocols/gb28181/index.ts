// GB28181: cameras and recorders that register by SIP. Other folders import only this file.
import type { Protocol } from '../../control/host.ts';
import { defaults, type GbConfig } from './config.ts';
import { errors } from './errors.ts';
import { serve } from './serve.ts';

export type { GbConfig } from './config.ts';
export type { GbServer } from './serve.ts';

/** Cameras that register by SIP, or are announced by the API, and send program streams. */
export const gb28181 = {
  name: 'gb28181',
  // A camera comes by itself; there is nothing to call.
  schemes: [],
  defaults,
  errors,
  serve,
} as const satisfies Protocol<GbConfig>;
