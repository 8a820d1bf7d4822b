// What every demuxer promises, whatever its format.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/core/base/bytes.ts';
import { ProtocolError } from '../../src/core/base/errors.ts';
import type { Demuxer, MediaEvent } from '../../src/core/media/demuxer.ts';
import { chop, chopAtRandom, damage } from '../tools/chop.ts';
import { SeedRng } from '../tools/fakes.ts';

export interface DemuxerSuite {
  readonly make: () => Demuxer;
  /** Good input, each with frames in it. */
  readonly samples: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Input that is refused, with the code. */
  readonly refused: readonly { readonly name: string; readonly bytes: Uint8Array; readonly code: string }[];
  /** Input that promises more than it sends, or never comes to an end; it is repeated up to `endlessBytes`. */
  readonly endless: readonly { readonly name: string; readonly head: Uint8Array; readonly more: Uint8Array }[];
  readonly endlessBytes?: number;
  /** Bytes that a demuxer holds for what is not complete. */
  readonly held: (demuxer: Demuxer) => number;
  /** Never exceeded by `held`. */
  readonly heldLimit: number;
}

/** Events as text, for comparison and for messages of failed tests. */
export function eventText(event: MediaEvent): string {
  if (event.type === 'tracks') {
    return `tracks ${event.tracks.map(({ id, codec, epoch, config }) => `${id}:${codec}#${epoch}:${toHex(config)}`)}`;
  }
  const { track, dts, cts, key, data } = event.frame;
  return `frame ${track.id}#${track.epoch} ${dts}+${cts} ${key ? 'key' : 'more'} ${toHex(data)}`;
}

/** Everything that comes out of these pieces, then the code of the fault, if any. */
export function demuxAll(demuxer: Demuxer, pieces: readonly Uint8Array[]): string[] {
  const texts: string[] = [];
  const take = (events: readonly MediaEvent[]): void => {
    for (const event of events) texts.push(eventText(event));
  };
  try {
    for (const piece of pieces) take(demuxer.push(piece));
    take(demuxer.end());
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    texts.push(`fault ${error.code}`);
  }
  return texts;
}

export function demuxerSuite(
  name: string,
  { make, samples, refused, endless, held, heldLimit, endlessBytes = 8 * 1024 * 1024 }: DemuxerSuite,
): void {
  const inputs = [...samples, ...refused];

  describe(`${name}: what every demuxer promises`, () => {
    it.each(samples)('reads $name to its end', ({ bytes }) => {
      const texts = demuxAll(make(), [bytes]);

      expect(texts.some((text) => text.startsWith('frame'))).toBe(true);
      expect(texts.find((text) => text.startsWith('fault'))).toBeUndefined();
    });

    it.each(samples)('announces each track of $name before its frames', ({ bytes }) => {
      let known: readonly unknown[] = [];
      for (const event of make().push(bytes)) {
        if (event.type === 'tracks') known = event.tracks;
        else expect(known).toContain(event.frame.track);
      }
    });

    it.each(refused)('refuses $name with $code', ({ bytes, code }) => {
      expect(demuxAll(make(), [bytes]).at(-1)).toBe(`fault ${code}`);
    });

    it.each(refused)('stays broken after $name', ({ bytes }) => {
      const demuxer = make();
      const first = demuxAll(demuxer, [bytes]).at(-1);

      expect(demuxAll(demuxer, [samples[0]?.bytes ?? bytes])).toEqual([first]);
      expect(held(demuxer)).toBe(0);
    });

    it.each(inputs)('gives the same events for any cut of $name', ({ bytes }) => {
      const whole = demuxAll(make(), [bytes]);

      expect(demuxAll(make(), chop(bytes, 1))).toEqual(whole);
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 64 }), (seed, most) => {
          expect(demuxAll(make(), chopAtRandom(bytes, new SeedRng(seed), most))).toEqual(whole);
        }),
        { numRuns: 20 },
      );
    });

    it.each(samples)('gives a prefix of the events for any shorter $name', ({ bytes }) => {
      const whole = demuxAll(make(), [bytes]);
      const step = Math.max(1, Math.floor(bytes.length / 400));
      for (let size = 0; size < bytes.length; size += step) {
        const texts = demuxAll(make(), [bytes.subarray(0, size)]).filter((text) => !text.startsWith('fault'));
        expect(texts).toEqual(whole.slice(0, texts.length));
      }
    });

    it.each(samples)('keeps nothing of the arrays that $name came in', ({ bytes }) => {
      const whole = demuxAll(make(), [bytes]);
      const demuxer = make();
      const events: MediaEvent[] = [];

      for (const piece of chop(bytes, 100)) {
        events.push(...demuxer.push(piece));
        piece.fill(0xee);
      }
      events.push(...demuxer.end());

      expect(events.map(eventText)).toEqual(whole);
    });

    it('throws ProtocolError and nothing else for garbage', () => {
      const rng = new SeedRng(11);
      for (let i = 0; i < 2000; i++) demuxAll(make(), chopAtRandom(rng.bytes(rng.below(300)), rng, 200));
    });

    it.each(samples)('throws ProtocolError and nothing else for damage to $name', ({ bytes }) => {
      const rng = new SeedRng(13);
      const runs = Math.max(20, Math.min(2000, Math.floor(2_000_000 / bytes.length)));
      for (let i = 0; i < runs; i++) {
        const damaged = damage(bytes, rng);
        const texts = demuxAll(make(), [damaged]);
        // Damage too must not depend on the cut.
        if (i % 10 === 0) expect(demuxAll(make(), chopAtRandom(damaged, rng, 1000))).toEqual(texts);
      }
    });

    it.each(samples)('gives whole, safe numbers and filled frames for damage to $name', ({ bytes }) => {
      const rng = new SeedRng(17);
      for (let i = 0; i < 200; i++) {
        for (const event of eventsOf(make(), damage(bytes, rng))) {
          if (event.type === 'tracks') continue;
          expect(Number.isSafeInteger(event.frame.dts) && Number.isSafeInteger(event.frame.cts)).toBe(true);
          expect(event.frame.data.length).toBeGreaterThan(0);
        }
      }
    });

    it.each(endless)('holds a bounded number of bytes for $name', ({ head, more }) => {
      const demuxer = make();
      let most = 0;
      try {
        demuxer.push(head);
        for (let sent = 0; sent < endlessBytes; sent += more.length) {
          most = Math.max(most, held(demuxer));
          demuxer.push(more);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }

      expect(most).toBeLessThanOrEqual(heldLimit);
    });

    it('holds no memory for bytes that are only promised', () => {
      for (const { head } of endless) {
        const demuxer = make();
        try {
          demuxer.push(head);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
        expect(held(demuxer)).toBeLessThanOrEqual(head.length + 512 * 1024);
      }
    });

    it('gives nothing for empty pieces', () => {
      const demuxer = make();

      expect(demuxer.push(new Uint8Array(0))).toEqual([]);
    });
  });
}

function eventsOf(demuxer: Demuxer, bytes: Uint8Array): MediaEvent[] {
  try {
    return demuxer.push(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return [];
  }
}
