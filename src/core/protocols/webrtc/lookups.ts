// Names that clients choose, resolved for them: few at once, and not for long.
import { fromSeconds } from '../../base/time.ts';
import type { ClientHost } from '../../control/host.ts';

/** Chosen: half of the threads that Node resolves names with, which files need too; a name may be made to hang. */
const MOST = 2;
/** Chosen: nobody waits longer for an answer that has other addresses. */
const TIME = fromSeconds(2);

/** Who asks when too many names are being resolved gets nothing, as for a name that is none. */
export class Lookups {
  readonly #host: Pick<ClientHost, 'clock' | 'net'>;
  #running = 0;

  constructor(host: Pick<ClientHost, 'clock' | 'net'>) {
    this.#host = host;
  }

  /** The address of a name; undefined when there is none, or not yet. */
  find(name: string): Promise<string | undefined> {
    if (this.#running >= MOST) return Promise.resolve(undefined);
    const { clock, net } = this.#host;
    this.#running++;
    return new Promise((resolve) => {
      const cancel = clock.after(TIME, () => resolve(undefined));
      const over = (address: string | undefined): void => {
        this.#running--;
        cancel();
        resolve(address);
      };
      // A name that only the peer knows, behind a proxy, is no fault.
      net.lookup(name).then(over, () => over(undefined));
    });
  }
}
