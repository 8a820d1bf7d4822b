// The SRT server.
import { accepted, block, endpoints, int, text, toggle } from '../setting.ts';

/** Block `srt_server`. */
export const srtServer = block('srt_server', {
  enabled: toggle(false, 'SRT listener.'),
  listen: endpoints(['10080'], 'SRT UDP listen.', { type: 'port list' }),
  maxbw: int(-1, 'bytes/s', 'SRTO_MAXBW; -1 infinite, 0 from input rate.'),
  mss: int(1500, '', 'SRTO_MSS.'),
  payloadsize: int(1316, '', 'SRTO_PAYLOADSIZE (7 TS packets); accepted although not in full.conf.'),
  connect_timeout: int(3000, 'ms', 'SRTO_CONNTIMEO.'),
  peer_idle_timeout: int(10000, 'ms', 'SRTO_PEERIDLETIMEO and publisher/player read timeout.'),
  default_app: text('live', 'string', 'App used when streamid holds only a stream name.'),
  default_mode: text('request', 'publish/request', 'Mode of a short streamid (7.0.131+).'),
  default_streamid: text(
    '#!::r=live/livestream,m=request',
    'string',
    'Streamid when client sends none (7.0.95+, 6.0.180+).',
  ),
  peerlatency: int(0, 'ms', 'SRTO_PEERLATENCY.'),
  recvlatency: int(120, 'ms', 'SRTO_RCVLATENCY.'),
  latency: int(120, 'ms', 'SRTO_LATENCY (sets both).'),
  tsbpdmode: toggle(true, 'SRTO_TSBPDMODE.'),
  tlpktdrop: toggle(true, 'SRTO_TLPKTDROP (old name tlpkdrop is renamed on load).'),
  sendbuf: int(12058624, 'bytes', 'SRTO_SNDBUF.', { defaultText: '8192*(1500-28) = 12058624' }),
  recvbuf: int(12058624, 'bytes', 'SRTO_RCVBUF.', { defaultText: '8192*(1500-28) = 12058624' }),
  passphrase: text('', 'string 10..79 chars', 'SRTO_PASSPHRASE for all clients.'),
  pbkeylen: text('0', '0/16/24/32', 'SRTO_PBKEYLEN.'),
  sei_filter: toggle(true, 'Accepted legacy key, hidden (SEI filter).'),
  mix_correct: accepted(
    'SRS ignores it too',
    toggle(false, 'Accepted legacy key, not read.', { env: [], defaultText: '(accepted, unused)' }),
  ),
});
