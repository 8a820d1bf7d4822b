// A vhost: its own settings, and who may use it.
import { accepted, block, blocks, int, list, rules, supported, toggle } from '../setting.ts';

/** Block `vhost`. */
export const vhost = block('vhost', {
  enabled: supported(toggle(true, 'Off: every request to the vhost is denied.', { env: [] })),
  min_latency: supported(
    toggle(false, 'Real-time mode: no merged read, timed cond-wait; nothing is held back for players.', {
      defaultText: 'off (RTMP/FLV); on (WebRTC)',
    }),
  ),
  tcp_nodelay: supported(
    toggle(false, 'TCP_NODELAY for players and publishers. Not written, it is on: writes are merged already.'),
  ),
  chunk_size: supported(
    int(0, '', 'RTMP output chunk size of the vhost.', {
      defaultText: 'global chunk_size',
      follows: () => 'rtmp.chunk_size',
    }),
  ),
  in_ack_size: supported(int(0, '', 'Force in-ack window size; 0 = as peer says.')),
  out_ack_size: supported(int(2500000, '', 'Window ack size sent to peer; 0 = do not send.')),
  bandcheck: accepted(
    'SRS ignores it too',
    blocks('block', 'Legacy bandwidth test block.', { env: [], defaultText: '(accepted, unused)' }),
  ),
});

/** Block `vhost.refer`. */
export const vhostRefer = block(
  'vhost.refer',
  {
    enabled: supported(toggle(false, 'Referer check (pageUrl).')),
    all: supported(list([], 'domain list', 'Allowed domains for all.')),
    publish: supported(list([], 'domain list', 'Allowed domains for publish.')),
    play: supported(list([], 'domain list', 'Allowed domains for play.')),
  },
  { env: false },
);

/** Block `vhost.security`. */
export const vhostSecurity = block(
  'vhost.security',
  {
    enabled: supported(toggle(false, 'IP allow/deny.')),
    allow: supported(rules('publish/play + all/ip/cidr (repeats)', 'Allow rule.')),
    deny: supported(rules('publish/play + all/ip/cidr (repeats)', 'Deny rule.')),
  },
  { env: false },
);
