// The admission of a server: vhosts, pages, addresses and hooks, in the order in which SRS asks them.
import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { type Rng, randomId } from '../base/rng.ts';
import { fromMs, fromSeconds, type Micros } from '../base/time.ts';
import {
  type Admission,
  type AdmissionRequest,
  admissionErrors,
  checkName,
  type Grant,
  type Ticket,
} from './admission.ts';
import type { ClusterGate } from './cluster/cluster.ts';
import type { Section } from './config/config.ts';
import type { Settings } from './config/settings.ts';
import type { HookClient, Hooks } from './hooks/hooks.ts';
import { hookTime } from './hooks/http-hooks.ts';
import { checkRefer } from './refer.ts';
import { checkSecurity } from './security.ts';
import type { Sessions } from './sessions.ts';
import { mergeWindowOf, pacingOf } from './stream-settings.ts';

/** What the admission needs of the server. */
export interface VhostAdmissionOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly limits: Pick<Limits, 'nameBytes'>;
  readonly settings: Settings;
  readonly sessions: Pick<Sessions, 'checkRoom' | 'has'>;
  readonly hooks: Hooks;
  /** Other servers that have a word in it; undefined: there are none. */
  readonly cluster?: ClusterGate;
  /** SRS refuses the second publisher of a name. */
  readonly policy: 'refuse' | 'takeover';
}

/** Chosen: from the answer to the open session nothing waits for a peer; who has none by then has left. */
const BEGIN_TIME = fromSeconds(10);

/** Admits by the settings in force at the time of the request. */
export class VhostAdmission implements Admission {
  readonly #options: VhostAdmissionOptions;

  constructor(options: VhostAdmissionOptions) {
    this.#options = options;
  }

  /**
   * Errors: ADMISSION_VHOST, ADMISSION_NAME, ADMISSION_SESSIONS, REFER_PAGE, SECURITY_DENY, SECURITY_ALLOW, STREAM_BUSY, and
   * those of the tables HOOKS and CLUSTER.
   */
  async admit(request: AdmissionRequest): Promise<Grant> {
    const { action, name, peer, connection } = request;
    const { hooks, settings, limits, sessions, clock, cluster } = this.#options;
    const vhost = this.#vhost(name.vhost);
    checkName(name.app, limits.nameBytes);
    checkName(name.stream, limits.nameBytes);
    checkRefer(vhost, 'all', request);
    const client = this.#client(request, vhost.name);
    const deadline = clock.now() + hookTime(settings, vhost.name);
    const release = connection?.hold() ?? nothing;
    try {
      await connection?.connect(client, deadline);
      checkSecurity(vhost, action, peer.host);
      checkRefer(vhost, action, request);
      const terms = { name: client.name, policy: this.#options.policy, ...termsOf(vhost) };
      // SRS: another server is asked before the hooks.
      await cluster?.enter(request, client.name);
      if (request.session === false) {
        await cluster?.take(request, terms, '');
        release();
        return terms;
      }
      sessions.checkRoom();
      await hooks.ask(action, client, deadline);
      const taken = await this.#take(request, terms, client);
      const ended = (): void => {
        taken?.close();
        release();
      };
      return { ...terms, id: client.clientId, ticket: this.#ticket(action, client, { begun: release, ended }) };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Hooks that admitted hear of it when another server does not. */
  async #take(request: AdmissionRequest, terms: Pick<Grant, 'name' | 'policy'>, client: HookClient) {
    const { cluster, hooks } = this.#options;
    try {
      return await cluster?.take(request, terms, client.clientId);
    } catch (error) {
      hooks.over(request.action, client, false);
      throw error;
    }
  }

  #vhost(name: string): Section {
    const vhost = this.#options.settings.find(name);
    if (vhost?.get('vhost.enabled') === true) return vhost;
    throw admissionErrors.refused('VHOST', { vhost: name === '' ? '(none)' : name });
  }

  #client({ name, peer, param, tcUrl, pageUrl, told, id, connection }: AdmissionRequest, vhost: string): HookClient {
    const { rng, sessions } = this.#options;
    const wanted = connection?.id || id;
    const clientId = wanted === undefined || sessions.has(wanted) ? randomId(rng, 8) : wanted;
    const ip = peer.host.replace(/^::ffff:(?=\d+\.)/, '');
    return { clientId, ip, name: { ...name, vhost }, stream: name.stream, param, tcUrl, pageUrl, ...told?.(vhost) };
  }

  /** Ends by itself when no session begins: the peer may have left while hooks were asked. */
  #ticket(
    action: AdmissionRequest['action'],
    client: HookClient,
    on: { readonly begun: () => void; readonly ended: () => void },
  ): Ticket {
    const { hooks, clock } = this.#options;
    let begun = false;
    let over = false;
    const end = (): void => {
      cancel();
      if (over) return;
      over = true;
      hooks.over(action, client, begun);
      on.ended();
    };
    const cancel = clock.after(BEGIN_TIME, end);
    const begin = (): void => {
      if (over) throw admissionErrors.limit('LATE');
      cancel();
      begun = true;
      hooks.begin(action, client);
      on.begun();
    };
    return { begin, end };
  }
}

const nothing = (): void => undefined;

/** What a vhost says of its sessions. */
function termsOf(vhost: Section): Pick<Grant, 'mergeWindow' | 'pacing' | 'firstMediaTime' | 'silentTime'> {
  const firstMediaTime = positive(vhost.get('vhost.publish.firstpkt_timeout'));
  const silentTime = positive(vhost.get('vhost.publish.normal_timeout'));
  return {
    mergeWindow: mergeWindowOf(vhost),
    pacing: pacingOf(vhost),
    ...(firstMediaTime !== undefined && { firstMediaTime }),
    ...(silentTime !== undefined && { silentTime }),
  };
}

/** Garbage is 0 in SRS's language; a time-out of 0 would end every session at once, so 0 stands for the default. */
const positive = (ms: number): Micros | undefined => (ms > 0 ? fromMs(ms) : undefined);
