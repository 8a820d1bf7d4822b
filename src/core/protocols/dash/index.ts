// MPEG-DASH. Other folders import only this file.
import type { Protocol } from '../../control/host.ts';
import { type DashConfig, defaults } from './config.ts';
import { dashErrors } from './errors.ts';
import { serve } from './serve.ts';

export type { DashConfig } from './config.ts';
export { dashErrors } from './errors.ts';

/** The protocol, for core/protocols.ts. */
export const dash = {
  name: 'dash',
  schemes: [],
  defaults,
  errors: dashErrors,
  serve: async (host, config) => serve(host, config),
} satisfies Protocol<DashConfig>;
