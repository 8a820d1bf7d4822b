// RTP, RTCP, SRTP and STUN: every parser, every depacketiser, and what a session keeps of an authentic but hostile peer.
import { concat, fromHex } from '../../src/core/base/bytes.ts';
import { fromMs, fromSeconds, type Micros, Unwrapper } from '../../src/core/base/time.ts';
import { AAC_HBR, type Depacketiser, makeDepacketiser } from '../../src/core/format/rtp/index.ts';
import { makePacketiser } from '../../src/core/format/rtp/packetiser.ts';
import { ReorderQueue } from '../../src/core/media/queue.ts';
import type { Codec, Track } from '../../src/core/media/track.ts';
import {
  ArrivalRecorder,
  BandwidthEstimate,
  ClockSync,
  defaultBounds,
  NackGenerator,
  Reception,
  roundTripOf,
  SentHistory,
  SentLedger,
  unwrapRtx,
} from '../../src/core/wire/feedback/index.ts';
import { ntpOf, parseRtcp, type RtcpPacket, wallOf, writeRtcp } from '../../src/core/wire/rtcp/index.ts';
import {
  findElement,
  parsePacket,
  type RtpPacket,
  writeExtension,
  writeHeader,
} from '../../src/core/wire/rtp/index.ts';
import { masterSizes, SrtpReceiver, SrtpSender, srtpProfile, tagBytes } from '../../src/core/wire/srtp/index.ts';
import { checkIntegrity, isStun, parseStun, stunType, writeStun } from '../../src/core/wire/stun/index.ts';
import { aacTrack, h264Track } from '../tools/builders.ts';
import { hevcPicture, hevcTrack, picture } from '../unit/format/ts/media.ts';
import { refuses } from './tools.ts';

export const name = 'rtp';

const codecs = ['h264', 'h265', 'av1', 'vp8', 'vp9', 'opus', 'pcma', 'aac'] as const satisfies readonly Codec[];
const aacTerms = { config: aacTrack.config, clockRate: 44_100, headers: AAC_HBR };
const profiles = [srtpProfile.aes128CmSha1_80, srtpProfile.aeadAes128Gcm] as const;
const masterOf = (profile: (typeof profiles)[number]) => {
  const { key, salt } = masterSizes(profile);
  return { key: new Uint8Array(key).fill(7), salt: new Uint8Array(salt).fill(9) };
};

const EXTENSION_ID = 3;
const RTX_TYPE = 127;
const QUEUE_ITEMS = 64;
const QUEUE_BYTES = 64 * 1024;
const ticks = new Uint8Array(2);

/** With a transport-wide sequence, as every browser sends. */
function packet(payloadType: number, sequence: number, payload: Uint8Array, marker = true): Uint8Array {
  const bytes = new Uint8Array(20 + payload.length);
  const header = { payloadType, marker, sequence, timestamp: sequence * 3000, ssrc: 5, extended: true };
  writeHeader(bytes, 0, header);
  writeExtension(bytes, 12, [{ id: EXTENSION_ID, data: Uint8Array.of(sequence >> 8, sequence) }]);
  bytes.set(payload, 20);
  return bytes;
}

/** Payload types are the places in `codecs`. */
function packetsOf(track: Track, data: Uint8Array, first: number): Uint8Array[] {
  const payloads = makePacketiser(track, 300)?.packetise(data, true) ?? [];
  const type = (codecs as readonly Codec[]).indexOf(track.codec);
  return payloads.map((parts, i) => packet(type, first + i, concat([...parts]), i === payloads.length - 1));
}

