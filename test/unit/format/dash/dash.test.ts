import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromSeconds, fromTicks } from '../../../../src/core/base/time.ts';
import { DashStore, ownFiles, withoutMissing, writeMpd } from '../../../../src/core/format/dash/index.ts';
import { Fmp4Demuxer } from '../../../../src/core/format/fmp4/index.ts';
import type { Segment } from '../../../../src/core/format/hls/index.ts';
import { aacTrack, audio, h264Track, live, video } from '../../../tools/builders.ts';
import { WALL } from '../hls/media.ts';
import { cut, manifestOf, mpd, segmenter, stored } from './media.ts';

const framesOf = (bytes: Uint8Array) => {
  const demuxer = new Fmp4Demuxer(defaultLimits);
  const events = [...demuxer.push(bytes), ...demuxer.end()];
  return events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
};

describe('segments with their tracks apart', () => {
  const frames = live({ seconds: 9, gop: 50 });

  it('give every frame of each track once, in order and at its time', () => {
    const segments = cut(frames);

    for (const kind of ['video', 'audio'] as const) {
      const parts = segments.flatMap(({ fragments = [] }) =>
        fragments.filter(({ track }) => track.source.kind === kind),
      );
      const got = framesOf(concat([parts[0]?.init ?? new Uint8Array(), ...parts.map(({ bytes }) => bytes)]));
      const sent = frames.filter(({ track }) => track.kind === kind);
      expect(got.map(({ data }) => toHex(data))).toEqual(sent.map(({ data }) => toHex(data)));
      const offsets = got.map(({ dts }, index) => dts - (sent[index]?.dts ?? 0));
      expect(Math.max(...offsets) - Math.min(...offsets)).toBeLessThan(1000);
    }
  });

  it('are one cut: the whole is the fragments one behind the other, begun at a key frame', () => {
    for (const { bytes, fragments = [], duration, independent } of cut(frames).slice(0, 4)) {
      expect(toHex(concat(fragments.map((fragment) => fragment.bytes)))).toBe(toHex(bytes));
      expect(duration).toBe(2_000_000);
      expect(independent).toBe(true);
    }
  });

  it('follow one another without a gap on the clock of each track', () => {
    const ends = new Map<number, number>();
    for (const { fragments = [] } of cut(frames)) {
      for (const { track, startTicks, durationTicks } of fragments) {
        expect(startTicks).toBe(ends.get(track.id) ?? startTicks);
        ends.set(track.id, startTicks + durationTicks);
      }
    }
    expect([...ends.values()]).toEqual([9 * 90_000, 387 * 1024]);
  });

  it('number the fragments of all tracks through', () => {
    const numbers: number[] = [];
    for (const { bytes } of cut(frames)) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += view.getUint32(at)) {
        if (view.getUint32(at + 4) === 0x6d6f6f66) numbers.push(view.getUint32(at + 20));
      }
    }
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('are cut without a key frame, and without a picture, when it takes too long', () => {
    const long = [...Array(250).keys()].map((i) => video({ at: i * 40, key: i === 0 }));
    expect(cut(long).map(({ duration }) => duration)).toEqual([4_200_000, 4_200_000, 1_600_000]);

    const sound = [...Array(430).keys()].map((i) => audio({ at: Math.round((i * 1024_000) / 44_100) }));
    const paused = [video({ at: 0, key: true }), video({ at: 40 }), ...sound];
    const { length } = cut(paused.sort((a, b) => a.dts - b.dts));
    expect(length).toBeGreaterThan(1);
  });

  it('stay below their bytes', () => {
    const made = segmenter();
    const big = [...Array(100).keys()].map((i) => video({ at: i * 40, key: i === 0, size: 2 * 1024 * 1024 }));
    const sizes = cut(big, [h264Track], made).map(({ bytes }) => bytes.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024 * 1024 + 4096);
  });
});

