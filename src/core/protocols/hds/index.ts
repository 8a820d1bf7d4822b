// Adobe HDS. Other folders import only this file.
import { defineErrors } from '../../base/errors.ts';
import type { Protocol } from '../../control/host.ts';
import { defaults, type HdsConfig } from './config.ts';
import { serve } from './serve.ts';

/** The protocol, for core/protocols.ts. It refuses nothing by itself: its files are those of the HTTP server. */
export const hds = {
  name: 'hds',
  schemes: [],
  defaults,
  errors: defineErrors('HDS', {}),
  serve: async (host, config) => serve(host, config),
} satisfies Protocol<HdsConfig>;
