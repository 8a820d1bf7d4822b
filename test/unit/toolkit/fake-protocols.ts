// Live protocols in memory: a source that sends frames when they are due, a target that takes a stream.
import { defineErrors } from '../../../src/core/base/errors.ts';
import type { Link } from '../../../src/core/base/link.ts';
import type { Protocol } from '../../../src/core/control/host.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import type { MediaSink } from '../../../src/core/media/sink.ts';
import type { Track } from '../../../src/core/media/track.ts';
import { FakeLink } from '../../tools/fakes.ts';
import { boxStream } from './box.ts';

export const fakeErrors = defineErrors('FAKE', {
  GONE: { text: 'the peer has gone' },
  REFUSED: { text: 'the peer refuses' },
});

/** One connection of a source: these frames from when it is made, then its end. */
export interface Take {
  readonly frames: readonly Frame[];
  /** Rejects at the end, or at once when there are no frames. */
  readonly fault?: 'GONE' | 'REFUSED';
  /** Stays open after the last frame. */
  readonly stays?: boolean;
}

const tracksOf = (frames: readonly Frame[]): Track[] => [...new Set(frames.map((frame) => frame.track))];

/** Scheme `live`: each pull plays the next take, the last one again and again. */
export function liveSource(takes: readonly Take[]): Protocol & { pulls: number } {
  const protocol = {
    name: 'live',
    schemes: ['live'],
    defaults: {},
    errors: fakeErrors,
    pulls: 0,
    pull(host, _from, to, { signal, onBytes }) {
      const take = takes[Math.min(protocol.pulls++, takes.length - 1)] as Take;
      return new Promise<void>((resolve, reject) => {
        const begin = take.frames[0]?.dts ?? 0;
        const start = host.clock.now();
        let index = 0;
        const end = (): void => (take.fault === undefined ? resolve() : reject(fakeErrors.system(take.fault, {})));
        let cancel = (): void => undefined;
        signal.addEventListener('abort', () => {
          cancel();
          resolve();
        });
        if (take.frames.length > 0) to.on({ type: 'tracks', tracks: tracksOf(take.frames) });
        const next = (): void => {
          if (signal.aborted) return;
          const frame = take.frames[index++];
          if (frame === undefined) {
            if (!take.stays) end();
            return;
          }
          cancel = host.clock.after(start + frame.dts - begin - host.clock.now(), () => {
            onBytes(frame.data.length);
            deliver(to, frame);
            next();
          });
        };
        next();
      });
    },
  } satisfies Protocol & { pulls: number } as Protocol & { pulls: number };
  return protocol;
}

function deliver(to: MediaSink, frame: Frame): void {
  to.on({ type: 'frame', frame });
}

/** How one connection of a target goes. */
export interface Meeting {
  /** Refuses at once. */
  readonly refuses?: boolean;
  /** Milliseconds of virtual time before it takes media. */
  readonly dialMs?: number;
  readonly link?: FakeLink;
  /** Dials when it knows the tracks, as RTSP and WebRTC do. */
  readonly wantsTracks?: boolean;
}

/** Scheme `sink`: each push goes as the next meeting says, the last one again and again. */
export function liveTarget(meetings: readonly Meeting[] = [{}]): Protocol & { links: FakeLink[]; pushes: number } {
  const protocol = {
    name: 'sink',
    schemes: ['sink'],
    defaults: {},
    errors: fakeErrors,
    links: [] as FakeLink[],
    pushes: 0,
    push(host, stream, _to, { signal, onBytes, onLink, onTracksWanted, mergeWindow }) {
      const meeting = meetings[Math.min(protocol.pushes++, meetings.length - 1)] as Meeting;
      if (meeting.refuses) return Promise.reject(fakeErrors.refused('REFUSED'));
      return new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => resolve());
        const dial = (): void => void host.clock.after((meeting.dialMs ?? 0) * 1000, begin);
        const begin = (): void => {
          if (signal.aborted) return;
          const link = meeting.link ?? new FakeLink();
          protocol.links.push(link);
          const send = link.send.bind(link);
          link.send = (chunks) => {
            for (const chunk of chunks) onBytes(chunk.length);
            return send(chunks);
          };
          const cursor = stream.play(boxStream, link as Link, mergeWindow);
          onLink?.(link);
          link.onClose = () => {
            cursor.close();
            reject(fakeErrors.system('GONE'));
          };
          const ended = stream.onEnd(() => {
            ended.close();
            const look = (): void => {
              if (cursor.full) {
                host.clock.after(1000, look);
                return;
              }
              cursor.close();
              resolve();
            };
            look();
          });
        };
        if (meeting.wantsTracks !== true || stream.tracks.length > 0) {
          dial();
          return;
        }
        onTracksWanted?.();
        const tap = stream.tap(() => {
          tap.close();
          dial();
        });
      });
    },
  } satisfies Protocol & { links: FakeLink[]; pushes: number } as Protocol & { links: FakeLink[]; pushes: number };
  return protocol;
}
