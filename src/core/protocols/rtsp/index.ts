// The protocol RTSP: what the rest of the program may know of it.
import type { Protocol } from '../../control/host.ts';
import { defaults, type RtspConfig } from './config.ts';
import { errors } from './errors.ts';
import { serve } from './serve.ts';

export const rtsp = {
  name: 'rtsp',
  schemes: ['rtsp', 'rtsps'],
  defaults,
  errors,
  serve,
} as const satisfies Protocol<RtspConfig>;
