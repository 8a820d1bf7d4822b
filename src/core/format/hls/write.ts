// Playlists out of a store: SRS's lines for classic HLS, RFC 8216bis for low latency. URIs come from the caller.
import { fromSeconds, type Micros, toMs, toSeconds } from '../../base/time.ts';
import type { SegmentPart } from './segment.ts';
import type { SegmentStore, StoredSegment } from './store.ts';

/** A segment as a classic playlist names it. */
export interface ClassicSegment {
  readonly uri: string;
  readonly duration: Micros;
  readonly discontinuity: boolean;
  /** Wall time of its first frame, for EXT-X-PROGRAM-DATE-TIME, which SRS does not write. */
  readonly wall?: Micros | undefined;
  /** Its key file (EXT-X-KEY, AES-128) and initialisation vector, in hex. */
  readonly key?: { readonly uri: string; readonly iv: string } | undefined;
  /** URI of its init segment (EXT-X-MAP). */
  readonly map?: string | undefined;
}

/** What a classic playlist says: MPEG-TS segments, or fMP4 ones with init segments. */
export interface ClassicPlaylist {
  /** Whole seconds. */
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly ClassicSegment[];
}

/** A playlist with the lines and their order as SRS has them; no EXT-X-ENDLIST, ever. */
export function writeClassic(playlist: ClassicPlaylist): string {
  const { targetDuration: target, mediaSequence, discontinuitySequence, segments } = playlist;
  // SRS: 3 for MPEG-TS, 7 for fMP4.
  const version = segments.some(({ map }) => map !== undefined) ? 7 : 3;
  const lines = ['#EXTM3U', `#EXT-X-VERSION:${version}`, `#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`];
  // SRS leaves it out, and players of a long stream count wrongly then (RFC 8216 §6.2.2 MUST).
  if (discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`);
  lines.push(`#EXT-X-TARGETDURATION:${target}`);
  let before: ClassicSegment | undefined;
  for (const segment of segments) {
    if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
    addKeyAndMap(lines, segment, before);
    if (segment.wall !== undefined) lines.push(dateTime(segment.wall));
    lines.push(`#EXTINF:${seconds(segment.duration)}, no desc`, segment.uri);
    before = segment;
  }
  return `${lines.join('\n')}\n`;
}

/**
 * SRS writes a key only where it begins, so that a playlist whose window has moved on has segments without one. A map
 * behind a key would be encrypted too (RFC 8216 §4.3.2.5), so the key is lifted for it.
 */
function addKeyAndMap(lines: string[], { key, map }: ClassicSegment, before: ClassicSegment | undefined): void {
  const newMap = map !== undefined && map !== before?.map;
  const newKey = key?.uri !== before?.key?.uri || key?.iv !== before?.key?.iv;
  const lifted = before?.key !== undefined && (newMap || key === undefined);
  if (lifted) lines.push('#EXT-X-KEY:METHOD=NONE');
  if (newMap) lines.push(`#EXT-X-MAP:URI="${map}"`);
  if (key !== undefined && (newKey || lifted)) {
    lines.push(`#EXT-X-KEY:METHOD=AES-128,URI="${key.uri}",IV=0x${key.iv}`);
  }
}

/** What a low-latency playlist says besides the segments. */
export interface LowLatencyOptions {
  readonly target: Micros;
  /** Longest part that the segmenter makes. */
  readonly partTarget: Micros;
  readonly segmentUri: (sequence: number) => string;
  readonly partUri: (sequence: number, index: number) => string;
  readonly initUri: (init: Uint8Array) => string;
  /** A part is being made: it is hinted. */
  readonly live: boolean;
  /** A delta update (§6.2.5.1): leave out what the player has for sure. */
  readonly skip?: boolean;
}

/** Whole seconds, at least those of the longest segment. */
export const targetDuration = ({ longest }: Pick<SegmentStore, 'longest'>, target: Micros): number =>
  Math.max(1, Math.ceil(toSeconds(Math.max(longest, target)) - ROUNDING));

/**
 * The rule is that EXTINF rounded to a whole number is not above, so there is room: a segment of 2.000 s may be longer by
 * the rounding of its times, or by the frame of sound that came before the first picture.
 */
const ROUNDING = 0.1;

/** PART-TARGET in seconds. */
export const partTargetSeconds = (store: SegmentStore, partTarget: Micros): number =>
  toSeconds(Math.max(store.longestPart, partTarget));

/** Skipping begins this many target durations before the end (RFC 8216bis §4.4.3.8: at least six). */
const SKIP_TARGETS = 6;
/** Parts are listed for this many target durations (§6.2.2: at least three). */
const PART_TARGETS = 3;
/** PART-HOLD-BACK in parts: at least three (§4.4.3.8). */
const HOLD_PARTS = 3;

/** The playlist of segments and parts (RFC 8216bis), whole or as a delta update. */
export function writeLowLatency(store: SegmentStore, options: LowLatencyOptions): string {
  const { partTarget, initUri, skip = false } = options;
  const target = targetDuration(store, options.target);
  const part = partTargetSeconds(store, partTarget);
  const skipUntil = target * SKIP_TARGETS;
  const listed = store.listed;
  const skipped = skip ? countBefore(listed, fromSeconds(skipUntil)) : 0;
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${target}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${(part * HOLD_PARTS).toFixed(3)},CAN-SKIP-UNTIL=${skipUntil.toFixed(1)}`,
    `#EXT-X-PART-INF:PART-TARGET=${part.toFixed(3)}`,
    `#EXT-X-MEDIA-SEQUENCE:${store.mediaSequence}`,
  ];
  if (store.discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${store.discontinuitySequence}`);
  if (listed.every(({ independent }) => independent) && store.open?.independent !== false) {
    lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  }
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  // What is skipped has told its init segment already.
  let init = skipped > 0 ? listed[skipped - 1]?.init : undefined;
  const head = (segment: Pick<StoredSegment, 'discontinuity' | 'init' | 'wall'>): void => {
    if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
    if (segment.init !== undefined && segment.init !== init) lines.push(`#EXT-X-MAP:URI="${initUri(segment.init)}"`);
    init = segment.init;
    lines.push(dateTime(segment.wall));
  };
  const partsFrom = countBefore(listed, fromSeconds(target * PART_TARGETS));
  for (let i = skipped; i < listed.length; i++) {
    const segment = listed[i] as StoredSegment;
    head(segment);
    if (i >= partsFrom) addParts(lines, segment.parts, segment.sequence, options);
    lines.push(`#EXTINF:${seconds(segment.duration)},`, options.segmentUri(segment.sequence));
  }
  const { open } = store;
  if (open !== undefined) {
    head(open);
    addParts(lines, open.parts, open.sequence, options);
  }
  if (options.live) {
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${options.partUri(store.nextSequence, store.openParts)}"`);
  }
  return `${lines.join('\n')}\n`;
}