const report = { ssrc: 5, fractionLost: 12, lost: -3, highest: 70_000, jitter: 5, lastReport: 99, delay: 65_536 };
const feedback: readonly RtcpPacket[] = [
  { type: 'sr', ssrc: 5, ntpHigh: 0xe0000000, ntpLow: 5, timestamp: 90, packets: 3, bytes: 9, reports: [report] },
  { type: 'sdes', ssrc: 5, cname: 'srsx' },
  { type: 'nack', sender: 1, ssrc: 5, sequences: [65_534, 65_535, 0, 1, 40] },
  { type: 'pli', sender: 1, ssrc: 5 },
  { type: 'fir', sender: 1, ssrc: 5, sequence: 9 },
  { type: 'remb', sender: 1, bitrateBps: 3_000_320, ssrcs: [4, 5] },
  { type: 'transport', sender: 1, ssrc: 5, base: 2, count: 3, arrivals: [64_000, undefined, 64_250, 64_000] },
  { type: 'bye', ssrcs: [5] },
];
const binding = {
  type: stunType.request,
  transaction: new Uint8Array(12),
  username: 'ours:theirs',
  priority: 7,
  useCandidate: true,
  controlling: new Uint8Array(8),
  mapped: { host: '::1', port: 9 },
};

/** Each datagram has its length in front, so that one input is a conversation. */
const conversation = (...datagrams: readonly Uint8Array[]): Uint8Array =>
  concat(datagrams.flatMap((datagram) => [Uint8Array.of(datagram.length >> 8, datagram.length), datagram]));

/** A datagram that the keys of `masterOf` open. */
function encrypted(profile: (typeof profiles)[number], plain: Uint8Array): Uint8Array {
  const sender = new SrtpSender(masterOf(profile), profile);
  const memory = concat([plain, new Uint8Array(tagBytes(profile))]);
  const slot = { begin: 0, headerBytes: 20, end: plain.length, rollOver: 0 };
  sender.protect(memory, [slot], 1);
  return memory.subarray(0, slot.end);
}

const track = (codec: Codec): Track => ({ ...h264Track, codec, config: new Uint8Array(0) });
/** A sequence header. */
const av1Sequence = fromHex('0a0b0000000cc4ff6700be0010');
const av1Track: Track = { ...track('av1'), config: concat([fromHex('81010c00'), av1Sequence]) };
const filler = (...head: readonly number[]): Uint8Array => concat([Uint8Array.from(head), new Uint8Array(700).fill(3)]);

export const seeds = [
  conversation(
    ...packetsOf(h264Track, picture({ at: 0, key: true, size: 900 }).data, 0),
    ...packetsOf(h264Track, picture({ at: 40, size: 40 }).data, 6),
  ),
  conversation(...packetsOf(hevcTrack, hevcPicture({ at: 0, key: true, size: 900 }).data, 65_534)),
  conversation(
    ...packetsOf(track('vp8'), filler(0x10, 6, 0, 0x9d, 1, 0x2a, 0x41, 1, 0xb6, 0), 0),
    ...packetsOf(track('vp9'), filler(0x82, 0x49, 0x83, 0x42, 0, 0x14, 0x10, 0x0b, 0x56, 6), 10),
    ...packetsOf(av1Track, concat([av1Sequence, Uint8Array.of(0x32, 0x41, 0x10), filler().subarray(0, 0x40)]), 20),
    packet(5, 23, filler(0xfc)),
    packet(RTX_TYPE, 24, filler(0, 4)),
  ),
  conversation(...[40, 700].flatMap((size, i) => packetsOf(aacTrack, filler().subarray(0, size), i * 20))),
  conversation(writeRtcp(feedback), ...feedback.map((one) => writeRtcp([one]))),
  conversation(writeStun(binding, 'secret'), writeStun({ ...binding, mapped: { host: '2001:db8::1', port: 9 } }, 'x')),
  conversation(...profiles.map((profile) => encrypted(profile, packet(0, 1, filler(0x65))))),
];

