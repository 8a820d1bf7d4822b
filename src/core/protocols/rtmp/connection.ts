// What both sides of RTMP share: handshake, chunks, acknowledgements, ping, and holding messages back while somebody
// decides. Knows no commands.
import { joinSmall } from '../../base/bytes.ts';
import type { Limits } from '../../base/limits.ts';
import type { Link } from '../../base/link.ts';
import { ChunkReader, DEFAULT_CHUNK_SIZE, writeChunks } from './chunk.ts';
import { errors } from './errors.ts';
import type { Handshake } from './handshake.ts';
import {
  acknowledgement,
  type Message,
  MessageType,
  parseU32,
  parseUserControl,
  setChunkSize,
  splitAggregate,
  UserEvent,
  userControl,
  windowAckSize,
} from './message.ts';

export interface ConnectionEvents {
  /** The handshake is over. */
  ready(): void;
  /** Commands, data and media; aggregates are split, control messages are not among them. */
  message(message: Message): void;
  /** User control events other than ping (RTMP 1.0 §7.1.7). */
  userControl(event: number, value: number): void;
}

export type ConnectionLimits = Pick<Limits, 'messageBytes' | 'openBytes' | 'openMessages' | 'linkBytes'>;

/** Chunk stream ids of ours; peers do not care, but one id for each kind keeps captures readable. */
export const ChunkStreamId = { control: 2, command: 3, audio: 4, data: 5, video: 6 } as const;

/** What a held message costs beside its bytes. */
const HELD_OVERHEAD = 100;
/** Answers to a peer that does not read are small: this many bytes of them are far beyond any honest peer. */
const MAX_UNREAD = 64 * 1024;
/** Joined up to this size, so that an answer of several messages is one write. */
const JOIN_BELOW = 64 * 1024;

export class RtmpConnection {
  readonly link: Link;
  readonly #limits: ConnectionLimits;
  readonly #events: ConnectionEvents;
  readonly #reader: ChunkReader;
  #handshake: Handshake | undefined;
  #outChunkSize = DEFAULT_CHUNK_SIZE;
  /** Bytes received and sent; media that a cursor gives to the link are not counted here. */
  receivedBytes = 0;
  sentBytes = 0;
  /** The peer wants an acknowledgement after this many bytes; 0: never. */
  #ackWindow = 0;
  #ackForced = false;
  #acknowledged = 0;
  #announcedWindow = 0;
  #held: Message[] | undefined;
  #heldBytes = 0;
  #unread = 0;
  #closed = false;

  constructor(link: Link, handshake: Handshake, limits: ConnectionLimits, events: ConnectionEvents) {
    this.link = link;
    this.#handshake = handshake;
    this.#limits = limits;
    this.#events = events;
    this.#reader = new ChunkReader(limits, (message) => this.#take(message));
    this.#sendRaw(handshake.begin());
  }

