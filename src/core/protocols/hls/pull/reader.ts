// The bytes of segments as tracks and frames: which container it is, init segments, keys, and one timeline over breaks.
import { fromHex } from '../../../base/bytes.ts';
import { fromMs, type Micros } from '../../../base/time.ts';
import type { ClientHost, PullOptions } from '../../../control/host.ts';
import { type ContainerDemuxer, containers } from '../../../format/container/index.ts';
import { type Attributes, decryptAes128, type PlaylistMap } from '../../../format/hls/index.ts';
import type { MediaEvent } from '../../../media/demuxer.ts';
import type { MediaSink } from '../../../media/sink.ts';
import { hlsErrors } from '../errors.ts';
import type { Piece } from './follower.ts';
import { follow, type Loader } from './load.ts';

/** From where pieces come and where frames go. */
export interface ReaderOptions {
  readonly host: ClientHost;
  readonly loader: Loader;
  readonly sink: MediaSink;
  readonly onContainer: PullOptions['onContainer'];
}

/** Chosen: a minute of 17 Mbit/s. */
const SEGMENT_BYTES = 128 * 1024 * 1024;
/** An encrypted segment must be whole before it can be read. */
const ENCRYPTED_BYTES = 64 * 1024 * 1024;
const INIT_BYTES = 1024 * 1024;
const KEY_BYTES = 16;
/** Bytes that tell the container. */
const SNIFF_BYTES = 8;
/** Between the last frame before a break and the first one behind it. Chosen: a frame of 25 a second. */
const STEP: Micros = fromMs(40);

type Kind = 'ts' | 'mp4' | 'aac' | 'mp3';

