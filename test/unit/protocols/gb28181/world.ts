// A caster on virtual time, with links in memory to its two ports.
import { concat } from '../../../../src/core/base/bytes.ts';
import type { Limits } from '../../../../src/core/base/limits.ts';
import type { Link, Peer, Port } from '../../../../src/core/base/link.ts';
import type { Admission } from '../../../../src/core/control/admission.ts';
import { casters } from '../../../../src/core/control/casters.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { CasterServer } from '../../../../src/core/protocols/gb28181/serve.ts';
import {
  parseSip,
  type SipMessage,
  SipReader,
  type SipRequest,
  type SipResponse,
} from '../../../../src/core/wire/sip/index.ts';
import { FakeLink } from '../../../tools/fakes.ts';
import { Camera, cameraId, invited, RtpWriter } from '../../../tools/gb-camera.ts';
import { both, program } from '../../format/ts/media.ts';
import { settled, setUp } from '../http-flv/fakes.ts';

export const config = (sip = '', more = ''): string =>
  `listen 1935; stream_caster { enabled on; caster gb28181; output rtmp://127.0.0.1/live/[stream]; listen 9000; ${more}
   sip { enabled on; listen 5060; ${sip} } } vhost __defaultVhost__ { }`;

export const nameOf = (stream = cameraId) => ({ vhost: '__defaultVhost__', app: 'live', stream });

export interface WorldOptions {
  readonly text?: string;
  readonly admission?: Admission;
  readonly limits?: Partial<Limits>;
}

export async function world({ text = config(), admission, limits }: WorldOptions = {}) {
  const base = await setUp({ ...(admission && { admission }), ...(limits && { limits }) });
  const doors = new Map<number, (link: Link) => void>();
  const sent: { to: Peer; message: SipMessage }[] = [];
  const closed: number[] = [];
  const socket = (port: number): Port => ({
    local: { host: '0.0.0.0', port },
    send: (datagram, to) => void sent.push({ to, message: parseSip(datagram) }),
    sendBatch: () => undefined,
    close: () => undefined,
    onDatagram: () => undefined,
  });
  const [udp, mediaUdp] = [socket(5060), socket(9000)];
  const host = {
    ...base.host,
    settings: settingsOf(text),
    net: {
      ...base.host.net,
      listenTcp: async (at: { port: number; host: string }, on: (link: Link) => void) => {
        doors.set(at.port, on);
        return { address: at, close: () => void closed.push(at.port) };
      },
      listenUdp: async ({ port }: { port: number }) => (port === 5060 ? udp : mediaUdp),
    },
  };
  const [caster] = casters(host.settings, 'gb28181');
  if (caster === undefined) throw new Error('no caster');
  const server = new CasterServer(host, caster, {
    interfaces: () => [{ host: '198.51.100.5', family: 'ipv4', internal: false }],
  });
  await server.listen();

  const connect = (port: number, from: string): FakeLink => {
    const link = new FakeLink();
    link.peer = { host: from, port: 40_000 };
    link.local = { host: '203.0.113.1', port };
    doors.get(port)?.(link);
    return link;
  };
  const frames: Frame[] = [];
  base.hub.watch({
    published: (stream) => void stream.tap((event) => void (event.type === 'frame' && frames.push(event.frame))),
  });
  return {
    ...base,
    host,
    server,
    udp,
    mediaUdp,
    sent,
    closed,
    connect,
    frames,
    published: (id?: string) => base.hub.find(nameOf(id))?.published === true,
  };
}

export type World = Awaited<ReturnType<typeof world>>;

/** A camera with its connections. */
export class FakeCamera extends Camera {
  readonly #world: World;
  readonly from: string;
  readonly reader = new SipReader();
  sip: FakeLink;
  rtp = new RtpWriter(0);
  received: SipMessage[] = [];

  constructor(within: World, id = cameraId, from = '192.0.2.64') {
    super(id);
    this.#world = within;
    this.from = from;
    this.sip = within.connect(5060, from);
  }

  /** What has come by SIP since the last call. */
  take(): SipMessage[] {
    const messages: SipMessage[] = [];
    this.reader.push(this.sip.takeSent(), (bytes) => messages.push(parseSip(bytes)));
    this.received.push(...messages);
    return messages;
  }

  send(bytes: Uint8Array): SipMessage[] {
    this.sip.onData(bytes);
    return this.take();
  }

  requests(messages = this.take()): SipRequest[] {
    return messages.filter((message): message is SipRequest => message.kind === 'request');
  }

  statuses(messages: readonly SipMessage[]): number[] {
    return messages
      .filter((message): message is SipResponse => message.kind === 'response')
      .map(({ status }) => status);
  }

  /** Registers, and gives the INVITE that follows its first keep-alive. */
  come(): SipRequest {
    this.send(this.register());
    const [invite] = this.requests(this.send(this.keepalive()));
    if (invite === undefined) throw new Error('it was not invited');
    return invite;
  }

  /** Another connection, with the media of an INVITE. */
  media(invite?: SipRequest, ssrc = invite === undefined ? 0 : invited(invite).ssrc): FakeLink {
    this.rtp = new RtpWriter(ssrc);
    return this.#world.connect(9000, this.from);
  }

  /** Comes, answers, and publishes the frames of a second. */
  async stream(frames = program({ seconds: 1 })): Promise<{ invite: SipRequest; media: FakeLink }> {
    const invite = this.come();
    this.send(this.answer(invite));
    const media = this.media(invite);
    media.onData(concat(frames.map((frame) => this.rtp.frame(frame, both))));
    await settled();
    return { invite, media };
  }
}

export const methods = (messages: readonly SipMessage[]): (string | number)[] =>
  messages.map((message) => (message.kind === 'request' ? message.method : message.status));
