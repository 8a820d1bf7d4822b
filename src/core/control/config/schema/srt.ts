// The SRT server.
import { accepted, block, endpoints, int, supported, text, toggle } from '../setting.ts';

/** Block `srt_server`. */
export const srtServer = block('srt_server', {
  enabled: supported(toggle(false, 'SRT listener.')),
  listen: supported(endpoints(['10080'], 'SRT UDP listen.', { type: 'port list' })),
  maxbw: supported(int(-1, 'bytes/s', 'SRTO_MAXBW; -1 infinite, 0 from input rate.')),
  mss: supported(int(1500, '', 'SRTO_MSS.')),
  payloadsize: supported(int(1316, '', 'SRTO_PAYLOADSIZE (7 TS packets); accepted although not in full.conf.')),
  connect_timeout: supported(int(3000, 'ms', 'SRTO_CONNTIMEO.')),
  peer_idle_timeout: supported(int(10000, 'ms', 'SRTO_PEERIDLETIMEO and publisher/player read timeout.')),
  default_app: supported(text('live', 'string', 'App used when streamid holds only a stream name.')),
  default_mode: supported(text('request', 'publish/request', 'Mode of a short streamid (7.0.131+).')),
  default_streamid: supported(
    text('#!::r=live/livestream,m=request', 'string', 'Streamid when client sends none (7.0.95+, 6.0.180+).'),
  ),
  peerlatency: supported(int(0, 'ms', 'SRTO_PEERLATENCY.')),
  recvlatency: supported(int(120, 'ms', 'SRTO_RCVLATENCY.')),
  latency: supported(int(120, 'ms', 'SRTO_LATENCY (sets both).')),
  tsbpdmode: supported(toggle(true, 'SRTO_TSBPDMODE.')),
  tlpktdrop: supported(toggle(true, 'SRTO_TLPKTDROP (old name tlpkdrop is renamed on load).')),
  sendbuf: supported(int(12058624, 'bytes', 'SRTO_SNDBUF.', { defaultText: '8192*(1500-28) = 12058624' })),
  recvbuf: supported(int(12058624, 'bytes', 'SRTO_RCVBUF.', { defaultText: '8192*(1500-28) = 12058624' })),
  passphrase: supported(text('', 'string 10..79 chars', 'SRTO_PASSPHRASE for all clients.')),
  pbkeylen: supported(text('0', '0/16/24/32', 'SRTO_PBKEYLEN.')),
  sei_filter: accepted('SRS ignores it too', toggle(true, 'Accepted legacy key, hidden (SEI filter).')),
  mix_correct: accepted(
    'SRS ignores it too',
    toggle(false, 'Accepted legacy key, not read.', { env: [], defaultText: '(accepted, unused)' }),
  ),
});