function addParts(
  lines: string[],
  parts: readonly SegmentPart[],
  sequence: number,
  { partUri }: LowLatencyOptions,
): void {
  for (const [index, { duration, independent }] of parts.entries()) {
    const end = independent ? ',INDEPENDENT=YES' : '';
    lines.push(`#EXT-X-PART:DURATION=${seconds(duration)},URI="${partUri(sequence, index)}"${end}`);
  }
}

/** How many segments lie wholly before the last `span` of the list. */
function countBefore(listed: readonly StoredSegment[], span: Micros): number {
  let behind = 0;
  for (let i = listed.length - 1; i >= 0; i--) {
    if (behind >= span) return i + 1;
    behind += (listed[i] as StoredSegment).duration;
  }
  return 0;
}

/** What the playlist of a session says. */
export interface MasterOptions {
  readonly uri: string;
}

/** SRS's playlist of one variant, which gives a player its session. */
export const writeSessionMaster = ({ uri }: MasterOptions): string =>
  `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1\n${uri}\n`;

const seconds = (time: Micros): string => toSeconds(time).toFixed(3);

/** ISO 8601 with milliseconds (§4.4.4.6). */
const dateTime = (wall: Micros): string => `#EXT-X-PROGRAM-DATE-TIME:${new Date(toMs(wall)).toISOString()}`;

/** One of several playlists with the same content (RFC 8216 §4.3.4.2). */
export interface VariantStream {
  readonly uri: string;
  /** Bits a second of its largest segment, and on average. */
  readonly peakBps: number;
  readonly averageBps: number;
  /** RFC 6381, of all tracks. */
  readonly codecs: readonly string[];
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** The playlist of all variants, the one with the most bits first: players begin with the first one. */
export function writeMultivariant(variants: readonly VariantStream[]): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-INDEPENDENT-SEGMENTS'];
  for (const { uri, peakBps, averageBps, codecs, width, height } of [...variants].sort(
    (a, b) => b.peakBps - a.peakBps,
  )) {
    const attributes = [`BANDWIDTH=${Math.max(1, peakBps)}`, `AVERAGE-BANDWIDTH=${Math.max(1, averageBps)}`];
    if (codecs.length > 0) attributes.push(`CODECS="${codecs.join(',')}"`);
    if (width !== undefined && height !== undefined) attributes.push(`RESOLUTION=${width}x${height}`);
    lines.push(`#EXT-X-STREAM-INF:${attributes.join(',')}`, uri);
  }
  return `${lines.join('\n')}\n`;
}

/** How far another variant is (RFC 8216bis §4.4.5.4): lines for the end of a low-latency playlist. */
export function writeReports(reports: readonly { uri: string; msn: number; part: number | undefined }[]): string {
  return reports
    .map(({ uri, msn, part }) => {
      const last = part === undefined ? '' : `,LAST-PART=${part}`;
      return `#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${msn}${last}\n`;
    })
    .join('');
}
