// Ends publishers that nobody plays (SRS: publish.kickoff_for_idle).
import type { Closer } from '../base/link.ts';
import { fromSeconds, type Micros } from '../base/time.ts';
import type { Hub } from '../media/hub.ts';
import type { Stream } from '../media/stream.ts';
import { streamKey } from '../media/stream-name.ts';
import { admissionErrors } from './admission.ts';
import type { Settings } from './config/settings.ts';
import type { Sessions } from './sessions.ts';

/** What is looked at. */
export interface IdleOptions {
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly settings: Settings;
}

/**
 * Counts for each published stream how long nobody plays it, whatever the protocol: HLS players have no cursor, but a
 * session. Recordings, segments and forwards are no players, as in SRS. To be ticked once a second.
 */
export class IdlePublishers implements Closer {
  readonly #options: IdleOptions;
  readonly #watch: Closer;
  /** Since when nobody plays; bounded by limits.streams. */
  readonly #idleSince = new Map<Stream, Micros>();

  constructor(options: IdleOptions) {
    this.#options = options;
    const forget = (stream: Stream): void => void this.#idleSince.delete(stream);
    this.#watch = options.hub.watch({ published: forget, unpublished: forget });
  }

  /** Evicts with ADMISSION_IDLE whoever has had no player for too long. */
  tick(now: Micros): void {
    const limits = new Map<string, number>();
    let played: Set<string> | undefined;
    for (const stream of [...this.#options.hub.streams()]) {
      const { vhost } = stream.name;
      const limit = limits.get(vhost) ?? this.#limitOf(vhost);
      limits.set(vhost, limit);
      if (!(limit > 0) || !stream.published) {
        this.#idleSince.delete(stream);
        continue;
      }
      played ??= this.#played();
      if (stream.players > 0 || played.has(streamKey(stream.name))) this.#idleSince.delete(stream);
      else this.#check(stream, limit, now);
    }
  }

  close(): void {
    this.#watch.close();
  }

  #check(stream: Stream, limit: number, now: Micros): void {
    const since = this.#idleSince.get(stream) ?? now;
    this.#idleSince.set(stream, since);
    if (now - since >= fromSeconds(limit)) stream.evict(admissionErrors.refused('IDLE', { seconds: limit }));
  }

  #limitOf(vhost: string): number {
    return this.#options.settings.vhost(vhost).get('vhost.publish.kickoff_for_idle');
  }

  #played(): Set<string> {
    const names = new Set<string>();
    for (const { info } of this.#options.sessions.list()) if (!info.publish) names.add(streamKey(info.name));
    return names;
  }
}
