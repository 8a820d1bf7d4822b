// The server: callers by their streamid, asked of the admission before they are connected, joined with streams.
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import { type Closer, formatAddress, type Port } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { AdmissionRequest, Grant } from '../../control/admission.ts';
import type { Host, Listener } from '../../control/host.ts';
import { WaitingPlayers } from '../../control/waiting-players.ts';
import { DEFAULT_VHOST, streamUrl } from '../../media/stream-name.ts';
import { listenerOptions, type SrtConfig, streamIdDefaults } from './config.ts';
import { errors } from './errors.ts';
import type { SrtRequest } from './listener.ts';
import { Cutter } from './messages.ts';
import { SrtMultiplexer } from './multiplexer.ts';
import type { SrtOptions } from './options.ts';
import { PlayerSession } from './player-session.ts';
import { PublisherSession } from './publisher-session.ts';
import { Reject } from './reject.ts';
import type { ServerShare } from './share.ts';
import { parseStreamId, type StreamTarget } from './stream-id.ts';

/** Listens on all addresses of the settings; rejects with SystemError when one is not free. */
export async function serve(
  host: Host,
  config: SrtConfig,
): Promise<Closer & { readonly listeners: readonly Listener[] }> {
  const server = new SrtServer(host, listenerOptions(host.settings));
  const listeners: Listener[] = [];
  try {
    for (const at of config.listen) listeners.push(server.listen(await host.net.listenUdp(at)));
  } catch (error) {
    server.close();
    throw error;
  }
  return { listeners, close: () => server.close() };
}

/** A session that the server holds until it ends. */
interface Served {
  end(reason: SrsxError): void;
}

export class SrtServer implements Closer {
  readonly #share: ServerShare;
  readonly #options: SrtOptions;
  readonly #multiplexers: SrtMultiplexer[] = [];
  /** Bounded by limits.sessions: each is registered there. */
  readonly #sessions = new Set<Served>();
  readonly #waiting: WaitingPlayers<PlayerSession>;

  constructor(host: Host, options: SrtOptions) {
    this.#share = { host, cutter: new Cutter(options.payloadsize), passages: new Map() };
    this.#options = options;
    this.#waiting = new WaitingPlayers(host);
  }

  /** Takes callers of an open port, which it closes at its own end. */
  listen(port: Port): Listener {
    const { clock, rng, log } = this.#share.host;
    const multiplexer = new SrtMultiplexer({ port, clock, rng, log });
    multiplexer.listen((request) => void this.#asked(request), this.#options);
    this.#multiplexers.push(multiplexer);
    return { address: port.local, close: () => multiplexer.close(errors.refused('SHUTDOWN')) };
  }

  close(): void {
    this.#waiting.close();
    for (const session of [...this.#sessions]) session.end(errors.refused('SHUTDOWN'));
    for (const multiplexer of this.#multiplexers) multiplexer.close(errors.refused('SHUTDOWN'));
  }

  async #asked(request: SrtRequest): Promise<void> {
    const { host } = this.#share;
    const connection = host.hooks.connection(request.peer);
    try {
      const target = parseStreamId(request.streamid, streamIdDefaults(host.settings));
      const asked = { ...admissionRequest(request, target), connection };
      const vhost = host.settings.vhost(asked.name.vhost);
      if (!vhost.get('vhost.srt.enabled')) throw errors.refused('VHOST_OFF', { vhost: vhost.name });
      const grant = await host.admission.admit(asked);
      if (!request.open) {
        grant.ticket?.end();
        connection.close({ sent: 0, received: 0 });
        return;
      }
      if (target.action === 'publish') this.#publish(request, asked, grant);
      else this.#play(request, asked, grant);
    } catch (thrown) {
      const error = toSrsxError(thrown);
      connection.close({ sent: 0, received: 0 });
      request.reject(rejectCode(error));
      const { log } = host;
      const peer = formatAddress(request.peer);
      log.warn('srt', `refused: ${error.message}`, { peer, streamid: request.streamid, code: error.code });
    }
  }

  #publish(request: SrtRequest, asked: AdmissionRequest, grant: Grant): void {
    const session: PublisherSession = new PublisherSession({
      ...this.#share,
      asked,
      grant,
      report: this.#reporter(asked, grant),
      toFrames: this.#share.host.settings.vhost(grant.name.vhost).get('vhost.srt.srt_to_rtmp'),
      onOver: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    session.run(request);
  }

  #play(request: SrtRequest, asked: AdmissionRequest, grant: Grant): void {
    const session: PlayerSession = new PlayerSession({
      ...this.#share,
      asked,
      grant,
      onOver: () => {
        this.#sessions.delete(session);
        this.#waiting.remove(grant.name, session);
      },
    });
    this.#sessions.add(session);
    if (session.run(request)) this.#waiting.add(grant.name, session);
  }

  #reporter(asked: AdmissionRequest, grant: Grant): Reporter {
    const { log } = this.#share.host;
    const fields = { peer: formatAddress(asked.peer), stream: streamUrl(grant.name) };
    return new Reporter((count, last) =>
      log.warn('srt', 'parts of the transport stream are left out', { ...fields, count, last }),
    );
  }
}

function admissionRequest({ peer }: SrtRequest, target: StreamTarget): AdmissionRequest {
  const { action, vhost, app, stream, param } = target;
  return {
    action,
    protocol: 'srt',
    type: action === 'publish' ? 'srt-publish' : 'srt-play',
    peer,
    name: { vhost: vhost || DEFAULT_VHOST, app, stream },
    param,
    tcUrl: `srt://${vhost || DEFAULT_VHOST}/${app}`,
    pageUrl: '',
    swfUrl: '',
    // SRS shows hooks the parameters of SRT without their question mark.
    told: () => ({ param: param.replace(/^\?/, '') }),
  };
}

/** What the peer is told: libsrt's codes for applications (its access control guide). */
const rejects: Readonly<Record<string, number>> = {
  SRT_STREAM_ID: Reject.badRequest,
  ADMISSION_NAME: Reject.badRequest,
  SRT_VHOST_OFF: Reject.unacceptable,
  ADMISSION_VHOST: Reject.hostNotFound,
  ADMISSION_SESSIONS: Reject.overload,
  STREAM_COUNT: Reject.overload,
  STREAM_BUSY: Reject.conflict,
};

const rejectCode = ({ code }: SrsxError): number => rejects[code] ?? Reject.forbidden;