function datagrams(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const size = (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) % 1600;
    pieces.push(bytes.slice(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return pieces;
}

/** What a session keeps for one stream of a peer; the payload type says its codec. */
class Stream {
  readonly #sequences = new Unwrapper(16);
  readonly #ticks = new Unwrapper(32);
  readonly #queue = new ReorderQueue<{ packet: RtpPacket; sequence: number; ticks: number }>({
    span: fromMs(100),
    start: fromMs(20),
    items: QUEUE_ITEMS,
    bytes: QUEUE_BYTES,
  });
  readonly #nack = new NackGenerator({ age: fromMs(100) });
  readonly #reception = new Reception(5, 90_000);
  readonly #clocks = new ClockSync();
  readonly clock = this.#clocks.track(90_000, false);
  readonly #depacketisers = codecs.map((codec) => makeDepacketiser(codec, { aac: aacTerms }) as Depacketiser);
  #last = Number.NEGATIVE_INFINITY;

  receive(received: RtpPacket, now: Micros): void {
    const repaired = received.payloadType === RTX_TYPE;
    const original = repaired ? unwrapRtx(received.payload) : received;
    if (original === undefined) return;
    const sequence = this.#sequences.unwrap(original.sequence);
    const unwrapped = this.#ticks.unwrap(received.timestamp);
    this.#nack.arrived(sequence, now, repaired);
    this.#reception.arrived(sequence, unwrapped, now, repaired);
    const item = { packet: { ...received, payload: original.payload }, sequence, ticks: unwrapped };
    const pushed = this.#queue.push(sequence, item, original.payload.length, now);
    if (pushed === 'restart') this.#last = Number.NEGATIVE_INFINITY;
    this.tick(now);
  }

  tick(now: Micros): void {
    for (let one = this.#queue.take(now); one !== undefined; one = this.#queue.take(now)) {
      const { packet: taken, ticks: at, sequence } = one.item;
      check(sequence === one.sequence, `item ${sequence} came out as ${one.sequence}`);
      check(one.sequence > this.#last, `${one.sequence} came out behind ${this.#last}`);
      this.#last = one.sequence;
      if (one.missing > 0) for (const depacketiser of this.#depacketisers) depacketiser.lost();
      this.#depacketise(taken, at, now);
    }
    const asked = this.#nack.due(now);
    check(asked.length <= 1024, `${asked.length} packets are asked for at once`);
    check(this.#queue.size <= QUEUE_ITEMS && this.#queue.bytes <= QUEUE_BYTES, 'the queue is above its limits');
    check(this.#queue.deadline > now && this.#nack.deadline > now, 'a deadline is over and nobody did anything');
    refuses(() => writeRtcp([{ type: 'nack', sender: 1, ssrc: 5, sequences: asked }]));
  }

  reported(report: RtcpPacket & { type: 'sr' }, now: Micros): void {
    this.#reception.reported(report, now);
    this.clock.reported(wallOf(report), this.#ticks.unwrap(report.timestamp));
    const block = this.#reception.block(now);
    if (block === undefined) return;
    const [again] = parseRtcp(writeRtcp([{ type: 'rr', ssrc: 1, reports: [block] }]));
    check(again?.type === 'rr', 'a report of ours is not read');
  }

  #depacketise({ payload: bytes, marker, payloadType }: RtpPacket, at: number, now: Micros): void {
    // All of them in turn, as no session would: the cheapest way to show each of them everything.
    for (const [type, depacketiser] of this.#depacketisers.entries()) {
      if (payloadType < codecs.length && type !== payloadType) continue;
      refuses(() => {
        for (const unit of depacketiser.push({ bytes, marker, ticks: at })) {
          check(Number.isFinite(this.clock.timeOf(unit.ticks, now)), 'a frame has no time');
        }
      });
    }
  }
}

function check(fact: boolean, otherwise: string): void {
  if (!fact) throw new Error(otherwise);
}

/** What a session keeps of the packets that it sends. */
class Sending {
  readonly #history = new SentHistory();
  readonly #ledger = new SentLedger();
  readonly #estimate = new BandwidthEstimate();
  #sequence = 65_500;

  send(now: Micros): void {
    for (let i = 0; i < 8; i++) {
      const sequence = this.#sequence++ & 0xffff;
      const sent = { memory: ticks, at: 0, size: 2, timestamp: 0, payloadType: 96, marker: false };
      this.#history.sent(sequence, sent, now);
      this.#ledger.sent(1200, now);
    }
  }

  receive(received: RtcpPacket, now: Micros): void {
    if (received.type === 'nack') for (const sequence of received.sequences) this.#history.again(sequence, now);
    if (received.type === 'remb') this.#estimate.remb(received.bitrateBps, now);
    if (received.type === 'transport') this.#estimate.settled(this.#ledger.settle(received, now), now);
    if (received.type === 'rr') for (const block of received.reports) roundTripOf(block, ntpOf(now));
    const bps = this.#estimate.bps(now);
    check(bps >= defaultBounds.leastBps && bps <= defaultBounds.mostBps, `an estimate of ${bps}`);
  }
}

/** RTCP that was read says the same when it was written and read again. */
function again(packets: readonly RtcpPacket[]): void {
  for (const one of packets) {
    // A name that is no UTF-8, or a rate with more bits than the field, comes back in another spelling.
    if (one.type === 'sdes' || one.type === 'remb' || one.type === 'transport') continue;
    const said = meaning(one);
    const [written] = parseRtcp(writeRtcp([one]));
    check(written !== undefined && meaning(written) === said, `${said} came back as ${JSON.stringify(written)}`);
  }
}

/** The order of a NACK's sequences, and one that is there twice, mean nothing. */
const meaning = (packet: RtcpPacket): string =>
  JSON.stringify(
    packet.type === 'nack' ? { ...packet, sequences: [...new Set(packet.sequences)].sort((a, b) => a - b) } : packet,
  );

/** Every parser over each datagram, then all of them as one session. */
export function run(bytes: Uint8Array): void {
  const pieces = datagrams(bytes);
  for (const piece of pieces) {
    refuses(() => {
      if (isStun(piece)) checkIntegrity(piece, parseStun(piece), 'secret');
    });
    refuses(() => again(parseRtcp(piece)));
    for (const profile of profiles) {
      const receiver = new SrtpReceiver(masterOf(profile), profile);
      receiver.openRtp(piece);
      receiver.openRtcp(piece);
    }
  }
  converse(pieces);
}

function converse(pieces: readonly Uint8Array[]): void {
  const stream = new Stream();
  const sending = new Sending();
  const arrivals = new ArrivalRecorder();
  let now = fromSeconds(1);
  for (const piece of pieces) {
    now += fromMs(7);
    sending.send(now);
    refuses(() => {
      const received = parsePacket(piece);
      for (let id = 0; id < 16; id++) findElement(piece, received.extension, id);
      const element = findElement(piece, received.extension, EXTENSION_ID);
      if (element?.length === 2) {
        arrivals.arrived(((piece[element.at] as number) << 8) | (piece[element.at + 1] as number), now);
      }
      stream.receive(received, now);
    });
    refuses(() => {
      for (const received of parseRtcp(piece)) {
        sending.receive(received, now);
        if (received.type === 'sr') stream.reported(received, now);
      }
    });
    tell(arrivals, now);
  }
  stream.tick(now + fromSeconds(5));
  tell(arrivals, now + fromSeconds(5));
}

/** Our own feedback is read by our own parser, and ends. */
function tell(arrivals: ArrivalRecorder, now: Micros): void {
  for (let count = 0; ; count++) {
    const one = arrivals.take(now, 1, 5);
    if (one === undefined) return;
    check(count < 16, 'feedback does not end');
    const written = writeRtcp([{ type: 'transport', ...one }]);
    check(written.length <= 1200, `a feedback of ${written.length} bytes`);
    parseRtcp(written);
  }
}
