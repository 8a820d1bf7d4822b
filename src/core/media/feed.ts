// The shared packets of one format of one stream, and the players that read them.
//
//            base                    lastJoin                    head
//   window:   | more | more | config |  JOIN  | more | more | more |
//                  ^ slow cursor          ^ a new player begins    ^ cursors of all who keep up
//
// Packets are made once and kept in one window; a player is only a position in it. At most once in a merge window
// the packets behind a position are joined into one run of bytes, and every cursor at that position sends the same
// run: one system call for each player, no copy for each player. A slow player is not a queue: it keeps its place,
// and when that place has left the window it goes on at the newest join point. The window reaches back to the newest
// join point or the slowest cursor, whichever is older, within `feedSpan` and `feedBytes`.
//
// Why not a queue for each player: 1000 players at 30 s of 1 Mbit/s are 3.7 GB of references to account for, and the
// work for each delivery is 3 to 200 times as much (docs/adr/0001).
import { joinSmall } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import type { Link } from '../base/link.ts';
import { fromSeconds, type Micros } from '../base/time.ts';
import type { Frame } from './frame.ts';
import type { Format, Muxer } from './muxer.ts';
import type { Packet } from './packet.ts';
import type { Track } from './track.ts';

/** How packets leave for players, beside the merge window. */
export interface Pacing {
  /** More than so many packets leave together, so long as they come within `MOST_HELD` (SRS: mw_msgs). */
  readonly messages: number;
  /** Between two packets of one player (SRS: send_min_interval); 0: none. */
  readonly interval: Micros;
}

/** Whatever is there when the merge window is over. */
export const noPacing: Pacing = { messages: 0, interval: 0 };

export interface FeedOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'feedBytes' | 'feedSpan'>;
  /** Packets are held back at most this long to be sent together; 0 sends each frame at once. */
  readonly mergeWindow: Micros;
  /** Default: none. */
  readonly pacing?: Pacing;
  /** A player begins at the oldest join point of so long ago; default: 0, the newest one. */
  readonly past?: Micros;
  /** Bytes given to a player's link. */
  readonly onSent: (bytes: number) => void;
  /** Packets that a player jumped over. */
  readonly onDropped?: (packets: number) => void;
  /** A player is given its first media, after it has waited so long. */
  readonly onStart?: (waited: Micros) => void;
}

/** A run of packets as bytes for the wire, ready for any number of links. */
interface Run {
  readonly chunks: readonly Uint8Array[];
  readonly size: number;
  /** The position behind it. */
  readonly end: number;
}

/** Packets wait so long for others, and no longer: a stream of one packet a second is no stream that anybody merges. */
const MOST_HELD = fromSeconds(1);
/** A run is cut above this, so that one slow player cannot take in all of a long window at once. */
const RUN_BYTES = 512 * 1024;
/** Chunks from here up are kept by reference, smaller ones are joined: a copy costs less than an iovec entry. */
const BIG_CHUNK = 64 * 1024;

export class Feed {
  readonly #format: Format;
  readonly #muxer: Muxer;
  readonly #options: FeedOptions;
  /** In no order; each knows its index. An array, because walking through a Set makes an object for each player. */
  readonly #cursors: Cursor[] = [];
  #window: Packet[] = [];
  #base = 0;
  #bytes = 0;
  #lastJoin = -1;
  /** The publication is over, and no other one has begun. */
  #over = false;
  #tracks: readonly Track[] = [];
  /** Runs made since the last packet came, by their start. */
  readonly #runs = new Map<number, Run>();
  #header: Run | undefined;
  #again: Run | undefined;
  #pendingBytes = 0;
  #pendingPackets = 0;
  /** The merge window is over, but too few packets are there. */
  #due = false;
  readonly #pacing: Pacing;
  readonly #past: Micros;
  #cancelFlush: (() => void) | undefined;
  /** Since when something is pending. */
  #pendingSince: Micros = 0;

  constructor(format: Format, options: FeedOptions) {
    this.#format = format;
    this.#muxer = format.make();
    this.#options = options;
    this.#pacing = options.pacing ?? noPacing;
    this.#past = options.past ?? 0;
  }

  get cursors(): number {
    return this.#cursors.length;
  }

  get mergeWindow(): Micros {
    return this.#options.mergeWindow;
  }

  /** Position behind the newest packet. */
  get head(): number {
    return this.#base + this.#window.length;
  }

  get base(): number {
    return this.#base;
  }