  /** Takes received bytes; throws what the handshake, the chunk reader and the events throw. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.receivedBytes += bytes.length;
    let rest = bytes;
    if (this.#handshake !== undefined) {
      const { used, reply, done } = this.#handshake.push(bytes);
      this.#sendRaw(reply);
      if (!done) return;
      this.#handshake = undefined;
      this.#events.ready();
      rest = bytes.subarray(used);
    }
    this.#reader.push(rest);
    this.#acknowledge();
  }

  /** Sends messages with one write. Throws RTMP_UNREAD when the peer asks for answers and does not read them. */
  send(...messages: readonly Message[]): void {
    if (this.#closed) return;
    const chunks: Uint8Array[] = [];
    for (const { type, streamId, timestamp, body } of messages) {
      const csid = chunkStreamId(type);
      chunks.push(
        ...writeChunks({ csid, type, streamId, timestamp, pieces: [body], size: body.length }, this.#outChunkSize),
      );
    }
    const joined = joinSmall(chunks, JOIN_BELOW);
    if (this.link.pending > this.#limits.linkBytes) {
      for (const chunk of joined) this.#unread += chunk.length;
      if (this.#unread > MAX_UNREAD) throw errors.limit('UNREAD');
    } else {
      this.#unread = 0;
    }
    this.#sendRaw(joined);
  }

  /** Announces the size of our chunks, and uses it from the next message on. */
  setChunkSize(size: number): void {
    this.send(setChunkSize(size));
    this.#outChunkSize = size;
  }

  /** Acknowledges after so many bytes, whatever the peer asks for. */
  acknowledgeEvery(bytes: number): void {
    this.#ackWindow = bytes;
    this.#ackForced = true;
  }

  /** Stops reading; what was received already waits, at most `limits.openBytes`. */
  hold(): void {
    if (this.#held !== undefined) return;
    this.#held = [];
    this.#heldBytes = 0;
    this.link.pause();
  }

  /** Handles what waited and reads again; throws what the events throw. */
  release(): void {
    const waiting = this.#held;
    if (waiting === undefined) return;
    this.#held = undefined;
    for (const [index, message] of waiting.entries()) {
      if (this.#isHeld()) {
        this.#keep(waiting.slice(index));
        return;
      }
      this.#take(message);
    }
    if (!this.#isHeld()) this.link.resume();
  }

  /** Nothing is received or sent any more; the link is the caller's to close. */
  close(): void {
    this.#closed = true;
    this.#held = undefined;
  }

  #isHeld(): boolean {
    return this.#held !== undefined;
  }

  #keep(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#heldBytes += message.body.length + HELD_OVERHEAD;
      if (this.#heldBytes > this.#limits.openBytes) {
        throw errors.protocol('OPEN_BYTES', { limit: this.#limits.openBytes });
      }
      this.#held?.push(message);
    }
  }

  #take(message: Message): void {
    if (this.#closed) return;
    if (this.#held !== undefined) {
      this.#keep([message]);
      return;
    }
    switch (message.type) {
      case MessageType.setChunkSize:
      case MessageType.acknowledgement:
        // The chunk reader obeyed the first; nothing of ours waits for the second.
        return;
      case MessageType.windowAckSize:
        if (!this.#ackForced) this.#ackWindow = parseU32(message);
        return;
      case MessageType.setPeerBandwidth:
        this.#limited(parseU32(message));
        return;
      case MessageType.userControl:
        this.#userControl(message);
        return;
      case MessageType.aggregate:
        for (const part of splitAggregate(message)) {
          if (isMedia(part.type)) this.#take(part);
        }
        return;
      default:
        this.#events.message(message);
    }
  }

  #userControl(message: Message): void {
    const { event, value } = parseUserControl(message);
    if (event === UserEvent.pingRequest) this.send(userControl(UserEvent.pingResponse, value));
    else if (event !== UserEvent.pingResponse) this.#events.userControl(event, value);
  }

  /** §5.4.5: the answer to a bandwidth is our window, when it changes. A limit of 0 would stop us for ever. */
  #limited(size: number): void {
    if (size === 0 || size === this.#announcedWindow) return;
    this.#announcedWindow = size;
    this.send(windowAckSize(size));
  }

  /** §5.4.3; the number wraps in 32 bits. */
  #acknowledge(): void {
    if (this.#ackWindow === 0 || this.receivedBytes - this.#acknowledged < this.#ackWindow) return;
    this.#acknowledged = this.receivedBytes;
    this.send(acknowledgement(this.receivedBytes));
  }

  #sendRaw(chunks: readonly Uint8Array[]): void {
    if (chunks.length === 0) return;
    for (const chunk of chunks) this.sentBytes += chunk.length;
    this.link.send(chunks);
  }
}

/** Messages whose body is the body of an FLV tag. */
export const isMedia = (type: number): boolean =>
  type === MessageType.audio || type === MessageType.video || type === MessageType.data || type === MessageType.data3;

function chunkStreamId(type: number): number {
  switch (type) {
    case MessageType.audio:
      return ChunkStreamId.audio;
    case MessageType.video:
      return ChunkStreamId.video;
    case MessageType.data:
    case MessageType.data3:
      return ChunkStreamId.data;
    case MessageType.command:
    case MessageType.command3:
      return ChunkStreamId.command;
    default:
      return ChunkStreamId.control;
  }
}
