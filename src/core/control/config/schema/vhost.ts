// A vhost: its own settings, and who may use it.
import { accepted, block, blocks, int, list, rules, supported, toggle } from '../setting.ts';

/** Block `vhost`. */
export const vhost = block('vhost', {
  enabled: toggle(true, 'Off: every request to the vhost is denied.', { env: [] }),
  min_latency: toggle(false, 'Real-time mode: no merged read, timed cond-wait.', {
    defaultText: 'off (RTMP/FLV); on (WebRTC)',
  }),
  tcp_nodelay: toggle(false, 'TCP_NODELAY for players.'),
  chunk_size: supported(
    int(0, '', 'RTMP output chunk size of the vhost.', {
      defaultText: 'global chunk_size',
      follows: () => 'rtmp.chunk_size',
    }),
  ),
  in_ack_size: int(0, '', 'Force in-ack window size; 0 = as peer says.'),
  out_ack_size: int(2500000, '', 'Window ack size sent to peer; 0 = do not send.'),
  bandcheck: accepted(
    'SRS ignores it too',
    blocks('block', 'Legacy bandwidth test block.', { env: [], defaultText: '(accepted, unused)' }),
  ),
});

/** Block `vhost.refer`. */
export const vhostRefer = block(
  'vhost.refer',
  {
    enabled: toggle(false, 'Referer check (pageUrl).'),
    all: list([], 'domain list', 'Allowed domains for all.'),
    publish: list([], 'domain list', 'Allowed domains for publish.'),
    play: list([], 'domain list', 'Allowed domains for play.'),
  },
  { env: false },
);

/** Block `vhost.security`. */
export const vhostSecurity = block(
  'vhost.security',
  {
    enabled: toggle(false, 'IP allow/deny.'),
    allow: rules('publish/play + all/ip/cidr (repeats)', 'Allow rule.'),
    deny: rules('publish/play + all/ip/cidr (repeats)', 'Deny rule.'),
  },
  { env: false },
);
