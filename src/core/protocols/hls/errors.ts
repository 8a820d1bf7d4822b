// Codes of HLS, and the HTTP status of every refusal.
import { defineErrors, type SrsxError } from '../../base/errors.ts';
import { type FailureAnswer, failureAnswer } from '../../wire/http/failure.ts';

/** Codes `HLS_*`. */
export const hlsErrors = defineErrors('HLS', {
  NO_STREAM: { text: '{stream} is not there any more', advice: 'Start the publisher, or correct the name.' },
  NO_SEGMENT: {
    text: 'the playlist of {stream} names no such segment or part',
    advice: 'The player is too far behind, or asks for what does not exist.',
  },
  EOF: { text: 'HLS stream {stream} is EOF', advice: 'The operator has ended this session; open the URL again.' },
  CTX: {
    text: 'hls_ctx is not an id',
    advice: 'Take the URL out of the playlist as it is, or leave hls_ctx out to get a session.',
  },
  DIRECTIVE: {
    text: 'the delivery directive {name} is wrong: {why}',
    advice: 'See RFC 8216bis §6.2.5; _HLS_msn and _HLS_part are whole numbers near the end of the playlist.',
  },
  WAIT: { text: 'nothing new came within {seconds} s', advice: 'The publisher hangs or has left; try again.' },
  BUSY: { text: 'the limit of {limit} waiting requests is reached', advice: 'Raise limits.sessions.' },
  STATUS: {
    text: '{url} answered {status}',
    advice: 'Correct the URL, or look at the server that should have it.',
  },
  STALLED: {
    text: 'the playlist has not changed for {seconds} s',
    advice: 'The publisher behind it has left, or its packager hangs.',
  },
  MASTER: {
    text: 'the playlist cannot be played: {why}',
    advice: 'Give the URL of a media playlist, or look at the packager.',
  },
  URI: { text: '{uri} is not a URI that is followed', advice: 'Playlists may name http and https URIs only.' },
  KEY: { text: 'the segments are encrypted in a way that is not known: {why}', advice: 'AES-128 is known.' },
  SEGMENT: {
    text: '{count} segments one after the other cannot be read, the last one because {why}',
    advice: 'The packager removes them too early, or the network breaks off.',
  },
  SIZE: { text: '{url} is larger than {limit} bytes', advice: 'Is this a playlist, a key or a segment?' },
  CONTAINER: {
    text: 'the container of {uri} is not known',
    advice: 'Segments are MPEG-TS, fMP4, AAC in ADTS, or MP3.',
  },
  STOPPED: { text: 'the server stops', advice: 'Try again in a moment.' },
});

const statuses: Readonly<Record<string, number>> = {
  HLS_NO_STREAM: 404,
  HLS_NO_SEGMENT: 404,
  HLS_EOF: 404,
  HLS_WAIT: 503,
  CLUSTER_LATE: 404,
  CLUSTER_NOWHERE: 404,
  HLS_STOPPED: 503,
  ADMISSION_NAME: 400,
  ADMISSION_SESSIONS: 503,
};

/** The HTTP answer of a refusal. */
export const answerTo = (error: SrsxError): FailureAnswer => failureAnswer(error, statuses[error.code]);
