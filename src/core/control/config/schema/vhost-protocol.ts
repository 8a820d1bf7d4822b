// SRT, WebRTC and RTSP of a vhost.
import { block, float, int, list, own, supported, text, toggle } from '../setting.ts';

/** Block `vhost.srt`. */
export const vhostSrt = block('vhost.srt', {
  enabled: supported(toggle(false, 'SRT for the vhost.')),
  srt_to_rtmp: supported(
    toggle(true, 'Bridge SRT to RTMP.', { env: ['SRS_VHOST_SRT_SRT_TO_RTMP', 'SRS_VHOST_SRT_TO_RTMP'] }),
  ),
});

/** Block `vhost.rtc`. */
export const vhostRtc = block('vhost.rtc', {
  enabled: supported(toggle(false, 'WebRTC for the vhost.')),
  nack: supported(toggle(true, 'NACK.')),
  nack_no_copy: supported(toggle(true, 'NACK queue without packet copy.')),
  twcc: supported(toggle(true, 'Transport-wide CC feedback.')),
  stun_timeout: supported(int(30, 's', 'Session dies without STUN/RTP for this long.')),
  stun_strict_check: supported(toggle(false, 'Strict STUN check.')),
  dtls_role: supported(text('passive', 'passive/active', 'Our DTLS role when peer offers actpass.')),
  dtls_version: supported(
    text(
      'auto',
      'auto/dtls1.0/dtls1.2',
      'DTLS version; it is 1.2. The start is refused with 1.0, which no browser speaks.',
    ),
  ),
  drop_for_pt: supported(int(0, '', 'Drop RTP of this payload type; 0 never.')),
  rtmp_to_rtc: supported(toggle(false, 'Bridge RTMP (AAC->Opus) to WebRTC.')),
  keep_bframe: supported(toggle(false, 'Keep B-frames in RTMP->RTC.')),
  keep_avc_nalu_sei: supported(toggle(true, 'Keep H.264 SEI NALUs in RTMP->RTC.')),
  opus_bitrate: supported(int(48000, '8000..320000', 'Opus bitrate for RTMP->RTC.')),
  rtc_to_rtmp: supported(toggle(false, 'Bridge WebRTC (Opus->AAC) to RTMP.')),
  pli_for_rtmp: supported(float(6, 's 0.5..30', 'PLI period while bridging RTC->RTMP.', { defaultText: '6.0' })),
  aac_bitrate: supported(int(48000, '8000..320000', 'AAC bitrate for RTC->RTMP.')),
  ice_servers: own(
    list([], 'list of URL [user credential]', 'As rtc_server.ice_servers, for the vhost.', {
      defaultText: 'rtc_server.ice_servers',
      follows: () => 'rtc_server.ice_servers',
    }),
  ),
  init_rate_from_sdp: toggle(false, 'RTC->RTMP: take the clock rate from SDP before RTCP SR (later 7.0).'),
  keep_original_ssrc: toggle(false, 'SFU keeps publisher SSRC and timestamps (7.0.119+).'),
  bframe: supported(
    text('', 'keep/discard', 'Legacy, rewritten to keep_bframe.', { env: [], defaultText: '(legacy)' }),
  ),
  aac: supported(
    text('', 'transcode/discard', 'Legacy, rewritten to rtmp_to_rtc.', { env: [], defaultText: '(legacy)' }),
  ),
});

/** Block `vhost.rtsp`. */
export const vhostRtsp = block('vhost.rtsp', {
  enabled: supported(toggle(false, 'RTSP for the vhost.')),
  rtmp_to_rtsp: supported(toggle(false, 'Play by RTSP what was not published by RTSP.')),
});
