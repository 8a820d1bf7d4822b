// Reads MP4 as it comes: fragmented streams and files, and plain files whose index is in front of the data.
import { ProtocolError } from '../../base/errors.ts';
import { defaultLimits, type Limits } from '../../base/limits.ts';
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import { fmp4Errors } from './errors.ts';
import { Framer } from './framer.ts';
import { Gather } from './gather.ts';
import { coming, MAX_SAMPLES, type NextTimes, parseMoof } from './moof.ts';
import { type MovieTrack, parseMoov } from './moov.ts';
import { byPlace, FragmentSupply, fragmentTurns, type Supply, TableSupply, tableTurns } from './supply.ts';
import { type Coming, Weave } from './weave.ts';
import { BOX_HEAD_MAX, type BoxHead, BoxView, parseBoxHead } from './wire.ts';

/** The limits that readers of MP4 obey. */
export type Fmp4Limits = Pick<Limits, 'messageBytes' | 'openBytes' | 'tracks'>;

/** Chosen: the index of 24 h of 25 pictures and 47 sounds a second with B-frames takes about 45 MB. */
export const MOOV_BYTES = 64 * 1024 * 1024;
/** Chosen: a fragment of an hour of sound and picture is below. */
export const MOOF_BYTES = 8 * 1024 * 1024;

/** What may be the first box of something that is an MP4 or a part of one. */
const firstBoxes: ReadonlySet<string> = new Set(
  'ftyp styp moov moof mdat free skip wide sidx prft emsg uuid pdin meta'.split(' '),
);

const NOTHING: Supply = { next: undefined, shift: () => undefined };

/** What the next byte belongs to. */
type State =
  | { readonly at: 'head' }
  | { readonly at: 'box'; readonly type: 'moov' | 'moof'; readonly start: number; readonly gather: Gather }
  | { readonly at: 'skip'; readonly end: number }
  | { readonly at: 'data'; readonly end: number };

/**
 * Frames come out in decode order across the tracks of a fragment, or of the whole plain file. Fragments that have only
 * some of the tracks (one moof for each track) are taken together until every track had one or one comes again.
 *
 * Boxes other than moov, moof and mdat are skipped, so segments may be joined with their styp, sidx, prft and emsg. A
 * moov that comes again is a new epoch for the tracks that it changes.
 *
 * Holds the box under way (moov up to `MOOV_BYTES`), one sample, and frames that wait for their turn, up to
 * `limits.openBytes`. After an error it is broken: every call throws it again.
 */
export class Fmp4Demuxer implements Demuxer {
  readonly #limits: Fmp4Limits;
  readonly #weave: Weave;
  #state: State = { at: 'head' };
  readonly #head = new Uint8Array(BOX_HEAD_MAX);
  #headFilled = 0;
  /** Offset of the next byte in the input. */
  #position = 0;
  #first = true;
  #movie: readonly MovieTrack[] | undefined;
  #framer = new Framer([]);
  /** The tracks of the frames that left, which may be older than those of the samples that arrive. */
  #announced: readonly Track[] = [];
  #supply: Supply = NOTHING;
  #sample: Gather | undefined;
  /** Tracks of the fragments that are taken together, and their samples. */
  #group = new Set<number>();
  #groupSamples: Coming[] = [];
  readonly #nextTimes: NextTimes = new Map();
  #events: MediaEvent[] = [];
  #fault: ProtocolError | undefined;
  /** By framers of earlier epochs. */
  #dropped = 0;

  constructor(limits: Fmp4Limits = defaultLimits) {
    this.#limits = limits;
    this.#weave = new Weave(limits.openBytes, (frame) => this.#emit(frame));
  }

  /** Bytes allocated for what is not complete, or waits for its turn. */
  get heldBytes(): number {
    const box = this.#state.at === 'box' ? this.#state.gather.allocated : 0;
    return box + this.#headFilled + (this.#sample?.allocated ?? 0) + this.#weave.bytes;
  }

  /** Samples that were no frames of their codec and were left out. */
  get dropped(): number {
    return this.#dropped + this.#framer.dropped;
  }

