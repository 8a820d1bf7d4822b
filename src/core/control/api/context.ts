// What the handlers of the API may use.
import type { Clock } from '../../base/clock.ts';
import type { Limits } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { Rng } from '../../base/rng.ts';
import type { Hub } from '../../media/hub.ts';
import type { CircuitBreaker } from '../circuit-breaker.ts';
import type { OverlayFile } from '../config/overlay-file.ts';
import type { LiveSettings } from '../config/settings.ts';
import type { Sessions } from '../sessions.ts';
import type { Stats } from '../stats.ts';
import type { SystemReader } from '../system.ts';
import type { EventLog } from './events.ts';

/** The server as its API sees it. */
export interface ApiContext {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly limits: Limits;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly stats: Stats;
  readonly system: SystemReader;
  readonly settings: LiveSettings;
  readonly events: EventLog;
  /** Children of the server and its forwards; undefined: it has none. */
  readonly programs?: () => Readonly<Record<string, unknown>>;
  /** How short the CPU is; undefined: nobody watches it. */
  readonly load?: () => ReturnType<CircuitBreaker['describe']>;
  /** Where the server listens; undefined: not at all, or it is not known. */
  readonly portOf?: (door: 'rtmp' | 'http' | 'api') => number | undefined;
  /** Version of srsx itself. */
  readonly version: string;
  /** Reads the configuration again and puts it in force; undefined when there is none to read. */
  readonly reload?: () => Promise<unknown>;
  /** Where changed settings are kept; asked for each change, so that a reload counts. Undefined: nowhere. */
  readonly overlay?: () => OverlayFile | undefined;
}
