// The segments of a stream as DASH has them: periods, representations, and what lingers behind the MPD.
import { fromSeconds, fromTicks, type Micros, toSeconds, toTicks } from '../../base/time.ts';
import { describe } from '../../codec/index.ts';
import type { Segment, TrackFragment } from '../hls/index.ts';
import { type DashPeriod, type DashRepresentation, type DashSegment, initName, segmentName } from './manifest.ts';

/** What a store holds at least and at most. */
export interface DashLimits {
  /** Segments in the MPD at least (SRS: dash_window_size). */
  readonly segments: number;
  /** Or as many as are this long; 0: `segments` alone says it. */
  readonly window: Micros;
  /** Bytes of all segments; above it the oldest go, whatever the window says. */
  readonly bytes: number;
}

/** A file that came, or that nobody may fetch any more. */
export interface DashFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Lane {
  readonly id: string;
  readonly fragment: Pick<TrackFragment, 'track' | 'init'>;
  readonly offsetTicks: number;
  /** What the manifest says of the track. */
  readonly about: TrackWords;
  readonly listed: DashSegment[];
  readonly lingering: DashSegment[];
  bandwidthBps: number;
}

type TrackWords = Pick<DashRepresentation, 'kind' | 'codecs' | 'width' | 'height' | 'sampleRate' | 'channels'>;

interface Period {
  readonly id: number;
  readonly start: Micros;
  /** Media time at `start`. */
  readonly offset: Micros;
  readonly lanes: Map<number, Lane>;
}

/** What `add` changed. */
export interface DashChange {
  readonly came: readonly DashFile[];
  readonly gone: readonly DashFile[];
}

/** A publisher's clock that has gone this far from the wall gets a period of its own. Chosen: below what players notice. */
const DRIFT = fromSeconds(2);
/** Periods in an MPD, whatever comes: a publisher that changes its parameters all the time must not grow it. */
const MAX_PERIODS = 16;

/**
 * Numbers of segments begin with the time at which the stream began, so that a program that starts again does not give
 * an old name to other bytes: caches and players would mix the two.
 */
export class DashStore {
  readonly #limits: DashLimits;
  #periods: Period[] = [];
  #nextPeriod = 0;
  readonly #numbers = new Map<string, number>();
  #availabilityStart: Micros | undefined;
  #longest: Micros = 0;
  #bytes = 0;

  constructor(limits: DashLimits) {
    this.#limits = limits;
  }

  /** Wall time at which the first segment began; undefined before it came. */
  get availabilityStart(): Micros | undefined {
    return this.#availabilityStart;
  }

