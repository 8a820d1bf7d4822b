// Extensions of the handshake (draft-sharabayko-srt-01 §3.2.1.1-3.2.1.3), also sent as control packets to old peers.
import { concat, readU32, utf8, writeU32 } from '../../base/bytes.ts';
import { fromMs, type Micros, toMs } from '../../base/time.ts';
import { errors } from './errors.ts';

/** draft-sharabayko-srt-01 §3.2.1, table 6; the first four are also subtypes of control packets. */
export const ExtensionType = {
  handshakeRequest: 1,
  handshakeResponse: 2,
  keyMaterialRequest: 3,
  keyMaterialResponse: 4,
  streamId: 5,
  congestion: 6,
  filter: 7,
  group: 8,
} as const;

/** One extension block. */
export interface Extension {
  readonly type: number;
  /** A multiple of four bytes. */
  readonly content: Uint8Array;
}

/** There are eight types, and nobody repeats one. */
const MAX_EXTENSIONS = 16;
/** SRTO_STREAMID: at most 512 bytes. */
export const MAX_STREAM_ID_BYTES = 512;

/** Blocks of type, size in words, content. Throws SRT_HANDSHAKE when a size lies. */
export function parseExtensions(bytes: Uint8Array): Extension[] {
  const extensions: Extension[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    if (extensions.length === MAX_EXTENSIONS) throw errors.protocol('HANDSHAKE', { why: 'too many extensions' });
    const head = readU32(bytes, at);
    const end = at + 4 + (head & 0xffff) * 4;
    if (end > bytes.length) throw errors.protocol('HANDSHAKE', { why: 'an extension ends behind its packet' });
    extensions.push({ type: head >>> 16, content: bytes.subarray(at + 4, end) });
    at = end;
  }
  return extensions;
}

/** The blocks one behind the other. */
export function writeExtensions(extensions: readonly Extension[]): Uint8Array {
  return concat(
    extensions.map(({ type, content }) => {
      const block = new Uint8Array(4 + content.length);
      writeU32(block, 0, ((type << 16) | (content.length / 4)) >>> 0);
      block.set(content, 4);
      return block;
    }),
  );
}

/** SRT flags of the handshake extension. */
export const Capability = {
  tsbpdSender: 0x01,
  tsbpdReceiver: 0x02,
  crypt: 0x04,
  tooLateDrop: 0x08,
  periodicNak: 0x10,
  retransmitFlag: 0x20,
  stream: 0x40,
  filter: 0x80,
} as const;

/** HSREQ and HSRSP. */
export interface Capabilities {
  /** 0x010500 is 1.5.0. */
  readonly version: number;
  readonly flags: number;
  /** TSBPD delay of what the writer of this receives, and the least that its peer must use. */
  readonly receiverDelay: Micros;
  readonly senderDelay: Micros;
}

/** Throws SRT_HANDSHAKE. */
export function parseCapabilities(content: Uint8Array): Capabilities {
  if (content.length < 8) throw errors.protocol('HANDSHAKE', { why: 'a short HSREQ or HSRSP' });
  // QUIRK(libsrt < 1.2): without the word of latencies.
  const delays = content.length < 12 ? 0 : readU32(content, 8);
  return {
    version: readU32(content, 0),
    flags: readU32(content, 4),
    receiverDelay: fromMs(delays >>> 16),
    senderDelay: fromMs(delays & 0xffff),
  };
}

/** 12 bytes; delays above 65 s lose their high bits. */
export function writeCapabilities({ version, flags, receiverDelay, senderDelay }: Capabilities): Uint8Array {
  const content = new Uint8Array(12);
  writeU32(content, 0, version);
  writeU32(content, 4, flags);
  writeU32(content, 8, ((toMs(receiverDelay) << 16) | (toMs(senderDelay) & 0xffff)) >>> 0);
  return content;
}

const decoder = new TextDecoder();

/** A text in words of little-endian byte order (§3.2.1.3), padded with zeros. Throws SRT_HANDSHAKE. */
export function parseText(content: Uint8Array): string {
  if (content.length > MAX_STREAM_ID_BYTES) {
    throw errors.protocol('HANDSHAKE', { why: `a text of ${content.length} bytes` });
  }
  const bytes = swapWords(content);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return decoder.decode(bytes.subarray(0, end));
}

/** The words of a text, for streamid and congestion control. */
export function writeText(text: string): Uint8Array {
  const bytes = utf8(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return swapWords(padded);
}

/** Reverses the bytes of each whole word. */
function swapWords(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes.length - (bytes.length % 4));
  for (let i = 0; i < swapped.length; i++) swapped[i] = bytes[i ^ 3] as number;
  return swapped;
}