  push(bytes: Uint8Array): MediaEvent[] {
    if (this.#fault !== undefined) throw this.#fault;
    return this.#guarded(() => {
      let at = 0;
      while (at < bytes.length) {
        const count = this.#step(bytes, at);
        at += count;
        this.#position += count;
        this.#turnOver();
      }
    });
  }

  /** FMP4_CUT when the input ends in the middle of a box or of a plain file's samples. */
  end(): MediaEvent[] {
    if (this.#fault !== undefined) throw this.#fault;
    return this.#guarded(() => {
      const state = this.#state;
      const open = state.at === 'data' && state.end === Number.POSITIVE_INFINITY && this.#sample === undefined;
      if ((state.at !== 'head' && !open) || this.#headFilled > 0 || this.#supply.next !== undefined) {
        throw fmp4Errors.protocol('CUT');
      }
      this.#closeGroup();
    });
  }

  /** Events so far survive an error: they are returned, and the error is thrown by the next call. */
  #guarded(work: () => void): MediaEvent[] {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#break(error);
      if (this.#events.length === 0) throw error;
    }
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #break(fault: ProtocolError): void {
    this.#fault = fault;
    this.#state = { at: 'head' };
    this.#headFilled = 0;
    this.#sample = undefined;
    this.#supply = NOTHING;
    this.#groupSamples = [];
    this.#weave.begin(0);
  }

  /** Consumes at least one byte; returns how many. */
  #step(bytes: Uint8Array, at: number): number {
    const state = this.#state;
    const left = bytes.length - at;
    switch (state.at) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'box':
        return state.gather.take(bytes, at);
      case 'skip':
        return Math.min(left, state.end - this.#position);
      case 'data':
        return this.#readData(bytes, at, state.end);
    }
  }

  #readHead(bytes: Uint8Array, at: number): number {
    const wanted = this.#headFilled < 8 ? 8 : BOX_HEAD_MAX;
    const count = Math.min(wanted - this.#headFilled, bytes.length - at);
    this.#head.set(bytes.subarray(at, at + count), this.#headFilled);
    this.#headFilled += count;
    return count;
  }

  #readData(bytes: Uint8Array, at: number, end: number): number {
    const left = bytes.length - at;
    const sample = this.#supply.next;
    if (sample === undefined || sample.at >= end) return Math.min(left, end - this.#position);
    if (this.#sample === undefined) {
      if (sample.at < this.#position) throw this.#misplaced(sample, 'it has passed');
      if (sample.at > this.#position) return Math.min(left, sample.at - this.#position);
      if (sample.at + sample.size > end) throw this.#misplaced(sample, `${sample.size} bytes go beyond its end`);
      this.#checkSize(sample);
      this.#sample = new Gather(sample.size);
    }
    return this.#sample.take(bytes, at);
  }

  #misplaced(sample: Coming, why: string): ProtocolError {
    return fmp4Errors.protocol('DATA', { offset: sample.at, why });
  }

  #checkSize({ size }: Coming): void {
    const limit = this.#limits.messageBytes;
    if (size > limit) throw fmp4Errors.protocol('SAMPLE_SIZE', { size, limit });
  }

  /** Goes on where a head, a box, a sample or an mdat has just been completed. */
  #turnOver(): void {
    const state = this.#state;
    switch (state.at) {
      case 'head': {
        const head = this.#headFilled < 8 ? undefined : parseBoxHead(this.#head, 0, this.#headFilled);
        if (head !== undefined) this.#open(head);
        return;
      }
      case 'box':
        if (state.gather.done) this.#closeBox(state.type, state.start, state.gather.bytes);
        return;
      case 'skip':
        if (this.#position === state.end) this.#state = { at: 'head' };
        return;
      case 'data':
        if (this.#sample?.done === true) this.#arrive(this.#sample.bytes);
        if (this.#position === state.end) this.#state = { at: 'head' };
        return;
    }
  }

  #open({ type, headBytes, size }: BoxHead): void {
    if (this.#first && !firstBoxes.has(type)) throw fmp4Errors.protocol('NOT_MP4', { type });
    this.#first = false;
    this.#headFilled = 0;
    const start = this.#position - headBytes;
    const end = start + size;
    if (type === 'moov' || type === 'moof') this.#openBox(type, start, size - headBytes);
    else if (type === 'mdat') this.#openData(end);
    else this.#state = { at: 'skip', end };
    // An empty box has no byte that would bring us back.
    if (this.#position === end) this.#turnOver();
  }

  #openBox(type: 'moov' | 'moof', start: number, size: number): void {
    const limit = type === 'moov' ? MOOV_BYTES : MOOF_BYTES;
    if (size > limit) throw fmp4Errors.protocol('BOX_LARGE', { type, size, limit });
    if (type === 'moof' && this.#movie === undefined) {
      throw fmp4Errors.protocol('BOX_MISSING', { type: 'the input', child: 'moov before the first moof' });
    }
    this.#state = { at: 'box', type, start, gather: new Gather(size) };
  }

  #openData(end: number): void {
    if (this.#movie === undefined) throw fmp4Errors.protocol('MOOV_LAST');
    this.#state = { at: 'data', end };
  }

  #closeBox(type: 'moov' | 'moof', start: number, bytes: Uint8Array): void {
    this.#state = { at: 'head' };
    const pending = this.#supply.next;
    if (pending !== undefined) throw this.#misplaced(pending, `a ${type} comes before it`);
    const view = new BoxView(bytes, { type, start: 0, end: bytes.length });
    if (type === 'moov') this.#readMoov(view);
    else this.#readMoof(view, start);
  }

  #readMoov(moov: BoxView): void {
    this.#closeGroup();
    const { tracks } = parseMoov(moov, this.#limits, this.#framer.tracks);
    this.#movie = tracks;
    this.#dropped += this.#framer.dropped;
    this.#framer = new Framer(tracks);
    this.#nextTimes.clear();
    this.#weave.begin(tracks.length);
    const known = this.#framer.tracks.every((track) => this.#announced.includes(track));
    if (!known || this.#announced.length !== tracks.length) this.#announce(this.#framer.tracks);
    if (tracks.every(({ table }) => table === undefined)) return;
    this.#supply = new TableSupply(tracks, byPlace);
    this.#weave.expect(tableTurns(tracks));
  }

  #readMoof(moof: BoxView, moofAt: number): void {
    const tracks = this.#movie ?? [];
    const announced = parseMoof(moof, { moofAt, tracks, nextTimes: this.#nextTimes, limits: this.#limits });
    const again = [...announced.tracks].some((index) => this.#group.has(index));
    if (again || this.#groupSamples.length + announced.samples.length > MAX_SAMPLES) this.#closeGroup();
    for (const index of announced.tracks) this.#group.add(index);
    const samples = announced.samples.map((sample) => coming(tracks[sample.index] as MovieTrack, sample));
    for (const sample of samples) this.#groupSamples.push(sample);
    this.#supply = new FragmentSupply(samples);
    if (this.#group.size === tracks.length) this.#closeGroup();
  }

  /** The turns of the fragments since the last call are known. */
  #closeGroup(): void {
    this.#group.clear();
    if (this.#groupSamples.length === 0) return;
    this.#weave.expect(fragmentTurns(this.#groupSamples));
    this.#groupSamples = [];
  }

  #arrive(bytes: Uint8Array): void {
    const sample = this.#supply.next;
    this.#sample = undefined;
    this.#supply.shift();
    if (sample !== undefined) this.#weave.arrive(sample.index, this.#framer.frame(sample, bytes));
  }

  #emit(frame: Frame): void {
    const { track } = frame;
    if (!this.#announced.includes(track))
      this.#announce(this.#announced.map((old) => (old.id === track.id ? track : old)));
    this.#events.push({ type: 'frame', frame });
  }

  #announce(tracks: readonly Track[]): void {
    this.#announced = tracks;
    this.#events.push({ type: 'tracks', tracks });
  }
}
