// werift's peer as a client of WHIP and WHEP that shares no line with ours: what it gets by RTP, and RTP that it sends, of VP9
// and AV1 by its own packetisers.
import { readFile } from 'node:fs/promises';
import {
  Av1Packetizer,
  dePacketizeRtpPackets,
  MediaStreamTrack,
  RTCPeerConnection,
  type RTCRtpCodecParameters,
  RtcpSrPacket,
  RtpHeader,
  RtpPacket,
  useAV1,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useTWCC,
  useVP8,
  useVP9,
  Vp9Packetizer,
} from 'werift';
import { obuType, splitObus } from '../../src/core/codec/av1/index.ts';
import { payloadKind, RtpMuxer, readPayloads } from '../../src/core/format/rtp/index.ts';
import { createEngine, protocols, silentLog } from '../../src/core/index.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Codec, Track } from '../../src/core/media/track.ts';
import { resolveSource } from '../../src/core/toolkit/endpoint.ts';

export type Picture = 'h264' | 'vp8' | 'vp9' | 'av1';

const VIDEO_TYPE = 96;
const AUDIO_TYPE = 111;
const makers = { h264: useH264, vp8: useVP8, vp9: useVP9, av1: useAV1 } as const;
const picture = (codec: Picture): RTCRtpCodecParameters =>
  makers[codec]({ payloadType: VIDEO_TYPE, rtcpFeedback: [useNACK(), usePLI(), useTWCC()] });
/** As werift's depacketiser calls them. */
const depacketised = { h264: 'MPEG4/ISO/AVC', vp8: 'VP8', vp9: 'VP9', av1: 'AV1', opus: 'OPUS' } as const;
type Depacketised = (typeof depacketised)[keyof typeof depacketised];

function newPeer(codec: Picture): RTCPeerConnection {
  return new RTCPeerConnection({
    codecs: { video: [picture(codec)], audio: [useOPUS({ payloadType: AUDIO_TYPE })] },
    iceServers: [],
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
  });
}