  /** Position of the newest packet at which a player may start; -1 when there is none. */
  get lastJoin(): number {
    return this.#lastJoin >= this.#base ? this.#lastJoin : -1;
  }

  /** Where a player begins that comes now; -1: it waits. What a publication left is for those who were there. */
  get start(): number {
    if (this.#over) return -1;
    return this.#past > 0 ? this.firstJoin(this.#pastStart()) : this.lastJoin;
  }

  /** Position of the first packet from `position` on at which a player may start; -1 when there is none. */
  firstJoin(position: number): number {
    if (this.lastJoin < position) return -1;
    let index = Math.max(0, position - this.#base);
    while (this.#window[index]?.kind !== 'join') index++;
    return this.#base + index;
  }

  /** A player gets one packet at a time. */
  get paced(): boolean {
    return this.#pacing.interval > 0;
  }

  /** Whether parameters stand between two positions. */
  hasConfig(from: number, to: number): boolean {
    for (let at = Math.max(from, this.#base); at < to; at++) {
      if (this.#window[at - this.#base]?.kind === 'config') return true;
    }
    return false;
  }

  /** Bytes kept in the window. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Media time from the place of the slowest player to the head; 0 when all are at the head. */
  get lag(): Micros {
    const oldest = this.#window[Math.max(0, this.#slowest() - this.#base)];
    const newest = this.#window.at(-1);
    return oldest === undefined || newest === undefined ? 0 : Math.max(0, newest.dts - oldest.dts);
  }

  get started(): boolean {
    return this.#tracks.length > 0;
  }

  /** @param breaks sound or picture changed: what came before cannot be joined with the new parameters. */
  retrack(tracks: readonly Track[], breaks = true): void {
    this.#flushPending();
    this.#over = false;
    const first = this.#tracks.length === 0;
    this.#tracks = tracks;
    this.#header = undefined;
    this.#again = undefined;
    if (breaks) this.#lastJoin = -1;
    // The muxer must know the tracks before the first frame: they decide which frames are join points.
    if (first) this.header();
    else for (const packet of this.#muxer.retrack(tracks)) this.#append(packet);
    this.#schedule();
  }

  write(frame: Frame): void {
    const packets = this.#muxer.write(frame);
    for (let i = 0; i < packets.length; i++) this.#append(packets[i] as Packet);
    if (packets.length > 0) this.#schedule();
  }

  /** Adds a player: it gets the header and everything from the newest join point at once. */
  attach(link: Link): Cursor {
    const cursor = new Cursor(this, link, this.#options.clock, this.#cursors.length);
    this.#cursors.push(cursor);
    cursor.advance();
    if (this.paced) this.#schedule();
    return cursor;
  }

  detach(cursor: Cursor): void {
    const last = this.#cursors.pop();
    if (last === undefined) return;
    if (last !== cursor) {
      this.#cursors[cursor.index] = last;
      last.index = cursor.index;
    }
    if (this.#cursors.length === 0) this.close();
    else this.#trim();
  }

  /** The publication is over: what the muxer held back, then everything that is pending. */
  end(): void {
    for (const packet of this.#muxer.flush?.() ?? []) this.#append(packet);
    this.flush();
    this.#over = true;
  }

  /** Sends what is pending now. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#pendingBytes = 0;
    this.#pendingPackets = 0;
    this.#due = false;
    // From the end: a player that leaves meanwhile is replaced by one that was there already.
    for (let i = this.#cursors.length - 1; i >= 0; i--) this.#cursors[i]?.advance();
    this.#trim();
    if (this.paced && this.#isBehind()) this.#schedule();
  }

  /** Somebody could take more now. */
  #isBehind(): boolean {
    for (const { position, full } of this.#cursors) if (position < this.head && !full) return true;
    return false;
  }

  /**
   * The publisher is read in batches, and nothing more comes for `next`: what would be older than the window by then is
   * sent now. The oldest bytes have waited as long before they were read.
   */
  batch(next: Micros): void {
    if (this.#cancelFlush === undefined || this.#due || this.paced) return;
    const waited = this.#options.clock.now() - this.#pendingSince + next;
    if (waited + next <= this.#options.mergeWindow) return;
    this.#cancelFlush();
    this.#windowOver();
  }

  close(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
  }

  /** The bytes from `position`, shared by all cursors that stand there. */
  run(position: number): Run {
    const known = this.#runs.get(position);
    if (known !== undefined) return known;
    let index = position - this.#base;
    let size = 0;
    const chunks: Uint8Array[] = [];
    const most = this.paced ? 1 : RUN_BYTES;
    while (index < this.#window.length && size < most) {
      const packet = this.#window[index++] as Packet;
      for (const chunk of packet.chunks) chunks.push(chunk);
      size += packet.size;
    }
    const run = this.#seal(chunks, size, this.#base + index);
    // A handful of distinct positions is the normal case; many slow players must not make this a second window.
    if (this.#runs.size >= 16) this.#runs.clear();
    this.#runs.set(position, run);
    return run;
  }

  /** What a player gets first. */
  header(): Run {
    this.#header ??= this.#sealPackets(this.#muxer.header(this.#tracks));
    return this.#header;
  }

  /** What a player gets that jumped over packets, among which may have been new parameters. */
  again(): Run {
    this.#again ??= this.#sealPackets(this.#muxer.retrack(this.#tracks));
    return this.#again;
  }

  sent(bytes: number): void {
    this.#options.onSent(bytes);
  }

  dropped(packets: number): void {
    this.#options.onDropped?.(packets);
  }

  playing(waited: Micros): void {
    this.#options.onStart?.(waited);
  }

  /** Position of the oldest packet that is not older than `past`. */
  #pastStart(): number {
    const newest = this.#window.at(-1)?.dts ?? 0;
    const index = this.#window.findIndex(({ dts }) => newest - dts <= this.#past);
    return this.#base + Math.max(0, index);
  }

  /** Position of the slowest player; the head when all are there. */
  #slowest(): number {
    let position = this.head;
    for (let i = 0; i < this.#cursors.length; i++) position = Math.min(position, (this.#cursors[i] as Cursor).position);
    return position;
  }

  #append(packet: Packet): void {
    if (packet.kind === 'join') this.#lastJoin = this.head;
    this.#window.push(packet);
    this.#bytes += packet.size;
    this.#pendingBytes += packet.size;
    this.#pendingPackets++;
    if (this.#runs.size > 0) this.#runs.clear();
  }

  #schedule(): void {
    const { mergeWindow, clock } = this.#options;
    const { messages, interval } = this.#pacing;
    if (this.paced) {
      this.#cancelFlush ??= clock.after(interval, () => this.flush());
      return;
    }
    const isEnough = this.#due && this.#pendingPackets > messages;
    if (mergeWindow <= 0 || this.#pendingBytes >= RUN_BYTES || isEnough) {
      this.flush();
      return;
    }
    if (this.#cancelFlush !== undefined) return;
    this.#pendingSince = clock.now();
    this.#cancelFlush = clock.after(mergeWindow, () => this.#windowOver());
  }

  #windowOver(): void {
    if (this.#pendingPackets > this.#pacing.messages) {
      this.flush();
      return;
    }
    this.#due = true;
    this.#cancelFlush = this.#options.clock.after(MOST_HELD, () => this.flush());
  }

  #flushPending(): void {
    if (this.#pendingBytes > 0) this.flush();
  }

  /** Forgets packets that nobody needs, and those over the limits whether needed or not. */
  #trim(): void {
    const window = this.#window;
    if (window.length === 0) return;
    let keep = this.#lastJoin >= this.#base ? this.#lastJoin : this.head;
    if (this.#past > 0) keep = Math.min(keep, this.#pastStart());
    keep = Math.min(keep, this.#slowest());
    const newest = (window[window.length - 1] as Packet).dts;
    const { feedBytes, feedSpan } = this.#options.limits;
    let drop = Math.max(0, Math.min(keep - this.#base, window.length));
    let bytes = this.#bytes;
    for (let i = 0; i < drop; i++) bytes -= (window[i] as Packet).size;
    while (drop < window.length) {
      const oldest = window[drop] as Packet;
      if (bytes <= feedBytes && newest - oldest.dts <= feedSpan) break;
      bytes -= oldest.size;
      drop++;
    }
    if (drop === 0) return;
    // Cutting an array costs its length: it waits until the dead part is worth it, in places or in memory.
    if (drop < 64 && drop < window.length && this.#bytes - bytes < feedBytes / 8) return;
    this.#window = window.slice(drop);
    this.#base += drop;
    this.#bytes = bytes;
    this.#runs.clear();
  }

  #sealPackets(packets: readonly Packet[]): Run {
    const chunks = packets.flatMap((packet) => packet.chunks);
    return this.#seal(
      chunks,
      packets.reduce((sum, packet) => sum + packet.size, 0),
      0,
    );
  }

  #seal(chunks: readonly Uint8Array[], size: number, end: number): Run {
    if (size === 0) return { chunks: [], size: 0, end };
    const envelope = this.#format.envelope?.(size);
    const framed = envelope === undefined ? chunks : [envelope.head, ...chunks, envelope.tail];
    const wireSize = envelope === undefined ? size : size + envelope.head.length + envelope.tail.length;
    return { chunks: joinSmall(framed, BIG_CHUNK), size: wireSize, end };
  }
}

/** A player's place in a feed. */
export class Cursor {
  readonly #feed: Feed;
  readonly #link: Link;
  readonly #clock: Clock;
  position: number;
  /** Of the feed. */
  index: number;
  /** The link is full; nothing is sent until it drains. */
  full = false;
  /** Since when it is full. */
  fullSince: Micros = 0;
  /** Bytes given to the link. */
  sentBytes = 0;
  /** Packets jumped over because the player was too slow. */
  dropped = 0;
  /** How often it jumped. */
  jumps = 0;
  #started = false;
  /** The next packet sent must be a join point. */
  #needJoin: boolean;
  /** Parameters in front of this position are known to the player. */
  #told = 0;
  /** Newer parameters were passed over, and must be sent in front of the join point. */
  #stale = false;
  #closed = false;
  #sentFirst: Micros | undefined;
  readonly #since: Micros;

  constructor(feed: Feed, link: Link, clock: Clock, index: number) {
    this.#feed = feed;
    this.index = index;
    this.#link = link;
    this.#clock = clock;
    this.#since = clock.now();
    const { start } = feed;
    this.#needJoin = start < 0;
    this.position = this.#needJoin ? feed.head : start;
    link.onDrain = () => this.#drained();
  }

  /** When the first media was given to the link. */
  get firstSentAt(): Micros | undefined {
    return this.#sentFirst;
  }

  /** Sends what lies between the position and the head, until the link is full. */
  advance(): void {
    const feed = this.#feed;
    if (this.#closed || this.full || !feed.started) return;
    if (!this.#started) {
      this.#started = true;
      this.#told = feed.head;
      if (!this.#send(feed.header())) return;
    }
    while (this.position < feed.head) {
      if (this.position < feed.base && !this.#needJoin && !this.#fellBehind()) return;
      if (this.#needJoin && !this.#join()) return;
      const run = feed.run(this.position);
      this.position = run.end;
      if (this.#sentFirst === undefined) this.#begins();
      if (!this.#send(run) || feed.paced) return;
    }
  }

  /** Leaves the feed; the link stays open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#feed.detach(this);
  }

  /**
   * The place left the window: parameters are sent again and the newest join point is next. False when the link is full
   * with the parameters alone.
   */
  #fellBehind(): boolean {
    this.jumps++;
    this.#needJoin = true;
    this.#told = this.#feed.head;
    return this.#send(this.#feed.again());
  }

  /**
   * Moves to a join point: the newest for a player that fell behind, the first one for a player that waited for it. False
   * when there is none, and the position waits at the head; also when the link is full with parameters that were passed over.
   */
  #join(): boolean {
    const feed = this.#feed;
    const late = this.jumps > 0;
    const target = late ? feed.lastJoin : feed.firstJoin(this.position);
    const end = target < 0 ? feed.head : target;
    if (late) this.#drop(Math.max(0, end - this.position));
    this.#stale ||= feed.hasConfig(Math.max(this.position, this.#told), end);
    this.position = end;
    this.#needJoin = target < 0;
    if (target < 0 || !this.#stale) return target >= 0;
    this.#stale = false;
    return this.#send(feed.again());
  }

  #send(run: { readonly chunks: readonly Uint8Array[]; readonly size: number }): boolean {
    if (run.size === 0) return true;
    this.sentBytes += run.size;
    this.#feed.sent(run.size);
    if (this.#link.send(run.chunks)) return true;
    this.full = true;
    this.fullSince = this.#clock.now();
    return false;
  }

  #drop(packets: number): void {
    this.dropped += packets;
    this.#feed.dropped(packets);
  }

  #begins(): void {
    this.#sentFirst = this.#clock.now();
    this.#feed.playing(this.#sentFirst - this.#since);
  }

  #drained(): void {
    if (!this.full) return;
    this.full = false;
    this.advance();
  }
}
