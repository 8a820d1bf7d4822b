// A container for tests: length-prefixed records, so that nothing is lost or invented between writer and reader.
import { ByteQueue, ByteReader, ByteWriter, fromHex, toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { defineErrors } from '../../../src/core/base/errors.ts';
import type { Demuxer, MediaEvent } from '../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import type { Format, Muxer } from '../../../src/core/media/muxer.ts';
import { type Packet, packet } from '../../../src/core/media/packet.ts';
import { primaryVideo, type Track } from '../../../src/core/media/track.ts';
import type { FileFormat } from '../../../src/core/protocols/file/formats.ts';

const boxErrors = defineErrors('TESTBOX', {
  BAD: { text: 'bad record of type {type}' },
  CUT: { text: '{left} bytes of an incomplete record' },
});

const MAGIC = utf8('BOX1');

function record(type: number, body: Uint8Array): Uint8Array {
  return new ByteWriter(body.length + 5).u8(type).u32(body.length).put(body).done();
}

const tracksRecord = (tracks: readonly Track[]): Uint8Array =>
  record(1, utf8(JSON.stringify(tracks.map((track) => ({ ...track, config: toHex(track.config) })))));

const frameRecord = ({ track, dts, cts, key, data }: Frame): Uint8Array =>
  record(
    2,
    new ByteWriter(data.length + 32)
      .u16(track.id)
      .f64(dts)
      .f64(cts)
      .u8(key ? 1 : 0)
      .put(data)
      .done(),
  );

class BoxMuxer implements Muxer {
  #tracks: readonly Track[] = [];
  header(tracks: readonly Track[]): Packet[] {
    this.#tracks = tracks;
    return [packet('config', 0, [MAGIC, tracksRecord(tracks)])];
  }
  retrack(tracks: readonly Track[]): Packet[] {
    this.#tracks = tracks;
    return [packet('config', 0, [tracksRecord(tracks)])];
  }
  write(frame: Frame): Packet[] {
    const video = primaryVideo(this.#tracks);
    const join = video === undefined ? frame.track.kind === 'audio' : frame.key && frame.track.id === video.id;
    return [packet(join ? 'join' : 'more', frame.dts, [frameRecord(frame)])];
  }
}

export class BoxDemuxer implements Demuxer {
  readonly #queue = new ByteQueue();
  #tracks = new Map<number, Track>();
  #begun = false;

  push(bytes: Uint8Array): MediaEvent[] {
    this.#queue.push(bytes);
    const events: MediaEvent[] = [];
    if (!this.#begun && this.#queue.size >= 4) {
      this.#queue.skip(4);
      this.#begun = true;
    }
    while (this.#begun && this.#queue.size >= 5) {
      const size = new ByteReader(Uint8Array.from([1, 2, 3, 4].map((at) => this.#queue.peek(at)))).u32();
      if (this.#queue.size < size + 5) break;
      const type = this.#queue.peek(0);
      this.#queue.skip(5);
      events.push(this.#parse(type, this.#queue.take(size)));
    }
    return events;
  }

  end(): MediaEvent[] {
    if (this.#queue.size > 0) throw boxErrors.protocol('CUT', { left: this.#queue.size });
    return [];
  }

  #parse(type: number, body: Uint8Array): MediaEvent {
    const reader = new ByteReader(body);
    if (type === 1) {
      const list = JSON.parse(reader.text(reader.left)) as (Omit<Track, 'config'> & { config: string })[];
      const tracks = list.map((track) => ({ ...track, config: fromHex(track.config) }));
      this.#tracks = new Map(tracks.map((track) => [track.id, track]));
      return { type: 'tracks', tracks };
    }
    if (type !== 2) throw boxErrors.protocol('BAD', { type });
    const track = this.#tracks.get(reader.u16())!;
    const frame = { track, dts: reader.f64(), cts: reader.f64(), key: reader.u8() === 1, data: reader.rest().slice() };
    return { type: 'frame', frame };
  }
}

export const boxStream: Format = { key: 'box', make: () => new BoxMuxer() };

export const boxFormat: FileFormat = {
  name: 'box',
  extensions: ['box'],
  headBytes: 4,
  matches: (head) => MAGIC.every((byte, index) => head[index] === byte),
  demuxer: () => new BoxDemuxer(),
  format: boxStream,
};

/** A file of these frames. */
export function boxFile(tracks: readonly Track[], frames: readonly Frame[]): Uint8Array {
  const writer = new ByteWriter(1024);
  writer.put(MAGIC).put(tracksRecord(tracks));
  for (const frame of frames) writer.put(frameRecord(frame));
  return writer.done();
}

/** The frames in a file. */
export function unbox(bytes: Uint8Array): Frame[] {
  return new BoxDemuxer().push(bytes).flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
}
