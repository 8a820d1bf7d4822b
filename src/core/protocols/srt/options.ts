// libsrt's socket options under their names in lower case, as srt-live-transmit's URLs and SRS's settings have them.
import { utf8 } from '../../base/bytes.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import { errors } from './errors.ts';
import { MAX_STREAM_ID_BYTES } from './extension.ts';

/** Options of a connection or of all connections of a listener. Latencies are negotiated, see `negotiation.ts`. */
export interface SrtOptions {
  /** SRTO_RCVLATENCY: delay of what is received. */
  readonly rcvlatency: Micros;
  /** SRTO_PEERLATENCY: the least delay that the peer must use for what is sent. */
  readonly peerlatency: Micros;
  /** SRTO_TSBPDMODE: deliver by time; off: as soon as the order is right. */
  readonly tsbpdmode: boolean;
  /** SRTO_TLPKTDROP: give up what is too late. */
  readonly tlpktdrop: boolean;
  /** SRTO_SNDDROPDELAY: added to the sender's limit of lateness; undefined: the sender never drops. */
  readonly snddropdelay: Micros | undefined;
  /** SRTO_DRIFTTRACER. */
  readonly drifttracer: boolean;
  /** SRTO_NAKREPORT: repeat loss reports. */
  readonly nakreport: boolean;
  /** SRTO_LOSSMAXTTL: packets that may overtake before a loss is reported, at most. */
  readonly lossmaxttl: number;
  /** SRTO_RETRANSMITALGO: 1 sends again at most once for each round trip, 0 for each report. */
  readonly retransmitalgo: number;
  /** SRTO_PASSPHRASE: empty, or 10 to 79 bytes. */
  readonly passphrase: string;
  /** SRTO_PBKEYLEN in bytes; 0: the peer's choice, or 16. */
  readonly pbkeylen: number;
  /** SRTO_ENFORCEDENCRYPTION: refuse when the passphrases differ, else connect and deliver nothing. */
  readonly enforcedencryption: boolean;
  /** SRTO_CRYPTOMODE: 0 as the initiator wants (AES-CTR), 1 AES-CTR, 2 AES-GCM. */
  readonly cryptomode: number;
  /** SRTO_KMREFRESHRATE and SRTO_KMPREANNOUNCE, in packets. */
  readonly kmrefreshrate: number;
  readonly kmpreannounce: number;
  /** SRTO_STREAMID: at most 512 bytes. */
  readonly streamid: string;
  /** SRTO_MAXBW in bytes per second: -1 unlimited, 0 by the input rate. */
  readonly maxbw: number;
  /** SRTO_INPUTBW in bytes per second; 0: measured. SRTO_MININPUTBW: the least that is assumed then. */
  readonly inputbw: number;
  readonly mininputbw: number;
  /** SRTO_OHEADBW: percent above the input rate for retransmission. */
  readonly oheadbw: number;
  /** SRTO_PAYLOADSIZE in bytes: the longest message. */
  readonly payloadsize: number;
  /** SRTO_MSS in bytes. */
  readonly mss: number;
  /** SRTO_FC: packets in flight. */
  readonly fc: number;
  /** SRTO_SNDBUF and SRTO_RCVBUF in bytes. */
  readonly sndbuf: number;
  readonly rcvbuf: number;
  /** SRTO_CONNTIMEO; ten times as long for a rendezvous. */
  readonly conntimeo: Micros;
  /** SRTO_PEERIDLETIMEO. */
  readonly peeridletimeo: Micros;
  /** SRTO_MINVERSION: 0x010000 is 1.0.0. */
  readonly minversion: number;
}

/** libsrt's defaults. */
export const defaultOptions: SrtOptions = {
  rcvlatency: fromMs(120),
  peerlatency: 0,
  tsbpdmode: true,
  tlpktdrop: true,
  snddropdelay: 0,
  drifttracer: true,
  nakreport: true,
  lossmaxttl: 0,
  retransmitalgo: 1,
  passphrase: '',
  pbkeylen: 0,
  enforcedencryption: true,
  cryptomode: 0,
  kmrefreshrate: 0x1000000,
  kmpreannounce: 0x1000,
  streamid: '',
  maxbw: -1,
  inputbw: 0,
  mininputbw: 0,
  oheadbw: 25,
  payloadsize: 1316,
  mss: 1500,
  fc: 25_600,
  sndbuf: 8192 * 1472,
  rcvbuf: 8192 * 1472,
  conntimeo: fromSeconds(3),
  peeridletimeo: fromSeconds(5),
  minversion: 0x010000,
};

