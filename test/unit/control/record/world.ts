// DVR over a real hub on virtual time, with folders in memory.
import { defaultLimits, type Limits } from '../../../../src/core/base/limits.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import type { Net } from '../../../../src/core/control/host.ts';
import { type RecordedFile, RecordServer } from '../../../../src/core/control/record/index.ts';
import { containers } from '../../../../src/core/format/container/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import type { Publication } from '../../../../src/core/media/stream.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
import { VirtualClock } from '../../../tools/fakes.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';

export const tracks: readonly Track[] = [h264Track, aacTrack];

export interface WorldOptions {
  /** Inside of the block dvr, which is on. */
  readonly dvr?: string;
  readonly limits?: Partial<Limits>;
  readonly queueBytes?: number;
  readonly folders?: Map<string, MemoryFolder>;
}

export const confOf = (dvr: string): string => `vhost __defaultVhost__ { dvr { enabled on; ${dvr} } }`;

export function world({ dvr = '', limits: changes, queueBytes, folders = new Map() }: WorldOptions = {}) {
  const clock = new VirtualClock();
  const limits = { ...defaultLimits, ...changes };
  const lines: LogLine[] = [];
  const hub = new Hub({ clock, limits, gopCache: true, mergeWindow: 0 });
  const folder = (root: string): MemoryFolder => {
    const made = folders.get(root) ?? new MemoryFolder(root);
    folders.set(root, made);
    return made;
  };
  const settings = settingsOf(confOf(dvr));
  const log = new Log((line) => lines.push(line));
  const host = { clock, limits, log, hub, settings, net: { folder } as Partial<Net> as Net };
  const server = new RecordServer(host, { cwd: '/srv', ...(queueBytes !== undefined && { queueBytes }) });
  const told: RecordedFile[] = [];
  server.watch((file) => told.push(file));

  const publish = (stream = 'a', with_ = tracks): Publication => {
    const name = { vhost: '__defaultVhost__', app: 'live', stream };
    const publication = hub.stream(name).publish({ policy: 'takeover', onEvicted: () => undefined });
    publication.retrack(with_);
    return publication;
  };
  const write = (publication: Publication, frames: readonly Frame[]): void => {
    for (const frame of frames) publication.write(frame);
  };
  /** Publishes frames from beginning to end, and waits for the files. */
  const record = async (frames: readonly Frame[], stream = 'a', with_ = tracks): Promise<void> => {
    const publication = publish(stream, with_);
    write(publication, frames);
    publication.end();
    await server.idle();
  };
  return { clock, hub, server, settings, lines, told, folder, folders, publish, write, record };
}

/** The frames of a file, by its ending. */
export function framesOf(bytes: Uint8Array | undefined, path: string): Frame[] {
  const ending = path.slice(path.lastIndexOf('.') + 1) as keyof typeof containers;
  const demuxer = containers[ending].demuxer(defaultLimits, () => undefined);
  const events = [...demuxer.push(bytes ?? new Uint8Array()), ...demuxer.end()];
  return events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
}

export const payloads = (frames: readonly Frame[], kind: 'video' | 'audio'): string[] =>
  frames.filter(({ track }) => track.kind === kind).map(({ data }) => Buffer.from(data).toString('hex'));
