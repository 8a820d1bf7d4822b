// The protocol RTSP: what the rest of the program may know of it.
import type { Protocol } from '../../control/host.ts';
import { defaults, type RtspConfig } from './config.ts';
import { pull, push } from './dial.ts';
import { errors } from './errors.ts';
import { serve } from './serve.ts';

/** Its line in the list of protocols. */
export const rtsp = {
  name: 'rtsp',
  schemes: ['rtsp', 'rtsps'],
  defaults,
  errors,
  serve,
  pull,
  push,
} as const satisfies Protocol<RtspConfig>;
