// Demuxers that count what they leave out, as the file protocol wants to hear it.
import type { Demuxer, MediaEvent } from '../../media/demuxer.ts';
import type { TrackKind } from '../../media/track.ts';
import type { FileDemuxer } from './formats.ts';

export interface TallyOptions {
  /** What the demuxer has counted so far, by name. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** Told the name of each count that has grown, after the call in which it grew. */
  readonly onBad: (name: string) => void;
  readonly promised?: () => readonly TrackKind[];
}

/** `demuxer` with its counts told as they grow. */
export function tallied(demuxer: Demuxer, { counts, onBad, promised }: TallyOptions): FileDemuxer {
  let before = counts();
  const after = (events: MediaEvent[]): MediaEvent[] => {
    const now = counts();
    for (const name of Object.keys(now)) if ((now[name] ?? 0) > (before[name] ?? 0)) onBad(name);
    before = now;
    return events;
  };
  return {
    push: (bytes) => after(demuxer.push(bytes)),
    end: () => after(demuxer.end()),
    ...(promised && { promised }),
  };
}
