// The codes of RTSP.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const errors = defineErrors('RTSP', {
  MESSAGE: {
    srs: 2042,
    text: 'a message is not RTSP: {why}',
    advice: 'Use rtsp:// with this port; the peer speaks another protocol or is damaged.',
  },
  HEAD_SIZE: {
    srs: 2043,
    text: 'the head of a message has more than {limit} {what}',
    advice: 'No known peer needs half of that.',
  },
  BODY_SIZE: {
    srs: 2043,
    text: 'the body of a message has {size} bytes, above the limit of {limit}',
    advice: 'A description of a stream has a few kilobytes.',
  },
  SDP: {
    srs: 2045,
    text: 'nothing of the SDP can be used: {why}',
    advice: 'Send H.264, H.265, AV1, VP8, VP9, AAC, Opus or G.711.',
  },
  NO_AUDIO_CONFIG: {
    srs: 2047,
    text: 'the AAC of the SDP cannot be read: {why}',
    advice: 'a=fmtp must have mode=AAC-hbr and a config.',
  },
  TRANSPORT: {
    srs: 2057,
    text: 'the server does not send over TCP: {why}',
    advice: 'UDP is read by FFmpeg only: srsx ingest does that by itself.',
  },
  VHOST_OFF: {
    text: 'the vhost {vhost} does not serve RTSP',
    advice: 'Write rtsp { enabled on; } into the vhost.',
  },
  BRIDGE_OFF: {
    text: '{stream} was not published by RTSP, and rtmp_to_rtsp is off',
    advice: 'Write rtmp_to_rtsp on; into the rtsp block of the vhost.',
  },
  NOT_FOUND: {
    srs: 2048,
    text: 'nobody publishes {stream}',
    advice: 'RTSP players need the stream to be there before them.',
  },
  NO_CODEC: {
    text: '{stream} has no codec that RTSP carries: {codecs}',
    advice: 'Publish H.264, H.265, AV1, VP8, VP9, AAC, Opus or G.711.',
  },
  CHANGED: {
    text: 'the stream has other codecs or sound parameters than its description said',
    advice: 'Play it again.',
  },
  TIMEOUT: {
    srs: 1011,
    text: 'nothing came for too long while {state}',
    advice: 'The peer or the network between is too slow, or the peer sends no keep-alive.',
  },
  UNREAD: {
    text: 'the peer asks but does not read the answers',
    advice: 'The peer is broken or hostile.',
  },
  SESSIONS: {
    srs: 1074,
    text: 'the limit of {limit} connections is reached',
    advice: 'Raise limits.sessions.',
  },
  SHUTDOWN: { text: 'the server stops', advice: 'Connect again later.' },
  URL: {
    text: 'the URL {url} is not usable: {why}',
    advice: 'Use rtsp://[user:password@]host[:port]/path.',
  },
  REFUSED: {
    text: 'the server refused {method}: {status} {reason}',
    advice: 'Look at the log of that server.',
  },
  UNAUTHORIZED: {
    text: 'the server wants other credentials ({why})',
    advice: 'Write rtsp://user:password@host/path, special characters percent-encoded.',
  },
  REDIRECT: { text: 'the server sends us to {url}', advice: 'At most three redirections are followed.' },
  CLOSED: {
    text: 'the server closed the connection while {state}',
    advice: 'Look at the log of that server.',
  },
});
