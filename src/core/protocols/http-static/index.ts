// Files over HTTP. Other folders import only this file.
import type { Protocol } from '../../control/host.ts';
import { defaults, type HttpStaticConfig } from './config.ts';
import { httpStaticErrors } from './errors.ts';
import { serve } from './serve.ts';

export type { HttpStaticConfig } from './config.ts';
export { httpStaticErrors } from './errors.ts';

/** Serves only: nobody dials a file server of ours. */
export const httpStatic = {
  name: 'http-static',
  schemes: [],
  defaults,
  errors: httpStaticErrors,
  serve: async (host, config) => serve(host, config),
} satisfies Protocol<HttpStaticConfig>;
