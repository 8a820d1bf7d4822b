// Where a player may start.
import { expect, it } from 'vitest';
import { JoinPoints } from '../../../src/core/media/join.ts';
import { aacTrack, audio, h264Track, video } from '../../tools/builders.ts';

it('joins at key frames of the picture, and at sound only before the first of them', () => {
  const joins = new JoinPoints();
  joins.retrack([h264Track, aacTrack]);

  const kinds = [
    audio({ at: 0 }),
    video({ at: 0, key: true }),
    audio({ at: 20 }),
    video({ at: 40 }),
    video({ at: 80, key: true }),
  ].map((frame) => joins.kind(frame));

  expect(kinds).toEqual(['join', 'join', 'more', 'more', 'join']);
});

it('is not moved by the same tracks again, but by a new picture', () => {
  const joins = new JoinPoints();
  joins.retrack([h264Track, aacTrack]);
  joins.kind(video({ at: 0, key: true }));

  joins.retrack([h264Track, aacTrack]);
  expect(joins.kind(audio({ at: 20 }))).toBe('more');

  joins.retrack([{ ...h264Track, epoch: 1 }, aacTrack]);
  expect(joins.kind(audio({ at: 40 }))).toBe('join');
});

it('joins at every frame of sound when there is no picture', () => {
  const joins = new JoinPoints();
  joins.retrack([aacTrack]);

  expect([audio({ at: 0 }), audio({ at: 20 })].map((frame) => joins.kind(frame))).toEqual(['join', 'join']);
});
