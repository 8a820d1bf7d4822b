// What the server says: the commands and status objects that clients wait for, in the words of SRS.
import { type AmfValue, amfEcmaArray, amfObject } from '../../wire/amf0/index.ts';
import { command, data } from './command.ts';
import { answer as enhancedAnswer } from './enhanced.ts';
import { type Message, UserEvent, userControl } from './message.ts';

/** Flash wants any id here. */
const CLIENT_ID = 'ASAICiss';

export const result = (transaction: number, ...values: AmfValue[]): Message =>
  command(0, '_result', transaction, ...values);

/** `_result` of connect; the properties of fmsVer decide what old Flash players do. */
export function connectResult(transaction: number, connect: AmfValue, objectEncoding: number): Message {
  const properties = { fmsVer: 'FMS/3,5,3,888', capabilities: 127, mode: 1, ...enhancedAnswer(connect) };
  const info = {
    level: 'status',
    code: 'NetConnection.Connect.Success',
    description: 'Connection succeeded',
    objectEncoding,
    data: amfEcmaArray({ version: '3,5,3,888' }),
  };
  return result(transaction, amfObject(properties), amfObject(info));
}

export const onBwDone = (): Message => command(0, 'onBWDone', 0, null);

export type StatusLevel = 'status' | 'error';

/** NetStream status of a message stream (RTMP 1.0 §7.2.2). */
export function onStatus(streamId: number, code: string, description: string, level: StatusLevel = 'status'): Message {
  const info = { level, code, description, details: 'stream', clientid: CLIENT_ID };
  return command(streamId, 'onStatus', 0, null, amfObject(info));
}

/** SRS's RTMP 302: the stream is at another server; `redirect` is its tcUrl there. */
export function redirect({ tcUrl, url }: { readonly tcUrl: string; readonly url: string }): Message {
  const info = {
    level: 'error',
    code: 'NetConnection.Connect.Rejected',
    description: 'RTMP 302 Redirect',
    ex: amfObject({ code: 302, redirect: tcUrl, redirect2: url }),
  };
  return command(0, 'onStatus', 0, null, amfObject(info));
}

/** Status of the commands that FMLE adds: onFCPublish, onFCUnpublish, onFCSubscribe. */
export const onFc = (streamId: number, name: string, code: string, description: string): Message =>
  command(streamId, name, 0, null, amfObject({ code, description }));

/** Before the first frame of a player. */
export function playStart(streamId: number): Message[] {
  return [
    userControl(UserEvent.streamBegin, streamId),
    onStatus(streamId, 'NetStream.Play.Reset', 'Playing and resetting stream.'),
    onStatus(streamId, 'NetStream.Play.Start', 'Started playing stream.'),
    data(streamId, '|RtmpSampleAccess', true, true),
    data(streamId, 'onStatus', amfObject({ code: 'NetStream.Data.Start' })),
  ];
}

/** The player's duration is over. */
export function playStop(streamId: number): Message[] {
  return [
    userControl(UserEvent.streamEof, streamId),
    onStatus(streamId, 'NetStream.Play.Stop', 'Stopped playing stream.'),
  ];
}

export function pauseNotify(streamId: number, paused: boolean): Message[] {
  return paused
    ? [onStatus(streamId, 'NetStream.Pause.Notify', 'Paused stream.'), userControl(UserEvent.streamEof, streamId)]
    : [
        onStatus(streamId, 'NetStream.Unpause.Notify', 'Unpaused stream.'),
        userControl(UserEvent.streamBegin, streamId),
      ];
}

/** The publisher may begin; FMLE and Haivision wait for the first of both. */
export function publishStart(streamId: number, fmle: boolean): Message[] {
  const start = onStatus(streamId, 'NetStream.Publish.Start', 'Started publishing stream.');
  if (!fmle) return [start];
  return [onFc(streamId, 'onFCPublish', 'NetStream.Publish.Start', 'Started publishing stream.'), start];
}

export function unpublished(streamId: number, transaction: number): Message[] {
  const code = 'NetStream.Unpublish.Success';
  const text = 'Stop publishing stream.';
  return [
    onFc(streamId, 'onFCUnpublish', code, text),
    ...(transaction > 0 ? [result(transaction, null, undefined)] : []),
    onStatus(streamId, code, text),
  ];
}