  /** The longest segment so far. */
  get longest(): Micros {
    return this.#longest;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How far back the MPD goes from its end: the leading track of each period counts. */
  get span(): Micros {
    return this.#periods.reduce((sum, period) => sum + spanOf(leadOf(period)), 0);
  }

  /** What the MPD says. */
  get periods(): readonly DashPeriod[] {
    const all = this.#periods.map(({ id, start, lanes }) => ({
      ...{ id, start },
      representations: [...lanes.values()].filter(({ listed }) => listed.length > 0).map(representationOf),
    }));
    return all.filter(({ representations }) => representations.length > 0);
  }

  /** Segments without fragments of their own are nothing for DASH. */
  add(segment: Segment): DashChange {
    const { fragments = [], wall, discontinuity, duration } = segment;
    const came: DashFile[] = [];
    const gone: DashFile[] = [];
    if (fragments.length === 0) return { came, gone };
    this.#availabilityStart ??= wall;
    this.#longest = Math.max(this.#longest, duration);
    const period = this.#periodFor(fragments, { wall, discontinuity }, gone);
    for (const fragment of fragments) this.#addFragment(period, fragment, came);
    for (const id of new Set(this.#periods.flatMap((each) => idsOf(each)))) this.#trim(id, gone);
    this.#dropPeriods(gone);
    return { came, gone };
  }

  /** Every file that is there. */
  files(): DashFile[] {
    return this.#periods.flatMap((period) =>
      [...period.lanes.values()].flatMap((lane) => [
        initFile(lane, period),
        ...all(lane).map((one) => fileOf(lane, one)),
      ]),
    );
  }

  #periodFor(
    fragments: readonly TrackFragment[],
    { wall, discontinuity }: Pick<Segment, 'wall' | 'discontinuity'>,
    gone: DashFile[],
  ): Period {
    const since = wall - (this.#availabilityStart ?? wall);
    const media = Math.min(...fragments.map(({ track, startTicks }) => fromTicks(startTicks, track.timescale)));
    const last = this.#periods.at(-1);
    const drift = last === undefined ? 0 : Math.abs(since - last.start - (media - last.offset));
    if (last !== undefined && !discontinuity && drift < DRIFT) return last;
    // Periods do not overlap, whatever the wall's clock did.
    const start = Math.max(since, last === undefined ? 0 : last.start + spanOf(leadOf(last)));
    const period: Period = { id: this.#nextPeriod++, start, offset: media, lanes: new Map() };
    this.#periods.push(period);
    while (this.#periods.length > MAX_PERIODS) this.#drop(this.#periods.shift() as Period, gone);
    return period;
  }

  #addFragment(period: Period, fragment: TrackFragment, came: DashFile[]): void {
    const { track, bytes, startTicks, durationTicks } = fragment;
    let lane = period.lanes.get(track.id);
    if (lane === undefined) {
      lane = laneOf(period, fragment);
      period.lanes.set(track.id, lane);
      this.#bytes += lane.fragment.init.length;
      came.push(initFile(lane, period));
    }
    const number = this.#numbers.get(lane.id) ?? firstNumber(this.#availabilityStart ?? 0);
    this.#numbers.set(lane.id, number + 1);
    const segment = { number, startTicks, durationTicks, bytes };
    lane.listed.push(segment);
    this.#bytes += bytes.length;
    const seconds = durationTicks / track.timescale;
    if (seconds > 0) lane.bandwidthBps = Math.max(lane.bandwidthBps, Math.ceil((bytes.length * 8) / seconds));
    came.push(fileOf(lane, segment));
  }

  /**
   * The window of one representation, through all periods. What leaves it lingers for as long as the window is, for players
   * that are behind. A track that the newest period does not have goes segment by segment as the others come.
   */
  #trim(id: string, gone: DashFile[]): void {
    const { segments, window, bytes } = this.#limits;
    const lanes = this.#periods.flatMap(({ lanes: each }) => [...each.values()].filter((lane) => lane.id === id));
    const current = idsOf(this.#periods.at(-1)).includes(id);
    let count = lanes.reduce((sum, { listed }) => sum + listed.length, 0);
    let span = lanes.reduce((sum, lane) => sum + spanOf(lane), 0);
    for (let most = current ? count - 1 : 1; most > 0; most--) {
      const lane = lanes.find(({ listed }) => listed.length > 0);
      const first = lane?.listed[0];
      if (lane === undefined || first === undefined) break;
      const length = fromTicks(first.durationTicks, lane.fragment.track.timescale);
      const wanted = count <= segments || span - length < window;
      if (current && wanted && this.#bytes <= bytes) break;
      lane.listed.shift();
      lane.lingering.push(first);
      count--;
      span -= length;
      if (this.#bytes > bytes || !current) this.#forget(lanes, gone);
    }
    const left = lanes.reduce((sum, { lingering }) => sum + lingering.length, 0);
    for (let most = left - count; most > 0; most--) this.#forget(lanes, gone);
  }

  #forget(lanes: readonly Lane[], gone: DashFile[]): void {
    const lane = lanes.find(({ lingering }) => lingering.length > 0);
    const oldest = lane?.lingering.shift();
    if (lane === undefined || oldest === undefined) return;
    this.#bytes -= oldest.bytes.length;
    gone.push(fileOf(lane, oldest));
  }

  /** Periods of which nothing is there any more. */
  #dropPeriods(gone: DashFile[]): void {
    const newest = this.#periods.at(-1);
    const empty = this.#periods.filter(
      (period) => period !== newest && [...period.lanes.values()].every((lane) => all(lane).length === 0),
    );
    for (const period of empty) this.#drop(period, gone);
    this.#periods = this.#periods.filter((period) => !empty.includes(period));
  }

  #drop(period: Period, gone: DashFile[]): void {
    for (const lane of period.lanes.values()) {
      lane.lingering.push(...lane.listed.splice(0));
      while (lane.lingering.length > 0) this.#forget([lane], gone);
      this.#bytes -= lane.fragment.init.length;
      gone.push(initFile(lane, period));
    }
  }
}