describe('a store of DASH', () => {
  const numbers = (store: DashStore, id: string): number[] =>
    store.periods.flatMap(({ representations }) =>
      representations.filter((it) => it.id === id).flatMap(({ segments }) => segments.map(({ number }) => number)),
    );

  it('has the newest segments, numbered from the time at which the stream began', () => {
    const store = stored(live({ seconds: 21, gop: 50 }), { segments: 3 });

    const first = (WALL / 1e6 - Date.UTC(2020, 0) / 1000) * 5;
    expect(numbers(store, 'video')).toEqual([8, 9, 10].map((more) => first + more));
    expect(numbers(store, 'audio')).toEqual(numbers(store, 'video'));
  });

  it('has as many as the window is long, when that is more', () => {
    const store = stored(live({ seconds: 21, gop: 50 }), { segments: 3, window: fromSeconds(11) });

    expect(numbers(store, 'video')).toHaveLength(6);
  });

  it('lets segments linger for as long as the manifest is, then tells that they are gone', () => {
    const store = new DashStore({ segments: 3, window: 0, bytes: 1e9 });
    const there = new Set<string>();
    for (const segment of cut(live({ seconds: 41, gop: 50 }))) {
      const { came, gone } = store.add(segment);
      for (const { name } of came) there.add(name);
      for (const { name } of gone) expect(there.delete(name)).toBe(true);
    }

    expect(there.size).toBe(2 + 2 * 6);
    expect([...there].toSorted()).toEqual(
      store
        .files()
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it('stays within its bytes', () => {
    const segments = cut(live({ seconds: 61, gop: 50, size: 1000 }));
    const store = new DashStore({ segments: 100, window: 0, bytes: 300_000 });
    for (const segment of segments) {
      store.add(segment);
      expect(store.bytes).toBeLessThanOrEqual(300_000);
    }
  });

  it('begins a period with each publication, at its place on the wall, and forgets old ones', () => {
    const made = segmenter();
    const store = new DashStore({ segments: 4, window: 0, bytes: 1e9 });
    const publish = (wall: number, seconds: number, from: number): void => {
      const frames = live({ seconds: from + seconds, gop: 50 }).filter(({ dts }) => dts >= fromSeconds(from));
      const events = made.retrack([h264Track, aacTrack]);
      for (const frame of frames) events.push(...made.write(frame, wall + frame.dts - fromSeconds(from)));
      for (const event of [...events, ...made.end()]) if (event.type === 'segment') store.add(event.segment);
    };
    publish(WALL, 6, 0);
    publish(WALL + fromSeconds(60), 4, 6);

    expect(store.periods.map(({ id, start }) => [id, start])).toEqual([
      [0, 0],
      [1, fromSeconds(60)],
    ]);
    const [, second] = store.periods;
    const picture = second?.representations.find(({ kind }) => kind === 'video');
    expect(fromTicks(picture?.offsetTicks ?? 0, 90_000)).toBeLessThanOrEqual(fromSeconds(6));
    expect(picture?.segments[0]?.startTicks).toBe(6 * 90_000);
    publish(WALL + fromSeconds(100), 20, 10);
    expect(store.periods.map(({ id }) => id)).toEqual([2]);
  });

  it('never begins a period before the end of the one before, whatever the clock of the wall did', () => {
    const [segment] = cut(live({ seconds: 3, gop: 50 })) as [Segment];
    const store = new DashStore({ segments: 100, window: 0, bytes: 1e9 });
    for (const wall of [WALL, WALL - 5_000_000]) store.add({ ...segment, wall, discontinuity: true });

    expect(store.periods.map(({ start }) => start)).toEqual([0, 2_000_000]);
  });

  it('begins a period when the clock of the publisher has left the wall', () => {
    const made = segmenter();
    const store = new DashStore({ segments: 50, window: 0, bytes: 1e9 });
    const events = made.retrack([h264Track]);
    // One per cent too slow: two seconds in 200.
    for (let i = 0; i < 25 * 300; i++) {
      events.push(...made.write(video({ at: i * 40, key: i % 50 === 0 }), WALL + i * 40_400));
    }
    for (const event of events) if (event.type === 'segment') store.add(event.segment);

    const [first, second] = store.periods;
    expect(store.periods.length).toBe(2);
    expect((second?.start ?? 0) - (first?.start ?? 0)).toBeGreaterThan(fromSeconds(200));
  });

  it('holds at most sixteen periods, whatever the publisher does', () => {
    const [segment] = cut(live({ seconds: 3, gop: 50 })) as [Segment];
    const store = new DashStore({ segments: 100, window: 0, bytes: 1e9 });
    for (let i = 0; i < 100; i++) store.add({ ...segment, wall: WALL + i * 2_000_000, discontinuity: true });

    expect(store.periods.length).toBe(16);
  });
});

describe('a manifest', () => {
  it('says what the stream is', () => {
    const text = mpd(stored(live({ seconds: 9, gop: 50 })));

    expect(text).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="utf-8"?>
      <MPD profiles="urn:mpeg:dash:profile:isoff-live:2011,http://dashif.org/guidelines/dash-if-simple" xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="2023-11-14T22:13:20.000Z" publishTime="2023-11-14T22:13:20.000Z" minimumUpdatePeriod="PT2.000S" timeShiftBufferDepth="PT9.000S" maxSegmentDuration="PT2.000S" minBufferTime="PT2.000S" suggestedPresentationDelay="PT4.000S">
        <BaseURL>a/</BaseURL>
        <Period id="0" start="PT0.000S">
          <AdaptationSet id="0" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
            <SegmentTemplate timescale="44100" presentationTimeOffset="0" startNumber="610816000" initialization="$RepresentationID$-init.mp4" media="$RepresentationID$-$Number$.m4s">
              <SegmentTimeline>
                <S t="0" d="88064" r="3"/>
                <S d="44032"/>
              </SegmentTimeline>
            </SegmentTemplate>
            <Representation id="audio" codecs="mp4a.40.2" bandwidth="7724" audioSamplingRate="44100">
              <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
            </Representation>
          </AdaptationSet>
          <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
            <SegmentTemplate timescale="90000" presentationTimeOffset="0" startNumber="610816000" initialization="$RepresentationID$-init.mp4" media="$RepresentationID$-$Number$.m4s">
              <SegmentTimeline>
                <S t="0" d="180000" r="3"/>
                <S d="90000"/>
              </SegmentTimeline>
            </SegmentTemplate>
            <Representation id="video" codecs="avc1.64001e" bandwidth="15264" width="640" height="360"/>
          </AdaptationSet>
        </Period>
        <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2023-11-14T22:13:20.000Z"/>
      </MPD>
      "
    `);
  });

  it('says names as XML wants them', () => {
    expect(writeMpd(manifestOf(stored(live({ seconds: 3 })), { baseUrl: 'a<&">/' }))).toContain(
      '<BaseURL>a&lt;&amp;&quot;&gt;/</BaseURL>',
    );
  });

  it('names the files that are there, as the reader of old manifests finds them', () => {
    const store = stored(live({ seconds: 21, gop: 50 }), { segments: 3 });
    const names = new Set(store.files().map(({ name }) => name));
    const found = ownFiles(mpd(store));

    expect(found).toHaveLength(8);
    for (const name of found) expect(names.has(name), name).toBe(true);
    expect(ownFiles('<MPD><S r="999999999"/><Representation id="video"/></MPD>').length).toBeLessThan(10_002);
    expect(ownFiles('<Representation id="../x"/>')).toEqual([]);
  });

  it('begins behind what is missing', () => {
    const store = stored(live({ seconds: 11, gop: 50 }));
    const manifest = manifestOf(store);
    const [, , third] = manifest.periods[0]?.representations.find(({ id }) => id === 'video')?.segments ?? [];
    const there = withoutMissing(manifest, new Set([`video-${third?.number}.m4s`, 'audio-init.mp4']));

    expect(there.periods[0]?.representations.map(({ id, segments }) => [id, segments.length])).toEqual([['video', 2]]);
    expect(withoutMissing(manifest, new Set(['video-init.mp4', 'audio-init.mp4'])).periods).toEqual([]);
  });
});
