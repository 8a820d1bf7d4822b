// A program that records a stream by DVR to a disk that becomes full, in a mount namespace of its own, and says how it was.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { Log } from '../../src/core/base/log.ts';
import { fromSeconds } from '../../src/core/base/time.ts';
import { containers } from '../../src/core/format/container/index.ts';
import { createEngine, loadConfig } from '../../src/core/index.ts';
import { live } from '../tools/builders.ts';

const [folder = '', ending = 'mp4'] = process.argv.slice(2) as [string, 'mp4' | 'flv' | 'ts'];
const errors: string[] = [];
const log = new Log(({ level, fields }) => level === 'error' && errors.push(String(fields['code'])));
const conf = `vhost __defaultVhost__ { dvr { enabled on; dvr_path ${folder}/[stream].${ending}; } }`;
const engine = createEngine({ log });
const server = await engine.serve({ config: loadConfig({ text: conf, file: 'srs.conf', read: () => '' }) });
const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };

/** Publishes until `enough`, then for two more seconds of media; the disk gets its turn behind each tenth of a second. */
async function publish(enough: (seconds: number) => boolean): Promise<number> {
  const publication = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
  let end = Number.POSITIVE_INFINITY;
  let second = 0;
  for (; second < end; second++) {
    const frames = live({ seconds: 1, size: 10_000 });
    if (second === 0) publication.retrack([...new Map(frames.map(({ track }) => [track.id, track])).values()]);
    for (const [index, frame] of frames.entries()) {
      publication.write({ ...frame, dts: frame.dts + fromSeconds(second) });
      if (index % 5 === 0) await turn();
    }
    if (end === Number.POSITIVE_INFINITY && enough(second)) end = second + 3;
  }
  publication.end();
  await server.recordings.idle();
  return second;
}

/** Seconds of picture in each file that is there. */
async function found(): Promise<Record<string, number>> {
  const seconds: Record<string, number> = {};
  for (const file of (await readdir(folder)).sort()) {
    const demuxer = containers[ending].demuxer(defaultLimits, () => undefined);
    const events = [...demuxer.push(await readFile(join(folder, file))), ...demuxer.end()];
    seconds[file] = events.filter((event) => event.type === 'frame' && event.frame.track.kind === 'video').length / 25;
  }
  return seconds;
}

const fault = (): string | undefined => server.recordings.list()[0]?.fault?.code;
const published = await publish((second) => fault() !== undefined || second > 120);
const full = await found();
for (const file of Object.keys(full)) await rm(join(folder, file));
await publish((second) => second >= 1);
process.stdout.write(JSON.stringify({ errors, published, full, well: await found() }));
await server.close();
engine.close();
