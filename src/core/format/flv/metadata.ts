// onMetaData for players: the publisher's own, without what is wrong on a live wire, or one made from the tracks.
import { ProtocolError } from '../../base/errors.ts';
import { type CodecInfo, describe } from '../../codec/index.ts';
import { firstTrackId, type Track, type TrackKind } from '../../media/track.ts';
import {
  type AmfEcmaArray,
  type AmfValue,
  amfEcmaArray,
  amfEntries,
  parseAmf0,
  writeAmf0,
} from '../../wire/amf0/index.ts';

/** Says of a file what is wrong for a live stream: players show a duration or seek by it. */
const STALE: ReadonlySet<string> = new Set([
  'duration',
  'filesize',
  'datasize',
  'videosize',
  'audiosize',
  'lasttimestamp',
  'lastkeyframetimestamp',
  'lastkeyframelocation',
  'hasKeyframes',
  'hasMetadata',
  'canSeekToEnd',
  'keyframes',
]);

/** Which number or FourCC a track's codec has in the tags that are written (E-RTMP "Enhancing onMetaData"). */
export type CodecId = (track: Track) => number | undefined;

/** The body of an onMetaData tag for these tracks. */
export function metadataBody(tracks: readonly Track[], codecId: CodecId): Uint8Array {
  const published = tracks.find((track) => track.kind === 'data' && track.codec === 'amf0' && track.config.length > 0);
  const properties = published && propertiesOf(published.config);
  return writeAmf0(['onMetaData', properties ? passedOn(properties, tracks, codecId) : madeOf(tracks, codecId)]);
}

/** Wide, because whoever took the metadata in has applied the limits that the operator has set. */
const LIMITS = { amfDepth: 256, amfValues: 1_000_000 };

/** Undefined when this is not metadata: a muxer has no peer that could be told. */
function propertiesOf(config: Uint8Array): AmfValue {
  try {
    const properties = parseAmf0(config, LIMITS)[1];
    return amfEntries(properties) === undefined ? undefined : properties;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}

/** The publisher's properties in its order; codec ids are those of our tags, which may be legacy or FourCC. */
function passedOn(value: AmfValue, tracks: readonly Track[], codecId: CodecId): AmfValue {
  const kept = new Map<string, AmfValue>();
  for (const [name, property] of amfEntries(value) ?? []) if (!STALE.has(name)) kept.set(name, property);
  for (const [name, id] of codecIds(tracks, codecId)) if (kept.has(name) && id !== undefined) kept.set(name, id);
  return value instanceof Map ? kept : ({ type: 'ecma', entries: kept } satisfies AmfEcmaArray);
}

function madeOf(tracks: readonly Track[], codecId: CodecId): AmfEcmaArray {
  const video = first(tracks, 'video');
  const audio = first(tracks, 'audio');
  const picture = video === undefined ? undefined : factsOf(video);
  const sound = audio === undefined ? undefined : factsOf(audio);
  const { videocodecid, audiocodecid } = Object.fromEntries(codecIds(tracks, codecId));
  return amfEcmaArray({
    width: picture?.width,
    height: picture?.height,
    framerate: picture?.fps,
    videocodecid,
    audiosamplerate: sound?.sampleRate,
    audiosamplesize: audio === undefined ? undefined : 16,
    stereo: sound?.channels === undefined ? undefined : sound.channels > 1,
    audiochannels: sound?.channels,
    audiocodecid,
  });
}

/** Damaged parameters say nothing; the frames are passed on all the same. */
function factsOf({ codec, config }: Track): CodecInfo | undefined {
  try {
    return describe(codec, config);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}

function codecIds(tracks: readonly Track[], codecId: CodecId): [string, number | undefined][] {
  const video = first(tracks, 'video');
  const audio = first(tracks, 'audio');
  return [
    ['videocodecid', video && codecId(video)],
    ['audiocodecid', audio && codecId(audio)],
  ];
}

const first = (tracks: readonly Track[], kind: TrackKind): Track | undefined =>
  tracks.find((track) => track.id === firstTrackId[kind]) ?? tracks.find((track) => track.kind === kind);
