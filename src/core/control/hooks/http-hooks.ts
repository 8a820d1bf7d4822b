// The hooks of a server: URLs out of the settings of each vhost, bodies of SRS, requests over the net.
import type { Clock } from '../../base/clock.ts';
import type { Limits } from '../../base/limits.ts';
import type { Peer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { type Rng, randomId } from '../../base/rng.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import type { Hub } from '../../media/hub.ts';
import type { StreamName } from '../../media/stream-name.ts';
import type { Settings } from '../config/settings.ts';
import type { Net } from '../host.ts';
import type { RecordedFile } from '../record/recorded-file.ts';
import type { SegmentFile } from '../storage/segment-file.ts';
import { accepted, targetsIn } from './answer.ts';
import * as bodies from './bodies.ts';
import { type HookCall, HookCaller } from './caller.ts';
import { Connection } from './connection.ts';
import type { HookClient, HookConnection, Hooks } from './hooks.ts';
import type { LaneLimits } from './lanes.ts';
import { Publishers } from './publishers.ts';
import { Tells } from './tells.ts';

/** What hooks need of the server. */
export interface HttpHooksOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly net: Pick<Net, 'request'>;
  readonly limits: Pick<Limits, 'streams'>;
  readonly hub: Hub;
  readonly settings: Settings;
  readonly identity: bodies.Identity;
  /** Requests of one URL; without it, as many as a server of one process takes. */
  readonly lanes?: LaneLimits;
}

/** SRS: on_hls_notify is given up after this. */
const NOTIFY_TIME = fromSeconds(10);
/** At the end of the server: last words may take so long. Chosen: a local callback server needs milliseconds. */
const FAREWELL_TIME = fromSeconds(3);

type Hook = bodies.ClientHook | 'on_dvr' | 'on_hls' | 'on_hls_notify';

/** SRS's hooks over HTTP. Settings are read at each event, so a reload counts from the next one on. */
export class HttpHooks implements Hooks {
  readonly #options: HttpHooksOptions;
  readonly #caller: HookCaller;
  readonly #tells = new Tells();
  readonly #publishers: Publishers;

  constructor(options: HttpHooksOptions) {
    this.#options = options;
    this.#caller = new HookCaller(options);
    this.#publishers = new Publishers(options.hub, options.limits.streams);
  }

  connection(_peer: Peer): HookConnection {
    const { rng, identity } = this.#options;
    return new Connection(randomId(rng, 8), {
      connect: (client, deadline) => this.#ask('on_connect', client, bodies.connectBody(identity, client), deadline),
      close: (client, bytes) => this.#tell('on_close', client, bodies.closeBody(identity, client, bytes)),
    });
  }

  ask(action: 'publish' | 'play', client: HookClient, deadline: Micros): Promise<void> {
    const { identity } = this.#options;
    return action === 'publish'
      ? this.#ask('on_publish', client, bodies.streamBody(identity, 'on_publish', client), deadline)
      : this.#ask('on_play', client, bodies.playBody(identity, client), deadline);
  }

  begin(action: 'publish' | 'play', client: HookClient): void {
    if (action === 'publish') this.#publishers.begin(client);
  }

