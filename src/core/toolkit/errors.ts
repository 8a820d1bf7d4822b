// Codes of the tools.
import { defineErrors } from '../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const endpointErrors = defineErrors('ENDPOINT', {
  EMPTY: { text: 'the source or target is empty', advice: 'Give a URL, a path, or - for standard input or output.' },
  SCHEME: { text: '{scheme}: is not a protocol of srsx', advice: 'Known: {known}.{nearest}' },
  URL: { text: '{text} is not a valid URL', advice: 'For instance: rtmp://host/app/stream.' },
  KIND: {
    text: 'no protocol knows what {text} is',
    advice: '{scheme} URLs are told apart by their ending; for instance {scheme}://host/app/stream.flv.',
  },
  PULL: { text: '{protocol} cannot read', advice: 'Protocols that can: {known}.' },
  PUSH: { text: '{protocol} cannot publish or write', advice: 'Protocols that can: {known}.' },
});

/** Codes with their texts and advice; docs/errors.md has all. */
export const relayErrors = defineErrors('RELAY', {
  EMPTY: { text: '{from} gave no media', advice: 'Look at it with srsx probe.' },
  ENDED: { text: 'the output {to} ended by itself', advice: 'The other end has closed; --retry connects again.' },
  STALLED: {
    text: 'the output {to} took nothing for {seconds} s at the end',
    advice: 'What it did not take is lost; look at its network or disk.',
  },
  UNREADY: { text: 'the input ended before the output {to} was ready', advice: 'The input is too short, or failed.' },
  LIST: { text: 'several inputs are read one after the other only when all are files', advice: 'Give one URL.' },
  SAME: { text: 'input and output are the same file', advice: 'Write to another file.' },
});

/** Codes with their texts and advice; docs/errors.md has all. */
export const ingestErrors = defineErrors('INGEST', {
  FFMPEG: {
    srs: 3028,
    text: 'FFmpeg ended with {end}: {last}',
    advice: 'Run the same command by hand; --log debug shows all that FFmpeg says.',
  },
  PROGRAM: {
    srs: 3032,
    text: '{source} needs FFmpeg, and there is no program {program}',
    advice: 'Install FFmpeg, or give its path with --ffmpeg.',
  },
  MIXED: {
    text: 'devices and files cannot be read together',
    advice: 'Give files, which are read one after the other, or devices, which are read at once.',
  },
});

/** Codes with their texts and advice; docs/errors.md has all. */
export const snapshotErrors = defineErrors('SNAPSHOT', {
  FORMAT: { text: '{to} is no picture that can be written', advice: 'End it in .jpg, .png, .webp or .bmp.' },
  TIMEOUT: {
    text: '{from} gave no picture within {seconds} s',
    advice: 'Look whether somebody publishes it, and how far its key frames are apart.',
  },
  FAILED: { text: 'FFmpeg took no picture of {from}: {end}: {last}', advice: 'Look at it with srsx probe.' },
  GIVEN_UP: { text: 'the snapshot of {from} was given up', advice: 'The operator ended it.' },
});

/** Codes with their texts and advice; docs/errors.md has all. */
export const probeErrors = defineErrors('PROBE', {
  TIMEOUT: {
    text: '{source} did not answer within {seconds} s',
    advice: 'Check host, port and firewall. Some servers answer only when somebody publishes this stream.',
  },
});

/** Codes with their texts and advice; docs/errors.md has all. */
export const conformanceErrors = defineErrors('CONFORMANCE', {
  URL: {
    text: '{source} is no endpoint of WHIP or WHEP',
    advice: 'For instance whip://host:1985/rtc/v1/whip/?app=live&stream=test; whips:// and wheps:// are by HTTPS.',
  },
  SESSION: {
    text: 'a good offer was answered with {status}, not with 201 and a Location',
    advice: 'Nobody else may publish the stream meanwhile; does the endpoint want a token?',
  },
  BODY: { text: 'the body of an answer cannot be read: {why}', advice: 'Answers of WHIP and WHEP are short.' },
});

/** Codes with their texts and advice; docs/errors.md has all. */
export const benchErrors = defineErrors('BENCH', {
  THRESHOLD: { text: 'threshold {text}: {why}', advice: 'For instance: first-frame.p95<500ms, failed<=0, stalled<1%.' },
  CLIENTS: { text: '{clients} clients are outside 1..{limit}', advice: 'Use several machines for more.' },
  RAMP: { text: 'a ramp of {ramp} clients per second is not above 0', advice: 'For instance: --ramp 50.' },
  SOURCE: { text: 'publishing needs a source', advice: 'Give an FLV file, or use the built-in sample.' },
  SOURCE_EMPTY: { text: 'the source to publish has no media', advice: 'Look at it with srsx probe.' },
  SOURCE_LIVE: { text: 'the source {source} is not a file', advice: 'Record some seconds with srsx relay first.' },
  SAME_NAME: {
    text: '{clients} publishers would use one name',
    advice: 'Put %d into the URL: it becomes the number of the client.',
  },
});
