// A player: the shared payloads of a stream to packets of its own.
import { type Address, type Closer, idle, type Link, type Peer } from '../../base/link.ts';
import { fromMs, fromSeconds, type Micros, toTicks } from '../../base/time.ts';
import { noRelief, type Relief } from '../../control/circuit-breaker.ts';
import type { Host } from '../../control/host.ts';
import type { SoundLease } from '../../control/sound/index.ts';
import {
  clockRates,
  type NalShape,
  payloadKind,
  payloadsOf,
  type RtpPayload,
  rtpFormat,
} from '../../format/rtp/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Cursor } from '../../media/feed.ts';
import type { Stream } from '../../media/stream.ts';
import type { Codec, Track, TrackKind } from '../../media/track.ts';
import type { RtcpPacket } from '../../wire/rtcp/index.ts';
import type { CodecChoice } from './codecs.ts';
import type { MediaPlan } from './negotiate.ts';
import { type Outgoing, Outlet } from './outlet.ts';
import type { MediaTransport } from './secure.ts';
import type { Sender } from './sender.ts';
import type { PeerMedia } from './session.ts';

export interface EgressOptions {
  readonly host: Pick<Host, 'clock' | 'rng' | 'sound' | 'breaker'>;
  readonly stream: Stream;
  readonly transport: MediaTransport;
  readonly media: readonly MediaPlan[];
  readonly keepBFrames: boolean;
  /** Default: all units, each in packets of its own. */
  readonly shape?: NalShape;
  /** See SenderOptions. */
  readonly copiesSent: boolean;
  /** RFC 3550 §6.5.1. */
  readonly cname: string;
  readonly log: (text: string, fields: Record<string, unknown>) => void;
  /** A key frame would help: of a publisher that can be asked. */
  readonly wantKey: () => void;
}

/** Above this many packets in the pacer the feed keeps its place: a player that slow jumps to a newer picture. */
const MOST_WAITING = 2000;
const FEW_WAITING = 200;
/**
 * How much faster than they were made the frames before the live point pass by: each keeps a time stamp of its own, so a
 * decoder takes them, and the player does not stay behind by the length of the cache.
 */
const HURRY = 64;
/** How often it is looked whether the CPU has room again: the pulse of the circuit breaker. */
const PAUSE = fromSeconds(1);

/** See `README.md`, fast join. */
export class Egress implements PeerMedia, Link {
  readonly #options: EgressOptions;
  readonly #stream: Stream;
  readonly outlet: Outlet;
  readonly #tap: Closer;
  #cursor: Cursor | undefined;
  /** The stream with Opus, when its own sound is another. */
  #sound: SoundLease | undefined;
  #format = '';
  #source: Stream | undefined;
  #connected = false;
  /** Media time of the live point when the player joined, in ticks by kind; undefined: it is passed. */
  #liveTicks: (number | undefined)[] = [];
  #full = false;
  /** B-frames of the stream, told to the first of its players. */
  #bFrames = 0;
  readonly #byKind: (Sender | undefined)[];
  readonly #relief: () => Relief;
  /** Begins again at the newest key frame. */
  #again: () => void = () => undefined;
  /** Until then media is left out, because the CPU is short; a decoder needs a key frame after it. Infinity: it is not. */
  #pausedUntil: Micros = Number.POSITIVE_INFINITY;
  /** Bytes that were left out. */
  #left = 0;
  #now: Micros = 0;
  /** The payload that passes now. */
  #outgoing: Outgoing | undefined;

  // The link of the feed ------------------------------------------------------------------------------------------------

