// A format for players that want everything from the very first frame on.
import type { Frame } from '../media/frame.ts';
import type { Format, Muxer } from '../media/muxer.ts';
import type { Packet } from '../media/packet.ts';
import type { Track } from '../media/track.ts';

/**
 * A player of a feed begins at a join point, which is a key frame: right for viewers, but a copy of a file must have
 * the sound before the first picture too. Here the first packet of all is a join point, whatever it is. A player that
 * waits for it gets every packet.
 */
export function wholeFormat(format: Format): Format {
  return { ...format, key: `${format.key}/whole`, make: () => new WholeMuxer(format.make()) };
}

class WholeMuxer implements Muxer {
  readonly #muxer: Muxer;
  #begun = false;

  constructor(muxer: Muxer) {
    this.#muxer = muxer;
  }

  header(tracks: readonly Track[]): Packet[] {
    return this.#muxer.header(tracks);
  }

  retrack(tracks: readonly Track[]): Packet[] {
    return this.#muxer.retrack(tracks);
  }

  write(frame: Frame): Packet[] {
    return this.#mark(this.#muxer.write(frame));
  }

  flush(): Packet[] {
    return this.#mark(this.#muxer.flush?.() ?? []);
  }

  #mark(packets: Packet[]): Packet[] {
    const first = packets[0];
    if (this.#begun || first === undefined) return packets;
    this.#begun = true;
    return [{ ...first, kind: 'join' }, ...packets.slice(1)];
  }
}
