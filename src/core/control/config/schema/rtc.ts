// The WebRTC server.
import { accepted, block, endpoints, int, list, own, supported, text, toggle } from '../setting.ts';

/** Block `rtc_server`. */
export const rtcServer = block('rtc_server', {
  enabled: supported(toggle(false, 'WebRTC server.')),
  listen: supported(endpoints(['8000'], 'UDP port for all WebRTC media.', { type: 'port list' })),
  protocol: supported(text('udp', 'udp/tcp/all', 'Which candidates the answer SDP carries.')),
  candidate: supported(
    list(['*'], '`*` / `$ENV` / ip / host list', 'Candidate IPs in the answer SDP.', { indirect: true }),
  ),
  use_auto_detect_network_ip: supported(toggle(true, 'When candidate is `*`, use local interface IPs.')),
  ip_family: supported(text('ipv4', 'ipv4/ipv6/all', 'Filter for auto detected IPs.')),
  api_as_candidates: supported(toggle(true, 'Add the API host (from request) as candidate.')),
  resolve_api_domain: supported(toggle(true, 'Resolve API host name to IP for the candidate.')),
  keep_api_domain: supported(toggle(false, 'Also keep the API host name itself as candidate.')),
  ecdsa: supported(toggle(true, 'ECDSA P-256 DTLS certificate; off = RSA.')),
  encrypt: supported(toggle(true, 'SRTP encryption on.')),
  reuseport: supported(int(1, '', 'Number of UDP listeners on the same port, 64 at most.')),
  merge_nalus: supported(
    toggle(false, 'Merge NALUs of a frame in one packet for RTMP->RTC, where they fit (RFC 6184 STAP-A).'),
  ),
  ice_servers: own(
    list(
      [],
      'list of URL [user credential]',
      'Servers of STUN and TURN that clients of WHIP and WHEP are told of: `stun:HOST:PORT`, or `turn:HOST:PORT?transport=udp` with a user name and a credential behind it.',
    ),
  ),
  dir: accepted(
    'SRS ignores it too',
    text('', 'string', 'Accepted legacy key.', { env: [], defaultText: '(accepted, unused)' }),
  ),
});

/** Block `rtc_server.tcp`. */
export const rtcServerTcp = block('rtc_server.tcp', {
  enabled: supported(toggle(false, 'WebRTC over TCP (RFC4571 framed).')),
  listen: supported(int(8000, 'port', 'TCP port for WebRTC media.')),
});

/** Block `rtc_server.black_hole`. */
export const rtcServerBlackHole = block('rtc_server.black_hole', {
  enabled: supported(toggle(false, 'Copy plaintext RTP to a debug address.')),
  addr: supported(text('', 'ip:port', 'Debug address.')),
});
