// Demuxers that count what they leave out, told as it happens.
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { TrackKind } from '../../media/track.ts';

/** A demuxer that may know beforehand which kinds of tracks will come; empty: it does not. */
export interface ContainerDemuxer extends Demuxer {
  promised(): readonly TrackKind[];
}

export interface TallyOptions<Name extends string> {
  /** What is counted, in the order in which it is told. */
  readonly names?: readonly Name[];
  /** What the demuxer has counted so far under a name; asked after each call, so it must be cheap. */
  readonly count?: (name: Name) => number;
  /** Told the name of each count that has grown, after the call in which it grew. */
  readonly onBad?: (name: Name) => void;
  readonly promised?: () => readonly TrackKind[];
}

/** `demuxer` with its counts told as they grow. */
export function tallied<Name extends string>(demuxer: Demuxer, options: TallyOptions<Name>): ContainerDemuxer {
  const { names = [], count = zero, onBad = nothing, promised = nobody } = options;
  const before = names.map(count);
  // In place, and without iterators: datagrams come by the thousand, and nearly never is there anything to tell.
  const after = (events: MediaEvent[]): MediaEvent[] => {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as Name;
      const now = count(name);
      if (now > (before[i] as number)) onBad(name);
      before[i] = now;
    }
    return events;
  };
  return { push: (bytes) => after(demuxer.push(bytes)), end: () => after(demuxer.end()), promised };
}

const zero = (): number => 0;
const nothing = (): void => undefined;
const nobody = (): readonly TrackKind[] => [];