/** The longest payload of one packet without a tag of AES-GCM. */
export const MAX_PAYLOAD_BYTES = 1456;
/** What libsrt counts for each packet of a buffer. */
const BUFFER_UNIT_BYTES = 1472;
/** SRTO_FC is at least this; below, nothing flows. */
const MIN_PACKETS = 32;

/** Packets that fit into a buffer of `bytes`, but no more than may be in flight. */
export const bufferPackets = (bytes: number, { fc }: SrtOptions): number =>
  Math.max(MIN_PACKETS, Math.min(fc, Math.floor(bytes / BUFFER_UNIT_BYTES)));

/** Throws ConfigError SRT_OPTION when options do not go together. */
export function checkOptions(options: SrtOptions): void {
  const { passphrase, pbkeylen, streamid, payloadsize, kmrefreshrate, kmpreannounce } = options;
  const secret = utf8(passphrase).length;
  if (secret !== 0 && (secret < 10 || secret > 79)) fail('passphrase', '***', '10 to 79 bytes are needed');
  if (![0, 16, 24, 32].includes(pbkeylen)) fail('pbkeylen', pbkeylen, '0, 16, 24 or 32 are possible');
  if (utf8(streamid).length > MAX_STREAM_ID_BYTES) fail('streamid', streamid, `above ${MAX_STREAM_ID_BYTES} bytes`);
  const most = MAX_PAYLOAD_BYTES - (options.cryptomode === 2 ? 16 : 0);
  if (payloadsize > most) fail('payloadsize', payloadsize, `above ${most}`);
  // As libsrt: a key that is announced must have been confirmed before the next is.
  if (kmpreannounce > (kmrefreshrate - 1) / 2) fail('kmpreannounce', kmpreannounce, 'above half of kmrefreshrate');
}

/** Reads options by their names; unknown names are left to the caller, who gets them back. Throws ConfigError SRT_OPTION. */
export function parseOptions(
  pairs: Iterable<readonly [string, string]>,
  base: SrtOptions = defaultOptions,
): ParsedOptions {
  const found: Record<string, unknown> = {};
  const unknown: [string, string][] = [];
  for (const [key, value] of pairs) {
    const read = readers[key];
    if (read === undefined) unknown.push([key, value]);
    else Object.assign(found, read(key, value));
  }
  const options = { ...base, ...found } as SrtOptions;
  checkOptions(options);
  return { options, unknown };
}

/** Options that were read, and keys that are none. */
export interface ParsedOptions {
  readonly options: SrtOptions;
  readonly unknown: readonly (readonly [string, string])[];
}

type Reader = (key: string, value: string) => Partial<SrtOptions>;

/** A latency of more does not fit into the handshake. */
const MAX_LATENCY_MS = 0xffff;
const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

const milliseconds =
  (key: keyof SrtOptions, most = 2 ** 31): Reader =>
  (name, value) => ({
    [key]: fromMs(wholeNumber(name, value, 0, most)),
  });
const whole =
  (key: keyof SrtOptions, least = 0, most = MAX_NUMBER): Reader =>
  (name, value) => ({
    [key]: wholeNumber(name, value, least, most),
  });
const flag =
  (key: keyof SrtOptions): Reader =>
  (name, value) => ({ [key]: truth(name, value) });
const words =
  (key: keyof SrtOptions): Reader =>
  (_, value) => ({ [key]: value });

/** Only these values work; others are refused with what is missing. */
const only =
  (known: readonly string[], why: string): Reader =>
  (key, value) => {
    if (!known.includes(value)) fail(key, value, why);
    return {};
  };

/** Accepted because scripts have them; nothing here depends on them. */
const ignored: Reader = () => ({});

