// The server: an offer to an admitted session with its answer, whatever brought the offer.
import type { Address, Closer, Port } from '../../base/link.ts';
import { randomId } from '../../base/rng.ts';
import type { Grant } from '../../control/admission.ts';
import type { Host, Listener } from '../../control/host.ts';
import { streamKey, streamUrl } from '../../media/stream-name.ts';
import { createIdentity, type Identity } from '../../wire/dtls/index.ts';
import { type IceCredentials, parseSdp, writeFragment, writeSdp } from '../../wire/sdp/index.ts';
import { BlackHole } from './black-hole.ts';
import { candidatesFor } from './candidates.ts';
import { type RtcConfig, serverOptions, type VhostOptions, vhostOptions } from './config.ts';
import { Egress } from './egress.ts';
import { rtcErrors } from './errors.ts';
import { Ingest } from './ingest.ts';
import { Lookups } from './lookups.ts';
import { negotiate, type Plan } from './negotiate.ts';
import { RtcPort } from './port.ts';
import type { RtcRequest } from './request.ts';
import { type Answered, type Answerer, newEtag, type Resource, Resources, TOKEN_LETTERS } from './resource.ts';
import { RtcSession } from './session.ts';
import { Ticker } from './ticker.ts';
import { rtcRoutes } from './whip.ts';

/** Listens and registers its routes; rejects with SystemError when an address is not free. Without addresses it does nothing. */
export async function serve(
  host: Host,
  config: RtcConfig,
): Promise<Closer & { readonly listeners: readonly Listener[] }> {
  if (config.listen.length === 0 && config.listenTcp.length === 0) return { listeners: [], close: () => undefined };
  const ecdsa = host.settings.root.get('rtc_server.ecdsa');
  const server = new RtcServer(host, config, await createIdentity(ecdsa ? 'ecdsa' : 'rsa'));
  try {
    for (const at of config.listen) await listenAll(host, at, server);
    for (const at of config.listenTcp)
      server.listenTcp(await host.net.listenTcp(at, (link) => server.port.accept(link)));
    await server.openBlackHole();
  } catch (error) {
    server.close();
    throw error;
  }
  return server;
}

/** More sockets at one address than this help nobody. */
const MOST_SOCKETS = 64;

/** Opens the sockets of one address: with several, the system gives each peer one of them, and each has its own queue. */
async function listenAll({ net, settings }: Host, at: Address, server: RtcServer): Promise<void> {
  const count = Math.min(MOST_SOCKETS, settings.root.get('rtc_server.reuseport'));
  const first = await net.listenUdp(at, { shared: count > 1 });
  server.listen(first);
  for (let i = 1; i < count; i++) {
    server.port.listen(await net.listenUdp({ host: at.host, port: first.local.port }, { shared: true }));
  }
}

export class RtcServer implements Closer, Answerer {
  readonly #host: Host;
  readonly #config: RtcConfig;
  readonly #identity: Identity;
  readonly #ticker: Ticker;
  readonly #udp: Listener[] = [];
  readonly #tcp: Listener[] = [];
  readonly #route: Closer;
  readonly #lookups: Lookups;
  #blackHole: BlackHole | undefined;
  readonly port: RtcPort;
  readonly resources = new Resources();
  /** Publishers by the stream's key, who can be asked for key frames. Bounded by limits.sessions. */
  readonly #publishers = new Map<string, Ingest>();
  /** Bounded by limits.sessions: each is registered there. */
  readonly #sessions = new Set<RtcSession>();

  constructor(host: Host, config: RtcConfig, identity: Identity) {
    this.#host = host;
    this.#config = config;
    this.#identity = identity;
    this.#ticker = new Ticker(host.clock);
    this.#lookups = new Lookups(host);
    this.port = new RtcPort(host);
    this.#route = host.http.add(rtcRoutes(host, this));
  }

