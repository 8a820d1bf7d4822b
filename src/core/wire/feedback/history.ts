// What was sent lately to one player, by its sequence (RFC 4588 §3). The bytes belong to the feed, which all players share;
// here are only their places, in arrays of numbers, because each packet of each player passes.
import { assert } from '../../base/errors.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';

/** Packets of a picture that are remembered: a second at 9 Mbit/s (SRS: 1000). */
const MOST_PACKETS = 1024;
/** Older packets come too late for any player. */
const AGE = fromSeconds(2);
/** A packet is not sent again while its retransmission is still on the way; before a round trip is known. */
const FIRST_ROUND_TRIP = fromMs(50);
/** What a player may pretend its round trip to be. Too small: it makes us send the same again and again. */
const LEAST_ROUND_TRIP = fromMs(10);
const MOST_ROUND_TRIP = fromMs(500);
/** A packet is sent again so many times: requests beyond are no loss, but a player that wants more than was sent. */
const MOST_TIMES = 10;

/** One packet that was sent: where its payload is and what its header said. */
export interface SentPacket {
  readonly memory: Uint8Array;
  /** Offset and size of the payload. */
  readonly at: number;
  readonly size: number;
  /** On the wire, 32 bits. */
  readonly timestamp: number;
  readonly payloadType: number;
  readonly marker: boolean;
  /**
   * Transport-wide sequence, 16 bits; 0 when there is none. Who sends a packet again under its own SSRC and sequence must repeat
   * it to the last bit: another header under the same nonce gives the key of the tags of AES-GCM away (NIST SP 800-38D §8).
   */
  readonly transport?: number;
}

const MARKER = 0x80;

/**
 * A record of eight words: each player has so much memory here that what is written for a packet is never in a cache, and
 * fields of one packet in as many arrays would be as many misses.
 *
 *   | place in memory | time stamp | size, type, times | sequence, transport | sent | sent again |
 */
const WORDS = 8;
const [AT, TIMESTAMP, SIZE_TYPE, SEQUENCE_TRANSPORT] = [0, 1, 2, 3] as const;
/** The two times are halves as long. */
const [SENT, AGAIN] = [2, 3] as const;
/** Bits in the word of size, type and times. */
const [TYPE_BIT, TIMES_BIT] = [16, 24] as const;

/** Of one SSRC of one player. */
export class SentHistory {
  readonly #mask: number;
  readonly #memories: (Uint8Array | undefined)[];
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  #roundTrip = FIRST_ROUND_TRIP;

  /**
   * @param packets that are remembered; a power of two. Too many for a slow stream hold memory for long after anybody can ask:
   * the first ones of a player are in a run of hundreds of KiB.
   */
  constructor(packets = MOST_PACKETS) {
    assert((packets & (packets - 1)) === 0, 'a history has a power of two of packets');
    this.#mask = packets - 1;
    this.#memories = new Array<Uint8Array | undefined>(packets).fill(undefined);
    this.#words = new Int32Array(packets * WORDS);
    this.#times = new Float64Array(this.#words.buffer);
  }

  /** A new measurement of the round trip; what a player says is believed from 10 to 500 ms. */
  set roundTrip(time: Micros) {
    this.#roundTrip = Math.min(MOST_ROUND_TRIP, Math.max(LEAST_ROUND_TRIP, time));
  }

  /** @param sequence 16 bits. */
  sent(sequence: number, packet: SentPacket, now: Micros): void {
    const { memory, at, size, timestamp, payloadType, marker, transport = 0 } = packet;
    const place = sequence & this.#mask;
    const record = place * WORDS;
    const words = this.#words;
    this.#memories[place] = memory;
    words[record + AT] = at;
    words[record + TIMESTAMP] = timestamp;
    words[record + SIZE_TYPE] = size | (((marker ? MARKER : 0) | payloadType) << TYPE_BIT);
    words[record + SEQUENCE_TRANSPORT] = sequence | (transport << 16);
    this.#times[record / 2 + SENT] = now;
  }

  /**
   * What to send again for a sequence of a NACK: undefined when it was not sent, is too old, was sent again within a round
   * trip, or ten times already. Counts as sent again.
   */
  again(sequence: number, now: Micros): SentPacket | undefined {
    const place = sequence & this.#mask;
    const record = place * WORDS;
    const words = this.#words;
    const memory = this.#memories[place];
    const numbers = words[record + SEQUENCE_TRANSPORT] as number;
    if (memory === undefined || (numbers & 0xffff) !== sequence) return undefined;
    if (now - (this.#times[record / 2 + SENT] as number) > AGE) return undefined;
    const kind = words[record + SIZE_TYPE] as number;
    const times = kind >>> TIMES_BIT;
    if (times >= MOST_TIMES) return undefined;
    if (times > 0 && now - (this.#times[record / 2 + AGAIN] as number) < this.#roundTrip) return undefined;
    words[record + SIZE_TYPE] = kind + (1 << TIMES_BIT);
    this.#times[record / 2 + AGAIN] = now;
    return {
      memory,
      at: words[record + AT] as number,
      size: kind & 0xffff,
      timestamp: (words[record + TIMESTAMP] as number) >>> 0,
      payloadType: (kind >>> TYPE_BIT) & 0x7f,
      marker: ((kind >>> TYPE_BIT) & MARKER) !== 0,
      transport: numbers >>> 16,
    };
  }

  /** Lets go of the payloads. */
  clear(): void {
    this.#memories.fill(undefined);
  }
}
