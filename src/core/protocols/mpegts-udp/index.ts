// Transport streams over UDP: SRS's caster mpegts_over_udp, and udp:// for tools. Other folders import only this file.
import type { Protocol } from '../../control/host.ts';
import { pull, push } from './dial.ts';
import { errors } from './errors.ts';
import { serve } from './serve.ts';

export const mpegtsUdp = {
  name: 'mpegts-udp',
  schemes: ['udp'],
  defaults: {},
  errors,
  serve: (host) => serve(host),
  pull,
  push,
} as const satisfies Protocol<Record<string, never>>;
