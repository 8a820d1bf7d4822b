// WebRTC: WHIP, WHEP and SRS's own API. Other folders import only this file.
import type { Protocol } from '../../control/host.ts';
import { defaults, type RtcConfig } from './config.ts';
import { pull, push } from './dial.ts';
import { rtcErrors } from './errors.ts';
import { serve } from './serve.ts';

export type { InterfaceAddress, RtcConfig } from './config.ts';
export { rtcErrors } from './errors.ts';

export const webrtc = {
  name: 'webrtc',
  schemes: ['webrtc', 'whip', 'whips', 'whep', 'wheps'],
  defaults,
  errors: rtcErrors,
  serve,
  pull,
  push,
} as const satisfies Protocol<RtcConfig>;
