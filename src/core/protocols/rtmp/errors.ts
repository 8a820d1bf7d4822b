// The codes of RTMP.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const errors = defineErrors('RTMP', {
  VERSION: {
    srs: 2000,
    text: 'the peer begins with version {version}, not with plain RTMP (3)',
    advice: 'Use rtmp:// (or rtmps:// on the TLS port); another protocol was sent to this port.',
  },
  ENCRYPTED: {
    srs: 2018,
    text: 'RTMPE (version 6) is not supported',
    advice: 'Use rtmps://, whose encryption is real.',
  },
  CHUNK_FIRST: {
    srs: 2001,
    text: 'chunk stream {csid} begins with a type {format} chunk',
    advice: 'The peer lost its place or the bytes are not RTMP.',
  },
  CHUNK_FRESH: {
    srs: 2001,
    text: 'a new message begins in chunk stream {csid} before the last one is complete',
    advice: 'The peer lost its place or the bytes are not RTMP.',
  },
  CHUNK_STREAMS: {
    text: 'more than {limit} chunk streams are in use',
    advice: 'No known client needs more than ten.',
  },
  CHUNK_SIZE: {
    srs: 2010,
    text: 'chunk size {size} is outside 1..{limit}',
    advice: 'The peer asked for it in SetChunkSize.',
  },
  MESSAGE_SIZE: {
    srs: 2002,
    text: 'a message of {size} bytes is above the limit of {limit}',
    advice: 'Raise limits.messageBytes when frames are really that big.',
  },
  OPEN_MESSAGES: {
    text: 'more than {limit} messages are incomplete at once',
    advice: 'No known client interleaves more than four.',
  },
  OPEN_BYTES: {
    text: 'incomplete or waiting messages hold more than {limit} bytes',
    advice: 'Raise limits.openBytes when frames are really that big.',
  },
  CONTROL: {
    srs: 2007,
    text: 'a control message of type {type} is too short',
    advice: 'The peer is damaged.',
  },
  AGGREGATE: {
    srs: 2024,
    text: 'an aggregate message is damaged: {why}',
    advice: 'The encoder is damaged.',
  },
  COMMAND: {
    srs: 2007,
    text: 'a command message is damaged: {why}',
    advice: 'The peer is damaged.',
  },
  CONNECT: {
    srs: 2005,
    text: 'the connect command is not usable: {why}',
    advice: 'A client connects once, first, and with a tcUrl.',
  },
  STATE: {
    srs: 1020,
    text: '{command} is not possible while {state}',
    advice: 'A connection publishes or plays one stream at a time, after connect and createStream.',
  },
  STREAM_ID: {
    srs: 1020,
    text: '{command} on message stream {streamId}, which was not created',
    advice: 'The client must send createStream first.',
  },
  NAME: {
    srs: 2051,
    text: 'a name or its parameters are longer than {limit} bytes',
    advice: 'Raise limits.nameBytes when tokens are really that long.',
  },
  TIMEOUT: {
    srs: 1011,
    text: 'nothing came for too long while {state}',
    advice: 'The peer or the network between is too slow, or the peer is no RTMP peer.',
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
  URL: {
    srs: 2006,
    text: 'the URL {url} names no application and stream',
    advice: 'Use rtmp://host/app/stream.',
  },
  REFUSED: {
    text: 'the server refused: {description} ({status})',
    advice: 'Look at the log of that server.',
  },
  REDIRECT: {
    srs: 2997,
    text: 'the server sends us to {url}',
    advice: 'At most three redirections are followed.',
  },
  CLOSED: {
    srs: 2998,
    text: 'the server closed the connection while {state}',
    advice: 'SRS refuses in this way; look at the log of that server.',
  },
  SHUTDOWN: {
    text: 'the server stops',
    advice: 'Connect again later.',
  },
});
