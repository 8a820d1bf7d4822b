// Messages: their types, the protocol control and user control messages, and the split of aggregates.
import { ByteReader } from '../../base/bytes.ts';
import { errors } from './errors.ts';

/** RTMP 1.0 §5.4, §6.1 and §7.1. */
export const MessageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  data3: 15,
  sharedObject3: 16,
  command3: 17,
  data: 18,
  sharedObject: 19,
  command: 20,
  aggregate: 22,
} as const;

/** RTMP 1.0 §7.1.7. */
export const UserEvent = {
  streamBegin: 0,
  streamEof: 1,
  streamDry: 2,
  setBufferLength: 3,
  streamIsRecorded: 4,
  pingRequest: 6,
  pingResponse: 7,
} as const;

export interface Message {
  readonly type: number;
  /** Message stream: 0 for the connection, others were given by createStream. */
  readonly streamId: number;
  /** Milliseconds in 32 bits, as on the wire. */
  readonly timestamp: number;
  /** Of exact size and owned by the message: it may be kept. */
  readonly body: Uint8Array;
}

/** A control message, which always belongs to message stream 0 at time 0 (RTMP 1.0 §5.4). */
export const controlMessage = (type: number, body: Uint8Array): Message => ({ type, streamId: 0, timestamp: 0, body });

/** The body of the control messages that are one 32-bit number. */
export function u32Body(...values: number[]): Uint8Array {
  const body = new Uint8Array(values.length * 4);
  const view = new DataView(body.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value >>> 0);
  return body;
}

/** The number in a control message; RTMP_CONTROL when it is not there. */
export function parseU32(message: Message): number {
  if (message.body.length < 4) throw errors.protocol('CONTROL', { type: message.type });
  return new ByteReader(message.body).u32();
}

export const setChunkSize = (size: number): Message => controlMessage(MessageType.setChunkSize, u32Body(size));

export const windowAckSize = (size: number): Message => controlMessage(MessageType.windowAckSize, u32Body(size));

export const acknowledgement = (bytes: number): Message => controlMessage(MessageType.acknowledgement, u32Body(bytes));

/** @param limit 0 hard, 1 soft, 2 dynamic. */
export function setPeerBandwidth(size: number, limit: number): Message {
  const body = new Uint8Array(5);
  body.set(u32Body(size));
  body[4] = limit;
  return controlMessage(MessageType.setPeerBandwidth, body);
}

export function userControl(event: number, ...values: number[]): Message {
  const body = new Uint8Array(2 + values.length * 4);
  body[1] = event;
  body.set(u32Body(...values), 2);
  return controlMessage(MessageType.userControl, body);
}

/** The event and its first number, 0 when there is none; RTMP_CONTROL when the event is not there. */
export function parseUserControl(message: Message): { readonly event: number; readonly value: number } {
  if (message.body.length < 2) throw errors.protocol('CONTROL', { type: message.type });
  const reader = new ByteReader(message.body);
  const event = reader.u16();
  return { event, value: reader.left >= 4 ? reader.u32() : 0 };
}

/** Head of an FLV tag and the size behind it, which is what an aggregate is made of. */
const TAG_HEAD = 11;
const TAG_TAIL = 4;

/**
 * The messages of an aggregate (RTMP 1.0 §7.1.6), their times moved so that the first has the aggregate's own. Bodies
 * are views of the aggregate's body. Errors: RTMP_AGGREGATE.
 */
export function splitAggregate(message: Message): Message[] {
  const reader = new ByteReader(message.body);
  const parts: Message[] = [];
  let shift: number | undefined;
  while (reader.left > 0) {
    if (reader.left < TAG_HEAD) throw errors.protocol('AGGREGATE', { why: 'a head is cut off' });
    const type = reader.u8();
    const size = reader.u24();
    const low = reader.u24();
    const time = reader.u8() * 2 ** 24 + low;
    reader.skip(3);
    if (reader.left < size) throw errors.protocol('AGGREGATE', { why: 'a body is cut off' });
    shift ??= message.timestamp - time;
    parts.push({ type, streamId: message.streamId, timestamp: (time + shift) >>> 0, body: reader.take(size) });
    // QUIRK(wirecast, fms edge): the size behind the last part may be missing.
    reader.skip(Math.min(TAG_TAIL, reader.left));
  }
  return parts;
}
