// The codes of SRT.
import { defineErrors } from '../../base/errors.ts';

/** The codes of SRT, as SRT_NAME. */
export const errors = defineErrors('SRT', {
  PACKET: {
    srs: 6006,
    text: 'a packet is damaged: {why}',
    advice: 'The peer is damaged, or the port gets other traffic.',
  },
  HANDSHAKE: { srs: 6006, text: 'a handshake is damaged: {why}', advice: 'The peer is damaged, or is no SRT peer.' },
  KEY_MATERIAL: { srs: 6006, text: 'key material is damaged: {why}', advice: 'The peer is damaged or hostile.' },
  STREAM_ID: {
    srs: 6006,
    text: 'the streamid {streamid} is not usable: {why}',
    advice: 'Use #!::r=app/stream,m=publish, or m=request to play.',
  },
  OPTION: { text: 'the option {key} cannot be {value}: {why}', advice: 'See the options of srt-live-transmit.' },
  URL: {
    text: 'the URL {url} is not usable: {why}',
    advice: 'Use srt://host:port?streamid=..., or srt://:port to listen.',
  },
  REJECTED: { text: 'the peer refused the connection: {reason} ({code})', advice: 'Look at the log of the peer.' },
  REFUSED: { text: 'the connection was refused: {reason} ({code})', advice: 'The peer was told this code.' },
  CONNECT_TIMEOUT: {
    srs: 6002,
    text: 'no answer within {ms} ms',
    advice: 'Check address and port, and that UDP passes; raise conntimeo for slow networks.',
  },
  IDLE: {
    srs: 6002,
    text: 'nothing came for {ms} ms',
    advice: 'The peer or the network is gone; raise peeridletimeo when pauses are normal.',
  },
  PAYLOAD: {
    srs: 6006,
    text: 'a message of {bytes} bytes is no transport stream',
    advice: 'Publish MPEG-TS in messages of whole packets of 188 bytes (ffmpeg: -f mpegts).',
  },
  SHUTDOWN: { text: 'the server stops', advice: 'Connect again when it is back.' },
  VHOST_OFF: {
    srs: 6006,
    text: 'SRT is off for the vhost {vhost}',
    advice: 'Write srt { enabled on; } into the vhost.',
  },
  SILENT: {
    srs: 6002,
    text: 'no media for {seconds} s',
    advice: 'The publisher is connected and sends nothing that can be used.',
  },
  ID: { text: 'there is no free socket id', advice: 'Close connections.' },
});
