// The protocol RTMP: what the rest of the program may know of it.
import type { Protocol } from '../../control/host.ts';
import { defaults, type RtmpConfig } from './config.ts';
import { pull, push } from './dial.ts';
import { errors } from './errors.ts';
import { serve } from './serve.ts';

export type { RtmpConfig } from './config.ts';

export const rtmp = {
  name: 'rtmp',
  schemes: ['rtmp', 'rtmps'],
  defaults,
  errors,
  serve,
  pull,
  push,
} as const satisfies Protocol<RtmpConfig>;
