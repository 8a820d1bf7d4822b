// A day of recording in virtual time: publishers whose clocks wrap, and files that go beyond 33 bits of 90 kHz.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs, fromSeconds, type Micros } from '../../../../src/core/base/time.ts';
import type { Folder, FolderFile } from '../../../../src/core/control/host.ts';
import { type Container, containers } from '../../../../src/core/format/container/index.ts';
import type { Demuxer, MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Settler } from '../../../../src/core/media/settle.ts';
import { audio, video } from '../../../tools/builders.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';
import { settled } from '../hooks/world.ts';
import { tracks, world } from './world.ts';

const HOUR = 3600;
/** Between two pictures, and two sounds: few frames, and none so far apart that it were a jump. */
const STEP = 8;

/** What is in a file, read while it is written: a day of files would not fit. */
class FileReader {
  readonly #demuxer: Demuxer;
  readonly counts = { video: 0, audio: 0, data: 0 };
  readonly #newest = { video: -1, audio: -1, data: -1 };
  first: Micros = Number.POSITIVE_INFINITY;
  last: Micros = 0;
  size = 0;
  /** Longest time between two pictures, and frames that came with a time before the one in front of them. */
  longest: Micros = 0;
  backwards = 0;

  constructor(container: Container) {
    this.#demuxer = container.demuxer(defaultLimits, () => undefined);
  }

  push(chunks: readonly Uint8Array[]): void {
    this.size += concat(chunks).length;
    this.#take(this.#demuxer.push(concat(chunks)));
  }

  end(): void {
    this.#take(this.#demuxer.end());
  }

  #take(events: readonly MediaEvent[]): void {
    for (const event of events) if (event.type === 'frame') this.#note(event.frame);
  }

  #note({ track: { kind }, dts }: Frame): void {
    this.counts[kind]++;
    const before = this.#newest[kind];
    if (dts < before) this.backwards++;
    else if (kind === 'video' && before >= 0) this.longest = Math.max(this.longest, dts - before);
    this.#newest[kind] = dts;
    this.first = Math.min(this.first, dts);
    this.last = Math.max(this.last, dts);
  }
}

/** Reads every file that is created, and keeps none. */
class ReadingFolder extends MemoryFolder implements Folder {
  readonly readers: FileReader[] = [];
  readonly #container: Container;

  constructor(container: Container) {
    super('./rec');
    this.#container = container;
  }

  override async open(path: string, use: 'read' | 'create'): Promise<FolderFile> {
    const file = await super.open(path, use);
    const reader = new FileReader(this.#container);
    this.readers.push(reader);
    return {
      ...file,
      get size() {
        return reader.size;
      },
      append: async (chunks) => reader.push(chunks),
      // What is put right in the complete file was read already.
      write: async () => undefined,
      close: async () => reader.end(),
    };
  }
}

/** Nothing in them looks like a start code. */
const data = Uint8Array.of(0, 0, 0, 5, 0x65, 1, 2, 3, 4);
const sound = Uint8Array.of(0x21, 1, 2, 3, 4);

/** Pictures and sound of one hour, with the times of the publisher. */
function hour(start: number): Frame[] {
  const frames: Frame[] = [];
  for (let at = start; at < start + HOUR; at += STEP) {
    frames.push(video({ at: at * 1000, key: true, data }), audio({ at: at * 1000 + 20, data: sound }));
  }
  return frames;
}

/** How a publisher's frames come to its stream: by a container whose clock wraps, as over the wire. */
function wireOf(container: Container, to: Settler) {
  const muxer = container.format.make();
  const demuxer = container.demuxer(defaultLimits, () => undefined);
  const take = (events: readonly MediaEvent[]): void => {
    for (const event of events) to.on(event);
  };
  for (const { chunks } of muxer.header(tracks)) take(demuxer.push(concat(chunks)));
  return {
    write: (frame: Frame): void => {
      for (const { chunks } of muxer.write(frame)) take(demuxer.push(concat(chunks)));
    },
    end: (): void => {
      for (const { chunks } of muxer.flush?.() ?? []) take(demuxer.push(concat(chunks)));
      take(demuxer.end());
      to.settle();
    },
  };
}

/** Records `hours` of a publisher that begins `startMs` on its own clock. */
async function recorded(dvr: string, file: Container, wire: Container, start: number, hours: number) {
  const folder = new ReadingFolder(file);
  const made = world({ dvr, folders: new Map([['./rec', folder]]) });
  const publication = made.publish('a', []);
  const way = wireOf(wire, new Settler(publication));
  let pending = 0;
  for (let index = 0; index < hours; index++) {
    for (const [nth, frame] of hour(start + index * HOUR).entries()) {
      way.write(frame);
      made.clock.advance(fromSeconds(STEP / 2));
      if (nth % 50 > 0) continue;
      pending = Math.max(pending, made.server.list()[0]?.pendingBytes ?? 0);
      await settled();
    }
  }
  way.end();
  publication.end();
  await made.server.idle();
  return { ...made, readers: folder.readers, pending };
}

describe('24 hours', () => {
  const { flv, ts, mp4 } = containers;
  /** Whole milliseconds of 32 bits, and 90 kHz of 33 bits, each half a day in front of its wrap. */
  const rtmpStart = Math.floor(2 ** 32 / 1000 / HOUR) * HOUR - 12 * HOUR;
  const tsStart = 14 * HOUR;

  it.each([
    ['flv', 'RTMP', flv, flv, rtmpStart],
    ['mp4', 'RTMP', mp4, flv, rtmpStart],
    ['flv', 'MPEG-TS', flv, ts, tsStart],
    ['ts', 'MPEG-TS', ts, ts, tsStart],
  ] as const)('in files of an hour, as %s from %s', async (ending, _, file, wire, start) => {
    const dvr = `dvr_plan segment; dvr_duration ${HOUR}; dvr_remux off; dvr_path ./rec/[stream].[timestamp].${ending};`;
    const { readers, told, server, lines, hub, pending } = await recorded(dvr, file, wire, start, 24);

    expect(lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(hub.size + server.list().length).toBe(0);
    expect(told).toHaveLength(24);
    expect(readers).toHaveLength(24);
    const frames = readers.reduce((sum, { counts }) => sum + counts.video, 0);
    expect(frames).toBe((24 * HOUR) / STEP);
    for (const { first, last, longest, backwards, counts } of readers) {
      expect(backwards).toBe(0);
      expect(counts.audio).toBe(counts.video);
      expect(longest).toBeLessThan(fromSeconds(STEP) + fromMs(1));
      expect(last - first).toBeGreaterThan(fromSeconds(HOUR - STEP - 0.1));
      expect(last - first).toBeLessThan(fromSeconds(HOUR));
    }
    expect(pending).toBeLessThan(1024 * 1024);
  });
});

it('27 hours in one MPEG-TS are read back across the wrap of its own clock', async () => {
  const dvr = 'dvr_path ./rec/[stream].ts;';
  const { readers, lines } = await recorded(dvr, containers.ts, containers.flv, 0, 27);

  expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
  expect(readers).toHaveLength(1);
  const [{ first, last, longest, backwards, counts }] = readers as [FileReader];
  expect(fromSeconds(27 * HOUR)).toBeGreaterThan((2 ** 33 / 90_000) * 1_000_000);
  expect(last - first).toBeGreaterThan(fromSeconds(27 * HOUR - STEP - 0.1));
  expect([backwards, counts.video, counts.audio]).toEqual([0, (27 * HOUR) / STEP, (27 * HOUR) / STEP]);
  expect(longest).toBeLessThan(fromSeconds(STEP) + fromMs(1));
});
