// Text to playlist. Unknown tags are skipped (RFC 8216bis §6.3.1); what is wrong in those that matter is an error.
import { fromMs, type Micros } from '../../base/time.ts';
import { bad, byteRange, duration, type Line, maybeDuration, needed, parseAttributes, whole } from './attributes.ts';
import { playlistErrors } from './errors.ts';
import type {
  Attributes,
  MasterPlaylist,
  MediaPlaylist,
  Playlist,
  PlaylistMap,
  PlaylistPart,
  PlaylistSegment,
  PreloadHint,
  ServerControl,
  Variant,
} from './playlist.ts';

/** Chosen: a day of segments of two seconds with their tags. */
const MAX_CHARACTERS = 16 * 1024 * 1024;
const MAX_LINES = 400_000;

/**
 * Reads a playlist of either kind; what has neither segments nor variants is an empty media playlist.
 *
 * Errors: PLAYLIST_HEAD, PLAYLIST_SIZE, PLAYLIST_LINE, PLAYLIST_MIXED.
 */
export function parsePlaylist(text: string): Playlist {
  if (text.length > MAX_CHARACTERS) {
    throw playlistErrors.protocol('SIZE', { size: text.length, unit: 'characters', limit: MAX_CHARACTERS });
  }
  const lines = text.split(/\r?\n/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) {
    throw playlistErrors.protocol('SIZE', { size: lines.length, unit: 'lines', limit: MAX_LINES });
  }
  // A byte order mark is forbidden (§4.1), and found.
  if (lines[0]?.replace(/^\uFEFF/, '').trim() !== '#EXTM3U') throw playlistErrors.protocol('HEAD');
  const reader = new Reader();
  for (let i = 1; i < lines.length; i++) reader.line((lines[i] as string).trim(), i + 1);
  return reader.end();
}

type Kind = Playlist['kind'];

/** Tags of one kind of playlist only; those of both, and unknown ones, are not here. */
const KINDS: Readonly<Record<string, Kind>> = {
  'EXT-X-STREAM-INF': 'master',
  'EXT-X-MEDIA': 'master',
  'EXT-X-I-FRAME-STREAM-INF': 'master',
  EXTINF: 'media',
  'EXT-X-TARGETDURATION': 'media',
  'EXT-X-MEDIA-SEQUENCE': 'media',
  'EXT-X-PART': 'media',
  'EXT-X-PART-INF': 'media',
};

class Reader {
  #kind: Kind | undefined;
  #version = 1;
  #independentSegments = false;
  // Of a master playlist.
  #stream: { attributes: Attributes; line: number } | undefined;
  readonly #variants: Variant[] = [];
  readonly #renditions: Attributes[] = [];
  // Of a media playlist.
  #targetDuration: number | undefined;
  #mediaSequence = 0;
  #discontinuitySequence = 0;
  #playlistType: MediaPlaylist['playlistType'];
  #endList = false;
  #partTarget: Micros | undefined;
  #control: ServerControl | undefined;
  #skipped = 0;
  readonly #segments: PlaylistSegment[] = [];
  readonly #hints: PreloadHint[] = [];
  readonly #reports: Attributes[] = [];
  /** Discontinuities so far, which count from the first segment. */
  #discontinuities = 0;
  #map: PlaylistMap | undefined;
  #key: Attributes | undefined;
  // Of the segment whose URI comes next.
  #inf: { duration: Micros; title: string } | undefined;
  #discontinuity = false;
  #gap = false;
  #range: PlaylistSegment['byteRange'];
  #date: Micros | undefined;
  #parts: PlaylistPart[] = [];

