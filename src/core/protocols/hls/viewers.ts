// The sessions of all playlists, found for each request without making a key of it.
import type { Viewer } from './viewer.ts';

/** Whose playlist, and in which session. Who was admitted to a vhost was not to another one that has the same path. */
export interface ViewerPlace {
  readonly vhost: string;
  /** Its path without percent-encoding. */
  readonly playlist: string;
  readonly ctx: string;
}

/** Bounded by limits.sessions, twice: kicked ones are remembered for a while. */
export class Viewers {
  /** By vhost, playlist and `hls_ctx`. */
  readonly #vhosts = new Map<string, Map<string, Map<string, Viewer>>>();

  find({ vhost, playlist, ctx }: ViewerPlace): Viewer | undefined {
    return this.#vhosts.get(vhost)?.get(playlist)?.get(ctx);
  }

  set({ vhost, playlist, ctx }: ViewerPlace, viewer: Viewer): void {
    const playlists = this.#vhosts.get(vhost) ?? new Map<string, Map<string, Viewer>>();
    const sessions = playlists.get(playlist) ?? new Map<string, Viewer>();
    this.#vhosts.set(vhost, playlists);
    playlists.set(playlist, sessions);
    sessions.set(ctx, viewer);
  }

  delete({ vhost, playlist, ctx }: ViewerPlace): void {
    const playlists = this.#vhosts.get(vhost);
    const sessions = playlists?.get(playlist);
    if (playlists === undefined || sessions === undefined) return;
    sessions.delete(ctx);
    if (sessions.size === 0) playlists.delete(playlist);
    if (playlists.size === 0) this.#vhosts.delete(vhost);
  }

  *all(): Iterable<Viewer> {
    for (const playlists of this.#vhosts.values()) for (const sessions of playlists.values()) yield* sessions.values();
  }
}
