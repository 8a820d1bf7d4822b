// What the HTTP side knows of a session: its URL, its ETag, and what may be done with it (RFC 9725 §4.2, §4.3).
import type { Rng } from '../../base/rng.ts';
import { randomId } from '../../base/rng.ts';
import type { Grant } from '../../control/admission.ts';
import type { Query } from '../../wire/http/query.ts';
import type { Answer } from '../../wire/sdp/index.ts';
import type { RtcRequest } from './request.ts';
import type { RtcSession } from './session.ts';

/** One session as a resource of HTTP. */
export interface Resource {
  readonly session: RtcSession;
  /** Who knows it may end the session (SRS: 9 characters). */
  readonly token: string;
  /** `ours:theirs` of the first ICE session, as SRS names it. */
  readonly id: string;
  /** Of the ICE session in force; with its quotes. */
  etag: string;
  /** The peer's own user name fragment, to tell an ICE restart from trickled candidates. */
  remoteUfrag: string;
  /** What the answer said of where we are, and of what is bundled: a restart says it again. */
  readonly answered: Pick<Answer, 'candidates' | 'sections'>;
}

export const TOKEN_LETTERS = 9;

export const newEtag = (rng: Rng): string => `"${randomId(rng, 12)}"`;

/** As SRS writes it; it points to `whip` for players too. */
export function locationOf({ token, id }: Resource, app: string, stream: string): string {
  const query = new URLSearchParams({ action: 'delete', token, app, stream, session: id });
  return `/rtc/v1/whip/?${query}`;
}

/** All sessions by their id. Bounded by limits.sessions. */
export class Resources {
  readonly #byId = new Map<string, Resource>();

  get size(): number {
    return this.#byId.size;
  }

  add(resource: Resource): void {
    this.#byId.set(resource.id, resource);
  }

  remove(session: RtcSession): void {
    for (const [id, resource] of this.#byId) if (resource.session === session) this.#byId.delete(id);
  }

  /** Undefined: there is none, or whoever asks does not know its token. */
  find(query: Query): Resource | undefined {
    const resource = this.#byId.get(query.get('session') ?? '');
    return resource?.token === query.get('token') ? resource : undefined;
  }
}

/** An answered offer. */
export interface Answered {
  readonly resource: Resource;
  readonly grant: Grant;
  readonly sdp: string;
}

/** What the HTTP side needs of the server. */
export interface Answerer {
  readonly resources: Resources;
  /** What SRS's own API says of the server. */
  readonly names: Readonly<Record<'server' | 'service' | 'pid', string>>;
  /** See RtcServer. */
  answer(request: RtcRequest, gone: () => boolean): Promise<Answered | undefined>;
  /** Other credentials of ours; the fragment that says them to the peer. */
  restartIce(resource: Resource): string;
}
