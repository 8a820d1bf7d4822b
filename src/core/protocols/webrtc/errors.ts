// Codes of WebRTC, and the HTTP status of every refusal that WHIP and WHEP answer.
import { defineErrors, type SrsxError } from '../../base/errors.ts';
import { type FailureAnswer, failureAnswer } from '../../wire/http/failure.ts';

export const rtcErrors = defineErrors('RTC', {
  OFFER: {
    srs: 5018,
    text: 'the offer cannot be answered: {why}',
    advice: 'Send an offer with BUNDLE, rtcp-mux, ICE credentials and a fingerprint, as browsers make it.',
  },
  NO_CODEC: {
    srs: 5018,
    text: 'the offer has no codec that can be used: {offered}',
    advice: 'Offer H.264, HEVC, AV1, VP8 or VP9, and Opus or G.711; or leave out the codec in the URL.',
  },
  PARTIAL: {
    srs: 5018,
    text: 'a part of the offer cannot be used: section {mid}, {kind}',
    advice: 'Offer one track of each kind, in a codec that the server has; /rtc/v1/publish takes what it can.',
  },
  EMPTY: { srs: 5043, text: 'the request has no SDP', advice: 'Send the offer as the body of the request.' },
  TYPE: {
    text: 'the body is {type}, not {wanted}',
    advice: 'Say Content-Type: application/sdp, or application/trickle-ice-sdpfrag for PATCH.',
  },
  JSON: {
    srs: 5012,
    text: 'the body is no request of the RTC API: {why}',
    advice: 'Send {"streamurl", "sdp"} as JSON.',
  },
  NO_SESSION: {
    text: 'there is no such session',
    advice: 'It has ended, or the URL is not the one that was answered.',
  },
  ETAG: { text: 'the session has gone on: its ETag is another', advice: 'Ask with If-Match and the newest ETag.' },
  NO_ETAG: { text: 'a PATCH without If-Match', advice: 'Send the ETag of the answer, or * to restart ICE.' },
  METHOD: { text: '{method} is not for {what}', advice: 'See RFC 9725 for the methods.' },
  BODY_SIZE: { text: 'the body has more than {limit} bytes', advice: 'No offer of a browser is that long.' },
  BODY_TIME: { text: 'the body did not end within {seconds} s', advice: 'The client or its network hangs.' },
  VHOST_OFF: {
    srs: 5021,
    text: 'WebRTC is off for {vhost}',
    advice: 'Write rtc { enabled on; } into the vhost.',
  },
  BRIDGE_OFF: {
    srs: 5022,
    text: '{stream} is not published by WebRTC, and rtmp_to_rtc is off',
    advice: 'Write rtc { rtmp_to_rtc on; } into the vhost.',
  },
  NO_PATH: {
    text: 'no authentic packet came for {seconds} s',
    advice: 'Open the UDP port, or set rtc_server.candidate to the address that the peer can reach.',
  },
  PEER_LEFT: { text: 'the peer closed the connection', advice: '' },
  NO_MEDIA: { srs: 1011, text: 'no frame came within {seconds} s', advice: 'Look whether the camera runs.' },
  STOPPED: { text: 'the server stops', advice: 'Try again in a moment.' },
  URL: {
    text: '{url} is no URL to {action}',
    advice: 'Write {wanted}://host/path of the endpoint, or webrtc://host/app/stream for SRS.',
  },
  ANSWER: {
    text: '{url} answered {status}: {body}',
    advice: 'The status and body say what the server misses; its log says more.',
  },
  NO_CHECK: { text: 'no check of ICE came over TCP within {seconds} s', advice: 'The port is for WebRTC alone.' },
});

const statuses: Readonly<Record<string, number>> = {
  RTC_NO_SESSION: 404,
  RTC_ETAG: 412,
  RTC_NO_ETAG: 428,
  RTC_METHOD: 405,
  RTC_TYPE: 415,
  RTC_OFFER: 400,
  RTC_NO_CODEC: 422,
  RTC_PARTIAL: 422,
  RTC_BODY_SIZE: 413,
  RTC_BODY_TIME: 408,
  RTC_STOPPED: 503,
  STREAM_BUSY: 409,
  STREAM_TAKEN: 409,
  ADMISSION_NAME: 400,
  ADMISSION_SESSIONS: 503,
};

export const answerTo = (error: SrsxError): FailureAnswer => failureAnswer(error, statuses[error.code]);