const readers: Readonly<Record<string, Reader>> = {
  latency: (name, value) => {
    const latency = fromMs(wholeNumber(name, value, 0, MAX_LATENCY_MS));
    return { rcvlatency: latency, peerlatency: latency };
  },
  tsbpddelay: (name, value) => readers['latency']?.(name, value) ?? {},
  rcvlatency: milliseconds('rcvlatency', MAX_LATENCY_MS),
  recvlatency: milliseconds('rcvlatency', MAX_LATENCY_MS),
  peerlatency: milliseconds('peerlatency', MAX_LATENCY_MS),
  tsbpdmode: flag('tsbpdmode'),
  tsbpd: flag('tsbpdmode'),
  tlpktdrop: flag('tlpktdrop'),
  snddropdelay: (name, value) => {
    const ms = wholeNumber(name, value, -1, 2 ** 31);
    return { snddropdelay: ms < 0 ? undefined : fromMs(ms) };
  },
  drifttracer: flag('drifttracer'),
  nakreport: flag('nakreport'),
  lossmaxttl: whole('lossmaxttl'),
  retransmitalgo: whole('retransmitalgo', 0, 1),
  passphrase: words('passphrase'),
  pbkeylen: whole('pbkeylen', 0, 32),
  enforcedencryption: flag('enforcedencryption'),
  strictenc: flag('enforcedencryption'),
  cryptomode: whole('cryptomode', 0, 2),
  kmrefreshrate: whole('kmrefreshrate'),
  kmpreannounce: whole('kmpreannounce'),
  streamid: words('streamid'),
  srt_streamid: words('streamid'),
  maxbw: whole('maxbw', -1),
  inputbw: whole('inputbw'),
  mininputbw: whole('mininputbw'),
  oheadbw: whole('oheadbw', 5, 100),
  payloadsize: whole('payloadsize', 1, MAX_PAYLOAD_BYTES),
  payload_size: whole('payloadsize', 1, MAX_PAYLOAD_BYTES),
  pkt_size: whole('payloadsize', 1, MAX_PAYLOAD_BYTES),
  mss: whole('mss', 76, 1500),
  fc: whole('fc', MIN_PACKETS, 1_000_000),
  ffs: whole('fc', MIN_PACKETS, 1_000_000),
  sndbuf: whole('sndbuf', 0, 2 ** 31),
  rcvbuf: whole('rcvbuf', 0, 2 ** 31),
  conntimeo: milliseconds('conntimeo'),
  connect_timeout: milliseconds('conntimeo'),
  peeridletimeo: milliseconds('peeridletimeo'),
  minversion: (name, value) => ({ minversion: version(name, value) }),
  transtype: only(['live'], 'only live mode is there'),
  congestion: only(['live'], 'only live congestion control is there'),
  packetfilter: only([''], 'packet filters are not there'),
  groupconnect: only(['0', 'no', 'false'], 'bonding groups are not there'),
  messageapi: ignored,
  linger: ignored,
  blocking: ignored,
  timeout: ignored,
  iptos: ignored,
  ipttl: ignored,
  ipv6only: ignored,
  groupminstabletimeo: ignored,
  bindtodevice: ignored,
};

/** Every name that `parseOptions` knows, for help texts. */
export const optionNames: readonly string[] = Object.keys(readers);

function wholeNumber(key: string, text: string, least: number, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isInteger(value)) fail(key, text, 'a whole number is needed');
  if (value < least || value > most) fail(key, text, `${least} to ${most} are possible`);
  return value;
}

const yes = new Set(['1', 'yes', 'on', 'true']);
const no = new Set(['0', 'no', 'off', 'false']);

function truth(key: string, text: string): boolean {
  const word = text.toLowerCase();
  if (!yes.has(word) && !no.has(word)) fail(key, text, 'yes or no is needed');
  return yes.has(word);
}

/** `1.3.0`, or a number as libsrt has it. */
function version(key: string, text: string): number {
  const [, major, minor, patch] = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?$/.exec(text) ?? [];
  if (major === undefined) return wholeNumber(key, text, 0, 0xffffff);
  return (Number(major) << 16) | (Number(minor) << 8) | Number(patch ?? 0);
}

function fail(key: string, value: unknown, why: string): never {
  throw errors.config('OPTION', { key, value, why });
}
