// The addresses that a server listens at, which a reload may change while connections go on.
import { type Address, formatAddress } from '../base/link.ts';
import type { Listener, TlsFiles } from './host.ts';

/** One place to listen at. */
export interface Door {
  /** What listens there: `rtmp`, `https`, ... */
  readonly name: string;
  readonly at: Address;
  readonly tls?: TlsFiles;
}

/** A door that is open. */
export interface OpenDoor {
  readonly name: string;
  readonly listener: Listener;
}

/** With what it was opened by, so that it can be opened again. */
interface Entry extends OpenDoor {
  readonly key: string;
  readonly door: Door;
}

/** Opens and closes listeners until those are open that are wanted, and no others. */
export class Doors {
  readonly #open: (door: Door) => Promise<Listener>;
  /** By `keyOf`, in the order in which they were wanted. */
  #doors = new Map<string, Entry>();
  #closed = false;

  constructor(open: (door: Door) => Promise<Listener>) {
    this.#open = open;
  }

  list(): readonly OpenDoor[] {
    return [...this.#doors.values()];
  }

  /**
   * Opens what is new, then closes what is not wanted any more; what stays is not touched, and closing a listener leaves
   * its connections alone. All or nothing: rejects with the SystemError of the first that cannot be opened, with
   * everything as it was before. A door that changes only its certificate needs its port freed first, so an error
   * there opens the old one again. After `close`, also one that comes meanwhile, nothing is opened or stays open.
   */
  async set(wanted: readonly Door[]): Promise<void> {
    if (this.#closed) return;
    const before = this.#doors;
    const after = keyed(wanted);
    // Port 0 is a free one for each, so that it is never in the way.
    const places = new Set(wanted.filter(({ at }) => at.port !== 0).map(({ at }) => formatAddress(at)));
    const unwanted = [...before.values()].filter(({ key }) => !after.has(key));
    // The same port in another form: it must be free before it can be opened again.
    const inTheWay = unwanted.filter(({ door }) => places.has(formatAddress(door.at)));
    closeAll(inTheWay);
    const opened: Entry[] = [];
    const doors = new Map<string, Entry>();
    try {
      for (const [key, door] of after) {
        let open = before.get(key);
        if (open === undefined) {
          open = await this.#enter(key, door);
          opened.push(open);
          if (this.#closed) {
            closeAll(opened);
            return;
          }
        }
        doors.set(key, open);
      }
    } catch (error) {
      closeAll(opened);
      await this.#reopen(inTheWay);
      throw error;
    }
    closeAll(unwanted.filter((one) => !inTheWay.includes(one)));
    this.#doors = doors;
  }

  close(): void {
    this.#closed = true;
    closeAll(this.list().toReversed());
    this.#doors.clear();
  }

  async #reopen(doors: readonly Entry[]): Promise<void> {
    for (const { key, door } of doors) {
      if (this.#closed) return;
      const open = await this.#enter(key, door);
      if (this.#closed) open.listener.close();
      else this.#doors.set(key, open);
    }
  }

  async #enter(key: string, door: Door): Promise<Entry> {
    return { name: door.name, key, door, listener: await this.#open(door) };
  }
}

function closeAll(doors: readonly OpenDoor[]): void {
  for (const { listener } of doors) listener.close();
}

/** The same door may be wanted twice with port 0: each then is another. */
function keyed(wanted: readonly Door[]): Map<string, Door> {
  const doors = new Map<string, Door>();
  for (const door of wanted) {
    let ordinal = 0;
    while (door.at.port === 0 && doors.has(keyOf(door, ordinal))) ordinal++;
    doors.set(keyOf(door, ordinal), door);
  }
  return doors;
}

const keyOf = ({ name, at, tls }: Door, ordinal: number): string =>
  JSON.stringify({
    name,
    at: { host: at.host, port: at.port },
    ...(tls && { tls: { cert: tls.cert, key: tls.key } }),
    ordinal,
  });