/** Offer, answer, and the URL of the session. */
async function exchange(peer: RTCPeerConnection, url: string): Promise<string> {
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: peer.localDescription?.sdp ?? '',
  });
  const sdp = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status} ${sdp}`);
  await peer.setRemoteDescription({ type: 'answer', sdp });
  return new URL(answer.headers.get('location') as string, url).href;
}

/** What came of one kind. */
export interface Received {
  packets: number;
  bytes: number;
  /** Packets that never came, by the sequences of those that did. */
  lost: number;
  /** Frames that were whole, as werift's own depacketiser makes them; in the form of the codec. */
  readonly frames: Uint8Array[];
  /** Of the whole frames, in ticks. */
  readonly timestamps: number[];
  /** The last sender report: one moment in ms since 1900 and in ticks. */
  report: { readonly ntpMs: number; readonly ticks: number } | undefined;
}

export interface WeriftPlayer {
  readonly peer: RTCPeerConnection;
  readonly resource: string;
  readonly video: Received;
  readonly audio: Received;
}

/** When a time stamp is by the last sender report, in ms; NaN before the first. */
export function ntpMsOf({ report }: Received, timestamp: number, ticksPerMs: number): number {
  return report === undefined ? Number.NaN : report.ntpMs + ((timestamp - report.ticks) | 0) / ticksPerMs;
}

/** Plays by WHEP and takes frames apart. */
export async function weriftPlayer(url: string, codec: Picture = 'h264'): Promise<WeriftPlayer> {
  const peer = newPeer(codec);
  const [video, audio] = [nothing(), nothing()];
  peer.onTrack.subscribe((track) => {
    const isVideo = track.kind === 'video';
    const to = isVideo ? video : audio;
    track.onReceiveRtp.subscribe(counter(to, depacketised[isVideo ? codec : 'opus']));
    track.onReceiveRtcp.subscribe((packet) => {
      if (!(packet instanceof RtcpSrPacket)) return;
      const { ntpTimestamp, rtpTimestamp } = packet.senderInfo;
      to.report = { ntpMs: (Number(ntpTimestamp) / 2 ** 32) * 1000, ticks: rtpTimestamp };
    });
  });
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  const resource = await exchange(peer, url);
  return { peer, resource, video, audio };
}

const nothing = (): Received => ({ packets: 0, bytes: 0, lost: 0, frames: [], timestamps: [], report: undefined });

function counter(to: Received, name: Depacketised): (packet: RtpPacket) => void {
  let open: RtpPacket[] = [];
  let last: number | undefined;
  return (packet) => {
    const { sequenceNumber, timestamp } = packet.header;
    to.packets++;
    to.bytes += packet.payload.length;
    if (last !== undefined) to.lost += ((sequenceNumber - last - 1) << 16) >> 16;
    last = sequenceNumber;
    if (open[0] !== undefined && open[0].header.timestamp !== timestamp) open = [];
    open.push(packet);
    if (!packet.header.marker && name !== 'OPUS') return;
    to.frames.push(dePacketizeRtpPackets(name, open).data);
    to.timestamps.push(timestamp);
    open = [];
  };
}

/** Frames of a file with their tracks, in the order of the file. */
export interface Clip {
  readonly tracks: readonly Track[];
  readonly frames: readonly Frame[];
}

/** By the program's own reader. */
export async function readClip(file: string): Promise<Clip> {
  const engine = createEngine({ log: silentLog });
  const frames: Frame[] = [];
  let tracks: readonly Track[] = [];
  const { pull, url } = resolveSource(file, protocols);
  const sink = {
    on: (event: { type: string; tracks?: readonly Track[]; frame?: Frame }) => {
      if (event.tracks !== undefined) ({ tracks } = event);
      if (event.frame !== undefined) frames.push(event.frame);
    },
  };
  const { signal } = new AbortController();
  await pull(engine.host, url, sink, { signal, ready: () => Promise.resolve(), onBytes: () => undefined });
  engine.close();
  return { tracks, frames };
}

const IVF_HEAD = 32;
const IVF_FRAME_HEAD = 12;

/** Whether a frame needs no other: VP8 §9.1, VP9 §6.2 of profiles below 3, and of AV1 whether it has a sequence header. */
const isKey: Readonly<Record<Exclude<Picture, 'h264'>, (data: Uint8Array) => boolean>> = {
  vp8: ([first = 0]) => (first & 1) === 0,
  vp9: ([first = 0]) => (first & 0x0c) === 0,
  av1: (data) => splitObus(data).some(({ type }) => type === obuType.sequenceHeader),
};

/** Pictures out of an IVF file of 25 pictures a second. */
export async function readIvf(file: string, codec: Exclude<Picture, 'h264'>): Promise<Clip> {
  const bytes = await readFile(file);
  const track: Track = { id: 0, kind: 'video', codec, config: new Uint8Array(0), epoch: 0 };
  const frames: Frame[] = [];
  for (let at = IVF_HEAD; at + IVF_FRAME_HEAD < bytes.length; ) {
    const begin = at + IVF_FRAME_HEAD;
    const end = begin + bytes.readUInt32LE(at);
    const data = new Uint8Array(bytes.subarray(begin, end));
    frames.push({ track, dts: frames.length * 40_000, cts: 0, key: isKey[codec](data), data });
    at = end;
  }
  return { tracks: [track], frames };
}

/** One packet that waits for its time. */
interface Due {
  readonly at: number;
  readonly kind: number;
  readonly packet: RtpPacket;
}

/** The pictures of one clip with the sound of another. */
export function dubbed({ tracks, frames }: Clip, sound: Clip): Clip {
  const other = sound.tracks.filter(({ kind }) => kind === 'audio').map((track) => ({ ...track, id: tracks.length }));
  const heard = sound.frames.flatMap((frame) =>
    frame.track.kind === 'audio' ? other.map((track) => ({ ...frame, track })) : [],
  );
  return { tracks: [...tracks, ...other], frames: [...frames, ...heard].sort((a, b) => a.dts - b.dts) };
}

/** Bytes of a payload of werift's. */
const MAX_PAYLOAD = 1100;
const VIDEO_SSRC = 1000;

/** What werift packetises itself; our own packetisers do the rest. */
function weriftPacketiser(codec: Codec | undefined): Vp9Packetizer | Av1Packetizer | undefined {
  const options = { payloadType: VIDEO_TYPE, ssrc: VIDEO_SSRC, sequenceNumber: 100, maxPayloadSize: MAX_PAYLOAD };
  if (codec === 'vp9') return new Vp9Packetizer(options);
  return codec === 'av1' ? new Av1Packetizer(options) : undefined;
}

/** All packets of a clip, and when each is due. */
function packetise({ tracks, frames }: Clip): Due[] {
  const codecOf = (kind: 'video' | 'audio'): Codec | undefined => tracks.find((track) => track.kind === kind)?.codec;
  const muxer = new RtpMuxer({ video: codecOf('video'), audio: codecOf('audio'), keepBFrames: true });
  muxer.header(tracks);
  const due: Due[] = [];
  const sequences = [100, 200];
  const packetiser = weriftPacketiser(codecOf('video'));
  for (const frame of frames) {
    if (packetiser !== undefined && frame.track.kind === 'video') {
      const ticks = Math.round((frame.dts * 9) / 100);
      for (const packet of packetiser.packetize(Buffer.from(frame.data), ticks, { isKeyframe: frame.key })) {
        due.push({ at: frame.dts, kind: payloadKind.video, packet });
      }
      continue;
    }
    for (const { chunks } of muxer.write(frame)) {
      for (const row of chunks) {
        readPayloads(row, (kind, marker, timestamp, begin, end) => {
          const sequenceNumber = (sequences[kind] as number) & 0xffff;
          sequences[kind] = sequenceNumber + 1;
          const payloadType = kind === payloadKind.video ? VIDEO_TYPE : AUDIO_TYPE;
          const header = new RtpHeader({ marker, timestamp, payloadType, sequenceNumber, ssrc: VIDEO_SSRC + kind });
          due.push({ at: frame.dts, kind, packet: new RtpPacket(header, Buffer.from(row.subarray(begin, end))) });
        });
      }
    }
  }
  return due;
}

export interface WeriftPublisher {
  readonly peer: RTCPeerConnection;
  readonly resource: string;
  /** Everything was sent. */
  readonly done: Promise<void>;
}

/** Publishes a clip by WHIP in real time, once. */
export async function weriftPublisher(url: string, clip: Clip, codec: Picture = 'h264'): Promise<WeriftPublisher> {
  const peer = newPeer(codec);
  const tracks = [new MediaStreamTrack({ kind: 'video' }), new MediaStreamTrack({ kind: 'audio' })];
  for (const track of tracks) peer.addTransceiver(track, { direction: 'sendonly' });
  const connected = peer.connectionStateChange.watch((state) => state === 'connected', 10_000);
  const resource = await exchange(peer, url);
  const due = packetise(clip);
  const done = connected.then(() => inTime(due, (kind, packet) => tracks[kind]?.writeRtp(packet)));
  return { peer, resource, done };
}

function inTime(due: readonly Due[], send: (kind: number, packet: RtpPacket) => void): Promise<void> {
  const start = performance.now();
  let next = 0;
  return new Promise((done) => {
    const turn = (): void => {
      const now = (performance.now() - start) * 1000;
      for (; next < due.length && (due[next] as Due).at <= now; next++) {
        const { kind, packet } = due[next] as Due;
        send(kind, packet);
      }
      if (next < due.length) setTimeout(turn, 5);
      else done();
    };
    turn();
  });
}
