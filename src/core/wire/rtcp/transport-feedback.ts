// Transport-wide feedback: when each packet came (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
import type { Micros } from '../../base/time.ts';
import { putUint16, rtpErrors, uint16, uint32 } from '../rtp/index.ts';

/** What came and when, packet by packet. */
export interface TransportFeedback {
  readonly sender: number;
  readonly ssrc: number;
  /** Sequence of the first packet, 16 bits. */
  readonly base: number;
  /** Number of this feedback, 8 bits. */
  readonly count: number;
  /** For each packet from `base` on: when it came, or undefined. Micros of the receiver's clock, in steps of 250. */
  readonly arrivals: readonly (Micros | undefined)[];
}

const REFERENCE: Micros = 64_000;
const DELTA: Micros = 250;
/** The reference time has 24 bits. */
const REFERENCE_RANGE = 2 ** 24;
/** Of one feedback: 400 ms of a fast stream, as many as a sender remembers. */
const MOST_PACKETS = 4096;
const SMALL = 1;
const LARGE = 2;

/** `bytes` is the whole RTCP packet. Throws RTP_RTCP. */
export function parseTransportFeedback(bytes: Uint8Array, sender: number, ssrc: number): TransportFeedback {
  if (bytes.length < 20) throw rtpErrors.protocol('RTCP', { why: 'feedback is shorter than its fields' });
  const total = uint16(bytes, 14);
  if (total > MOST_PACKETS) throw rtpErrors.protocol('RTCP', { why: `feedback on ${total} packets` });
  const statuses: number[] = [];
  let at = 20;
  while (statuses.length < total) {
    if (at + 2 > bytes.length) throw rtpErrors.protocol('RTCP', { why: 'feedback ends in its statuses' });
    readChunk(uint16(bytes, at), statuses, total);
    at += 2;
  }
  let time = (uint32(bytes, 16) >>> 8) * REFERENCE;
  const arrivals = statuses.map((status) => {
    if (status !== SMALL && status !== LARGE) return undefined;
    if (at + status > bytes.length) throw rtpErrors.protocol('RTCP', { why: 'feedback ends in its times' });
    time += (status === SMALL ? (bytes[at] as number) : (uint16(bytes, at) << 16) >> 16) * DELTA;
    at += status;
    return time;
  });
  return { sender, ssrc, base: uint16(bytes, 12), count: bytes[19] as number, arrivals };
}

/** §3.1.3 a run of one status, §3.1.4 fourteen of one bit or seven of two. */
function readChunk(chunk: number, statuses: number[], total: number): void {
  if ((chunk & 0x8000) === 0) {
    const length = Math.min(chunk & 0x1fff, total - statuses.length);
    // A run of none would be read for ever.
    if (length === 0) throw rtpErrors.protocol('RTCP', { why: 'feedback has an empty run' });
    for (let i = 0; i < length; i++) statuses.push((chunk >> 13) & 3);
    return;
  }
  const bits = (chunk & 0x4000) === 0 ? 1 : 2;
  for (let shift = 14 - bits; shift >= 0 && statuses.length < total; shift -= bits) {
    statuses.push((chunk >> shift) & (bits === 1 ? 1 : 3));
  }
}

/** From the base sequence on, filled up to whole words. */
export function writeTransportFeedback({ base, count, arrivals }: TransportFeedback): Uint8Array {
  const first = arrivals.find((arrival) => arrival !== undefined) ?? 0;
  const reference = Math.floor(first / REFERENCE);
  const { statuses, deltas } = deltasOf(arrivals, reference * REFERENCE);
  const chunks = Math.ceil(statuses.length / 7);
  const size = 8 + chunks * 2 + deltas.length;
  const bytes = new Uint8Array(Math.ceil(size / 4) * 4);
  putUint16(bytes, 0, base);
  putUint16(bytes, 2, arrivals.length);
  const wrapped = reference % REFERENCE_RANGE;
  bytes.set([wrapped >>> 16, wrapped >>> 8, wrapped, count], 4);
  for (let chunk = 0; chunk < chunks; chunk++) {
    let word = 0xc000;
    for (let i = 0; i < 7; i++) word |= (statuses[chunk * 7 + i] ?? 0) << (12 - 2 * i);
    putUint16(bytes, 8 + chunk * 2, word);
  }
  bytes.set(deltas, 8 + chunks * 2);
  return bytes;
}

/** Status and bytes of the distance to the packet before; what is too far away counts as lost. */
function deltasOf(arrivals: readonly (Micros | undefined)[], reference: Micros) {
  const statuses: number[] = [];
  const deltas: number[] = [];
  let time = reference;
  for (const arrival of arrivals) {
    const delta = arrival === undefined ? Number.NaN : Math.round((arrival - time) / DELTA);
    if (delta >= 0 && delta <= 0xff) {
      statuses.push(SMALL);
      deltas.push(delta);
    } else if (delta >= -0x8000 && delta <= 0x7fff) {
      statuses.push(LARGE);
      deltas.push((delta >> 8) & 0xff, delta & 0xff);
    } else {
      statuses.push(0);
      continue;
    }
    time += delta * DELTA;
  }
  return { statuses, deltas };
}
