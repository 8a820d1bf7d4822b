import { expect, it } from 'vitest';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { Merge } from '../../../../src/core/protocols/hls/pull/merge.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';

/** What comes out, one word for each event. */
function merge() {
  const told: string[] = [];
  const word = (event: MediaEvent): string =>
    event.type === 'frame'
      ? `${event.frame.track.kind}${event.frame.track.epoch} ${event.frame.dts / 1000}`
      : event.tracks.map(({ kind, epoch }) => kind + epoch).join('+');
  const all = new Merge({ on: (event) => told.push(word(event)) });
  return { told, picture: all.input(['video']), sound: all.input(['audio']) };
}

const tracksOf = (...tracks: readonly Track[]): MediaEvent => ({ type: 'tracks', tracks });
const picture = (at: number, track = h264Track): MediaEvent => ({ type: 'frame', frame: { ...video({ at }), track } });
const sound = (at: number): MediaEvent => ({ type: 'frame', frame: audio({ at }) });

it('gives the frames of two playlists in the order of their times, behind the tracks of both', () => {
  const { told, picture: first, sound: second } = merge();
  first.on(tracksOf(h264Track));
  for (const at of [0, 40, 80]) first.on(picture(at));
  expect(told).toEqual([]);
  second.on(tracksOf(aacTrack));
  for (const at of [0, 20, 60]) second.on(sound(at));

  expect(told).toEqual(['video0+audio0', 'video0 0', 'audio0 0', 'audio0 20', 'video0 40', 'audio0 60']);
});

it('tells new tracks behind the frames of the old ones, also while those wait for the other playlist', () => {
  const { told, picture: first, sound: second } = merge();
  const later = { ...h264Track, epoch: 1 };
  first.on(tracksOf(h264Track));
  second.on(tracksOf(aacTrack));
  first.on(picture(0));
  first.on(picture(40));
  first.on(tracksOf(later));
  first.on(picture(80, later));
  for (const at of [0, 60, 100]) second.on(sound(at));

  expect(told).toEqual([
    ...['video0+audio0', 'video0 0', 'audio0 0', 'video0 40'],
    ...['video1+audio0', 'audio0 60', 'video1 80'],
  ]);
});

it('is not held up by a playlist that has ended', () => {
  const { told, picture: first, sound: second } = merge();
  first.on(tracksOf(h264Track));
  second.on(tracksOf(aacTrack));
  first.on(picture(0));
  first.on(picture(40));
  second.end();

  expect(told).toEqual(['video0+audio0', 'video0 0', 'video0 40']);
});
