// A publisher's own transport stream for SRT players: passed through as it came, nothing made anew.
import { Landmarks, PACKET_BYTES } from '../../format/ts/index.ts';

/** What a late player gets first: bounded by bytes, which at 20 Mbit/s are about three seconds. */
const JOIN_BYTES = 8 * 1024 * 1024;

/** Who gets the messages. */
export interface Passenger {
  /** They are shared: nobody may write to them. */
  messages(messages: readonly Uint8Array[]): void;
}

/**
 * Keeps the messages since the newest random access point of the picture, so that a player starts with a picture at once
 * (SRS starts wherever the stream is). A stream that marks none, as sound alone, is joined where it is.
 */
export class Passage {
  readonly #passengers = new Set<Passenger>();
  readonly #landmarks = new Landmarks();
  /** Pushed and not given on. */
  #run: Uint8Array[] = [];
  #join: Uint8Array[] = [];
  #joinBytes = 0;
  /** The newest tables, for a join point that is not led by them. */
  #pat: Uint8Array | undefined;
  #pmt: Uint8Array | undefined;

  get passengers(): number {
    return this.#passengers.size;
  }

  /** A message of whole packets, which the caller gives away. It waits for `flush`. */
  push(message: Uint8Array): void {
    const { tablesFirst, access } = this.#look(message);
    if (access) {
      this.#join = tablesFirst ? [] : this.#tables();
      this.#joinBytes = 0;
    }
    if (access || this.#join.length > 0) this.#keep(message);
    this.#run.push(message);
  }

  /** Gives what came together to each in one go: datagrams that follow each other to one peer cost a fraction. */
  flush(): void {
    const run = this.#run;
    if (run.length === 0) return;
    this.#run = [];
    for (const passenger of this.#passengers) passenger.messages(run);
  }

  add(passenger: Passenger): void {
    // What waits is among the first messages of who comes now.
    this.flush();
    passenger.messages(this.#join.length > 0 ? this.#join : this.#tables());
    this.#passengers.add(passenger);
  }

  remove(passenger: Passenger): void {
    this.#passengers.delete(passenger);
  }

  #keep(message: Uint8Array): void {
    this.#join.push(message);
    this.#joinBytes += message.length;
    if (this.#joinBytes <= JOIN_BYTES) return;
    this.#join = [];
    this.#joinBytes = 0;
  }

  #tables(): Uint8Array[] {
    if (this.#pat === undefined || this.#pmt === undefined) return [];
    return [Uint8Array.from([...this.#pat, ...this.#pmt])];
  }

  /** Whether a point to join at is in the message, and whether both tables come before it. */
  #look(message: Uint8Array): { tablesFirst: boolean; access: boolean } {
    let pat = false;
    let pmt = false;
    for (let at = 0; at < message.length; at += PACKET_BYTES) {
      const landmark = this.#landmarks.look(message, at);
      if (landmark === 'access') return { tablesFirst: pat && pmt, access: true };
      if (landmark === 'pat') {
        pat = true;
        this.#pat = message.slice(at, at + PACKET_BYTES);
      } else if (landmark === 'pmt') {
        pmt = true;
        this.#pmt = message.slice(at, at + PACKET_BYTES);
      }
    }
    return { tablesFirst: false, access: false };
  }
}
