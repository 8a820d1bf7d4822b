// Who may publish and play, and under which terms.
import { defineErrors } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { Peer } from '../base/link.ts';
import type { Micros } from '../base/time.ts';
import type { Pacing } from '../media/feed.ts';
import { DEFAULT_VHOST, type StreamName } from '../media/stream-name.ts';
import type { HookClient, HookConnection } from './hooks/hooks.ts';

/** Codes of the door, beside those of refer, security and hooks. */
export const admissionErrors = defineErrors('ADMISSION', {
  NAME: {
    srs: 2051,
    text: 'the stream name is empty, too long or has forbidden characters: {why}',
    advice: 'Use rtmp://host/app/stream with letters, digits and -_. only.',
  },
  KICKED: { srs: 2056, text: 'ended by the operator', advice: 'Somebody called DELETE on the clients API.' },
  VHOST: {
    srs: 2014,
    text: 'no vhost serves {vhost}',
    advice: 'Write a vhost of that name or __defaultVhost__, and do not switch it off.',
  },
  IDLE: {
    srs: 2056,
    text: 'nobody played for {seconds} s',
    advice: 'publish.kickoff_for_idle of the vhost says so; 0 switches it off.',
  },
  LATE: {
    text: 'the session began too long after it was admitted',
    advice: 'The server is overloaded, or something that it waits for hangs; try again.',
  },
  SESSIONS: { srs: 1074, text: 'the limit of {limit} sessions is reached', advice: 'Raise limits.sessions.' },
});

/** What a session asks for; the fields are those that SRS's hooks and API show. */
export interface AdmissionRequest {
  readonly action: 'publish' | 'play';
  readonly protocol: string;
  /** SRS's client type, such as `fmle-publish` or `flv-play`. */
  readonly type: string;
  readonly peer: Peer;
  /** As the peer named it; `vhost` may be a host name without a vhost of its own. */
  readonly name: StreamName;
  /** Stream parameters with their leading `?`, or empty. */
  readonly param: string;
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** What hooks are told where SRS tells them something else: the stream with its extension, another tcUrl. */
  readonly told?: (vhost: string) => Partial<Pick<HookClient, 'stream' | 'tcUrl' | 'param'>>;
  /** The id that its session shall have, if that is free. */
  readonly id?: string;
  /** Of a protocol whose connection stands before and after: on_connect is asked on it, and its id is used. */
  readonly connection?: HookConnection;
  /** False: this request makes no session, so hooks are not asked. */
  readonly session?: false;
  /** A player that can be sent to another server, as its protocol does it. */
  readonly elsewhere?: 'rtmp' | 'http';
  /** A player that cannot wait for its stream: at an edge it is admitted when the stream has come. */
  readonly atOnce?: true;
}

/** What follows from an admission for hooks; `Sessions.open` calls both. */
export interface Ticket {
  /** The session is about to open. Throws ADMISSION_LATE when this has ended: hooks heard that nobody came. */
  begin(): void;
  /** The session is over, or did not come to be. Idempotent. */
  end(): void;
}

/** What an admitted client may, and under which terms. */
export interface Grant {
  /** The name with the vhost that serves it. */
  readonly name: StreamName;
  readonly policy: 'refuse' | 'takeover';
  readonly mergeWindow: Micros;
  /** For a player: how packets leave, beside the merge window. */
  readonly pacing?: Pacing;
  /** Of its session in the API, the log and the hooks; without one, any. */
  readonly id?: string;
  /** For a publisher: until its first media, and between media, as its vhost says; without them, the limits. */
  readonly firstMediaTime?: Micros;
  readonly silentTime?: Micros;
  readonly ticket?: Ticket;
}

/** The times of a publisher that its grant says, for where the limits stand otherwise. */
export const publisherTimes = ({ firstMediaTime, silentTime }: Grant): Partial<Pick<Limits, PublisherTime>> => ({
  ...(firstMediaTime !== undefined && { firstMediaTime }),
  ...(silentTime !== undefined && { silentTime }),
});

type PublisherTime = 'firstMediaTime' | 'silentTime';

/** Who decides. */
export interface Admission {
  /** Rejects with a RefusedError; the caller has paused its link meanwhile. */
  admit(request: AdmissionRequest): Promise<Grant>;
}

export interface AdmissionSettings {
  readonly policy: 'refuse' | 'takeover';
  readonly mergeWindow: Micros;
  readonly nameBytes: number;
}

/** The admission of tests and tools: every well-formed name, on the default vhost. */
export class OpenAdmission implements Admission {
  readonly #settings: AdmissionSettings;

  constructor(settings: AdmissionSettings) {
    this.#settings = settings;
  }

  async admit(request: AdmissionRequest): Promise<Grant> {
    const { app, stream } = request.name;
    checkName(app, this.#settings.nameBytes);
    checkName(stream, this.#settings.nameBytes);
    const { policy, mergeWindow } = this.#settings;
    return { name: { vhost: DEFAULT_VHOST, app, stream }, policy, mergeWindow };
  }
}

/**
 * Names become paths, URLs, file names and arguments of programs: what is dangerous in any of those is refused here,
 * once, instead of being escaped in each.
 */
export function checkName(name: string, limitBytes: number): void {
  const why = nameFault(name, limitBytes);
  if (why !== undefined) throw admissionErrors.refused('NAME', { why });
}

function nameFault(name: string, limitBytes: number): string | undefined {
  if (name === '') return 'empty';
  if (Buffer.byteLength(name) > limitBytes) return `longer than ${limitBytes} bytes`;
  if (/\p{Cc}/u.test(name)) return 'a control character';
  const forbidden = /[\\<>"'`|;&$(){}*?#%!\s]/.exec(name);
  if (forbidden !== null) return `the character ${JSON.stringify(forbidden[0])}`;
  if (name.split('/').some((part) => part === '..' || part === '.' || part === '')) return 'an empty or dotted level';
  return undefined;
}
