// Stream casters: inputs of other protocols.
import { block, float, int, supported, text, toggle } from '../setting.ts';

/** Block `stream_caster`. */
export const streamCaster = block(
  'stream_caster',
  {
    enabled: supported(toggle(false, 'Enable this caster.')),
    caster: supported(text('', 'mpegts_over_udp/flv/gb28181', 'Caster type.')),
    output: supported(text('', 'rtmp url template', 'Output RTMP URL; vars [app] [stream] (flv), [stream] (gb28181).')),
    listen: supported(int(0, 'port', 'UDP port (mpegts_over_udp) or TCP port (flv, gb28181 media).')),
    media_connect_timeout: supported(float(10, 's', 'GB28181: wait for media TCP after /gb/v1/publish/ (SRS 8).')),
  },
  { env: false },
);

/** Block `stream_caster.sip`. */
export const streamCasterSip = block(
  'stream_caster.sip',
  {
    enabled: supported(toggle(true, 'GB28181: embedded SIP server (removed in 7.0.75).')),
    listen: supported(int(5060, 'port', 'SIP TCP port.')),
    timeout: supported(int(60, 's', 'SIP/media transport timeout.')),
    reinvite: supported(int(5, 's', 'Wait before re-INVITE after media disconnect.')),
    candidate: supported(text('*', '`*`/`$ENV`/ip', 'IP in the SDP connection line of INVITE.', { indirect: true })),
  },
  { env: false },
);
