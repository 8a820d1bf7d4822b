// Codes of live streams over HTTP, and the HTTP status of every refusal that it answers.
import { defineErrors, type SrsxError } from '../../base/errors.ts';
import { type FailureAnswer, failureAnswer } from '../../wire/http/failure.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const httpFlvErrors = defineErrors('HTTP_FLV', {
  NO_STREAM: { text: 'nobody publishes {stream}', advice: 'Start the publisher, or correct the name.' },
  OFF: {
    text: 'live streams over HTTP are off for the vhost {vhost}',
    advice: 'Write http_remux { enabled on; } into the vhost.',
  },
  NO_TRACK: {
    text: '{stream} has nothing that {container} has a place for, only {codecs}',
    advice: 'Ask for the stream as .flv or .mp4.',
  },
  NO_MEDIA: { srs: 1011, text: 'no frame came within {seconds} s', advice: 'Look whether the encoder runs.' },
  SILENT: { srs: 1011, text: 'nothing came for {seconds} s', advice: 'The encoder or its network hangs.' },
  STOPPED: { text: 'the server stops', advice: 'Try again in a moment.' },
  EMPTY: { srs: 3036, text: 'the body is empty', advice: 'Send the stream in the body of the POST.' },
  STATUS: {
    srs: 3064,
    text: '{url} answered {status}: {body}',
    advice: 'The status and body say what the server misses.',
  },
  EARLY: { text: '{url} ended the upload', advice: 'The log of the server may say why.' },
  PUSH_WEBSOCKET: { text: '{url} cannot be published to', advice: 'Publish with http:// or https://.' },
});

const statuses: Readonly<Record<string, number>> = {
  HTTP_FLV_NO_STREAM: 404,
  HTTP_FLV_OFF: 404,
  HTTP_FLV_NO_TRACK: 404,
  HTTP_FLV_NO_MEDIA: 408,
  HTTP_FLV_SILENT: 408,
  HTTP_FLV_STOPPED: 503,
  CLUSTER_NOWHERE: 404,
  STREAM_BUSY: 409,
  STREAM_TAKEN: 409,
  ADMISSION_NAME: 400,
  ADMISSION_SESSIONS: 503,
};

export const answerTo = (error: SrsxError): FailureAnswer => failureAnswer(error, statuses[error.code]);