  get listeners(): readonly Listener[] {
    return [...this.#udp, ...this.#tcp];
  }

  /** What SRS's own API says of the server. */
  get names(): RtcConfig['identity'] {
    return this.#config.identity;
  }

  /** What is kept, for tests: all are 0 when nobody is there. */
  get sizes(): Readonly<Record<string, number>> {
    const { ufrags, paths, links } = this.port.sizes;
    const [sessions, publishers, ticking] = [this.#sessions.size, this.#publishers.size, this.#ticker.size];
    return { ufrags, paths, links, sessions, publishers, ticking, resources: this.resources.size };
  }

  listen(port: Port): void {
    this.port.listen(port);
    this.#udp.push({ address: port.local, close: () => port.close() });
  }

  listenTcp(listener: Listener): void {
    this.#tcp.push(listener);
  }

  /** Rejects with SystemError. */
  async openBlackHole(): Promise<void> {
    const { interfaces } = this.#config;
    const own = (): Address[] => this.#udp.map(({ address }) => address);
    this.#blackHole = await BlackHole.open({ host: this.#host, own, interfaces });
  }

  close(): void {
    this.#route.close();
    this.#blackHole?.close();
    const now = this.#host.clock.now();
    for (const session of this.#sessions) session.close(rtcErrors.refused('STOPPED'), now);
    for (const listener of this.#tcp) listener.close();
    this.port.close();
  }

  /**
   * Asks the admission and answers the offer; from then on there is a session. `gone` is asked after each wait. Rejects with
   * the refusals of the admission, and of tables RTC, SDP and STREAM.
   */
  async answer(request: RtcRequest, gone: () => boolean): Promise<Answered | undefined> {
    const { settings, admission } = this.#host;
    const offer = parseSdp(request.sdp);
    const grant = await admission.admit(request.asked);
    try {
      const vhost = vhostOptions(settings.vhost(grant.name.vhost));
      if (!vhost.enabled) throw rtcErrors.refused('VHOST_OFF', { vhost: grant.name.vhost });
      const { action } = request.asked;
      const { video, audio, whole } = request;
      const plan = negotiate(offer, { action, video, audio, whole, nack: vhost.nack, twcc: vhost.twcc });
      this.#checkBridge(grant, vhost, action);
      const candidates = await this.#candidates(request);
      if (gone()) {
        grant.ticket?.end();
        return undefined;
      }
      return this.#open(request, grant, vhost, plan, candidates);
    } catch (error) {
      grant.ticket?.end();
      throw error;
    }
  }

  /** See Answerer. */
  restartIce({ session, answered }: Resource): string {
    const ice = this.#credentials({});
    session.restartIce(ice);
    return writeFragment({ ice, ...answered });
  }

  #checkBridge({ name }: Grant, { fromOthers }: VhostOptions, action: 'publish' | 'play'): void {
    if (action === 'publish' || fromOthers || this.#publishers.has(streamKey(name))) return;
    if (this.#host.hub.find(name)?.published !== true) return;
    throw rtcErrors.refused('BRIDGE_OFF', { stream: streamUrl(name) });
  }

  #candidates({ external, apiHost, protocol }: RtcRequest): ReturnType<typeof candidatesFor> {
    const { settings } = this.#host;
    return candidatesFor(
      { external, apiHost, ...(protocol && { protocol }) },
      {
        options: serverOptions(settings),
        interfaces: this.#config.interfaces(),
        udp: this.#udp.map(({ address }) => address),
        tcp: this.#tcp.map(({ address }) => address),
        lookup: (name) => this.#lookups.find(name),
      },
    );
  }

  #open(
    request: RtcRequest,
    grant: Grant,
    vhost: VhostOptions,
    plan: Plan,
    candidates: Awaited<ReturnType<typeof candidatesFor>>,
  ): Answered {
    const { settings, rng } = this.#host;
    const { asked } = request;
    const ice = this.#credentials(request);
    const dtlsRole = roleFor(plan.setup, vhost);
    let egress: Egress | undefined;
    const session = new RtcSession({
      ...{ host: this.#host, port: this.port, ticker: this.#ticker, asked, grant, plan, ice, dtlsRole, vhost },
      identity: this.#identity,
      encrypt: request.encrypt && serverOptions(settings).encrypt,
      onRtp: (packet) => this.#blackHole?.take(packet),
      media: (own) => {
        if (asked.action === 'publish') return this.#ingest(own, grant, vhost, plan);
        egress = this.#egress(own, grant, vhost, plan);
        return egress;
      },
      onOver: (over) => this.#over(over),
    });
    this.#sessions.add(session);
    const sections = sectionsWithSources(plan, egress, grant);
    const resource: Resource = {
      session,
      answered: { candidates, sections },
      token: randomId(rng, TOKEN_LETTERS),
      id: `${ice.ufrag}:${plan.remote.ufrag}`,
      etag: newEtag(rng),
      remoteUfrag: plan.remote.ufrag,
    };
    this.resources.add(resource);
    const sdp = writeSdp({
      origin: 'srsx',
      name: asked.action === 'publish' ? 'SRSPublishSession' : 'SRSPlaySession',
      sessionId: rng.below(2 ** 31),
      ...{ ice, candidates, sections },
      fingerprint: this.#identity.fingerprint,
      setup: dtlsRole === 'server' ? 'passive' : 'active',
      lite: true,
    });
    return { resource, grant, sdp };
  }

  #ingest(session: RtcSession, grant: Grant, vhost: VhostOptions, plan: Plan): Ingest {
    const ingest = new Ingest({
      ...{ host: this.#host, session, grant, vhost, media: plan.media },
      onOver: (over) => {
        const key = streamKey(grant.name);
        if (this.#publishers.get(key) === over) this.#publishers.delete(key);
      },
    });
    this.#publishers.set(streamKey(grant.name), ingest);
    return ingest;
  }

  #egress(session: RtcSession, grant: Grant, vhost: VhostOptions, plan: Plan): Egress {
    const key = streamKey(grant.name);
    const wantKey = (): void => this.#publishers.get(key)?.wantKey();
    return new Egress({
      ...{ host: this.#host, media: plan.media, wantKey, keepBFrames: vhost.keepBFrames, copiesSent: vhost.copiesSent },
      shape: { keepSei: vhost.keepSei, merge: serverOptions(this.#host.settings).mergeNals },
      stream: this.#host.hub.stream(grant.name),
      transport: session.connection,
      cname: session.entry.id,
      log: (text, fields) => session.log(text, fields),
    });
  }

  #over(session: RtcSession): void {
    this.#sessions.delete(session);
    this.resources.remove(session);
  }

  /** Letters of ICE (RFC 8839 §5.4); as long as SRS's. */
  #credentials({ ufrag, pwd }: Partial<Pick<RtcRequest, 'ufrag' | 'pwd'>>): IceCredentials {
    const { rng } = this.#host;
    const own = ufrag !== undefined && !this.port.has(ufrag) ? ufrag : randomId(rng, 8);
    return { ufrag: own, pwd: pwd ?? randomId(rng, 32) };
  }
}

/** RFC 5763 §5: who is asked for either, chooses. */
function roleFor(setup: Plan['setup'], { dtlsRole }: VhostOptions): 'server' | 'client' {
  if (setup === 'actpass') return dtlsRole;
  return setup === 'active' ? 'server' : 'client';
}

/** One for all sections, in the letters that are allowed (RFC 8830 §2; RFC 8866 §9, token-char). */
const streamId = ({ name }: Grant): string =>
  `${name.app}-${name.stream}`.replace(/[^!#$%&'*+\-.^_`{|}~0-9A-Za-z]/g, '_').slice(0, 64);

/** The sections of the answer, with the streams that we send. */
function sectionsWithSources({ sections }: Plan, egress: Egress | undefined, grant: Grant): Plan['sections'] {
  if (egress === undefined) return sections;
  const { app, stream } = grant.name;
  return sections.map((section) => {
    const sender = egress.outlet.senders.find(({ kind }) => kind === section.kind);
    if (sender === undefined || section.payloads.length === 0) return section;
    const source = { cname: `${app}/${stream}`, msid: `${app}/${stream} ${section.kind}` };
    const hasRtx = section.payloads.some(({ map }) => map.startsWith('rtx/'));
    return {
      ...section,
      msid: `${streamId(grant)} ${section.kind}`,
      sources: [{ ssrc: sender.ssrc, ...source }, ...(hasRtx ? [{ ssrc: sender.rtxSsrc, ...source }] : [])],
      ...(hasRtx && { ssrcGroups: [`FID ${sender.ssrc} ${sender.rtxSsrc}`] }),
    };
  });
}
