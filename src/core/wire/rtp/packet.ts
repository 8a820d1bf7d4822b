// The RTP header: bytes to values and back (RFC 3550 §5.1, extensions by RFC 8285).
import { writeU32 as putUint32, readU32 as uint32 } from '../../base/bytes.ts';
import { rtpErrors } from './errors.ts';

export { putUint32, uint32 };

/** Bytes of the fixed header. */
export const HEADER_BYTES = 12;

/** One packet; `payload` and the extensions are views of what was parsed. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, ticks of the payload's clock. */
  readonly timestamp: number;
  readonly ssrc: number;
  /** Offset of the payload. */
  readonly headerBytes: number;
  readonly payload: Uint8Array;
  /** Profile and place of the header extension; undefined when there is none. */
  readonly extension: ExtensionPlace | undefined;
}

/** Where the elements of a header extension are. */
export interface ExtensionPlace {
  /** 0xbede: one-byte headers; 0x100x: two-byte headers. */
  readonly profile: number;
  readonly begin: number;
  readonly end: number;
}

const ONE_BYTE = 0xbede;
const TWO_BYTE = 0x1000;

/** Whether a datagram is RTP or RTCP, and which (RFC 7983 §7, RFC 5761 §4). */
export function kindOf(datagram: Uint8Array): 'rtp' | 'rtcp' | 'other' {
  const first = datagram[0] ?? 0;
  if (datagram.length < 8 || first < 128 || first > 191) return 'other';
  const type = datagram[1] as number;
  return type >= 192 && type <= 223 ? 'rtcp' : 'rtp';
}

/** Throws RTP_PACKET. */
export function parsePacket(bytes: Uint8Array): RtpPacket {
  if (bytes.length < HEADER_BYTES) throw rtpErrors.protocol('PACKET', { why: 'shorter than its header' });
  const first = bytes[0] as number;
  if (first >> 6 !== 2) throw rtpErrors.protocol('PACKET', { why: 'another version' });
  let headerBytes = HEADER_BYTES + (first & 0x0f) * 4;
  let extension: ExtensionPlace | undefined;
  if ((first & 0x10) !== 0) {
    if (headerBytes + 4 > bytes.length) throw rtpErrors.protocol('PACKET', { why: 'no room for its extension' });
    const begin = headerBytes + 4;
    headerBytes = begin + uint16(bytes, headerBytes + 2) * 4;
    extension = { profile: uint16(bytes, begin - 4), begin, end: headerBytes };
  }
  const padding = (first & 0x20) === 0 ? 0 : (bytes[bytes.length - 1] as number);
  const end = bytes.length - padding;
  if (headerBytes > end) throw rtpErrors.protocol('PACKET', { why: 'header and padding are longer than it is' });
  const second = bytes[1] as number;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: uint16(bytes, 2),
    timestamp: uint32(bytes, 4),
    ssrc: uint32(bytes, 8),
    headerBytes,
    payload: bytes.subarray(headerBytes, end),
    extension,
  };
}

/** Offset and length of the extension element `id`; undefined when the packet has none (RFC 8285 §4.2, §4.3). */
export function findElement(
  bytes: Uint8Array,
  place: ExtensionPlace | undefined,
  id: number,
): { readonly at: number; readonly length: number } | undefined {
  if (place === undefined) return undefined;
  const oneByte = place.profile === ONE_BYTE;
  if (!oneByte && (place.profile & 0xfff0) !== TWO_BYTE) return undefined;
  for (let at = place.begin; at < place.end; ) {
    const head = bytes[at] as number;
    if (head === 0) {
      at++;
      continue;
    }
    const element = oneByte ? head >> 4 : head;
    // §4.2: 15 ends the one-byte form.
    if (oneByte && element === 15) return undefined;
    const length = oneByte ? (head & 0x0f) + 1 : (bytes[at + 1] ?? 0);
    const begin = at + (oneByte ? 1 : 2);
    if (begin + length > place.end) return undefined;
    if (element === id) return { at: begin, length };
    at = begin + length;
  }
  return undefined;
}

/** What a header says; the SSRC and the sequence are the sender's own. */
export interface HeaderFields {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** Announces an extension behind the header. */
  readonly extended: boolean;
}

/** Writes the 12 bytes of a header without CSRCs. */
export function writeHeader(target: Uint8Array, at: number, fields: HeaderFields): void {
  const { payloadType, marker, sequence, timestamp, ssrc, extended } = fields;
  target[at] = extended ? 0x90 : 0x80;
  target[at + 1] = (marker ? 0x80 : 0) | payloadType;
  target[at + 2] = sequence >>> 8;
  target[at + 3] = sequence;
  putUint32(target, at + 4, timestamp);
  putUint32(target, at + 8, ssrc);
}

/** An element of an extension: id 1 to 255, 0 to 255 bytes. */
export interface Element {
  readonly id: number;
  readonly data: Uint8Array;
}

/** §4.2: what the one-byte form cannot say makes the whole extension a two-byte one (§4.3). */
const needsTwoBytes = ({ id, data }: Element): boolean => id > 14 || data.length === 0 || data.length > 16;

/** Bytes of an extension with its head, filled up to whole words. */
export function extensionBytes(elements: readonly Element[]): number {
  if (elements.length === 0) return 0;
  const head = elements.some(needsTwoBytes) ? 2 : 1;
  const data = elements.reduce((sum, { data: { length } }) => sum + head + length, 0);
  return 4 + Math.ceil(data / 4) * 4;
}

/** Writes an extension in the shorter form that can say it (RFC 8285 §4.2, §4.3); gives the offset behind it. */
export function writeExtension(target: Uint8Array, at: number, elements: readonly Element[]): number {
  const end = at + extensionBytes(elements);
  const twoBytes = elements.some(needsTwoBytes);
  putUint16(target, at, twoBytes ? TWO_BYTE : ONE_BYTE);
  putUint16(target, at + 2, (end - at - 4) / 4);
  let place = at + 4;
  for (const { id, data } of elements) {
    if (twoBytes) {
      target[place++] = id;
      target[place++] = data.length;
    } else target[place++] = (id << 4) | (data.length - 1);
    target.set(data, place);
    place += data.length;
  }
  target.fill(0, place, end);
  return end;
}

/** Big-endian 16 bits. */
export const uint16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/** Big-endian 16 bits. */
export function putUint16(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 8;
  target[at + 1] = value;
}
