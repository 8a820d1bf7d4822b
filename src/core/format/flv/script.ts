// Script data tags (annex E.4.4): onMetaData, and what may be concluded from it.

import type { TrackKind } from '../../media/track.ts';
import { type AmfLimits, type AmfValue, amfEntries, amfGet, parseAmf0 } from '../../wire/amf0/index.ts';

const SET_DATA_FRAME = '@setDataFrame';
const METADATA = 'onMetaData';
/** Said by servers to players about the session, not by publishers about the media. */
const SESSION_NAMES: ReadonlySet<AmfValue> = new Set(['|RtmpSampleAccess', 'onStatus', '@clearDataFrame']);

/** What a script tag is: the stream's metadata, a frame of the data track, or nothing of the stream's. */
export type Script =
  | { readonly type: 'metadata'; readonly body: Uint8Array; readonly properties: AmfValue }
  | { readonly type: 'data'; readonly body: Uint8Array }
  | { readonly type: 'session' }
  | undefined;

/**
 * Reads a script tag. `body` of the result is without `@setDataFrame`; undefined when there is no name. Throws what
 * `parseAmf0` throws.
 */
export function readScript(body: Uint8Array, limits: AmfLimits): Script {
  const values = parseAmf0(body, limits);
  const wrapped = values[0] === SET_DATA_FRAME;
  const [name, properties] = wrapped ? values.slice(1) : values;
  if (typeof name !== 'string') return undefined;
  if (SESSION_NAMES.has(name)) return { type: 'session' };
  // A short string: marker, 16 bits of size, text.
  const inner = wrapped ? body.subarray(3 + SET_DATA_FRAME.length) : body;
  if (name === METADATA && amfEntries(properties) !== undefined) return { type: 'metadata', body: inner, properties };
  return { type: 'data', body: inner };
}

/** The kinds of tracks that onMetaData announces; empty when it says nothing about any. */
export function promisedKinds(properties: AmfValue): TrackKind[] {
  const kinds: TrackKind[] = [];
  const size = positive(amfGet(properties, 'width')) && positive(amfGet(properties, 'height'));
  if (announced(properties, 'videocodecid', 'videoTrackIdInfoMap') ?? size) kinds.push('video');
  if (announced(properties, 'audiocodecid', 'audioTrackIdInfoMap') ?? false) kinds.push('audio');
  return kinds;
}

/** Undefined when the metadata does not say. A codec id of 0, `none` or nothing at all says no. */
function announced(properties: AmfValue, codecId: string, trackMap: string): boolean | undefined {
  const tracks = amfEntries(amfGet(properties, trackMap));
  if (tracks !== undefined && tracks.size > 0) return true;
  const id = amfGet(properties, codecId);
  if (typeof id === 'number') return id > 0;
  if (typeof id === 'string') return id !== '' && id.toLowerCase() !== 'none' && id !== '0';
  return undefined;
}

const positive = (value: AmfValue): boolean => typeof value === 'number' && value > 0;