/** Reads the pieces of one playlist, in order. */
export class Reader {
  readonly #options: ReaderOptions;
  #kind: Kind | undefined;
  #demuxer: ContainerDemuxer | undefined;
  /** The init segment that the demuxer was begun with. */
  #map: PlaylistMap | undefined;
  /** One key is used for many segments. */
  #key: { readonly url: string; readonly bytes: Uint8Array } | undefined;
  /** First bytes of a piece whose container is not known yet. */
  #head: Uint8Array[] = [];
  #shift: Micros = 0;
  #newest: Micros | undefined;
  /** The next frame sets the shift. */
  #rebase = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Rejects with NET_*, HLS_*, PLAYLIST_DECRYPT and the errors of the demuxers. */
  async read(piece: Piece, base: URL): Promise<void> {
    if (piece.breaks) this.#break();
    try {
      await this.#useMap(piece.map, base);
      await this.#load(piece, base);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  async #load(piece: Piece, base: URL): Promise<void> {
    const { loader } = this.#options;
    this.#head = [];
    const url = follow(piece.uri, base);
    const { range } = piece;
    if (piece.key === undefined) {
      await loader.load(url, { limitBytes: SEGMENT_BYTES, range, onData: (bytes) => this.#push(bytes, piece) });
    } else {
      const bytes = await loader.load(url, { limitBytes: ENCRYPTED_BYTES, range });
      this.#push(await this.#decrypt(bytes, piece.key, { base, sequence: piece.sequence }), piece);
    }
  }

  /** What was held back; the source is over. */
  end(): void {
    this.#give(this.#demuxer?.end() ?? []);
    this.#demuxer = undefined;
  }

  /** Another timeline, or something is missing: what comes next has nothing to do with what came. */
  #break(): void {
    this.end();
    this.#kind = undefined;
    this.#map = undefined;
    this.#rebase = this.#newest !== undefined;
  }

  /** A piece broke off: its half of a box or packet must not be taken for the beginning of what the next piece has. */
  #forget(): void {
    this.#demuxer = undefined;
    this.#map = undefined;
  }

  async #useMap(map: PlaylistMap | undefined, base: URL): Promise<void> {
    if (map === undefined || sameMap(map, this.#map)) return;
    this.end();
    this.#map = map;
    this.#kind = 'mp4';
    const { byteRange } = map;
    const first = byteRange?.offset ?? 0;
    const range = byteRange && { first, last: first + byteRange.length - 1 };
    const bytes = await this.#options.loader.load(follow(map.uri, base), { limitBytes: INIT_BYTES, range });
    this.#demux(map.key === undefined ? bytes : await this.#decrypt(bytes, map.key, { base, sequence: 0 }));
  }

  async #decrypt(
    bytes: Uint8Array,
    key: Attributes,
    { base, sequence }: { base: URL; sequence: number },
  ): Promise<Uint8Array> {
    const method = key.get('METHOD') ?? '';
    const format = key.get('KEYFORMAT') ?? 'identity';
    if (method !== 'AES-128' || format !== 'identity') throw hlsErrors.protocol('KEY', { why: `${method}, ${format}` });
    const url = follow(key.get('URI') ?? '', base);
    if (this.#key?.url !== url.href) {
      const loaded = await this.#options.loader.load(url, { limitBytes: KEY_BYTES });
      if (loaded.length !== KEY_BYTES) throw hlsErrors.protocol('KEY', { why: `a key of ${loaded.length} bytes` });
      this.#key = { url: url.href, bytes: loaded };
    }
    return decryptAes128(bytes, { key: this.#key.bytes, iv: vectorOf(key.get('IV'), sequence) });
  }

  #push(bytes: Uint8Array, { uri }: Piece): void {
    if (this.#kind === undefined) {
      this.#head.push(bytes.slice());
      const head = Buffer.concat(this.#head);
      if (head.length < SNIFF_BYTES) return;
      this.#head = [];
      this.#kind = sniff(head);
      if (this.#kind === undefined) throw hlsErrors.protocol('CONTAINER', { uri: uri.slice(0, 200) });
      this.#demux(head);
      return;
    }
    this.#demux(bytes);
  }

  #demux(bytes: Uint8Array): void {
    const { host, sink, onContainer } = this.#options;
    const kind = this.#kind ?? 'ts';
    const warn = (what: string): void => host.log.warn('hls', 'leaves parts out', { what });
    this.#demuxer ??= containers[kind].demuxer(host.limits, warn);
    onContainer?.(kind, bytes, true);
    const events = this.#demuxer.push(bytes);
    sink.promise?.(this.#demuxer.promised());
    this.#give(events);
  }

  #give(events: readonly MediaEvent[]): void {
    for (const event of events) {
      if (event.type === 'tracks') this.#options.sink.on(event);
      else this.#options.sink.on({ type: 'frame', frame: this.#place(event.frame) });
    }
  }

  /** On the timeline of the source, which goes on over breaks. */
  #place(frame: Extract<MediaEvent, { type: 'frame' }>['frame']): typeof frame {
    if (this.#rebase) {
      this.#rebase = false;
      this.#shift = (this.#newest ?? 0) + STEP - frame.dts;
    }
    const dts = frame.dts + this.#shift;
    this.#newest = Math.max(this.#newest ?? dts, dts);
    return this.#shift === 0 ? frame : { ...frame, dts };
  }
}

const sameMap = (a: PlaylistMap, b: PlaylistMap | undefined): boolean =>
  a.uri === b?.uri && a.byteRange?.offset === b.byteRange?.offset && a.byteRange?.length === b.byteRange?.length;

/** RFC 8216 §5.2: without an IV it is the media sequence number. */
function vectorOf(iv: string | undefined, sequence: number): Uint8Array {
  const bytes = new Uint8Array(KEY_BYTES);
  if (iv === undefined) new DataView(bytes.buffer).setBigUint64(8, BigInt(sequence));
  else {
    const hex = iv.replace(/^0x/i, '').padStart(2 * KEY_BYTES, '0');
    if (!/^[0-9a-f]{32}$/i.test(hex)) throw hlsErrors.protocol('KEY', { why: 'its IV is not 16 bytes in hex' });
    bytes.set(fromHex(hex));
  }
  return bytes;
}

/** The container by its first bytes (RFC 8216 §3.1). */
function sniff(bytes: Uint8Array): Kind | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, SNIFF_BYTES));
  if (bytes[0] === 0x47) return 'ts';
  if (/^....(ftyp|styp|moov|moof|sidx|prft|emsg|free|mdat)/s.test(text)) return 'mp4';
  // Packed audio begins with an ID3 tag that says its time; its frames tell the codec (RFC 8216 §3.4).
  if (text.startsWith('ID3')) return 'aac';
  if (bytes[0] !== 0xff) return undefined;
  // ADTS has layer 0 (ISO 13818-7 §6.2), MPEG audio another one.
  return ((bytes[1] ?? 0) & 0xf6) === 0xf0 ? 'aac' : ((bytes[1] ?? 0) & 0xe0) === 0xe0 ? 'mp3' : undefined;
}
