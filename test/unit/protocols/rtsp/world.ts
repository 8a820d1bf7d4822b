// A server of RTSP without a network, and a peer that speaks it by hand.
import { concat, fromHex, toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Publication } from '../../../../src/core/media/stream.ts';
import { DEFAULT_VHOST, type StreamName } from '../../../../src/core/media/stream-name.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import type { DatagramPorts } from '../../../../src/core/protocols/rtsp/datagrams.ts';
import {
  type Fields,
  type InterleavedFrame,
  MessageReader,
  type Response,
  writeFrameHead,
  writeRequest,
} from '../../../../src/core/protocols/rtsp/message.ts';
import { type ServedLink, type ServerShare, serveLink } from '../../../../src/core/protocols/rtsp/serve.ts';
import { writeHeader } from '../../../../src/core/wire/rtp/index.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
import { FakeLink } from '../../../tools/fakes.ts';
import { World as Base, settle, type WorldOptions } from '../rtmp/world.ts';

export { settle };

const enabled = 'vhost __defaultVhost__ { rtsp { enabled on; rtmp_to_rtsp on; } }';

export const nameOf = (stream: string): StreamName => ({ vhost: DEFAULT_VHOST, app: 'live', stream });

/** The server, its streams, and its peers. */
export class World extends Base {
  readonly share: ServerShare;

  /** @param datagrams for players over UDP. */
  constructor(options: WorldOptions = {}, datagrams?: DatagramPorts) {
    super({ settings: enabled, ...options });
    this.share = { host: this.host, open: new Set(), published: new Set(), ...(datagrams && { datagrams }) };
  }

  /** A publisher of another protocol. */
  publish(
    stream: string,
    tracks: readonly Track[] = [h264Track, aacTrack],
    frames: readonly Frame[] = [],
  ): Publication {
    const publication = this.hub.stream(nameOf(stream)).publish({ policy: 'refuse', onEvicted: () => undefined });
    if (tracks.length > 0) publication.retrack(tracks);
    for (const frame of frames) publication.write(frame);
    return publication;
  }

  rtspPeer(capacity?: number): RtspPeer {
    const link = new FakeLink(capacity);
    return new RtspPeer(link, serveLink(link, this.share));
  }

  /** A peer that plays. */
  async rtspPlayer(stream: string, capacity?: number): Promise<RtspPeer> {
    const peer = this.rtspPeer(capacity);
    await peer.ask('DESCRIBE', `rtsp://host/live/${stream}`);
    await peer.setUp(stream, 0);
    await peer.setUp(stream, 1);
    await peer.ask('PLAY', `rtsp://host/live/${stream}`);
    return peer;
  }

  /** A peer that publishes. */
  async rtspPublisher(stream: string, sdp = description): Promise<RtspPeer> {
    const peer = this.rtspPeer();
    await peer.announce(stream, sdp);
    await peer.setUp(stream, 0, 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record');
    await peer.setUp(stream, 1, 'RTP/AVP/TCP;unicast;interleaved=2-3;mode=record');
    await peer.ask('RECORD', `rtsp://host/live/${stream}`);
    return peer;
  }
}

/** Of H.264 with B-frames and AAC, as ffmpeg announces it. */
export const description = [
  'v=0',
  'o=- 0 0 IN IP4 127.0.0.1',
  's=No Name',
  't=0 0',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QAHqzZQKAv+XARAAADAAEAAAMAMg8WLZY=,aOvjyyLA; profile-level-id=64001E',
  'a=control:streamid=0',
  'm=audio 0 RTP/AVP 97',
  'a=rtpmap:97 MPEG4-GENERIC/44100/2',
  'a=fmtp:97 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3; config=1210',
  'a=control:streamid=1',
  '',
].join('\r\n');

/** A response in short. */
export interface Heard {
  readonly status: number;
  readonly fields: Fields;
  readonly body: string;
}

/** The other end of a served link. */
export class RtspPeer {
  readonly link: FakeLink;
  readonly session: ServedLink;
  readonly frames: InterleavedFrame[] = [];
  readonly #reader = new MessageReader();
  readonly #responses: Response[] = [];
  sessionId: string | undefined;
  #cseq = 0;

  constructor(link: FakeLink, session: ServedLink) {
    this.link = link;
    this.session = session;
  }

  raw(text: string | Uint8Array): void {
    if (!this.link.closed) this.link.onData(typeof text === 'string' ? utf8(text) : text);
  }

  send(method: string, url: string, fields: Record<string, string> = {}, body = ''): void {
    const Session = this.sessionId;
    this.raw(writeRequest(method, url, { CSeq: ++this.#cseq, Session, ...fields }, body));
  }

  /** Sends, waits for promises, and gives the answer. */
  async ask(method: string, url: string, fields: Record<string, string> = {}, body = ''): Promise<Heard> {
    this.send(method, url, fields, body);
    await settle();
    return this.heard();
  }

  announce(stream: string, sdp = description): Promise<Heard> {
    return this.ask('ANNOUNCE', `rtsp://host/live/${stream}`, { 'Content-Type': 'application/sdp' }, sdp);
  }

  async setUp(stream: string, track: number, transport?: string): Promise<Heard> {
    const at = `${track * 2}-${track * 2 + 1}`;
    const heard = await this.ask('SETUP', `rtsp://host/live/${stream}/trackID=${track}`, {
      Transport: transport ?? `RTP/AVP/TCP;unicast;interleaved=${at}`,
    });
    this.sessionId ??= heard.fields.get('session')?.split(';')[0];
    return heard;
  }

  /** The oldest answer that was not taken; fails when there is none. */
  heard(): Heard {
    this.read();
    const response = this.#responses.shift();
    if (response === undefined) throw new Error('there is no answer');
    const { status, fields, body } = response;
    return { status, fields, body: new TextDecoder().decode(body) };
  }

  /** What came, frames apart from answers. */
  read(): InterleavedFrame[] {
    if (this.link.sent.length > 0) this.#reader.push(this.link.takeSent());
    for (let next = this.#reader.take(); next !== undefined; next = this.#reader.take()) {
      if (next.type === 'frame') this.frames.push(next);
      else if (next.type === 'response') this.#responses.push(next);
    }
    return this.frames;
  }

  get state(): unknown {
    return this.session.describe()['state'];
  }

  /** An RTP packet of a publisher. */
  rtp(channel: number, packet: RtpFields): void {
    this.raw(frame(channel, rtpPacket(packet)));
  }
}

export interface RtpFields {
  readonly type?: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker?: boolean;
  readonly payload: Uint8Array;
  readonly ssrc?: number;
}

export function rtpPacket({ type = 96, sequence, timestamp, marker = true, payload, ssrc = 5 }: RtpFields): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  writeHeader(bytes, 0, { payloadType: type, marker, sequence: sequence & 0xffff, timestamp, ssrc, extended: false });
  bytes.set(payload, 12);
  return bytes;
}

export function frame(channel: number, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(4);
  writeFrameHead(head, 0, channel, data.length);
  return concat([head, data]);
}

/** A slice with its number; a key frame or not. */
export const slice = (key: boolean, number: number): Uint8Array =>
  fromHex(`${key ? '65' : '41'}88${toHex(Uint8Array.of(number))}11`);

/** An AAC unit of one byte with its headers. */
export const aacUnit = (number: number): Uint8Array => Uint8Array.of(0, 16, 0, 8, number);

/** Steps of the wheel. */
export const STEP = fromMs(50);