/** No stream has more segments in a second: SRS, and we, never cut below 200 ms. */
const NUMBERS_PER_SECOND = 5;
/** 2020-01-01, so that numbers stay within the 32 bits of startNumber (ISO 23009-1 §5.3.9.5) until 2047. */
const NUMBERS_SINCE: Micros = fromSeconds(1_577_836_800);

const firstNumber = (wall: Micros): number =>
  Math.max(1, Math.floor(toSeconds(wall - NUMBERS_SINCE) * NUMBERS_PER_SECOND) % 2 ** 32);

function laneOf(period: Period, { track, init }: TrackFragment): Lane {
  const about = wordsOf(track);
  const { kind } = about;
  const same = [...period.lanes.values()].filter(({ id }) => id.startsWith(kind)).length;
  return {
    about,
    id: same === 0 ? kind : `${kind}${same}`,
    fragment: { track, init },
    offsetTicks: toTicks(period.offset, track.timescale),
    listed: [],
    lingering: [],
    bandwidthBps: 0,
  };
}

/** The picture, or the first sound. */
function leadOf({ lanes }: Period): Lane | undefined {
  return [...lanes.values()].sort((a, b) => a.fragment.track.id - b.fragment.track.id)[0];
}

const idsOf = (period: Period | undefined): string[] => [...(period?.lanes.values() ?? [])].map(({ id }) => id);

const all = ({ listed, lingering }: Lane): readonly DashSegment[] => [...lingering, ...listed];

function spanOf(lane: Lane | undefined): Micros {
  const [first, last] = [lane?.listed[0], lane?.listed.at(-1)];
  if (lane === undefined || first === undefined || last === undefined) return 0;
  return fromTicks(last.startTicks + last.durationTicks - first.startTicks, lane.fragment.track.timescale);
}

const fileOf = ({ id }: Lane, { number, bytes }: DashSegment): DashFile => ({ name: segmentName(id, number), bytes });

const initFile = ({ id, fragment }: Lane, period: Period): DashFile => ({
  name: initName(id, period.id),
  bytes: fragment.init,
});

const representationOf = ({ id, about, fragment, offsetTicks, bandwidthBps, listed }: Lane): DashRepresentation => ({
  ...about,
  ...{ id, offsetTicks, timescale: fragment.track.timescale, init: fragment.init },
  segments: [...listed],
  bandwidthBps: Math.max(1, bandwidthBps),
});

/** Read once for each track: a manifest is written for each player, and often. */
function wordsOf({ source, timescale, width, height }: Lane['fragment']['track']): TrackWords {
  // The parameters were read when the track was described; a codec that describes itself in its frames tells less here.
  const info = source.config.length > 0 ? describe(source.codec, source.config) : undefined;
  const kind = source.kind === 'video' ? 'video' : 'audio';
  return {
    kind,
    codecs: info?.codecString ?? bareCodec(source.codec),
    ...(kind === 'video' && width > 0 && { width, height }),
    ...(kind === 'audio' && { sampleRate: info?.sampleRate ?? timescale, channels: info?.channels ?? 2 }),
  };
}

/** RFC 6381 names of codecs without a configuration. */
const bareCodec = (codec: string): string => ({ mp3: 'mp4a.40.34', ac3: 'ac-3', eac3: 'ec-3' })[codec] ?? codec;