  over(action: 'publish' | 'play', client: HookClient, begun: boolean): void {
    const held = action === 'play' || this.#publishers.end(client);
    // Another session has the name: who counts by streams would take the live one for gone (SRS does not tell either).
    if (!held && (begun || this.#options.hub.find(client.name)?.published === true)) return;
    const hook = action === 'publish' ? 'on_unpublish' : 'on_stop';
    this.#tell(hook, client, bodies.streamBody(this.#options.identity, hook, client));
  }

  dvr(file: RecordedFile): void {
    const client = this.#publisher(file.name);
    this.#tell('on_dvr', client, bodies.dvrBody(this.#options.identity, client, file));
  }

  hls(segment: SegmentFile): void {
    const client = this.#publisher(segment.name);
    this.#tell('on_hls', client, bodies.hlsBody(this.#options.identity, client, segment));
  }

  hlsNotify(segment: SegmentFile): void {
    const client = this.#publisher(segment.name);
    const limit = Math.max(0, this.#options.settings.vhost(client.name.vhost).get('vhost.hls.hls_nb_notify'));
    const identity = this.#options.identity;
    const urls = this.#urls('on_hls_notify', client.name.vhost);
    this.#later('on_hls_notify', client, urls, (url) => {
      const deadline = this.#options.clock.now() + NOTIFY_TIME;
      const target = bodies.notifyUrl(url, identity, client, segment);
      return this.#caller.get(this.#call('on_hls_notify', client, target, deadline), limit);
    });
  }

  async forward(name: StreamName): Promise<readonly string[]> {
    const { settings, identity, clock } = this.#options;
    const url = settings.vhost(name.vhost).get('vhost.forward.backend');
    if (url === '') return [];
    const client = this.#publisher(name);
    const call = this.#call('on_forward', client, url, clock.now() + hookTime(settings, name.vhost));
    return targetsIn('on_forward', await this.#post(call, bodies.forwardBody(identity, client)));
  }

  /** Resolves when what was to be told is told, or after some seconds. */
  async close(): Promise<void> {
    this.#publishers.close();
    if (this.#tells.size > 0) {
      const late = Promise.withResolvers<void>();
      const cancel = this.#options.clock.after(FAREWELL_TIME, late.resolve);
      await Promise.race([this.#tells.done(), late.promise]);
      cancel();
    }
    this.#caller.close();
  }

  /** The publisher of a stream; one that did not come through the admission has no client. */
  #publisher(name: StreamName): HookClient {
    const nobody = { clientId: '', ip: '', stream: name.stream, param: '', tcUrl: '', pageUrl: '' };
    return this.#publishers.of(name) ?? { ...nobody, name };
  }

  /** All URLs one after the other; the first that does not say yes ends it. */
  async #ask(hook: Hook, client: HookClient, body: bodies.HookBody, deadline: Micros): Promise<void> {
    for (const url of this.#urls(hook, client.name.vhost))
      await this.#post(this.#call(hook, client, url, deadline), body);
  }

  #tell(hook: Hook, client: HookClient, body: bodies.HookBody): void {
    const { settings, clock } = this.#options;
    const { vhost } = client.name;
    this.#later(hook, client, this.#urls(hook, vhost), async (url) => {
      await this.#post(this.#call(hook, client, url, clock.now() + hookTime(settings, vhost)), body);
    });
  }

  /** All URLs one after the other, behind what this client has to tell already; failures are logged. */
  #later(hook: Hook, client: HookClient, urls: readonly string[], call: (url: string) => Promise<void>): void {
    const { log } = this.#options;
    for (const url of urls) {
      const pushed = this.#tells.push(client.clientId, () =>
        call(url).catch((thrown: unknown) => {
          const { code, message } = toSrsxError(thrown);
          log.warn('hooks', message, { hook, url, client: client.clientId, code });
        }),
      );
      if (!pushed) log.warn('hooks', 'too much to tell: left out', { hook, url, client: client.clientId });
    }
  }

  #call(hook: string, client: HookClient, url: string, deadline: Micros): HookCall {
    const vhost = this.#options.settings.vhost(client.name.vhost);
    return { hook, url, deadline, insecure: !vhost.get('vhost.http_hooks.hooks_verify') };
  }

  async #post(call: HookCall, body: bodies.HookBody): Promise<unknown> {
    const { log } = this.#options;
    log.debug('hooks', () => `${call.hook} ${call.url} ${JSON.stringify(body)}`);
    return accepted(call.hook, await this.#caller.post(call, body));
  }

  #urls(hook: Hook, vhost: string): readonly string[] {
    const section = this.#options.settings.vhost(vhost);
    return section.get('vhost.http_hooks.enabled') ? section.get(`vhost.http_hooks.${hook}`) : [];
  }
}

/** Protocols wait 30 s for an admission, as SRS does for a hook; a refusal must come before that. */
const MAX_HOOK_MS = 28_000;

/** How long a hook of a vhost may take; of those that ask about one client, all URLs together. */
export function hookTime(settings: Settings, vhost: string): Micros {
  const written = settings.vhost(vhost).get('vhost.http_hooks.hooks_timeout');
  return fromMs(written > 0 ? Math.min(written, MAX_HOOK_MS) : MAX_HOOK_MS);
}
