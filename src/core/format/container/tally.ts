// Demuxers that count what they leave out, told as it happens.
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { TrackKind } from '../../media/track.ts';

/** A demuxer that may know beforehand which kinds of tracks will come; empty: it does not. */
export interface ContainerDemuxer extends Demuxer {
  promised(): readonly TrackKind[];
}

export interface TallyOptions {
  /** What the demuxer has counted so far, by name. */
  readonly counts?: () => Readonly<Record<string, number>>;
  /** Told the name of each count that has grown, after the call in which it grew. */
  readonly onBad?: (name: string) => void;
  readonly promised?: () => readonly TrackKind[];
}

/** `demuxer` with its counts told as they grow. */
export function tallied(demuxer: Demuxer, options: TallyOptions): ContainerDemuxer {
  const { counts = nothing, onBad = nothing, promised = nobody } = options;
  let before = counts();
  const after = (events: MediaEvent[]): MediaEvent[] => {
    const now = counts();
    for (const name of Object.keys(now)) if ((now[name] ?? 0) > (before[name] ?? 0)) onBad(name);
    before = now;
    return events;
  };
  return { push: (bytes) => after(demuxer.push(bytes)), end: () => after(demuxer.end()), promised };
}

const nothing = (): Readonly<Record<string, number>> => ({});
const nobody = (): readonly TrackKind[] => [];
