// The protocol SRT: what the rest of the program may know of it.
import type { Protocol } from '../../control/host.ts';
import { defaults, type SrtConfig } from './config.ts';
import { pull, push } from './dial.ts';
import { urlOf } from './endpoint-url.ts';
import { errors } from './errors.ts';
import { serve } from './serve.ts';

export const srt = {
  name: 'srt',
  schemes: ['srt'],
  defaults,
  errors,
  url: urlOf,
  serve,
  pull,
  push,
} as const satisfies Protocol<SrtConfig>;
