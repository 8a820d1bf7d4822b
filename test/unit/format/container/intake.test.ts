import { describe, expect, it } from 'vitest';
import { Intake } from '../../../../src/core/format/container/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import { aacTrack, audio } from '../../../tools/builders.ts';

describe('an intake', () => {
  it('promises until frames have come, and hands on what comes in order', () => {
    const heard: string[] = [];
    const steps: MediaEvent[][] = [
      [],
      [{ type: 'tracks', tracks: [aacTrack] }],
      [{ type: 'frame', frame: audio({ at: 0 }) }],
      [{ type: 'frame', frame: audio({ at: 20 }) }],
    ];
    const next = (): MediaEvent[] => steps.shift() ?? [];
    const intake = new Intake(
      { push: next, end: next, promised: () => ['audio'] },
      { on: ({ type }) => heard.push(type), promise: (kinds) => heard.push(`promise ${kinds.join()}`) },
    );
    intake.push(new Uint8Array(1));
    intake.push(new Uint8Array(1));
    expect([heard, intake.hasMedia]).toEqual([['promise audio', 'promise audio', 'tracks'], false]);
    intake.push(new Uint8Array(1));
    expect(intake.hasMedia).toBe(true);
    intake.end();

    expect(heard.slice(3)).toEqual(['promise audio', 'frame', 'frame']);
  });

  it('needs nobody who hears promises', () => {
    const heard: string[] = [];
    const demuxer = { push: () => [], end: () => [], promised: () => ['video' as const] };
    new Intake(demuxer, { on: ({ type }) => heard.push(type) }).push(new Uint8Array(1));

    expect(heard).toEqual([]);
  });
});
