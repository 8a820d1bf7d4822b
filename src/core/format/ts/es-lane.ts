// One elementary stream on its way in: its PES packets, the reader of its codec, and the track that it becomes.
import { firstTrackId } from '../../media/track.ts';
import { adtsSyntax } from '../adts/syntax.ts';
import { mp3Syntax } from '../mp3/syntax.ts';
import { ac3Syntax } from './ac3.ts';
import { AnnexBReader } from './annexb.ts';
import { AudioReader } from './audio.ts';
import { Continuity } from './continuity.ts';
import type { EsCounts, EsReader, TrackSeed } from './es.ts';
import { OpusReader } from './opus.ts';
import { type PesCounts, PesReader } from './pes.ts';
import { mediaKind, type ProgramStream } from './program-map.ts';

export class EsLane {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  readonly pes: PesReader;
  readonly reader: EsReader;
  readonly continuity = new Continuity();
  readonly #stream: ProgramStream;

  constructor(stream: ProgramStream, seed: TrackSeed, counts: EsCounts & PesCounts, limitBytes: number) {
    this.id = seed.id;
    this.kind = mediaKind(stream.kind);
    this.pes = new PesReader(counts, limitBytes);
    this.reader = openReader(stream, seed, counts);
    this.#stream = stream;
  }

  /** Whether the lane goes on with this entry of a new PMT. */
  serves(stream: ProgramStream): boolean {
    return this.#stream.pid === stream.pid && this.#stream.kind === stream.kind;
  }
}

/** The lowest id of its kind that no lane has. */
export function freeId(stream: ProgramStream, taken: ReadonlySet<number>): number {
  let id: number = firstTrackId[mediaKind(stream.kind)];
  while (taken.has(id)) id++;
  return id;
}

function openReader(stream: ProgramStream, seed: TrackSeed, counts: EsCounts): EsReader {
  switch (stream.kind) {
    case 'h264':
    case 'h265':
      return new AnnexBReader(stream.kind, seed, counts);
    case 'aac':
      return new AudioReader(adtsSyntax, seed, counts);
    case 'mp3':
      return new AudioReader(mp3Syntax, seed, counts);
    case 'ac3':
      return new AudioReader(ac3Syntax, seed, counts);
    case 'opus':
      return new OpusReader(stream.descriptors, seed, counts);
  }
}
