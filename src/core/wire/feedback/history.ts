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

/** Of one SSRC of one player. */
export class SentHistory {
  readonly #mask: number;
  readonly #memories: (Uint8Array | undefined)[];
  readonly #places: Uint32Array;
  readonly #sizes: Uint16Array;
  readonly #timestamps: Uint32Array;
  /** Marker and payload type. */
  readonly #types: Uint8Array;
  readonly #sequences: Uint16Array;
  readonly #transports: Uint16Array;
  readonly #sent: Float64Array;
  /** When it was sent again, and how often. */
  readonly #again: Float64Array;
  readonly #times: Uint8Array;
  #roundTrip = FIRST_ROUND_TRIP;

  /**
   * @param packets that are remembered; a power of two. Too many for a slow stream hold memory for long after anybody can ask:
   * the first ones of a player are in a run of hundreds of KiB.
   */
  constructor(packets = MOST_PACKETS) {
    assert((packets & (packets - 1)) === 0, 'a history has a power of two of packets');
    this.#mask = packets - 1;
    this.#memories = new Array<Uint8Array | undefined>(packets).fill(undefined);
    this.#places = new Uint32Array(packets);
    this.#sizes = new Uint16Array(packets);
    this.#timestamps = new Uint32Array(packets);
    this.#types = new Uint8Array(packets);
    this.#sequences = new Uint16Array(packets);
    this.#transports = new Uint16Array(packets);
    this.#sent = new Float64Array(packets);
    this.#again = new Float64Array(packets);
    this.#times = new Uint8Array(packets);
  }

  /** A new measurement of the round trip; what a player says is believed from 10 to 500 ms. */
  set roundTrip(time: Micros) {
    this.#roundTrip = Math.min(MOST_ROUND_TRIP, Math.max(LEAST_ROUND_TRIP, time));
  }

  /** @param sequence 16 bits. */
  sent(sequence: number, packet: SentPacket, now: Micros): void {
    const { memory, at, size, timestamp, payloadType, marker, transport = 0 } = packet;
    const place = sequence & this.#mask;
    this.#memories[place] = memory;
    this.#places[place] = at;
    this.#sizes[place] = size;
    this.#timestamps[place] = timestamp;
    this.#types[place] = (marker ? MARKER : 0) | payloadType;
    this.#sequences[place] = sequence;
    this.#transports[place] = transport;
    this.#sent[place] = now;
    this.#times[place] = 0;
  }

  /**
   * What to send again for a sequence of a NACK: undefined when it was not sent, is too old, was sent again within a round
   * trip, or ten times already. Counts as sent again.
   */
  again(sequence: number, now: Micros): SentPacket | undefined {
    const place = sequence & this.#mask;
    const memory = this.#memories[place];
    if (memory === undefined || this.#sequences[place] !== sequence) return undefined;
    if (now - (this.#sent[place] as number) > AGE) return undefined;
    const times = this.#times[place] as number;
    if (times >= MOST_TIMES) return undefined;
    if (times > 0 && now - (this.#again[place] as number) < this.#roundTrip) return undefined;
    this.#times[place] = times + 1;
    this.#again[place] = now;
    const type = this.#types[place] as number;
    return {
      memory,
      at: this.#places[place] as number,
      size: this.#sizes[place] as number,
      timestamp: this.#timestamps[place] as number,
      payloadType: type & 0x7f,
      marker: (type & MARKER) !== 0,
      transport: this.#transports[place] as number,
    };
  }

  /** Lets go of the payloads. */
  clear(): void {
    this.#memories.fill(undefined);
  }
}