  line(text: string, number: number): void {
    if (text === '') return;
    if (!text.startsWith('#')) {
      this.#uri(text, number);
      return;
    }
    if (!text.startsWith('#EXT')) return;
    const colon = text.indexOf(':');
    const tag = colon < 0 ? text.slice(1) : text.slice(1, colon);
    const kind = KINDS[tag];
    if (kind !== undefined) {
      if (this.#kind !== undefined && this.#kind !== kind)
        throw playlistErrors.protocol('MIXED', { line: number, tag });
      this.#kind = kind;
    }
    const line: Line = { number, value: colon < 0 ? '' : text.slice(colon + 1) };
    this.#tag(tag, line);
  }

  end(): Playlist {
    const version = this.#version;
    const independentSegments = this.#independentSegments;
    if (this.#kind === 'master') {
      const master: MasterPlaylist = {
        ...{ kind: 'master', version, independentSegments },
        ...{ variants: this.#variants, renditions: this.#renditions },
      };
      return master;
    }
    const first = this.#discontinuitySequence;
    // Sequence tags may come behind the first segment in bad playlists: numbers are made at the end.
    const segments = this.#segments.map((segment, index) => ({
      ...segment,
      sequence: this.#mediaSequence + this.#skipped + index,
      discontinuitySequence: first + segment.discontinuitySequence,
    }));
    return {
      ...{ kind: 'media', version, independentSegments, targetDuration: this.#targetDuration },
      ...{ mediaSequence: this.#mediaSequence, discontinuitySequence: first, playlistType: this.#playlistType },
      ...{ endList: this.#endList, partTarget: this.#partTarget, control: this.#control, skipped: this.#skipped },
      ...{ segments, parts: this.#parts, openDiscontinuity: this.#discontinuity },
      ...{ openMap: this.#map, openKey: this.#key },
      ...{ hints: this.#hints, reports: this.#reports },
    };
  }

  #uri(uri: string, number: number): void {
    if (this.#stream !== undefined) {
      this.#variants.push({ ...this.#stream, uri });
      this.#stream = undefined;
      return;
    }
    if (this.#kind === 'master') throw bad({ number }, 'a URI without EXT-X-STREAM-INF');
    if (this.#inf === undefined) throw bad({ number }, 'a URI without EXTINF');
    this.#segments.push({
      ...{ line: number, sequence: 0, discontinuitySequence: this.#discontinuities, uri },
      ...{ duration: this.#inf.duration, title: this.#inf.title, discontinuity: this.#discontinuity, gap: this.#gap },
      ...{ byteRange: this.#range, map: this.#map, key: this.#key, date: this.#date, parts: this.#parts },
    });
    this.#inf = undefined;
    this.#discontinuity = false;
    this.#gap = false;
    this.#range = undefined;
    this.#date = undefined;
    this.#parts = [];
  }

  #tag(tag: string, line: Line): void {
    switch (tag) {
      case 'EXT-X-VERSION':
        this.#version = whole(line.value, line);
        break;
      case 'EXT-X-INDEPENDENT-SEGMENTS':
        this.#independentSegments = true;
        break;
      case 'EXT-X-STREAM-INF':
        this.#stream = { attributes: parseAttributes(line), line: line.number };
        break;
      case 'EXT-X-MEDIA':
        this.#renditions.push(parseAttributes(line));
        break;
      case 'EXT-X-TARGETDURATION':
        this.#targetDuration = whole(line.value, line);
        break;
      case 'EXT-X-MEDIA-SEQUENCE':
        this.#mediaSequence = whole(line.value, line);
        break;
      case 'EXT-X-DISCONTINUITY-SEQUENCE':
        this.#discontinuitySequence = whole(line.value, line);
        break;
      case 'EXT-X-PLAYLIST-TYPE':
        if (line.value === 'EVENT' || line.value === 'VOD') this.#playlistType = line.value;
        break;
      case 'EXT-X-ENDLIST':
        this.#endList = true;
        break;
      case 'EXT-X-PART-INF':
        this.#partTarget = duration(needed(parseAttributes(line), 'PART-TARGET', line), line);
        break;
      case 'EXT-X-SERVER-CONTROL':
        this.#control = parseControl(line);
        break;
      case 'EXT-X-SKIP':
        this.#skipped = whole(needed(parseAttributes(line), 'SKIPPED-SEGMENTS', line), line);
        break;
      case 'EXT-X-PRELOAD-HINT':
        this.#hints.push(parseHint(line));
        break;
      case 'EXT-X-RENDITION-REPORT':
        this.#reports.push(parseAttributes(line));
        break;
      default:
        this.#segmentTag(tag, line);
    }
  }

  #segmentTag(tag: string, line: Line): void {
    switch (tag) {
      case 'EXTINF': {
        const comma = line.value.indexOf(',');
        const time = comma < 0 ? line.value : line.value.slice(0, comma);
        this.#inf = { duration: duration(time, line), title: comma < 0 ? '' : line.value.slice(comma + 1).trim() };
        break;
      }
      case 'EXT-X-DISCONTINUITY':
        if (!this.#discontinuity) this.#discontinuities++;
        this.#discontinuity = true;
        break;
      case 'EXT-X-GAP':
        this.#gap = true;
        break;
      case 'EXT-X-BYTERANGE':
        this.#range = byteRange(line.value, line);
        break;
      case 'EXT-X-MAP': {
        const attributes = parseAttributes(line);
        this.#map = {
          uri: needed(attributes, 'URI', line),
          byteRange: byteRange(attributes.get('BYTERANGE'), line),
          key: this.#key,
        };
        break;
      }
      case 'EXT-X-KEY': {
        const attributes = parseAttributes(line);
        this.#key = needed(attributes, 'METHOD', line) === 'NONE' ? undefined : attributes;
        break;
      }
      case 'EXT-X-PROGRAM-DATE-TIME': {
        const ms = Date.parse(line.value);
        if (Number.isNaN(ms)) throw bad(line, 'not a date');
        this.#date = fromMs(ms);
        break;
      }
      case 'EXT-X-PART':
        this.#parts.push(parsePart(line));
        break;
      default:
    }
  }
}

function parseControl(line: Line): ServerControl {
  const attributes = parseAttributes(line);
  return {
    line: line.number,
    canBlockReload: attributes.get('CAN-BLOCK-RELOAD') === 'YES',
    partHoldBack: maybeDuration(attributes, 'PART-HOLD-BACK', line),
    holdBack: maybeDuration(attributes, 'HOLD-BACK', line),
    canSkipUntil: maybeDuration(attributes, 'CAN-SKIP-UNTIL', line),
  };
}

function parseHint(line: Line): PreloadHint {
  const attributes = parseAttributes(line);
  return { line: line.number, type: needed(attributes, 'TYPE', line), uri: needed(attributes, 'URI', line) };
}

function parsePart(line: Line): PlaylistPart {
  const attributes = parseAttributes(line);
  return {
    line: line.number,
    uri: needed(attributes, 'URI', line),
    duration: duration(needed(attributes, 'DURATION', line), line),
    independent: attributes.get('INDEPENDENT') === 'YES',
    gap: attributes.get('GAP') === 'YES',
    byteRange: byteRange(attributes.get('BYTERANGE'), line),
  };
}