  readonly peer: Peer;
  readonly local: Address;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(options: EgressOptions) {
    const { host, stream, transport, media, cname, copiesSent } = options;
    this.#options = options;
    this.peer = { host: '', port: 0 };
    this.local = { host: '', port: 0 };
    this.#relief = () => host.breaker?.relief ?? noRelief;
    this.outlet = new Outlet({ transport, media, cname, copiesSent, rng: host.rng, relief: this.#relief });
    const byKind = (kind: TrackKind): Sender | undefined => this.outlet.senders.find((sender) => sender.kind === kind);
    this.#byKind = [];
    this.#byKind[payloadKind.video] = byKind('video');
    this.#byKind[payloadKind.audio] = byKind('audio');
    this.#stream = stream;
    this.#tap = this.#stream.tap((event) => this.#tapped(event), { fromGop: false, tracksOnly: true });
  }

  get pending(): number {
    return this.outlet.waiting;
  }

  get deadline(): Micros {
    return this.#connected ? Math.min(this.outlet.deadline, this.#pausedUntil) : Number.POSITIVE_INFINITY;
  }

  open(): void {
    this.#connected = true;
    this.#play(this.#stream.tracks);
    this.#options.wantKey();
  }

  rtp(): void {
    // A player sends none.
  }

  rtcp(packets: readonly RtcpPacket[], now: Micros): void {
    const { host, wantKey } = this.#options;
    if (this.outlet.receive(packets, now, host.clock.wall())) wantKey();
  }

  tick(now: Micros): void {
    this.outlet.flush(now);
    this.outlet.report(now, this.#options.host.clock.wall());
    if (now >= this.#pausedUntil) this.#goOn(now);
    if (!this.#full || this.outlet.waiting > FEW_WAITING) return;
    this.#full = false;
    this.onDrain();
  }

  describe(): Readonly<Record<string, unknown>> {
    const { estimateBps, waiting, counts } = this.outlet;
    const codecs = this.outlet.senders.map(({ choice }) => choice?.codec).filter(Boolean);
    const { jumps = 0, dropped = 0 } = this.#cursor ?? {};
    const transcoded = this.#sound !== undefined;
    const left = this.#left;
    return { codecs, transcoded, estimateBps, waiting, ...counts, jumps, dropped, left, bFrames: this.#bFrames };
  }

  /** Of the session; the feed's cursor never closes its link. */
  close(): void {
    this.#tap.close();
    this.#cursor?.close();
    this.#cursor = undefined;
    this.#again = () => undefined;
    this.#releaseSound();
    this.outlet.close();
  }

  send(chunks: readonly Uint8Array[]): boolean {
    this.#now = this.#options.host.clock.now();
    if (this.#pause(chunks)) return true;
    for (let i = 0; i < chunks.length; i++) {
      const payloads = payloadsOf(chunks[i] as Uint8Array);
      for (let at = 0; at < payloads.length; at++) this.#push(payloads[at] as RtpPayload);
    }
    this.outlet.flush(this.#now);
    this.#full = this.outlet.waiting > MOST_WAITING;
    return !this.#full;
  }

  pause(): void {
    // A player sends no media.
  }

  resume(): void {
    // Nothing was paused.
  }

  /** SRS drops packets for players above its last threshold. */
  #pause(chunks: readonly Uint8Array[]): boolean {
    const isPaused = this.#pausedUntil !== Number.POSITIVE_INFINITY;
    if (!isPaused && !this.#relief().players) return false;
    if (!isPaused) this.#pausedUntil = this.#now + PAUSE;
    for (const { length } of chunks) this.#left += length;
    return true;
  }

  #goOn(now: Micros): void {
    this.#pausedUntil = now + PAUSE;
    if (this.#relief().players) return;
    this.#pausedUntil = Number.POSITIVE_INFINITY;
    this.#again();
  }

  /** Each payload of each player passes here: one object for all of them. */
  #push({ kind, marker, timestamp, bytes }: RtpPayload): void {
    const sender = this.#byKind[kind];
    if (sender === undefined) return;
    const live = this.#liveTicks[kind];
    const hurried = live === undefined ? timestamp : this.#hurry(kind, live, timestamp);
    if (hurried === undefined) return;
    const outgoing = (this.#outgoing ??= { sender, memory: bytes, at: 0, size: 0, marker, timestamp: hurried });
    outgoing.sender = sender;
    outgoing.memory = bytes;
    outgoing.size = bytes.length;
    outgoing.marker = marker;
    outgoing.timestamp = hurried;
    this.outlet.push(outgoing, this.#now);
  }

  /** Undefined: sound of the past, which nobody wants to hear hurried. */
  #hurry(kind: number, live: number, timestamp: number): number | undefined {
    const behind = (live - timestamp) | 0;
    if (behind <= 0) {
      this.#liveTicks[kind] = undefined;
      return timestamp;
    }
    return kind === payloadKind.audio ? undefined : (live - Math.ceil(behind / HURRY)) >>> 0;
  }

  #tapped(event: MediaEvent): void {
    if (event.type === 'tracks' && this.#connected) this.#play(event.tracks);
  }

  /** A picture that is shown before one that came earlier: browsers show them as they come, and somebody should know. */
  #hasBFrame(): void {
    if (this.#bFrames++ > 0) return;
    const { keepBFrames, log } = this.#options;
    log(keepBFrames ? 'gets B-frames, which browsers show out of order' : 'gets no B-frames: the picture may stutter', {
      advice: 'Publish without B-frames (x264: bframes=0, or tune zerolatency).',
    });
  }

  /** Plays the tracks that were agreed on; a change of codec is another feed. */
  #play(tracks: readonly Track[]): void {
    const video = this.#choose(tracks, 'video');
    const own = this.#choose(tracks, 'audio');
    const audio = own ?? this.#bridged(tracks);
    const source = own === undefined && audio !== undefined ? this.#leased() : this.#stream;
    if (video === undefined && audio === undefined) return;
    const { keepBFrames, shape, log } = this.#options;
    const codecs = { video: video?.codec, audio: audio?.codec };
    const format = rtpFormat({ ...codecs, keepBFrames, ...(shape && { shape }), onBFrame: () => this.#hasBFrame() });
    this.#use(payloadKind.video, video);
    this.#use(payloadKind.audio, audio);
    if (format.key === this.#format && source === this.#source) return;
    this.#format = format.key;
    this.#source = source;
    this.#again = () => {
      this.#cursor?.close();
      this.#join(source, video?.codec, audio?.codec);
      this.#cursor = source.play(format, this, 0);
    };
    this.#again();
    if (source === this.#stream) this.#releaseSound();
    log('plays', { ...codecs, transcoded: source !== this.#stream });
  }

  #choose(tracks: readonly Track[], kind: TrackKind): CodecChoice | undefined {
    const plan = this.#options.media.find((media) => media.kind === kind);
    for (const track of tracks) {
      const choice = track.kind === kind && plan?.codecs.find(({ codec }) => codec === track.codec);
      if (choice) return choice;
    }
    return undefined;
  }

  /** Opus for sound that the player has no codec for, when somebody can make it. */
  #bridged(tracks: readonly Track[]): CodecChoice | undefined {
    const { host, media } = this.#options;
    if (host.sound === undefined || !tracks.some(({ kind }) => kind === 'audio')) return undefined;
    return media.find(({ kind }) => kind === 'audio')?.codecs.find(({ codec }) => codec === 'opus');
  }

  #leased(): Stream {
    this.#sound ??= this.#options.host.sound?.acquire(this.#stream, 'opus');
    return this.#sound?.stream ?? this.#stream;
  }

  #releaseSound(): void {
    this.#sound?.release();
    this.#sound = undefined;
  }

  #use(kind: number, choice: CodecChoice | undefined): void {
    if (choice !== undefined) this.#byKind[kind]?.use(choice);
  }

  /** The live point, from which on everything keeps its time. */
  #join(source: Stream, video: Codec | undefined, audio: Codec | undefined): void {
    const { newest } = source;
    const { clock } = this.#options.host;
    this.outlet.clock.begin(newest ?? 0, clock.wall());
    const ticks = (codec: Codec | undefined): number | undefined => {
      const rate = codec === undefined ? undefined : clockRates[codec];
      return newest === undefined || rate === undefined ? undefined : toTicks(newest - LIVE, rate) >>> 0;
    };
    this.#liveTicks = [];
    this.#liveTicks[payloadKind.video] = ticks(video);
    this.#liveTicks[payloadKind.audio] = ticks(audio);
  }
}

/** Frames that are not older than this are live: they need no hurry. */
const LIVE = fromMs(20);
