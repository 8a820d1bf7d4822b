// Commands: messages whose body is a name, a transaction id and values in AMF0 (RTMP 1.0 §7.1.1, §7.2).
import { type AmfLimits, type AmfValue, parseAmf0, writeAmf0 } from '../../wire/amf0/index.ts';
import { errors } from './errors.ts';
import { type Message, MessageType } from './message.ts';

export interface Command {
  readonly name: string;
  /** 0: no answer is wanted. */
  readonly transaction: number;
  /** The command object, null or absent for most commands. */
  readonly object: AmfValue;
  readonly args: readonly AmfValue[];
  readonly streamId: number;
}

/** Errors: RTMP_COMMAND, and those of AMF0. */
export function parseCommand(message: Message, limits: AmfLimits): Command {
  const [name, transaction = 0, object, ...args] = parseAmf0(amf0Body(message), limits);
  if (typeof name !== 'string') throw errors.protocol('COMMAND', { why: 'it has no name' });
  if (typeof transaction !== 'number') throw errors.protocol('COMMAND', { why: 'it has no transaction id' });
  return { name, transaction, object, args, streamId: message.streamId };
}

/**
 * QUIRK(flash, srs clients with objectEncoding 3): types 15 and 17 hold AMF0 behind one byte of 0; some encoders leave
 * that byte out, which cannot be mistaken because AMF0 for a name begins with 2.
 */
function amf0Body({ type, body }: Message): Uint8Array {
  return type === MessageType.command3 && body[0] === 0 ? body.subarray(1) : body;
}

/** A command message; `values` begin with the command object. */
export function command(streamId: number, name: string, transaction: number, ...values: AmfValue[]): Message {
  return { type: MessageType.command, streamId, timestamp: 0, body: writeAmf0([name, transaction, ...values]) };
}

/** A data message (§7.1.2). */
export function data(streamId: number, ...values: AmfValue[]): Message {
  return { type: MessageType.data, streamId, timestamp: 0, body: writeAmf0(values) };
}
